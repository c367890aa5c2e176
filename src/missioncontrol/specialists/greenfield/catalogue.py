"""The catalogue of reference architectures, concepts and technologies, kept as data.

`catalogue/kinds.toml` holds kinds of product, `catalogue/technologies.toml` what goals name, and
the other files concepts: what an experienced engineer knows about bookings, invoices, clock
changes … Words of a goal choose the entries.
"""

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

Does = Literal[
    "create", "read", "list", "change", "remove", "act", "receive", "notify", "run"
]  # fmt: skip
Level = Literal["low", "medium", "high"]


class EntityEntry(msgspec.Struct, frozen=True):
    """A thing to store; fields are written as `name: type`, with `?` optional and `!` unique."""

    name: str
    purpose: str
    fields: tuple[str, ...]


class ActionEntry(msgspec.Struct, frozen=True):
    """Something that people or programs can do."""

    name: str
    does: Does
    on: str
    inputs: tuple[str, ...]
    failures: tuple[str, ...]


class TaskEntry(msgspec.Struct, frozen=True):
    """A piece of work; files are written as `path without extension: purpose`."""

    title: str
    detail: str
    acceptance: tuple[str, ...]
    files: tuple[str, ...]


class RiskEntry(msgspec.Struct, frozen=True):
    """A failure that is specific to this concept."""

    title: str
    likelihood: Level
    impact: Level
    mitigation: str


class MetricEntry(msgspec.Struct, frozen=True):
    """A number to watch."""

    name: str
    measure: str
    target: str
    events: tuple[str, ...]


class SecurityEntry(msgspec.Struct, frozen=True):
    """A threat with its measure."""

    threat: str
    measure: str


class ComponentEntry(msgspec.Struct, frozen=True):
    """A part of the running system."""

    name: str
    kind: Literal["module", "interface", "service", "store", "external"]
    does: str
    id: str = ""


class QuestionEntry(msgspec.Struct, frozen=True):
    """A question for a person, left out where the goal has one of the words in `unless`."""

    text: str
    why: str
    default: str
    options: tuple[str, ...]
    unless: tuple[str, ...]
    weight: int


class Concept(msgspec.Struct, frozen=True):
    """The knowledge about one capability of products."""

    key: str
    title: str
    words: tuple[str, ...]
    thing: str
    tasks: tuple[TaskEntry, ...]
    verbs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()  # of product, that it makes sense in; empty: all
    deployment: str = ""
    cost: str = ""
    non_goal: str = ""
    entities: tuple[EntityEntry, ...] = ()
    actions: tuple[ActionEntry, ...] = ()
    risks: tuple[RiskEntry, ...] = ()
    metrics: tuple[MetricEntry, ...] = ()
    security: tuple[SecurityEntry, ...] = ()
    components: tuple[ComponentEntry, ...] = ()
    questions: tuple[QuestionEntry, ...] = ()


class Technology(msgspec.Struct, frozen=True):
    """A technology that a goal may name; alternatives are pairs of name and trade-off."""

    key: str
    name: str
    words: tuple[str, ...]
    part: str
    language: str
    brings: tuple[str, ...]
    reason: str
    gives_up: str
    instead: tuple[tuple[str, str], ...]
    risk: str
    mitigation: str
    deployment: str
    cost: str
    development: str


class RelationEntry(msgspec.Struct, frozen=True):
    """How two components talk."""

    source: str
    target: str
    label: str


class MilestoneEntry(msgspec.Struct, frozen=True):
    """The result that a milestone shows."""

    title: str
    shows: str
    of: tuple[str, ...] = ()  # keys of behaviours whose tasks it has


class FailureEntry(msgspec.Struct, frozen=True):
    """A failure while the product runs, and how it reacts."""

    when: str
    then: str


class DeploymentEntry(msgspec.Struct, frozen=True):
    """How a kind of product runs."""

    development: str
    single_host: str
    scaled: str
    costs: tuple[str, ...]


class StackEntry(msgspec.Struct, frozen=True):
    """A stack for one language, with the layout of its files."""

    language: str
    choices: tuple[tuple[str, str, str], ...]  # part, choice, reason
    alternatives: tuple[tuple[str, str, str], ...]  # part, alternative, trade-off
    tree: tuple[str, ...]  # path: purpose
    modules: str  # with {package} and {stem}
    tests: str  # with {package} and {name}


class Kind(msgspec.Struct, frozen=True):
    """A reference architecture."""

    key: str
    title: str
    words: tuple[str, ...]
    hints: tuple[str, ...]
    usual: tuple[str, ...]  # keys of behaviours to assume where a goal states little
    actions_are: Literal["route", "command", "function", "message", "job", "screen"]
    components: tuple[ComponentEntry, ...]
    relations: tuple[RelationEntry, ...]
    tasks: tuple[TaskEntry, ...]
    risks: tuple[RiskEntry, ...]
    security: tuple[SecurityEntry, ...]
    questions: tuple[QuestionEntry, ...]
    milestones: tuple[MilestoneEntry, ...]
    deployment: DeploymentEntry
    stacks: tuple[StackEntry, ...]
    failures: tuple[FailureEntry, ...]
    metrics: tuple[MetricEntry, ...] = ()
    non_goal: str = ""
    core: tuple[str, ...] = ()  # keys of behaviours that such a product has in any case, in order
    about: str = ""  # the noun at its centre, where that does not depend on the goal
    programs: tuple[str, ...] = ()  # nouns of people that are programs in such a product


class Layout(msgspec.Struct, frozen=True):
    """Where files stand in a language or framework that no kind has a stack for."""

    key: str  # of its technology
    language: str
    tree: tuple[str, ...]
    modules: str
    tests: str
    choices: tuple[tuple[str, str, str], ...] = ()  # part, choice, reason: what goes with it


@cache
def concepts() -> tuple[Concept, ...]:
    """Return all concepts."""
    names = ("people", "content", "data", "world", "life", "work", "tools")
    return tuple(
        msgspec.convert(each, Concept) for name in names for each in _entries(name, "concept")
    )


@cache
def kinds() -> tuple[Kind, ...]:
    """Return all kinds of product."""
    return tuple(msgspec.convert(each, Kind) for each in _entries("kinds", "kind"))


@cache
def technologies() -> tuple[Technology, ...]:
    """Return all technologies."""
    return tuple(
        msgspec.convert(each, Technology) for each in _entries("technologies", "technology")
    )


@cache
def layouts() -> tuple[Layout, ...]:
    """Return the layouts of repositories, those of frameworks before those of languages."""
    return tuple(msgspec.convert(each, Layout) for each in _entries("layouts", "layout"))


def _entries(name: str, table: str) -> list[dict[str, Any]]:
    text = files(__package__).joinpath("catalogue", f"{name}.toml").read_text("utf-8")
    entries: list[dict[str, Any]] = tomllib.loads(text)[table]
    return entries


def matches(phrase: str, words: Sequence[str]) -> Iterator[int]:
    """Yield where a phrase stands in a text of lower-case words; `*` ends the stem of a word."""
    parts = phrase.split()
    for start in _places(parts[0], words):
        rest = words[start + 1 : start + len(parts)]
        if len(rest) == len(parts) - 1 and all(map(_is, parts[1:], rest)):
            yield start


def _places(part: str, words: Sequence[str]) -> Iterator[int]:
    """Yield where a word of a phrase stands; most phrases are not in a text at all."""
    forms = (part, f"{part}s", f"{part}'s")
    if not part.endswith("*") and not any(form in words for form in forms):
        return
    for start, word in enumerate(words):
        if _is(part, word):
            yield start


def _is(pattern: str, word: str) -> bool:
    if pattern.endswith("*"):
        return word.startswith(pattern[:-1])
    return word in {pattern, f"{pattern}s", f"{pattern}'s"}
