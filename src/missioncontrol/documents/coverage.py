"""Which tasks serve each requirement, and how far they are."""

from typing import Literal

import msgspec

from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.domain.coverage_gaps import uncovered
from missioncontrol.domain.plan import Requirement

Standing = Literal[
    "uncovered", "failed", "blocked", "cancelled", "handed_over", "running", "waiting", "done"
]
WORST_FIRST: tuple[Standing, ...] = (
    "failed",
    "blocked",
    "cancelled",
    "handed_over",
    "running",
    "waiting",
)


class Coverage(msgspec.Struct, frozen=True):
    """One requirement with the tasks that serve it."""

    requirement: Requirement
    standing: Standing
    tasks: tuple[TaskRecord, ...]  # in plan order
    succeeded: int  # of `tasks`


def coverage(record: MissionRecord) -> tuple[Coverage, ...]:
    """Return each requirement of the plan, in its order, with what covers it."""
    missing = frozenset(uncovered(record.plan))
    return tuple(_covered(one, record.tasks, missing) for one in record.plan.requirements)


def orphans(record: MissionRecord) -> tuple[TaskRecord, ...]:
    """Return the tasks that name no requirement, decision or risk behind them."""
    return tuple(
        one
        for one in record.tasks
        if not (one.task.requirements or one.task.decisions or one.task.risks)
    )


def _covered(
    requirement: Requirement, tasks: tuple[TaskRecord, ...], missing: frozenset[str]
) -> Coverage:
    serving = tuple(one for one in tasks if requirement.id in one.task.requirements)
    succeeded = sum(one.state == "succeeded" for one in serving)
    standing = "uncovered" if requirement.id in missing else _standing(serving)
    return Coverage(requirement, standing, serving, succeeded)


def _standing(tasks: tuple[TaskRecord, ...]) -> Standing:
    states = {one.state for one in tasks}
    if not states:
        return "uncovered"
    return next((state for state in WORST_FIRST if state in states), "done")
