"""Reads the goal of a new product: who does what to which things, with which limits.

A shallow reading by parts of speech and word order. It needs no model; where a sentence can't be
read, its words still choose entries of the catalogue.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from missioncontrol.domain.passages import passages
from missioncontrol.specialists.greenfield.important_nouns import importance
from missioncontrol.specialists.greenfield.lexicon import closed_words, noun_class
from missioncontrol.specialists.greenfield.lexicon import listed_words as word_list
from missioncontrol.specialists.greenfield.statements import (
    Statement,
    statements,
    without_brackets,
)
from missioncontrol.specialists.greenfield.tagging import Token, tagged_tokens

_UNITS = (
    r"(?:milli|micro)?seconds?|minutes?|hours?|days?|weeks?|months?|years?|seasons?|nights?"
    r"|%|percent|per cent|GB|MB|TB|KB|kg|km|m|kWh|W|euros?|dollars?|€|\$|ms|s|px|fps|Hz|times"
)
_WORD_NUMBERS = (
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|fifty"
    r"|a hundred|hundreds|a thousand|thousands|a million|millions|a dozen|half an?|once|twice|an?"
)
_SMALL = r"(?:in|of|at|on|to|for|from|with|and|or|less|than|is|was|as|per|by|has|a|an|the)\b"
_LIMIT = re.compile(
    r"(?i)\b(?:(?P<bound>in(?=\s+\d[\d.,]*\s*(?:ms|s|(?:milli)?seconds?|minutes?)\b)"
    r"|within|in less than|in under|less than|under|at most|no more than|up to"
    rf"|at least|more than|over|every|for|after|no later than|below|above)"
    r"\s+(?:the\s+(?:next|last|coming)\s+)?)?"
    rf"(?:(?P<number>\d[\d,.\u202f ]*\d|\d+k?)|(?P<word>(?:{_WORD_NUMBERS})(?![a-z])))"
    rf"(?:\s*(?P<unit>{_UNITS})(?!\w)"
    rf"|\s+(?!{_SMALL})(?P<things>"
    rf"(?:(?!{_SMALL})[a-z][a-z-]+\s){{0,2}}?(?!{_SMALL})[a-z][a-z-]+s\b|[a-z][a-z-]+))?"
)


class Phrase(msgspec.Struct, frozen=True):
    """A noun with the words that belong to it, in the singular: `loan request`."""

    name: str
    head: str  # its last word, singular
    is_plural: bool = False

    @property
    def is_person(self) -> bool:
        """Whether it names people."""
        return noun_class(self.head) == "person"


class Clause(msgspec.Struct, frozen=True):
    """Who does what to what: one verb of a sentence."""

    sentence: int  # its number in the goal, from 0
    text: str  # the words of the clause, as they stand
    verb: str  # base form
    subject: Phrase | None
    objects: tuple[Phrase, ...]
    others: tuple[tuple[str, Phrase], ...] = ()  # with their prepositions
    is_negated: bool = False
    modal: str = ""
    is_passive: bool = False
    start: int = 0
    end: int = 0


class Limit(msgspec.Struct, frozen=True):
    """A number of the goal that the product has to hold."""

    text: str  # with its bound and its unit, as it stands
    bound: str
    number: str
    unit: str
    sentence: int
    start: int
    is_without: bool = False  # for how long something does not happen


class Reading(msgspec.Struct, frozen=True):
    """The goal, read."""

    text: str
    sentences: tuple[str, ...]
    clauses: tuple[Clause, ...]
    limits: tuple[Limit, ...]
    actors: tuple[Phrase, ...]  # people, the one who does most first
    things: tuple[Phrase, ...]  # what is no person, what the product is about first
    statements: tuple[Statement, ...] = ()  # what the product is to do
    stored: Mapping[str, float] = {}  # how likely each noun is something to store (log odds)

    @property
    def main_thing(self) -> Phrase:
        """What the product is about."""
        return self.things[0] if self.things else Phrase("entry", "entry")

    @property
    def main_actor(self) -> Phrase:
        """Who uses it most."""
        return self.actors[0] if self.actors else Phrase("user", "user")


def read(goal: str) -> Reading:
    """Read a goal of any length."""
    sentences = tuple(each.text for each in passages(goal) if each.text.strip())
    tagged = [tagged_tokens(each) for each in sentences]
    clauses: list[Clause] = []
    mentioned: list[Phrase] = []
    for number, tokens in enumerate(tagged):
        plain = without_brackets(tokens)
        clauses += _clauses(sentences[number], plain, number, mentioned)
    limits = tuple(
        each for number, text in enumerate(sentences) for each in limits_of(text, number)
    )
    worth = importance(tagged)
    actors, things = _counted(tagged, clauses, worth)
    return Reading(
        goal,
        sentences,
        tuple(clauses),
        limits,
        actors,
        things,
        tuple(statements(sentences, tagged)),
        {noun: stored for noun, (stored, _) in worth.items()},
    )


# --- clauses -------------------------------------------------------------------------------------


def _clauses(
    sentence: str, tokens: list[Token], number: int, mentioned: list[Phrase]
) -> Iterator[Clause]:
    """Yield a clause for each verb that says what happens; `mentioned` are things named before."""
    verbs = [index for index in range(len(tokens)) if _is_verb(tokens, index)]
    last_subject: Phrase | None = None
    for place, index in enumerate(verbs):
        following = verbs[place + 1] if place + 1 < len(verbs) else len(tokens)
        start = _start(tokens, index, verbs[place - 1] + 1 if place else 0)
        subject = _subject(tokens, start, index)
        joined = subject is None and place > 0 and tokens[index].tag != "E"
        subject = subject or (last_subject if joined else None)
        end = _start(tokens, following, index + 1) if following < len(tokens) else following
        objects, others = _objects(tokens, index + 1, end)
        before = [tokens[i].lower for i in range(start, index)]
        group = before[-3:]
        is_passive = tokens[index].tag == "E" and any(
            each in {"is", "are", "was", "were", "be", "been", "being", "gets", "get"}
            for each in group
        )
        if is_passive and subject is not None and not subject.is_person and not objects:
            objects, subject = (subject,), None
        if not objects and any(tokens[i].lower in {"it", "them"} for i in range(index + 1, end)):
            objects = tuple(mentioned[-1:])
        text = sentence[tokens[start].start : tokens[end - 1].end].strip(" ,;:.")
        yield Clause(
            number,
            text,
            tokens[index].base,
            subject,
            objects,
            others,
            any(each in _NEGATIONS or each.endswith("n't") for each in group),
            next((each for each in group if each in _MODALS), ""),
            is_passive,
            tokens[start].start,
            tokens[end - 1].end,
        )
        last_subject = subject or last_subject
        mentioned += [each for each in objects if not each.is_person]


_NEGATIONS = frozenset({"not", "never", "cannot", "no", "nothing", "nobody", "without"})
_MODALS = frozenset(
    ["can", "could", "may", "might", "must", "shall", "should", "will", "would", "cannot"]
)


def _is_verb(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    if token.tag == "V":
        return True
    if token.tag == "E":
        around = [each.tag for each in tokens[max(0, index - 3) : index]]
        return "M" in around or (index > 0 and tokens[index - 1].tag in {"C", "P"})
    return False


def _start(tokens: Sequence[Token], verb: int, floor: int) -> int:
    """Return where the clause of a verb begins: after the last boundary before it."""
    index = verb
    while index > floor:
        tag, word = tokens[index - 1].tag, tokens[index - 1].lower
        if tag == "W":
            return index - 1
        if tag == "." and word in {",", ";", ":", "(", "\u2013", "\u2014"}:
            break
        if tag == "C" and not (tokens[index].tag in {"N", "A", "D"} and index < verb):
            break
        if tag == "C" and index - 1 > floor and tokens[index - 2].tag == ".":
            break
        index -= 1
    return index


def _subject(tokens: Sequence[Token], start: int, verb: int) -> Phrase | None:
    """Return the noun phrase before a verb that no preposition governs."""
    index = start
    found: Phrase | None = None
    if tokens[start].lower in {"who", "which", "that"} and all(
        each.tag in {"M", "X", "R"} for each in tokens[start + 1 : verb]
    ):
        return _antecedent(tokens, start)
    while index < verb:
        if tokens[index].tag == "I":
            index = _phrase_end(tokens, index + 1, verb)
            continue
        if tokens[index].tag in {"N", "A", "D", "#"}:
            end = _phrase_end(tokens, index, verb)
            phrase = _phrase(tokens[index:end])
            if phrase:
                found = found or phrase
            index = max(end, index + 1)
            continue
        index += 1
    return found


def _antecedent(tokens: Sequence[Token], start: int) -> Phrase | None:
    """Return the noun phrase that a relative pronoun stands for."""
    first = start
    while first > 0 and tokens[first - 1].tag in {"N", "A", "D", "#"}:
        first -= 1
    return _phrase(tokens[first:start])


def _objects(
    tokens: Sequence[Token], start: int, end: int
) -> tuple[tuple[Phrase, ...], tuple[tuple[str, Phrase], ...]]:
    """Return the nouns after a verb: those it acts on, and those behind prepositions."""
    objects: list[Phrase] = []
    others: list[tuple[str, Phrase]] = []
    preposition = ""
    index = start
    while index < end:
        token = tokens[index]
        if token.tag in {"I", "T"}:
            preposition = token.lower
            index += 1
        elif token.tag in {"N", "A", "D", "#", "E", "G"}:
            stop = _phrase_end(tokens, index, end)
            phrase = _phrase(tokens[index:stop])
            if phrase and preposition:
                others.append((preposition, phrase))
            elif phrase:
                objects.append(phrase)
            index = max(stop, index + 1)
        elif token.tag in {"C", "."} and token.lower in {"and", "or", ","}:
            index += 1  # A list goes on.
        elif token.tag == "W":
            break
        else:
            index += 1
    return tuple(objects), tuple(others)


def _phrase_end(tokens: Sequence[Token], start: int, end: int) -> int:
    index = start
    seen_noun = False
    while index < end:
        tag = tokens[index].tag
        if tag == "N":
            seen_noun = True
        elif seen_noun or tag not in {"D", "A", "#", "E", "G", "R"}:
            break
        index += 1
    return index


def _phrase(tokens: Sequence[Token]) -> Phrase | None:
    nouns = [each for each in tokens if each.tag == "N"]
    if not nouns:
        return None
    last = nouns[-1]
    if any(each.tag == "#" for each in tokens) and noun_class(last.base.rstrip("s")) == "time":
        return None
    owned = max((i for i, each in enumerate(nouns) if each.lower.endswith(_POSSESSIVE)), default=-1)
    name = " ".join([*(each.lower for each in nouns[owned + 1 : -1][-2:]), last.base])
    return Phrase(name, last.base, is_plural=last.lower != last.base)


_POSSESSIVE = ("'s", "s'")

# --- numbers -------------------------------------------------------------------------------------


def limits_of(sentence: str, number: int = 0) -> Iterator[Limit]:
    """Yield the numbers of a sentence that bound something; a plain `a` is none."""
    for match in _LIMIT.finditer(sentence):
        value = match["number"] or match["word"]
        things = match["things"] or ""
        things = "" if any(closed_words().get(word) for word in things.lower().split()) else things
        unit = (match["unit"] or things).strip()
        bound = (match["bound"] or "").lower()
        is_article = value.lower() in {"a", "an", "one"}
        if is_article and not (bound and match["unit"]):
            continue
        if not match["number"] and not unit and value.lower() not in {"once", "twice"}:
            continue
        if not unit and not match["bound"] and value.lower() != "twice":
            continue
        if value.lower() == "once" or (value.lower() == "twice" and things):
            continue
        text = match.group() if unit else sentence[match.start() : match.end("number")]
        is_twice = value.lower() == "twice" and _NEVER.search(sentence) is not None
        is_without = is_twice or _WITHOUT.search(sentence[: match.start()]) is not None
        yield Limit(text.strip(), bound, value, unit, number, match.start(), is_without)


_NEVER = re.compile(r"(?i)\b(?:never|no|not|nothing)\b")
_WITHOUT = re.compile(r"(?i)\b(?:not|nothing|nobody|no one|never|n't|no)\b[^,;.]{0,40}$")

# --- who and what --------------------------------------------------------------------------------


def _counted(
    tagged: Sequence[Sequence[Token]],
    clauses: Sequence[Clause],
    worth: Mapping[str, tuple[float, float]],
) -> tuple[tuple[Phrase, ...], tuple[Phrase, ...]]:
    """Return people and things of the goal, the most important first."""
    shown: dict[str, Phrase] = {}  # in the order of the goal
    weight = _weights(clauses)
    for tokens in tagged:
        for phrase in _noun_phrases(tokens):
            weight[phrase.head] += 2
            shown.setdefault(phrase.head, phrase)
    ordered = sorted(shown.values(), key=lambda each: -weight[each.head])
    people = [
        each
        for each in ordered
        if each.is_person and not _is_no_role(each) and len(each.head) >= ROLE_MIN
    ]
    roles = [each for each in people if not any(_is_short_for(each, other) for other in people)]
    acted_on = {o.head for c in clauses for o in c.objects if c.verb not in _BUILDING}
    things = [
        each
        for each in ordered
        if not each.is_person
        and (_is_thing(each.head) or worth.get(each.head, (-9.0, -9.0))[0] > SURELY_STORED)
        and (each.head not in _SOFTWARE or each.head in acted_on)
    ]

    def is_centre(each: Phrase) -> float:
        stored, centre = worth.get(each.head, (-9.0, -9.0))
        return centre + STORED_WEIGHT * stored - DERIVED_WEIGHT * (each.head in _DERIVED)

    return tuple(roles), tuple(sorted(things, key=is_centre, reverse=True))


def _is_no_role(each: Phrase) -> bool:
    """Whether a name for people stands for anybody, or for a program: “specialist agents”."""
    first = each.name.split()[0]
    return each.head in _NO_ROLES or (each.head == "agent" and first in _PROGRAMS)


def _weights(clauses: Sequence[Clause]) -> Counter[str]:
    """Return what each noun counts for what it does and what is done to it."""
    weight: Counter[str] = Counter()
    acting = [each for each in clauses if each.verb not in _BUILDING and each.objects]
    if acting and acting[0].sentence == 0:
        weight[acting[0].objects[0].head] += MAIN_WEIGHT
    for clause in clauses:
        weight.update(each.head for each in clause.objects for _ in range(2))
        if clause.subject is not None:
            weight[clause.subject.head] += 3
    return weight


def _noun_phrases(tokens: Sequence[Token]) -> Iterator[Phrase]:
    index = 0
    while index < len(tokens):
        if tokens[index].tag not in {"N", "A"}:
            index += 1
            continue
        end = _phrase_end(tokens, index, len(tokens))
        phrase = _phrase(tokens[index:end])
        if phrase:
            yield phrase
        index = max(end, index + 1)


def _is_short_for(one: Phrase, other: Phrase) -> bool:
    """Whether one name is the end of another: the keeper is the beekeeper."""
    return one != other and other.head.endswith(one.head)


SURELY_STORED = 0.5
"""Log odds from which even a word for time or quantity is a thing: the hours of an invoice."""
ROLE_MIN = 3
"""Letters of a role: an “mp” is mostly a file of sound."""
STORED_WEIGHT = 0.5
"""What being stored counts beside being at the centre."""
DERIVED_WEIGHT = 2.0
"""What it counts against being at the centre that a noun says something of another."""
_DERIVED = frozenset(
    ["average", "copy", "count", "export", "figure", "list", "name", "number", "page", "report",
     "sum", "summary", "total", "update"]
)  # fmt: skip
MAIN_WEIGHT = 5
"""What the first object of the first sentence counts more than any other noun."""
_NO_ROLES = frozenset(["other", "person", "nobody", "somebody"])
_PROGRAMS = frozenset(["ai", "coding", "software", "specialist", "autonomous", "llm", "model"])
_SOFTWARE = word_list("software")
_BUILDING = word_list("building")
_NO_THINGS = word_list("no_things")
_CLASSES_OF_NO_THINGS = frozenset(
    {"time", "quantity", "feeling", "motive", "relation", "body", "shape", "phenomenon"}
)


def _is_thing(head: str) -> bool:
    is_vague = head in _NO_THINGS or noun_class(head) in _CLASSES_OF_NO_THINGS
    return len(head) > 2 and not is_vague
