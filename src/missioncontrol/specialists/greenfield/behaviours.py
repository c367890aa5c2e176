"""What a clause of a goal asks for: checks, the record it leaves, refusals, what belongs to it.

`catalogue/behaviours.toml` says for each behaviour by which clauses it is meant, as regular
expressions on their base forms: “member book hourly slot on wall”. Its texts are filled with the
nouns of the clause.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from missioncontrol.specialists.greenfield.catalogue import Does
from missioncontrol.specialists.greenfield.clause_parts import Parts, lowered, raised
from missioncontrol.specialists.greenfield.constraints import is_constraint
from missioncontrol.specialists.greenfield.lexicon import noun_base, noun_class, plural
from missioncontrol.specialists.greenfield.reading import Reading
from missioncontrol.specialists.greenfield.selection import with_article
from missioncontrol.specialists.greenfield.statements import Statement
from missioncontrol.specialists.greenfield.titles import in_full

MOST = 2
"""Behaviours of one clause."""
ASSUMED = -1
"""The number of a statement that the goal does not have."""
NOUN_WORDS = 3
"""Words of a noun phrase that a slot is filled with, from its end."""
_SLOT = re.compile(r"\{(?:(?P<article>[aA]) )?(?P<name>\w+)\}")
_ARTICLE = re.compile(r"\b([Aa]) \{(\w+)\}")
_LEADING = re.compile(
    r"(?i)^(?:(?:each other|the|an?|my|our|your|their|his|her|its|each|every|all|any|one|two|three"
    r"|four|five|six|eight|ten|twelve|some|same|own|other|new|this|these|those|that|only|no|which"
    r"|what|how many|exactly|about|\d[\d.,:]*)\s+)+"
)
_TIMES = re.compile(
    r"(?i)\b(?:within|in (?:less than|under)|every|each|after|for|at)\s+(?:the\s+)?(?:\w+\s+){0,2}?"
    r"(?:milliseconds?|seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|morning|evening"
    r"|noon|midnight|\d+:\d\d)\b(?:\s+at\s+[\d:]+)?"
)
_NO_NOUNS = frozenset(
    ["anything", "end", "everything", "it", "lot", "me", "nothing", "one", "ones", "others",
     "possible", "see", "somebody", "someone", "something", "them", "thing", "us", "you"]
)  # fmt: skip
_PLACES = ("in", "on", "at", "from", "into", "onto")
_OTHERS = ("with", "to", "for", "of", "about", "by")


class Follow(msgspec.Struct, frozen=True):
    """Work that the goal does not state but that belongs to a behaviour."""

    title: str
    checks: tuple[str, ...]
    act: str = ""  # the verb of its interface
    failures: tuple[str, ...] = ()


class Behaviour(msgspec.Struct, frozen=True):
    """An entry of the catalogue; see `catalogue/behaviours.toml`."""

    key: str
    checks: tuple[str, ...]
    name: str = ""  # for a behaviour that a kind of product mostly has: “a dry run”
    title: str = ""  # of its task, where the goal does not state it
    act: str = ""  # the verb of its interface, where the goal does not state it
    instead: tuple[str, ...] = ()  # keys of more general behaviours that are not meant as well
    match: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()  # by which it is meant where no pattern matches
    by: Literal["person", "product", ""] = ""  # who has to do them
    does: Does | None = None
    unless: str = ""
    record: str = ""  # the table of what the act leaves
    fields: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    purpose: str = ""
    failures: tuple[str, ...] = ()
    risk: tuple[str, ...] = ()  # title, mitigation
    metric: tuple[str, ...] = ()  # name, measure, target, events
    question: tuple[str, ...] = ()  # text, why, default, options
    weight: int = 3
    then: tuple[Follow, ...] = ()


class Act(msgspec.Struct, frozen=True):
    """A behaviour that a statement of the goal asks for, with what its slots stand for."""

    behaviour: Behaviour
    number: int  # of the statement; `ASSUMED` where the goal has none
    words: str  # of the goal
    values: Mapping[str, str]

    @property
    def record(self) -> str:
        """Return the name of the record that the act leaves; empty where it leaves none."""
        return self.values.get("record", "")

    @property
    def name(self) -> str:
        """Return the name of the behaviour in this goal: “accounts for members”."""
        return self.fill(self.behaviour.name)

    @property
    def is_assumed(self) -> bool:
        """Whether the goal does not ask for it."""
        return self.number == ASSUMED

    @property
    def reason(self) -> str:
        """Return why it is there."""
        return "It is assumed." if self.is_assumed else f"The goal says: “{self.words}”"

    def fill(self, text: str) -> str:
        """Return a text with its slots filled; empty where the clause has nothing for one."""
        text = _ARTICLE.sub(r"{\1 \2}", text)
        names = {match["name"].lower() for match in _SLOT.finditer(text)}
        if any(not self._value(name) for name in names):
            return ""
        return _SLOT.sub(self._filled, text)

    def filled(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Return those texts whose slots the clause can fill."""
        return tuple(done for each in texts if (done := self.fill(each)))

    def _filled(self, match: re.Match[str]) -> str:
        value = self._value(match["name"].lower())
        if match["article"]:
            value = with_article(value)
        is_raised = match["name"][0].isupper() or match["article"] == "A"
        return raised(value) if is_raised else value

    def _value(self, name: str) -> str:
        if name in self.values:
            return self.values[name]
        one = self.values.get(name.removesuffix("s"), "")
        return plural(one) if one and name.endswith("s") else ""


@cache
def behaviours() -> tuple[Behaviour, ...]:
    """Return all behaviours of the catalogue."""
    text = files(__package__).joinpath("catalogue", "behaviours.toml").read_text("utf-8")
    return tuple(msgspec.convert(each, Behaviour) for each in tomllib.loads(text)["behaviour"])


@cache
def _patterns() -> tuple[
    tuple[Behaviour, tuple[re.Pattern[str], ...], re.Pattern[str] | None], ...
]:
    return tuple(
        (
            each,
            tuple(re.compile(pattern) for pattern in each.match),
            re.compile(each.unless) if each.unless else None,
        )
        for each in behaviours()
    )


def acts_of_goal(reading: Reading, product: str) -> tuple[Act, ...]:
    """Return the behaviours that the statements of a goal ask for, in the order of the goal.

    `product` is the word for the product in a sentence.
    """
    found: list[Act] = []
    for number, statement in enumerate(reading.statements):
        if is_constraint(statement):
            continue
        parts = in_full(statement, reading.statements[:number])
        for behaviour in _meant(statement, parts):
            values = _values(parts, statement, reading) | {"product": product}
            act = Act(behaviour, number, statement.text, values)
            record = act.fill(behaviour.record).lower()
            found.append(msgspec.structs.replace(act, values=values | {"record": record}))
    return tuple(found)


def _meant(statement: Statement, parts: Parts) -> list[Behaviour]:
    """Return the behaviours of a clause, the one first of which it says most."""
    text = " ".join(each.base for each in statement.tokens if each.base)
    is_person = parts.is_person or (parts.is_passive and _by_person(parts))
    found: list[tuple[int, int, Behaviour]] = []
    for order, (behaviour, patterns, unless) in enumerate(_patterns()):
        if (unless is not None and unless.search(text)) or (
            is_person and behaviour.by == "product"
        ):
            continue
        lengths = [len(match[0]) for each in patterns if (match := each.search(text))]
        if lengths:
            found.append((-max(lengths), order, behaviour))
    if not found:
        return [each for each in behaviours() if _is_done(each, parts, is_person=is_person)][:1]
    meant = [behaviour for _, _, behaviour in sorted(found, key=lambda each: each[:2])]
    general = {key for each in meant for key in each.instead}
    return [each for each in meant if each.key not in general][:MOST]


def _is_done(behaviour: Behaviour, parts: Parts, is_person: bool) -> bool:
    """Whether the verb of a clause says a behaviour, done by those who can do it."""
    if parts.is_negated or behaviour.by == ("product" if is_person else "person"):
        return False
    prepositions = {each.preposition for each in parts.groups}
    return any(
        verb == parts.verb and (not more or more in prepositions)
        for verb, _, more in (each.partition(" ") for each in behaviour.verbs)
    )


def _by_person(parts: Parts) -> bool:
    behind = parts.behind("by")
    return behind is not None and bool(behind.heads) and _is_person(behind.heads[0])


# --- slots ---------------------------------------------------------------------------------------


def _values(parts: Parts, statement: Statement, reading: Reading) -> dict[str, str]:
    """Return what the slots of a behaviour stand for in a clause."""
    things = [noun for each in _about(parts) if (noun := noun_of(each)) and not _is_person(noun)]
    people = [noun for each in _about(parts) if (noun := noun_of(each)) and _is_person(noun)]
    actor = noun_of(parts.subject) if parts.is_person else ""
    is_role = bool(actor) and len(actor.split()) < NOUN_WORDS
    place, other = parts.behind(*_PLACES), parts.behind(*_OTHERS)
    found = {
        "thing": things[0] if things else reading.main_thing.name,
        "actor": actor if is_role else reading.main_actor.name,
        "place": noun_of(place.items[0]) if place else "",
        "other": (noun_of(other.items[0]) if other else "") or (people[0] if people else ""),
        "number": _number(statement, reading),
        "when": _when(parts),
        "condition": lowered(parts.condition.strip(" ,;:.")),
    }
    found["other"] = "" if found["other"] == found["thing"] else found["other"]
    return found


def _about(parts: Parts) -> Iterator[str]:
    """Yield the noun phrases that a clause is about, its object first."""
    if parts.is_passive and parts.subject:
        yield parts.subject
    if parts.objects:
        yield from parts.objects.items
    if parts.subject and not parts.is_person and not parts.is_passive:
        yield parts.subject
    if not parts.verb:
        yield from (each.items[0] for each in parts.groups[:1])


def noun_of(phrase: str) -> str:
    """Return a noun phrase in the singular without what stands before it: “hourly slot”."""
    plain = re.split(r"(?i)\s+(?:of|for|in|on|at|with|from|that|which|who|to|by|per)\s", phrase)[0]
    plain = _LEADING.sub("", plain.strip(" ,;:.").replace("\u2019", "'"))
    plain = re.split(r"(?i)\s+(?:an?|the)\s+", plain)[-1]  # “send the manager a reminder”
    plain = re.split(r"\s+(?=\d)", plain)[0]
    words = re.findall(r"[^\W_][\w'./+#-]*", plain)[-NOUN_WORDS:]
    while words and words[0].lower().endswith(("'s", "s'")):
        words = words[1:]
    if not words or words[-1].lower() in _NO_NOUNS or not re.search(r"(?i)[a-z]{2}", words[-1]):
        return ""
    last = words[-1] if words[-1].isupper() else noun_base(words[-1].lower())
    return " ".join([*(lowered(each) for each in words[:-1]), last])


def _is_person(noun: str) -> bool:
    return noun_class(noun.split()[-1]) == "person"


def _number(statement: Statement, reading: Reading) -> str:
    """Return the first number of a clause with what it counts: “30 people”."""
    for limit in reading.limits:
        is_here = statement.start <= limit.start < statement.end
        if limit.sentence == statement.sentence and is_here and limit.unit:
            return re.sub(rf"(?i)^{re.escape(limit.bound)}\s+", "", limit.text)
    return ""


def _when(parts: Parts) -> str:
    found = _TIMES.search(parts.text)
    return lowered(found[0]) if found else lowered(parts.when) if _TIMES.match(parts.when) else ""
