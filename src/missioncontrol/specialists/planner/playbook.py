"""Playbooks: what work of a kind takes, as sentences that are filled with facts of one goal."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from missioncontrol.domain.plan import Level
from missioncontrol.specialists.planner.sentences import capitalised

Facts = Mapping[str, str]
_FORMS = re.compile(r"\[(\w+)\|(\w+)\]")
_TAIL = re.compile(r"\s+(?:for|of|in|on|with|to|from|by|at|per|that|which|as|into)\s+")
OBJECTS = frozenset({"symbol", "place"})
"""Facts that stand between a subject and its second verb."""
PHRASES = frozenset({"subject", "covered", "fresh"})
"""Facts in words of their own, which begin a sentence with a capital."""


class Sentences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of one task; those whose facts are missing are left out."""

    title: str
    detail: tuple[str, ...]
    acceptance: tuple[str, ...]
    risk_checks: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all entries share: when they speak up."""

    when: str = ""  # a pattern that the ask must match
    unless: tuple[str, ...] = ()  # facts that make it pointless

    def speaks(self, facts: Facts) -> bool:
        """Whether this entry has something to say about these facts."""
        if any(name in facts for name in self.unless):
            return False
        return not self.when or re.search(rf"(?i)\b(?:{self.when})", facts["ask"]) is not None


class TaskEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task beside the change itself, such as its documentation."""

    key: str
    phase: Literal["understand", "specify", "build", "verify"] = "understand"
    first: bool = False  # whether everything else that is built waits for it
    title: str
    detail: tuple[str, ...]
    acceptance: tuple[str, ...]
    risk_checks: tuple[str, ...] = ()


class RiskEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A risk."""

    title: str
    likelihood: Level
    impact: Level
    mitigation: str
    because: str


class OptionEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way that was rejected."""

    title: str
    tradeoff: str


class DecisionEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A choice with what it gives up."""

    title: str
    choice: str
    reason: str
    tradeoff: str
    alternatives: tuple[OptionEntry, ...]


class QuestionEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that only a person can answer."""

    text: str


class ComponentEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part that the goal needs and that is not there yet."""

    name: str
    kind: str
    detail: str
    from_place: str = ""  # label of the arrow from the place to it
    to_place: str = ""  # label of the arrow from it to the place


class Playbook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything known about one kind of work."""

    build: Sentences | None = None
    task: tuple[TaskEntry, ...] = ()
    risk: tuple[RiskEntry, ...] = ()
    decision: tuple[DecisionEntry, ...] = ()
    question: tuple[QuestionEntry, ...] = ()
    component: tuple[ComponentEntry, ...] = ()


@cache
def playbook(name: str) -> Playbook:
    """Return the playbook called `name`; an empty one where no such file exists."""
    file = resources.files("missioncontrol.specialists.planner") / "playbooks" / f"{name}.toml"
    if not file.is_file():
        return Playbook()
    return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Playbook)


def sayable(templates: Sequence[str], facts: Facts) -> Iterator[str]:
    """Yield the sentences whose facts are all there; of variants (“||”) the first that has them."""
    for template in templates:
        for variant in template.split("||"):
            text = filled(variant.strip(), facts)
            if text is not None:
                yield text
                break


def listed(items: Sequence[str]) -> str:
    """Join as prose: “a”, “a and b”, “a, b and c”."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def filled(template: str, facts: Facts) -> str | None:
    """Fill in the facts, or return None where one of them is missing."""
    missing: list[str] = []

    def fact(match: re.Match[str]) -> str:
        value = facts.get(match[1])
        if value is None:
            missing.append(match[1])
        starts = match.start() == 0 or template[: match.start()].endswith((". ", "? "))
        return (capitalised(value) if starts and match[1] in PHRASES else value) if value else ""

    text = re.sub(r"\{(\w+)\}", fact, _agreeing(template, facts))
    return None if missing else text


def _agreeing(template: str, facts: Facts) -> str:
    """Choose in “{subject} [is|are]” the form that goes with the last fact before it."""

    def form(match: re.Match[str]) -> str:
        before = re.findall(r"\{(\w+)\}", template[: match.start()])
        named = [name for name in before if name not in OBJECTS]
        return match[1 + is_plural(facts.get(named[-1], "") if named else "")]

    return _FORMS.sub(form, template)


def is_plural(phrase: str) -> bool:
    """Whether a phrase such as “queue depth and job latency” names more than one thing."""
    if phrase.startswith("“"):
        return False  # A quotation is one name, whatever stands in it.
    if phrase.startswith("`") and " and " not in phrase:
        return False
    head = _TAIL.split(phrase.strip("`"), maxsplit=1)[0]
    last = head.split()[-1].strip("`.,") if head.split() else ""
    many = last.endswith("s") and not last.endswith(("ss", "us", "is", "ws", "OS", "CORS", "TLS"))
    return " and " in head or (many and not last.isupper() and "/" not in last)


@cache
def phrase_table(name: str) -> dict[str, Any]:
    """Return a data file of the planner."""
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
