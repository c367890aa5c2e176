"""Folds the events of runs into the work items that they carry out."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from missioncontrol.domain.agent_session import RECORDER
from missioncontrol.domain.plan import PLAN_STEP
from missioncontrol.domain.repository.task_steps import repository_of, task_of
from missioncontrol.domain.run import events as r
from missioncontrol.domain.status import REVIEWERS
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import TestsRan, Work
from missioncontrol.domain.work_item.stages import STARTABLE
from missioncontrol.ports.read_tables import RunRow
from missioncontrol.projections.work_rows import (
    Items,
    WorkRow,
    begin_work,
    is_over,
    mark,
    move,
    rest,
    stage_of,
)

OWNERS_MAX = 10_000
SKIPPED = "Left out: "
REVIEW_PARTS = frozenset({"inspect", "review", "merge"})
"""Steps of a round that look at what was built."""

MERGED = "It is merged; a person other than who started it takes it as done."


class Owner(msgspec.Struct, frozen=True):
    """What a run carries out: the tasks of a mission, or tasks of a repository."""

    epic: str
    is_repository: bool

    def item(self, step: str) -> str:
        """Return the id of the item that a step is about."""
        return f"{self.epic}/{task_of(step) if self.is_repository else step.partition('/')[0]}"


class Owners:
    """What each run carries out, of the runs that were asked for last."""

    def __init__(self, run: Callable[[str], RunRow | None]) -> None:
        """`run` returns the row of a run."""
        self._run = run
        self._known: OrderedDict[str, Owner | None] = OrderedDict()

    def of(self, run: str, event: Any) -> Owner | None:
        """Return what a run carries out; None where that is no work item."""
        if run not in self._known:
            row: Any = event if isinstance(event, r.RunCreated) else self._run(run)
            self._known[run] = _owner(row)
            if len(self._known) > OWNERS_MAX:
                self._known.popitem(last=False)
        return self._known[run]


def _owner(row: RunRow | r.RunCreated | None) -> Owner | None:
    if row is None:
        return None
    if row.mission:
        return Owner(row.mission, is_repository=False)
    repository = repository_of(row.workflow)
    return Owner(repository, is_repository=True) if repository else None


def apply(items: Items, owner: Owner, run: str, event: Any, at: float) -> None:
    """Fold an event of a run that carries out items."""
    match event:
        case r.RunCreated():
            _begin(items, owner, event, at)
        case r.StepsAdded():
            _bind(items, owner, run, event.steps, at)
        case r.RunHalted() | r.RunResumed() | r.RunSettled():
            for row in _of_run(items, owner, run):
                _change_all(items, owner, row, event, at)
        case r.StepsBlocked() | r.StepsCancelled():
            for step in event.steps:
                _change(items, owner, run, step, event, at)
        case _ if hasattr(event, "step"):
            _change(items, owner, run, event.step, event, at)


def _change_all(items: Items, owner: Owner, row: WorkRow, event: Any, at: float) -> None:
    """Fold an event of a whole run into one of its items that is not over."""
    match event:
        case r.RunHalted() if row.word in STARTABLE:
            row.is_halted = True
            move(row, "waiting", "waiting", at, event.reason)
        case r.RunResumed() if row.is_halted:
            row.is_halted = False
            _restore(items, owner, row, at)
        case r.RunSettled() if owner.is_repository:
            rest(row, at)
            items.leave_session(row)
            if row.reason != MERGED and row.word != "failed":
                row.asks = ()
                move(row, "ready_to_build", "ready_to_build", at, f"Run {row.run} has ended.")


def _begin(items: Items, owner: Owner, event: r.RunCreated, at: float) -> None:
    if owner.is_repository:
        return  # The event of the repository says which tasks it carries out.
    epic = items.epic(owner.epic)
    if epic is None:
        return
    epic.run, epic.is_planned, epic.steps = event.run, PLAN_STEP in event.kept, {}
    bound = {owner.item(step.key) for step in event.steps}
    for id_ in epic.children:
        row = items.item(id_)
        if row is None or row.kind != "task" or row.is_gone or id_ in bound:
            continue
        row.run = ""
        if row.word != "done":
            move(row, "planned", "planned", at)
    _bind(items, owner, event.run, event.steps, at, event.kept)


def _bind(
    items: Items,
    owner: Owner,
    run: str,
    steps: Iterable[Step],
    at: float,
    kept: Iterable[str] = (),
) -> None:
    """Take note which run and step carries out each task; what is not kept begins again."""
    epic = items.epic(owner.epic)
    if epic is None or owner.is_repository:
        return
    bound = []
    for step in steps:
        epic.steps = {**epic.steps, step.key: step.agent}
        row = items.item(owner.item(step.key))
        if row is None:
            continue  # Its plan is accepted by the next event.
        row.run, row.step, row.agent = run, step.key, step.agent
        row.asks, row.is_halted, row.failed_need = (), False, ""
        if step.key in kept:
            items.end(row, at) if row.word != "done" else None
        else:
            move(row, "planned", "planned", at)
            bound.append(row)
    for row in bound:
        items.look(row, at)


def _of_run(items: Items, owner: Owner, run: str) -> list[WorkRow]:
    epic = items.epic(owner.epic)
    rows = (items.item(each) for each in epic.children) if epic is not None else iter(())
    return [row for row in rows if row is not None and row.run == run and not is_over(row)]


def _change(items: Items, owner: Owner, run: str, step: str, event: Any, at: float) -> None:
    if step == PLAN_STEP and not owner.is_repository:
        _planned(items, owner, run, event, at)
        return
    row = items.item(owner.item(step))
    if row is None or row.run != run:
        return
    if isinstance(event, r.UsageReported):
        row.cost += event.usage.cost or 0
        row.is_unpriced |= event.usage.cost is None
    elif owner.is_repository and step != row.step:
        _change_part(row, step.rpartition("/")[2], event, at)
    else:
        _change_step(items, owner, row, event, at)


def _planned(items: Items, owner: Owner, run: str, event: Any, at: float) -> None:
    epic = items.epic(owner.epic)
    if epic is None or epic.run != run or not isinstance(event, r.StepSucceeded):
        return
    epic.is_planned = True
    for id_ in epic.children:
        row = items.item(id_)
        if row is not None and row.run == run:
            items.look(row, at)


def _change_part(row: WorkRow, part: str, event: Any, at: float) -> None:
    """Fold an event of a step in a round: building, testing, reviewing or merging."""
    match event:
        case r.StepStarted():
            row.attempts += part == "build"
            row.agent = event.agent
            begin_work(row, at)
            if part == "build":
                work_on(row, at)
            else:
                _work_in(row, at, in_review=part in REVIEW_PARTS)
        case r.StepHeld():
            rest(row, at)
            row.asks = (*row.asks, event.approval)
            move(row, "waiting", "waiting", at)
        case r.StepReleased() | r.StepRevised():
            row.asks = ()
            move(row, "in_review", "in_review", at)
        case r.StepSucceeded():
            rest(row, at)
            row.agent = (row.reviewer if part == "inspect" else "") or row.agent
            if part == "test":
                _count_checks(row, event.work, event.checks)
        case r.AttemptFailed() | r.AttemptInterrupted() | r.StepFailed() | r.StepCancelled():
            rest(row, at)
        case _:
            pass


def _change_step(items: Items, owner: Owner, row: WorkRow, event: Any, at: float) -> None:
    """Fold an event of the step that stands for the item itself."""
    match event:
        case r.StepStarted():
            row.attempts, row.agent, row.asks = event.attempt, event.agent, ()
            begin_work(row, at)
            work_on(row, at)
        case r.StepClaimed():
            row.agent = event.agent
        case r.StepHeld():
            row.asks = (*row.asks, event.approval)
            move(row, "waiting", "waiting", at)
        case r.StepReleased() | r.StepRevised():
            row.asks = ()
            move(row, "ready_to_build", "ready_to_build", at)
        case r.StepRepeated():
            rest(row, at)
            move(row, "building", "building", at, "It goes through another round.")
        case r.AttemptFailed():
            rest(row, at)
            move(row, stage_of(row), row.word, at, f"Tried again: {event.failure.reason}")
        case r.AttemptInterrupted():
            rest(row, at)
            row.asks = ()
            move(row, "ready_to_build", "ready_to_build", at, event.reason)
        case _:
            _end(items, owner, row, event, at)


def _end(items: Items, owner: Owner, row: WorkRow, event: Any, at: float) -> None:
    match event:
        case r.StepSucceeded():
            if owner.is_repository:
                rest(row, at)
                move(row, "in_review", "in_review", at, MERGED)
                return
            _count_checks(row, event.work, event.checks)
            items.end(row, at)
        case r.StepFailed():
            mark(row, "failed", at, event.failure.reason)
            items.look_at_dependants(row, at)
        case r.StepsBlocked():
            row.failed_need = owner.item(event.by)
            row.updated = at
            items.look_at_dependants(row, at)
        case r.StepSkipped():
            items.drop(row, at, f"{SKIPPED}{event.reason}")
        case r.StepCancelled() | r.StepsCancelled() if not owner.is_repository:
            items.drop(row, at, "Its run was cancelled.")
        case _:
            pass


def _restore(items: Items, owner: Owner, row: WorkRow, at: float) -> None:
    if owner.is_repository:
        move(row, "ready_to_build", "ready_to_build", at)
    else:
        row.word = "planned"
        items.look(row, at)


def work_on(row: WorkRow, at: float) -> None:
    """Put an item where its agent works on it: into review where that looks at others' work."""
    if row.session_waits and row.agent == RECORDER:
        move(row, "waiting", "waiting", at, row.session_waits)
        return
    _work_in(row, at, in_review=row.agent in REVIEWERS)


def _work_in(row: WorkRow, at: float, *, in_review: bool) -> None:
    if in_review:
        move(row, "in_review", "in_review", at)
    else:
        move(row, "building", "building", at)


def _count_checks(row: WorkRow, work: Work, checks: tuple[r.Check, ...]) -> None:
    """Note the tests that were run, else the checks of the engine."""
    tests = [each for each in work.evidence if isinstance(each, TestsRan)]
    if tests:
        row.passed = sum(each.passed for each in tests)
        row.failed = sum(each.failed + each.errors for each in tests)
    else:
        row.passed = sum(each.passed for each in checks)
        row.failed = len(checks) - row.passed
