"""Chooses entries of the catalogue by the words of a goal."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from missioncontrol.specialists.greenfield.catalogue import (
    Concept,
    QuestionEntry,
    Technology,
    concepts,
    matches,
    technologies,
)
from missioncontrol.specialists.greenfield.lexicon import closed_words, plural
from missioncontrol.specialists.greenfield.lexicon import listed_words as word_list
from missioncontrol.specialists.greenfield.reading import Clause, Phrase, Reading
from missioncontrol.specialists.greenfield.relevance import relevance, stems

_NEEDS_OBJECT = word_list("needs_object")
"""Verbs that say something else without an object: the clocks change."""
CONCEPTS_MAX = 6
"""What else a plan needs are the statements of the goal."""
RELEVANT_MIN = -0.3
"""Log odds from which a concept is taken to be meant, where a goal says little."""
OF_A_PHRASE, OF_A_WORD = -0.3, -0.1
"""The same where a goal says more: by two words or a phrase, and by one word."""
THIN = 3
"""Statements of a goal that says little."""
VERB_WEIGHT = 0.55
"""What a verb says about a product, beside what a noun says."""
_WORD = re.compile(r"[^\W_]+(?:[-'\u2019./+#][^\W_]+)*[+#]*")
_SLOT = re.compile(r"\{(\w+)\}")


class Use(msgspec.Struct, frozen=True):
    """A concept with what it applies to in this goal."""

    concept: Concept
    words: tuple[str, ...]  # of the goal, that chose it
    sentences: tuple[int, ...]
    thing: str
    actor: str
    score: float
    clauses: tuple[Clause, ...] = ()

    def fill(self, text: str) -> str:
        """Return a text of the entry with its slots filled."""
        return filled(text, self.thing, self.actor)


def filled(text: str, thing: str, actor: str, **more: str) -> str:
    """Fill the slots of a text; `a` becomes `an` where the noun asks for it."""
    values = {"thing": thing, "things": plural(thing), "actor": actor, "actors": plural(actor)}
    values |= more
    text = re.sub(
        r"\b([Aa])n? \{(\w+)\}",
        lambda m: f"{_article(m[1], values.get(m[2], ''))} {{{m[2]}}}",
        text,
    )
    text = _SLOT.sub(lambda m: values.get(m[1], m.group()), text)
    return text[:1].upper() + text[1:] if text[:1].islower() and "{" in text[:1] else text


def with_article(noun: str) -> str:
    """Return a noun with `a` or `an`."""
    return f"{_article('a', noun)} {noun}"


def _article(given: str, noun: str) -> str:
    sounds = re.match(r"[aeio]|u(?!ni|s[ei]|ti)|h(?:our|onest)", noun)
    return (given if given in {"A", "a"} else "a") + ("n" if sounds else "")


def lower_words(text: str) -> list[str]:
    """Return the words of a text in lower case, as triggers are matched on them."""
    return [each.lower().replace("\u2019", "'") for each in _WORD.findall(text)]


# --- technologies ----------------------------------------------------------------------------


def without_denied(text: str) -> str:
    """Leave out what a goal says that it has not: “no account, no advertising”."""
    return _DENIED.sub(" ", text)


_DENIED = re.compile(
    r"(?i)\b(?:no|avoid|without|nothing that needs)\s+[^.,;\n]{2,60}"
    r"|\b(?:it's all|today|currently|at the moment|right now|so far|these days)\b[^.;!?]*"
)


class Named(msgspec.Struct, frozen=True):
    """A technology with the words of the goal that name it."""

    technology: Technology
    words: str


def named_technologies(text: str) -> list[Named]:
    """Return the technologies that a goal names, in the order of its words."""
    words = lower_words(text)
    found: list[tuple[int, int, Technology]] = []  # words, place
    for each in technologies():
        for phrase in each.words:
            found += [(len(lower_words(phrase)), start, each) for start in _exact(phrase, words)]
    by_name = {each.name: each for each in technologies()}
    for match in (each for form in _LISTED_NAMES for each in form.finditer(text)):
        if each_named := by_name.get(match[1]):
            found.append((1, len(lower_words(text[: match.start(1)])), each_named))
    taken: set[int] = set()
    chosen: dict[str, tuple[int, Named]] = {}
    for length, start, each in sorted(found, key=lambda item: (-item[0], item[1])):
        span = set(range(start, start + length))
        if not span & taken:
            taken |= span
            spoken = " ".join(words[start : start + length])
            chosen.setdefault(each.key, (start, Named(each, spoken)))
    return [each for _, each in sorted(chosen.values(), key=lambda item: item[0])]


_MADE = (
    r"(?:command[- ]line|web|desktop|mobile|server|backend|HTTP|CLI|REST|API|library|package|module"
    r"|crate|program|tool|app|application|service|script|daemon|plugin)"
)
_LISTED_NAMES = (
    re.compile(r"(?:^|[.,;:]|\band\b)\s*([A-Z][\w+#]*)(?=\s*(?:[.,;]|$|and\b))"),
    re.compile(rf"\b([A-Z][\w+#]*)\s+{_MADE}\b"),
    re.compile(
        rf"(?i:\b{_MADE}\s+(?:for|in|written in|using))\s+([A-Z][\w+#]*)"
        r"(?=\s*(?:[.,;:(]|$|(?:that|which|to|with|and|developers|programs)\b))"
    ),
)
"""Names that are words of other meanings too, where they are technologies: an item of a list (“Go,
SQLite”), before a kind of program (“a Rust command line tool”), and after it (“library for Go”)."""


def _exact(phrase: str, words: Sequence[str]) -> Iterable[int]:
    parts = lower_words(phrase)
    for start in range(len(words) - len(parts) + 1):
        if parts and list(words[start : start + len(parts)]) == parts:
            yield start


# --- concepts --------------------------------------------------------------------------------


def chosen_concepts(reading: Reading, kind: str = "") -> list[Use]:
    """Return the concepts of a goal in the order in which it speaks of them.

    Those that cover sentences which no better one covers come first; the others fill up.
    """
    sentences = [lower_words(without_denied(each)) for each in reading.sentences]
    everything = [word for each in sentences for word in each]
    found = []
    for concept in concepts():
        if concept.kinds and kind and kind not in concept.kinds:
            continue
        if any(True for phrase in concept.unless for _ in matches(phrase, everything)):
            continue
        use = _use(concept, reading, sentences)
        if use:
            found.append(use)
    worth = {id(u): relevance(u.concept, u.words, reading.text, reading.stored) for u in found}
    if len(reading.statements) > THIN:
        found = [u for u in found if _is_asked_for(u, stems(reading.text))]
    found = [u for u in found if worth[id(u)] > _least(u, reading) or _is_named(u)]
    found.sort(key=lambda use: (-worth[id(use)], use.concept.key))
    chosen: list[Use] = []
    covered: set[tuple[int, str]] = set()
    for use in found:
        new = {(s, w) for s in use.sentences for w in use.words} - covered
        if new and len(chosen) < CONCEPTS_MAX:
            chosen.append(use)
            covered |= {(s, w) for s in use.sentences for w in use.words}
    chosen.sort(key=lambda use: (use.sentences[0], -use.score))
    return chosen


def _is_asked_for(use: Use, asked: Collection[str]) -> bool:
    """Whether a goal speaks of what a concept builds first, and not only of its subject."""
    title = stems(use.fill(use.concept.tasks[0].title))
    return len(title.keys() & asked) >= SHARED


SHARED = 2
"""Words of the first task of a concept that a goal has, where it says more than a little."""


def _least(use: Use, reading: Reading) -> float:
    """Return how sure it must be that a goal asks for a concept, and does not only touch it."""
    if len(reading.statements) <= THIN:
        return RELEVANT_MIN
    is_phrase = len(use.words) > 1 or any(" " in each for each in use.words)
    return OF_A_PHRASE if is_phrase else OF_A_WORD


def _is_named(use: Use) -> bool:
    """Whether the goal, or an answer, has the title of the concept."""
    title = " ".join(lower_words(use.concept.title))
    return len(title.split()) > 1 and title in use.words


def _use(concept: Concept, reading: Reading, sentences: list[list[str]]) -> Use | None:
    words: dict[str, None] = {}
    where: set[int] = set()
    score = 0.0
    title = " ".join(lower_words(concept.title))
    for number, sentence in enumerate(sentences):
        for phrase in (*concept.words, title):
            for spoken, weight in _found(phrase, sentence):
                score += weight / (1 + len(words)) if spoken not in words else REPEATED
                words[spoken] = None
                where.add(number)
    clauses: list[Clause] = []
    for clause in reading.clauses:
        alone = not clause.objects and clause.verb in _NEEDS_OBJECT
        if clause.verb in concept.verbs and not clause.is_negated and not alone:
            if clause.verb not in words:
                score += VERB_WEIGHT / (1 + len(words))
            words[clause.verb] = None
            where.add(clause.sentence)
            clauses.append(clause)
    if not words:
        return None
    near = (
        clauses
        or [c for c in reading.clauses if c.sentence in where and _speaks(c, words)]
        or [c for c in reading.clauses if c.sentence in where]
    )
    thing = _thing(concept, near, reading)
    actor = next(
        (c.subject.name for c in near if c.subject and c.subject.is_person),
        reading.main_actor.name,
    )
    return Use(concept, tuple(words), tuple(sorted(where)), thing, actor, score, tuple(near))


REPEATED, LONGER, APART, STEMMED = 0.15, 0.8, 0.4, 0.95
"""What a trigger counts that was found before; what each further word of a phrase counts; what a
phrase counts whose words stand apart; what a stem counts beside a whole word."""
NEAR = 6


def _found(phrase: str, sentence: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Yield where a trigger stands in a sentence: its words as they stand there, and its weight."""
    length = len(phrase.split())
    weight = 1 + LONGER * (length - 1)
    starts = list(matches(phrase, sentence))
    for start in starts:
        yield " ".join(sentence[start : start + length]), weight * (STEMMED if "*" in phrase else 1)
    if not starts and length > 2:
        found = [list(matches(part, sentence)) for part in phrase.split() if _says_something(part)]
        if len(found) == length and all(found):
            places = sorted(each[0] for each in found)
            if places[-1] - places[0] <= NEAR:
                yield " ".join(sentence[place] for place in places), weight * APART


def _says_something(part: str) -> bool:
    """Whether a word of a trigger says something when it stands apart from the others."""
    return len(part) > SHORT and part not in closed_words()


SHORT = 3
"""Letters of a word that says nothing when it stands apart."""


def _speaks(clause: Clause, words: Iterable[str]) -> bool:
    text = " ".join(lower_words(clause.text))
    return any(word in text for word in words)


def _thing(concept: Concept, clauses: Sequence[Clause], reading: Reading) -> str:
    """Return the noun that a concept applies to: not the one that names the concept itself."""
    known = {each.head for each in reading.things}
    candidates: list[Phrase] = [
        each for clause in clauses for each in clause.objects if each.head in known
    ]
    candidates += [each for c in clauses if c.subject for each in [c.subject] if each.head in known]
    candidates += [reading.main_thing] if reading.things else []
    for each in candidates:
        if not any(
            True for p in concept.words for _ in matches(p, [*each.name.split(), each.head])
        ):
            return each.name
    if concept.verbs and not concept.words and candidates:
        return candidates[0].name
    return concept.thing


Owner = TypeVar("Owner")


def questions_left(
    questions: Iterable[tuple[QuestionEntry, Owner]], text: str
) -> list[tuple[QuestionEntry, Owner]]:
    """Leave out questions that the goal answers."""
    words = lower_words(text)
    return [
        (each, use)
        for each, use in questions
        if not any(True for phrase in each.unless for _ in matches(phrase, words))
    ]
