"""Playbooks: what work of a kind takes, as sentences that wait for facts of one goal."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from missioncontrol.domain.plan import Level
from missioncontrol.specialists.planner.playbook_text import Facts, filled


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
