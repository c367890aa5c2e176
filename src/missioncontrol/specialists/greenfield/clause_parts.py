"""Takes a statement apart: when, who, may or must, does what, on which condition."""

import re
from collections.abc import Sequence

import msgspec

from missioncontrol.specialists.greenfield.lexicon import (
    closed_words,
    look_up,
    noun_base,
    noun_class,
    third_person,
    verb_base,
)
from missioncontrol.specialists.greenfield.statements import (
    PRODUCT,
    US,
    Statement,
    condition_end,
)
from missioncontrol.specialists.greenfield.tagging import Token, tagged_tokens

CONDITIONS = frozenset({"when", "if", "once", "whenever", "until", "unless", "before", "after"})
_AUXILIARIES = frozenset({"M", "X", "R", "T"})
_BE = frozenset({"is", "are", "was", "were", "be", "been", "being", "gets", "get"})
_HELPING = frozenset({"able", "want", "wants", "get", "gets", "need", "needs", "has", "have"})
_MUST = frozenset({"must", "should", "shall", "have", "has", "will", "would"})
_CAN = frozenset({"able", "can", "may", "could", "might", "cannot", "can't"})
_NOT = frozenset({"not", "never", "cannot", "no", "nothing", "neither"})
_NO_ONE = frozenset({"nobody", "nothing", "neither", "none", "no"})
_PEOPLE = frozenset(
    ["everybody", "everyone", "he", "i", "nobody", "others", "people", "person", "she", "somebody",
     "someone", "they", "we", "you"]
)  # fmt: skip
_HUMAN = frozenset(
    ["agree", "choose", "click", "decide", "hear", "know", "like", "look", "press", "see", "sign",
     "think", "trust", "want", "wish"]
)  # fmt: skip
"""What only people do, whatever their noun: “a dresser looks for a costume”."""
_OF_A_PHRASE = frozenset({"D", "A", "N", "#", "G", "E", "P"})
_FEW = 7
"""Words of a noun phrase that a sentence can be made with."""


class Group(msgspec.Struct, frozen=True):
    """Noun phrases that belong together: “by week and month”."""

    preposition: str  # empty for the objects of the verb
    items: tuple[str, ...]
    heads: tuple[str, ...]  # their last nouns, singular


class Parts(msgspec.Struct, frozen=True):
    """A statement, taken apart; texts are as they stand, without what joins them."""

    text: str
    verb: str = ""  # base form
    subject: str = ""  # empty for an order, and where it is the product or its makers
    is_person: bool = False
    is_plural: bool = False
    is_must: bool = False
    is_duty: bool = False  # it must, not only should
    is_can: bool = False
    is_negated: bool = False
    is_passive: bool = False
    helpers: str = ""  # what stands between the subject and the verb
    form: str = ""  # the verb as it stands
    rest: str = ""  # what follows the verb, without the condition
    when: str = ""  # “every night at 02:30”
    joint: str = ""  # when, if, until …
    condition: str = ""  # the clause behind it
    groups: tuple[Group, ...] = ()
    also: tuple[tuple[str, str, str], ...] = ()  # “or rejects”: the word between, form, base

    @property
    def order(self) -> str:
        """Return the verb as an order with those joined to it: “set and grade”."""
        return " ".join([self.verb, *(f"{joint} {base}" for joint, _, base in self.also)])

    @property
    def behind_verbs(self) -> str:
        """Return what follows the verbs."""
        joined = " ".join(f"{joint} {form}" for joint, form, _ in self.also)
        return self.rest.removeprefix(joined).strip()

    @property
    def objects(self) -> Group | None:
        """Return the objects of the verb, or what a passive verb is about."""
        return next((each for each in self.groups if not each.preposition), None)

    def behind(self, *prepositions: str) -> Group | None:
        """Return the nouns behind one of some prepositions."""
        return next((each for each in self.groups if each.preposition in prepositions), None)


def parts_of(statement: Statement) -> Parts:
    """Return the parts of a statement; one without a verb is all rest."""
    tokens, place = statement.tokens, statement.place
    text = " ".join(statement.text.split())
    if place < 0:
        found = _groups(statement, 0, len(tokens))
        return Parts(text, rest=text, is_negated=statement.is_negated, groups=found)
    plain = _Text(statement)
    lead, first = _lead(tokens, place)
    end = place
    while end > first and (
        tokens[end - 1].tag in _AUXILIARIES or tokens[end - 1].lower in _HELPING
    ):
        end -= 1
    helpers = [each.lower for each in tokens[end:place]]
    subject = re.sub(r"(?i)^(?:my|our)\s+(?=\w+s$)", "the ", plain(first, end))
    is_ours = not subject or _is_product(tokens[first:end])
    when, joint, stop = plain(0, lead), "", len(tokens)
    is_verbal = any(each.tag in {"V", "M", "E"} for each in tokens[:lead])
    if is_verbal and tokens[0].lower in CONDITIONS:
        joint, condition, when = tokens[0].lower, plain(1, lead), ""
    else:
        joint, stop = _condition(tokens, place)
        condition = plain(stop + 1, len(tokens)) if joint else ""
    if subject.lower() in {"it", "they"} and lead and condition:
        end_of_noun = next((n for n in range(1, lead) if tokens[n].tag in {"V", "M", "X"}), 0)
        if noun := plain(1, end_of_noun):  # “if a boat is late it is charged”
            condition = f"{subject.lower()} {plain(end_of_noun, lead)}"
            subject, is_ours = noun, False
    if subject.lower() == "you":
        subject, is_ours = "users", False
    is_none = bool(subject) and tokens[first].lower in _NO_ONE
    is_passive = tokens[place].tag == "E" or _is_set(tokens, place)
    also = _also(tokens, place)
    return Parts(
        text,
        tokens[place].base,
        "" if is_ours else subject,
        not is_ours and (subject == "users" or _does_as_person(tokens, first, end, place)),
        _is_plural(tokens[first:end]),
        bool(_MUST & {*helpers}),
        bool({"must", "shall", "have", "has"} & {*helpers}),
        bool(_CAN & {*helpers}),
        is_none or any(each in _NOT or each.endswith("n't") for each in helpers),
        is_passive and bool(_BE & {*helpers}),
        "can" if "able" in helpers else plain(end, place),
        tokens[place].text,
        _rest(plain(place + 1, stop), is_of_users=subject == "users"),
        when,
        joint,
        condition,
        _groups(statement, place + 1 + 2 * len(also), stop),
        also,
    )


def _is_set(tokens: Sequence[Token], place: int) -> bool:
    """Whether a verb whose participle is its base form is passive: “routes are set”."""
    return tokens[place].tag == "V" and place > 0 and tokens[place - 1].lower in _BE


def _also(tokens: Sequence[Token], place: int) -> tuple[tuple[str, str, str], ...]:
    """Return the verbs that “and” or “or” joins to a verb at once: “approves or rejects”."""
    joint, second = tokens[place + 1 : place + 2], tokens[place + 2 : place + 3]
    if not second or joint[0].lower not in {"and", "or"} or second[0].tag not in {"V", "E"}:
        return ()
    found = verb_base(second[0].lower)
    return ((joint[0].lower, second[0].text, found[0]),) if found else ()


def _rest(rest: str, *, is_of_users: bool) -> str:
    rest = re.sub(r"\s*\beven$", "", rest)
    if not is_of_users:
        return rest
    return re.sub(r"\byour\b", "their", re.sub(r"\byou\b", "they", rest))


class _Text:
    """The text of a statement between two of its tokens."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement

    def __call__(self, first: int, end: int) -> str:
        tokens = self.statement.tokens
        if first >= end or first >= len(tokens):
            return ""
        offset = tokens[0].start
        start, last = tokens[first].start - offset, tokens[end - 1].end - offset
        text = re.sub(r"\([^)]*\)", " ", self.statement.text[start:last])
        return re.sub(r"\s+(?=[,;])", "", " ".join(text.split())).strip(" ,;:")


def _lead(tokens: Sequence[Token], place: int) -> tuple[int, int]:
    """Return where “every night” or “when an order is paid” ends; where the rest begins."""
    first = tokens[0].lower
    if first in CONDITIONS | {"on", "at", "in", "for", "from", "with", "every", "each", "while"}:
        commas = [n for n in range(1, place) if tokens[n].lower == ","]
        if commas:
            return commas[-1], commas[-1] + 1
    words = " ".join(each.text for each in tokens[:place])
    if match := _TIME_LEAD.match(words):
        end = len(match[0].split())
        return end, end
    if first in CONDITIONS and (end := condition_end(tokens)) and end <= place:
        return end, end
    return 0, 0


_TIME_LEAD = re.compile(
    r"(?i)(?:(?:every|each)\s+(?:\w+\s+){0,2}?(?:second|minute|hour|day|weekday|week|month|year|night"
    r"|morning|afternoon|evening|noon|monday|friday|sunday|\d+\s+\w+)(?:\s+at\s+[\d:.]+\w*)?"
    r"|(?:once|twice)\s+an?\s+\w+|at\s+[\d:.]+|on\s+the\s+first\s+of\s+(?:the|each|every)\s+month|after\s+\w+\s+\w+)(?=\s|$)"
)


def _condition(tokens: Sequence[Token], place: int) -> tuple[str, int]:
    """Return the conjunction behind a verb and where it stands; the end where there is none."""
    for number in range(place + 1, len(tokens) - 2):
        word = tokens[number].lower
        behind = tokens[number + 1 :]
        if word in CONDITIONS and any(each.tag in {"V", "M", "E"} for each in behind):
            if word in {"before", "after"} and not _has_clause(behind):
                continue
            return word, number
    return "", len(tokens)


def _has_clause(tokens: Sequence[Token]) -> bool:
    """Whether a subject and its verb follow: “before the exit is signed off”."""
    end = next((n for n, each in enumerate(tokens) if each.tag not in _OF_A_PHRASE), len(tokens))
    return 0 < end < len(tokens) and tokens[end].tag in {"V", "M"} and tokens[end].lower != "am"


def _is_product(subject: Sequence[Token]) -> bool:
    if any(each.lower in {"each", "both", "all", "these"} for each in subject):
        return False
    words = [each.lower for each in subject if each.tag not in {"M", "D", "R", "."}]
    return (
        not words
        or words[0] in US
        or words[-1] in US | {"you"}
        or (len(words) <= 2 and words[-1] in PRODUCT)
    )


def _does_as_person(tokens: Sequence[Token], first: int, end: int, place: int) -> bool:
    """Whether people do what the verb says: by the noun, or by a verb that needs a person."""
    subject = tokens[first:end]
    is_active = tokens[place].tag == "V" and not _is_set(tokens, place)
    is_noun = any(each.tag == "N" for each in subject)
    return _is_person(subject) or (is_active and is_noun and tokens[place].base in _HUMAN)


def _is_person(subject: Sequence[Token]) -> bool:
    nouns = [each for each in subject if each.tag in {"N", "P"}]
    end = next((n for n, each in enumerate(subject) if each.tag in {"I", "W"}), len(subject))
    nouns = [each for each in subject[:end] if each.tag in {"N", "P"}] or nouns
    if subject and subject[0].lower == "who":
        return True
    return bool(nouns) and (noun_class(nouns[-1].base) == "person" or nouns[-1].lower in _PEOPLE)


def _is_plural(subject: Sequence[Token]) -> bool:
    end = next((n for n, e in enumerate(subject) if n and e.tag in {"I", "W"}), len(subject))
    head = [each for each in subject[:end] if each.tag in {"N", "P", "V"}]
    if any(each.lower == "and" for each in subject[:end]):
        return True
    plurals = {
        "they",
        "we",
        "you",
        "these",
        "those",
        "people",
        "staff",
        "others",
        "both",
        "all",
        "i",
    }
    return bool(head) and (head[-1].lower in plurals or head[-1].lower != head[-1].base)


# --- lists of nouns ------------------------------------------------------------------------------


def _groups(statement: Statement, first: int, end: int) -> tuple[Group, ...]:
    """Return the noun phrases of a part of a statement by the preposition before them."""
    tokens, plain = statement.tokens[:end], _Text(statement)
    found: list[Group] = []
    preposition, index = "", first
    while index < end:
        token = tokens[index]
        if token.tag in {"W", "V"} or (token.tag == "M" and index):
            break
        if token.tag in {"I", "T"}:
            preposition, index = token.lower, index + 1
        elif token.tag in _OF_A_PHRASE:
            spans, index = _list(tokens, index, preposition)
            items = tuple(plain(*span) for span in spans)
            if items:
                found.append(Group(preposition, items, tuple(_head(tokens, *s) for s in spans)))
            preposition = ""
        else:
            index += 1
    return tuple(found)


def _head(tokens: Sequence[Token], first: int, end: int) -> str:
    nouns = [each for each in tokens[first:end] if each.tag == "N"]
    return nouns[-1].base if nouns else tokens[end - 1].lower


def _list(
    tokens: Sequence[Token], index: int, preposition: str
) -> tuple[list[tuple[int, int]], int]:
    """Return where the phrases of a list begin and end, and where the list ends."""
    spans: list[tuple[int, int]] = []
    is_joined = False
    while True:
        end = index
        while end < len(tokens) and tokens[end].tag in _OF_A_PHRASE:
            end += 1
        has_noun = any(each.tag in {"N", "P"} for each in tokens[index:end])
        if has_noun and end - index <= _FEW and tokens[end - 1].tag not in {"D", "#"}:
            spans.append((index, end))
        following = end
        while following < len(tokens) and tokens[following].lower in {",", "and", "or"}:
            is_joined = is_joined or tokens[following].lower != ","
            following += 1
        is_over = following == end
        if following < len(tokens) and preposition and tokens[following].lower == preposition:
            following += 1
        if is_over or following >= len(tokens) or tokens[following].tag not in _OF_A_PHRASE:
            return (spans if is_joined else spans[:1]), max(end, index + 1)
        index = following


# --- sentences -----------------------------------------------------------------------------------


def finite(parts: Parts, product: str) -> str:
    """Return a statement as a clause that says what happens: “the tool prints a summary”."""
    if not parts.verb:
        return ""
    subject = lowered(parts.subject) or f"the {'owner' if parts.verb == 'get' else product}"
    if not parts.subject:
        never = "never " if parts.is_negated else ""
        if parts.is_can and not parts.is_negated:
            return _joined(subject, "can", parts.verb, parts.rest)
        return _joined(subject, f"{never}{third_person(parts.verb)}", parts.rest)
    return _joined(subject, verb_group(parts), parts.rest)


def verb_group(parts: Parts) -> str:
    """Return the verb with its helpers, and without must: “have to come” becomes “come”."""
    if not parts.helpers and parts.form == parts.verb and not parts.is_plural:
        return third_person(parts.verb)
    if not parts.is_must or parts.is_can:
        return _joined(parts.helpers, parts.form)
    words = [word.lower() for word in parts.helpers.split()]
    if "not" in words or any(each.endswith("n't") for each in words):
        return _joined(parts.helpers, parts.form)
    never = "never" if "never" in words else ""
    only = "only" if "only" in words else ""
    if {"be"} & {*words}:
        return _joined("are" if parts.is_plural else "is", never, only, parts.form)
    if parts.verb == "be":
        return _joined("are" if parts.is_plural else "is", never, only)
    form = parts.verb if parts.is_plural else third_person(parts.verb)
    return _joined(never, only, form)


def _joined(*texts: str) -> str:
    return " ".join(" ".join(each for each in texts if each).split())


def lowered(text: str) -> str:
    """Return a text with a small first letter, where it does not begin with a name."""
    if text.lower().startswith("who "):
        return f"anyone {lowered(text[:3])}{text[3:]}"
    first = re.split(r"[\s,]", text, maxsplit=1)[0]
    plain = first.lower().replace("\u2019", "'").removesuffix("'s")
    is_word = plain in closed_words() or look_up(noun_base(plain)) or verb_base(plain)
    is_name = first[1:] != first[1:].lower() or (len(first) > 1 and first.isupper())
    return text if is_name or not is_word else text[:1].lower() + text[1:]


def raised(text: str) -> str:
    """Return a text with a capital first letter."""
    return text[:1].upper() + text[1:]


def as_order(clause: str) -> str:
    """Return a passive clause as an order: “the exit is signed off” becomes “sign off the exit”."""
    tokens = tagged_tokens(clause)
    place = next((n for n, each in enumerate(tokens) if each.lower in _BE), 0)
    if not 0 < place < len(tokens) - 1 or any(each.tag == "W" for each in tokens):
        return ""
    found = verb_base(tokens[place + 1].lower)
    if found is None or found[1] != "ed":
        return ""
    subject = clause[: tokens[place - 1].end]
    return _joined(found[0], clause[tokens[place + 1].end :].strip(), lowered(subject))
