"""A mission's plan: phases and tasks, and the requirements, risks and decisions behind them."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal, TypeVar, get_args

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.estimates import Estimate, Likely, Precedent, Remembered
from missioncontrol.domain.graph import find_cycle
from missioncontrol.domain.product_design import ProductDesign, design_faults

T = TypeVar("T")
Level = Literal["low", "medium", "high"]
Role = Literal[
    "surveyor",
    "historian",
    "architect",
    "tester",
    "auditor",
    "writer",
    "reviewer",
    "builder",
    "scaffolder",
]
ROLES: tuple[Role, ...] = get_args(Role)
BUILDER: Role = "builder"
"""The role that changes code. No specialist of ours has it: an agent must be named for it."""


class Origin(msgspec.Struct, frozen=True, omit_defaults=True):
    """A passage of what was asked for from which a requirement was derived.

    A passage may ask for several things. Each knows how many they are, so that none of them can
    be lost without the others telling.
    """

    where: str  # goal, constraint 1, constraint 2 …, context
    words: str  # one of its `domain.passages.asked_passages`, word for word
    number: int = 1  # which of the things that it asks for
    of: int = 1


WORK = {"security-review": "review", "incident": "account", "documentation": "text"}
"""By kind of work, what comes of it where that is no change of code."""
STUDIES = frozenset({"security-review", "incident"})
"""Kinds that end in a text about the code: nothing in the repository changes."""


class Requirement(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that the goal or a constraint asks for."""

    id: str  # R1, R2 …
    text: str
    kind: Literal["function", "quality", "constraint"] = "function"
    source: str = ""  # the words it was derived from, and where they stood
    origins: tuple[Origin, ...] = ()  # in the order of what was asked for


class Risk(msgspec.Struct, frozen=True, omit_defaults=True):
    """What may go wrong, and what is done about it."""

    id: str  # K1, K2 …
    title: str
    likelihood: Level
    impact: Level
    mitigation: str
    because: str = ""  # the fact about this goal or repository that raises it
    owner: str = ""  # who sees to it: a person whom the history names, a role, or an agent


class Option(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rejected option, and what it would have cost or given."""

    title: str
    tradeoff: str


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """A choice that shapes the work, with what it gives up."""

    id: str  # D1, D2 …
    title: str
    choice: str
    reason: str
    tradeoff: str
    alternatives: tuple[Option, ...] = ()
    files: tuple[str, ...] = ()  # that it is about, relative to the repository


class Component(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of the architecture that this goal touches or needs."""

    id: str
    name: str
    kind: Literal["module", "interface", "store", "service", "test", "document", "external"]
    detail: str = ""
    path: str = ""  # relative to the repository, where it exists
    change: Literal["new", "changed", "unchanged"] = "unchanged"


class Relation(msgspec.Struct, frozen=True, omit_defaults=True):
    """An arrow between two components."""

    source: str
    target: str
    label: str = ""


class Architecture(msgspec.Struct, frozen=True, omit_defaults=True):
    """The model of what stands and what will change."""

    components: tuple[Component, ...] = ()
    relations: tuple[Relation, ...] = ()


class ExpectedArtifact(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that a task must hand in; the engine checks it before the task counts as done."""

    name: str
    media_type: str


class Task(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of work for one specialist, and why it is there."""

    key: str  # lower-case words (a-z, 0-9) joined by `-`, unique in the plan
    title: str
    detail: str
    role: Role
    needs: tuple[str, ...] = ()
    artifacts: tuple[ExpectedArtifact, ...] = ()
    acceptance: tuple[str, ...] = ()
    risk_checks: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    agent: str = ""  # who does it, where that is no specialist of ours
    scope: tuple[str, ...] = ()  # files that it is expected to change

    @property
    def is_change(self) -> bool:
        """Whether it changes the repository, by an agent or a person."""
        return self.role == BUILDER

    @property
    def is_handover(self) -> bool:
        """Whether a person has to do this: it changes code, and no agent is named for it."""
        return self.is_change and not self.agent


class Phase(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tasks that share a purpose."""

    key: str
    title: str
    purpose: str
    tasks: tuple[Task, ...]


GROUNDWORK = "groundwork"
"""The key of the stage that holds the groundwork of a plan; no phase has it."""


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What will be done for a goal, by whom, in which order, and why."""

    goal: str
    title: str
    summary: str
    kinds: tuple[str, ...]  # the recognised kinds of work, the main one first
    stack: tuple[str, ...]  # languages, frameworks and tools, as read from manifests
    phases: tuple[Phase, ...]
    requirements: tuple[Requirement, ...]
    risks: tuple[Risk, ...] = ()
    decisions: tuple[Decision, ...] = ()
    architecture: Architecture = Architecture()
    questions: tuple[str, ...] = ()  # what the goal leaves open, to be answered by a person
    obtained: str = ""  # by which planner, from which commit
    likely: tuple[Likely, ...] = ()  # where the work will be, by requirement
    estimates: tuple[Estimate, ...] = ()
    unestimated: tuple[str, ...] = ()  # in words, what could not be estimated, and why
    remembered: tuple[Remembered, ...] = ()  # its input from earlier missions and documents
    background: tuple[str, ...] = ()  # passages without a derived requirement, word for word
    groundwork: tuple[Task, ...] = ()  # what specialists read, write and check beside the change
    design: ProductDesign | None = None  # of a new product: there is no code to plan from

    @property
    def work(self) -> str:
        """What comes of it in the end, in one word: a change, or a text that changes no code."""
        return WORK.get(self.kinds[0], "change") if self.kinds else "change"

    def tasks(self) -> Iterator[Task]:
        """All tasks that a run carries out: the groundwork, then phase by phase."""
        for stage in self.stages():
            yield from stage.tasks

    def stages(self) -> tuple[Phase, ...]:
        """Return the phases, and before them the groundwork as a phase where there is any."""
        if not self.groundwork:
            return self.phases
        purpose = f"Read, written and checked here by specialists, beside “{self.title}”."
        return (Phase(GROUNDWORK, "Groundwork", purpose, self.groundwork), *self.phases)

    def precedents(self, task: Task) -> list[Precedent]:
        """Return merged changes like a task, of those that changed a file which it is to change."""
        if not task.is_change:
            return []
        found = (each for each in self.likely if each.requirement in task.requirements[:1])
        alike = next((each.precedents for each in found), ())
        own = set(task.scope)
        return [each for each in alike if not own or own & set(each.files)]

    def change_of(self, part: Component) -> str:
        """Say how a part changes: new, changed, likely (a task may change it) or unchanged."""
        scope = {path for task in self.tasks() if task.is_change for path in task.scope}
        return "likely" if part.change == "unchanged" and part.path in scope else part.change


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with a plan, at a JSON-pointer-like path."""

    path: str
    message: str

    def __str__(self) -> str:
        """Path and message as one line."""
        return f"{self.path}: {self.message}"


TASKS_MAX = 500
TEXT_MAX = 20_000
"""Characters in one text of a plan."""

PLAN_STEP = "plan"
"""The step of a mission's run that makes the plan; no task may take its name."""

KEY_MAX = 100
"""Characters in the key of a task: directories and steps are named after it."""

_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def faults(plan: Plan, *, roles: Iterable[str] = ROLES) -> list[Fault]:
    """Return everything that keeps `plan` from being accepted; an empty list means it is sound."""
    return [
        *_missing_parts(plan),
        *_repeated_ids(plan),
        *_dangling_references(plan, frozenset(roles)),
        *_unexplained(plan),
        *_cycles(plan),
        *_design(plan),
    ]


def accepted(plan: Plan) -> Plan:
    """Return `plan` unchanged.

    Raises:
        Rejected: `plan.malformed`, naming the path of the first fault and how many there are.
    """
    found = faults(plan)
    if found:
        raise Rejected(
            "plan.malformed",
            f"The plan has {len(found)} fault(s); the first is at {found[0]}.",
            hint="Ask the planner again with these faults.",
        )
    return plan


def _missing_parts(plan: Plan) -> Iterator[Fault]:
    for name in ("goal", "title", "summary"):
        if not getattr(plan, name).strip():
            yield Fault(f"/{name}", "is empty")
    if not plan.requirements:
        yield Fault("/requirements", "a plan serves at least one requirement")
    if not any(phase.tasks for phase in plan.phases):
        yield Fault("/phases", "a plan has at least one task")
    if sum(1 for _ in plan.tasks()) > TASKS_MAX:
        yield Fault("/phases", f"a plan has at most {TASKS_MAX} tasks")
    for path, phase in _numbered("/phases", plan.phases):
        if phase.key == GROUNDWORK:
            yield Fault(f"{path}/key", f"{GROUNDWORK!r} is the name of what a run does beside it")
        if not phase.tasks:
            yield Fault(f"{path}/tasks", f"phase {phase.key!r} has no task")
    for path, task in _placed_tasks(plan):
        yield from _missing_words(path, task)
        yield from _bad_key(f"{path}/key", task.key)


def _missing_words(path: str, task: Task) -> Iterator[Fault]:
    for name in ("key", "title", "detail"):
        text = getattr(task, name)
        if not text.strip():
            yield Fault(f"{path}/{name}", f"task {task.key!r} leaves it empty")
        elif len(text) > TEXT_MAX:
            yield Fault(f"{path}/{name}", f"is longer than {TEXT_MAX:,} characters")
    if not task.acceptance:
        yield Fault(f"{path}/acceptance", f"task {task.key!r} does not say when it is done")


def _bad_key(path: str, key: str) -> Iterator[Fault]:
    if key == PLAN_STEP:
        yield Fault(path, f"{key!r} is the name of the step that makes the plan")
    elif key.strip() and (len(key) > KEY_MAX or not _KEY.fullmatch(key)):
        yield Fault(
            path,
            f"{key[:KEY_MAX]!r} is not made of lower-case words joined by `-`, "
            f"at most {KEY_MAX} characters",
        )


def _repeated_ids(plan: Plan) -> Iterator[Fault]:
    groups: list[list[tuple[str, str]]] = [
        [(f"{path}/id", item.id) for path, item in _numbered("/requirements", plan.requirements)],
        [(f"{path}/id", item.id) for path, item in _numbered("/risks", plan.risks)],
        [(f"{path}/id", item.id) for path, item in _numbered("/decisions", plan.decisions)],
        [(f"{path}/key", item.key) for path, item in _numbered("/phases", plan.phases)],
        [(f"{path}/key", task.key) for path, task in _placed_tasks(plan)],
        [
            (f"{path}/id", item.id)
            for path, item in _numbered("/architecture/components", plan.architecture.components)
        ],
    ]
    for group in groups:
        seen: set[str] = set()
        for path, name in group:
            if name in seen:
                yield Fault(path, f"{name!r} stands more than once")
            seen.add(name)


def _dangling_references(plan: Plan, roles: frozenset[str]) -> Iterator[Fault]:
    known = {
        "needs": {task.key for task in plan.tasks()},
        "requirements": {item.id for item in plan.requirements},
        "decisions": {item.id for item in plan.decisions},
        "risks": {item.id for item in plan.risks},
    }
    for path, task in _placed_tasks(plan):
        if task.role not in roles:
            yield Fault(f"{path}/role", f"no specialist is called {task.role!r}")
        for name, names in known.items():
            for number, target in enumerate(getattr(task, name)):
                if target not in names:
                    yield Fault(f"{path}/{name}/{number}", f"{target!r} does not exist")
    parts = {item.id for item in plan.architecture.components}
    for path, relation in _numbered("/architecture/relations", plan.architecture.relations):
        for name in ("source", "target"):
            if getattr(relation, name) not in parts:
                yield Fault(f"{path}/{name}", f"no component {getattr(relation, name)!r}")


def _unexplained(plan: Plan) -> Iterator[Fault]:
    covered = {name for task in plan.tasks() for name in task.requirements}
    for path, requirement in _numbered("/requirements", plan.requirements):
        if requirement.id not in covered:
            yield Fault(path, f"no task serves requirement {requirement.id!r}")
    for path, task in _placed_tasks(plan):
        if not (task.requirements or task.decisions or task.risks):
            yield Fault(path, f"task {task.key!r} names no requirement, decision or risk behind it")


def _cycles(plan: Plan) -> Iterator[Fault]:
    cycle = find_cycle({task.key: task.needs for task in plan.tasks()})
    if cycle:
        yield Fault("/phases", f"tasks need each other in a circle: {' → '.join(cycle)}")
    handed_over = {task.key for task in plan.tasks() if task.is_handover}
    for path, task in _placed_tasks(plan):
        late = [need for need in task.needs if need in handed_over]
        if late and not task.is_handover:
            yield Fault(
                f"{path}/needs",
                f"task {task.key!r} is done here but waits for {late[0]!r}, which is handed over",
            )


def _design(plan: Plan) -> Iterator[Fault]:
    if plan.design is not None:
        keys = [t.key for phase in plan.phases for t in phase.tasks if t.is_change]
        for path, message in design_faults(plan.design, keys):
            yield Fault(path, message)


def _placed_tasks(plan: Plan) -> Iterator[tuple[str, Task]]:
    yield from _numbered("/groundwork", plan.groundwork)
    for path, phase in _numbered("/phases", plan.phases):
        yield from _numbered(f"{path}/tasks", phase.tasks)


def _numbered(path: str, items: Iterable[T]) -> Iterator[tuple[str, T]]:
    for number, item in enumerate(items):
        yield f"{path}/{number}", item
