"""The design of a new product, as part of a plan: from its users to its deployment.

Each part names its basis: words of the goal, an answer to a question, or an assumption. A reader
can then tell what was asked for from what the planner adds.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from missioncontrol.domain.scaffold_stack import ScaffoldStack

Basis = Literal["goal", "answer", "experience", "assumption"]
"""`experience`: the catalogue of reference architectures; `assumption`: a person should confirm."""
Confidence = Literal["low", "medium", "high"]


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a part of the design comes from."""

    basis: Basis
    words: str = ""  # the words of the goal or of the answer; the name of the catalogue's entry
    confidence: Confidence = "medium"


class UserRole(msgspec.Struct, frozen=True, omit_defaults=True):
    """A kind of person who uses the product."""

    name: str  # singular, lower case
    jobs: tuple[str, ...]  # what they want to get done, as verb phrases
    source: Source


class ScopeItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that the first version has, or deliberately has not."""

    text: str
    source: Source


class SuccessMetric(msgspec.Struct, frozen=True, omit_defaults=True):
    """A number that tells whether the product does its job."""

    id: str  # M1, M2 …
    name: str
    measure: str
    target: str
    source: Source
    events: tuple[str, ...] = ()  # what the product reports, so that the number can be computed


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column of a table, or an input of an interface."""

    name: str  # snake_case
    type: str  # text, integer, money, date, timestamp …; `enum` lists its values in `values`
    key: Literal["", "primary", "foreign"] = ""
    references: str = ""  # the name of the entity that a foreign key leads to
    values: tuple[str, ...] = ()
    is_optional: bool = False
    is_unique: bool = False

    @property
    def marks(self) -> tuple[str, ...]:
        """Return in words what its type does not say: its key, where it leads, unique, optional."""
        found = ["primary key"] if self.key == "primary" else []
        found += [f"leads to {self.references}"] if self.references else []
        found += ["unique"] if self.is_unique else []
        found += ["optional"] if self.is_optional else []
        return tuple(found)

    @property
    def type_words(self) -> str:
        """Return its type in words: `one of open, closed` for an enumeration."""
        return f"one of {', '.join(self.values)}" if self.values else self.type


class Entity(msgspec.Struct, frozen=True, omit_defaults=True):
    """A thing that the product stores: one table."""

    name: str  # singular, lower case
    table: str  # snake_case, plural
    purpose: str
    fields: tuple[Field, ...]
    source: Source

    @property
    def references(self) -> tuple[str, ...]:
        """Return the names of the entities that its foreign keys lead to, each once."""
        return tuple(dict.fromkeys(each.references for each in self.fields if each.references))


InterfaceKind = Literal["route", "command", "event", "screen", "function", "job", "message"]


class Interface(msgspec.Struct, frozen=True, omit_defaults=True):
    """A way into the product: a route, a command, a screen, a message, a function or a job."""

    name: str  # `POST /loans`, `photos scan`, `find_duplicates()`
    kind: InterfaceKind
    purpose: str
    source: Source
    inputs: tuple[Field, ...] = ()
    failures: tuple[str, ...] = ()  # what is refused, and why
    entities: tuple[str, ...] = ()
    emits: str = ""  # the event that it reports


class StackChoice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One technology of the stack, with its reason and what else was possible."""

    part: str  # Language, Database, Tests …
    choice: str
    reason: str
    source: Source
    alternatives: tuple[tuple[str, str], ...] = ()  # name and trade-off


class PlannedFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of the repository to be."""

    path: str
    purpose: str


class DeploymentStage(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the product runs at one size."""

    name: Literal["development", "single host", "scaled"]
    text: str


class Deployment(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the product runs, and what that costs."""

    stages: tuple[DeploymentStage, ...] = ()
    needs: tuple[str, ...] = ()  # what this product takes to run that others do not
    cost_drivers: tuple[str, ...] = ()


class SecurityMeasure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A threat and what the product does about it."""

    threat: str
    measure: str
    source: Source


class FailureMode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A failure while the product runs, and how the product reacts."""

    when: str
    then: str


class Milestone(msgspec.Struct, frozen=True, omit_defaults=True):
    """A state of the product that can be shown."""

    id: str  # the key of its phase
    title: str
    shows: str
    tasks: tuple[str, ...]  # keys


class OpenQuestion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A decision for a person, with the answer that the plan assumes meanwhile."""

    id: str  # Q1, Q2 …; the one on which most depends comes first
    text: str
    why: str
    default: str
    options: tuple[str, ...] = ()
    weight: int = 1  # 1 (a detail) to 5 (half of the plan changes)
    answer: str = ""


class ProductDesign(msgspec.Struct, frozen=True, omit_defaults=True):
    """The purpose, parts and deployment of a product."""

    name: str  # short, lower case, joined by `-`: of the repository and the package
    kind: str  # the reference architecture: web-product, command-line …
    kind_title: str
    kind_source: Source
    users: tuple[UserRole, ...] = ()
    scope: tuple[ScopeItem, ...] = ()
    non_goals: tuple[ScopeItem, ...] = ()
    metrics: tuple[SuccessMetric, ...] = ()
    entities: tuple[Entity, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    stack: tuple[StackChoice, ...] = ()
    files: tuple[PlannedFile, ...] = ()
    deployment: Deployment = Deployment()
    security: tuple[SecurityMeasure, ...] = ()
    failures: tuple[FailureMode, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    changes: tuple[str, ...] = ()  # what the answers to its questions changed, in words
    scaffold: ScaffoldStack | None = None  # the stack of its repository; None where none is created

    def tree(self) -> Iterator[tuple[str, int, PlannedFile | None]]:
        """Yield each path once as (path, depth from 1, its file or None for a folder around it)."""
        shown: set[str] = set()
        for file in self.files:
            path = file.path.rstrip("/")
            parts = path.split("/")
            for depth in range(1, len(parts)):
                folder = "/".join(parts[:depth])
                if folder not in shown:
                    shown.add(folder)
                    yield folder, depth, None
            if path not in shown:
                shown.add(path)
                yield file.path, len(parts), file

    def relations(self) -> Iterator[tuple[str, str, str]]:
        """Yield each foreign key as (entity, field, entity that it leads to)."""
        for entity in self.entities:
            for field in entity.fields:
                if field.references:
                    yield entity.name, field.name, field.references


def design_faults(design: ProductDesign, tasks: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield what does not fit together, as path and message; `tasks` are the keys of the plan."""
    yield from _repeated(design)
    yield from _without_entity(design)
    known = set(tasks)
    shown = {key for milestone in design.milestones for key in milestone.tasks}
    for number, milestone in enumerate(design.milestones):
        for key in milestone.tasks:
            if key not in known:
                yield f"/design/milestones/{number}/tasks", f"no task {key!r}"
    for key in sorted(known - shown) if design.milestones else ():
        yield "/design/milestones", f"task {key!r} belongs to no milestone"


def _without_entity(design: ProductDesign) -> Iterator[tuple[str, str]]:
    entities = {each.name for each in design.entities}
    for number, entity in enumerate(design.entities):
        for name in entity.references:
            if name not in entities:
                yield f"/design/entities/{number}/fields", f"no entity {name!r}"
    for number, interface in enumerate(design.interfaces):
        for name in interface.entities:
            if name not in entities:
                yield f"/design/interfaces/{number}/entities", f"no entity {name!r}"


def _repeated(design: ProductDesign) -> Iterator[tuple[str, str]]:
    groups = {
        "entities": [each.name for each in design.entities],
        "interfaces": [each.name for each in design.interfaces],
        "metrics": [each.id for each in design.metrics],
        "questions": [each.id for each in design.questions],
        "files": [each.path for each in design.files],
    }
    for group, names in groups.items():
        seen: set[str] = set()
        for number, name in enumerate(names):
            if name in seen:
                yield f"/design/{group}/{number}", f"{name!r} stands more than once"
            seen.add(name)


def sources_of(design: ProductDesign) -> Iterator[tuple[str, Source]]:
    """Yield each source with the path of the part that it is of."""
    yield "/design/kind_source", design.kind_source
    for group in (
        "users",
        "scope",
        "non_goals",
        "metrics",
        "entities",
        "interfaces",
        "stack",
        "security",
    ):
        for number, each in enumerate(getattr(design, group)):
            yield f"/design/{group}/{number}/source", each.source


_OF_WHAT_STANDS = frozenset(
    [
        "add",
        "adjust",
        "adopt",
        "bump",
        "change",
        "clean",
        "cleanup",
        "deduplicate",
        "delete",
        "deprecate",
        "disable",
        "drop",
        "enable",
        "extend",
        "extract",
        "fix",
        "handle",
        "harden",
        "improve",
        "increase",
        "inline",
        "introduce",
        "merge",
        "migrate",
        "optimise",
        "optimize",
        "patch",
        "refactor",
        "release",
        "remove",
        "rename",
        "reorganise",
        "reorganize",
        "revert",
        "rework",
        "rewrite",
        "simplify",
        "tidy",
        "tighten",
        "update",
        "upgrade",
    ]
)
"""Verbs with which a goal begins that changes code which is there."""


def asks_for_change(goal: str) -> bool:
    """Whether a goal begins like a change of code that is there, and not like an idea."""
    first = re.search(r"[a-z]+", goal.lower())
    return first is None or first.group() in _OF_WHAT_STANDS


_CODE = re.compile(
    r"`[^`]*(?:\w\.\w|\w\(|_)[^`]*`|\b\w+\(\)|\b[A-Z][a-z]+(?:[A-Z][a-z]+)*(?:Error|Exception)\b"
    r"|\b[A-Z][a-z]\w*\.(?!js\b|net\b|io\b|ai\b|cpp\b|py\b)[a-z_]{2,}\b"
)


def names_code(goal: str) -> bool:
    """Whether a goal names code: `Store.add`, `parse()`, ValueError."""
    return _CODE.search(goal) is not None
