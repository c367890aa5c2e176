"""Estimates of files and lines: from the past changes most like what each requirement asks for."""

from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.domain.foresight import Estimate
from missioncontrol.domain.plan import Plan, Requirement, Task
from missioncontrol.specialists.estimating.calibration import Calibration, calibrated
from missioncontrol.specialists.estimating.past import (
    ENOUGH,
    Ask,
    Changes,
    PastChange,
    Sizing,
    size_of,
)
from missioncontrol.specialists.estimating.ranges import Range, together, whole
from missioncontrol.specialists.kinds import classified

NAMED = 5
"""Comparable changes that an estimate names."""
SUBJECT_MAX = 90
SIZINGS: tuple[Sizing, ...] = ("files", "lines")


class Foreseen(msgspec.Struct, frozen=True):
    """Estimates, and in words why there is none where one would be looked for."""

    estimates: tuple[Estimate, ...] = ()
    unestimated: tuple[str, ...] = ()


def from_changes(plan: Plan, changes: Changes) -> Foreseen:
    """Return what the code changes of a plan will take, as a whole and task by task."""
    asked = [each for each in plan.requirements if _is_changed_for(plan, each)]
    if not asked:
        return Foreseen()
    if not changes.all:
        why = "Files and lines are not estimated: no history with an earlier change can be read."
        return Foreseen(unestimated=(why,))
    near = {each.id: changes.like(_ask(plan, each)) for each in asked}
    missing = tuple(
        _too_few(each, near[each.id], changes) for each in asked if len(near[each.id]) < ENOUGH
    )
    if missing:
        return Foreseen(unestimated=missing)
    found = _Estimating(plan, changes, list(near.values()))
    return Foreseen((*found.of_all(), *found.of_tasks(near)))


class _Estimating:
    """The estimates of one plan."""

    def __init__(self, plan: Plan, changes: Changes, near: list[list[PastChange]]) -> None:
        self._plan = plan
        self._near = near
        self._calibrations = {sizing: calibrated(changes, sizing) for sizing in SIZINGS}

    def of_all(self) -> Iterator[Estimate]:
        """Yield what all requirements together take; a file is counted for each of them."""
        for sizing in SIZINGS:
            parts = [_sizes(near, sizing) for near in self._near]
            if all(len(part) >= ENOUGH for part in parts):
                how = self._calibrations[sizing]
                span = whole(together(parts, how.share))
                yield _estimate("", sizing, span, _named(self._near), sum(map(len, parts)), how)

    def of_tasks(self, near: dict[str, list[PastChange]]) -> Iterator[Estimate]:
        """Yield what comparable changes did to files of the kind that a task is about."""
        for task in self._plan.tasks():
            kinds = {classified(path, b"")[1] for path in task.scope}
            found = [near[each] for each in task.requirements if each in near]
            if task.is_change and kinds and found:
                yield from self._of_task(task, frozenset(kinds), found[0])

    def _of_task(
        self, task: Task, kinds: frozenset[str], near: Sequence[PastChange]
    ) -> Iterator[Estimate]:
        parts = [part for each in near if (part := _part(each, kinds)).pieces]
        for sizing in SIZINGS:
            sizes = _sizes(parts, sizing)
            if len(sizes) >= ENOUGH:
                # How parts of changes hold was not looked at: only that of whole ones is known.
                how = Calibration(self._calibrations[sizing].share)
                span = whole(together([sizes], how.share))
                yield _estimate(task.key, sizing, span, _named([parts]), len(sizes), how)


def _is_changed_for(plan: Plan, requirement: Requirement) -> bool:
    """Whether code changes for a requirement of its own, and not only under it as a condition."""
    return requirement.kind != "constraint" and any(
        task.is_change and task.requirements[:1] == (requirement.id,) for task in plan.tasks()
    )


def _ask(plan: Plan, requirement: Requirement) -> Ask:
    likely = next((each for each in plan.likely if each.requirement == requirement.id), None)
    shares = {file.path: file.share for file in likely.files} if likely else {}
    return Ask(requirement.text, shares)


def _too_few(requirement: Requirement, near: Sequence[PastChange], changes: Changes) -> str:
    found = "1 is" if len(near) == 1 else f"{len(near) or 'none'} {'are' if near else 'is'}"
    return (
        f"Files and lines of {requirement.id} are not estimated: of {len(changes.all):,} past "
        f"changes {found} like it, and {ENOUGH} are needed."
    )


def _sizes(changes: Sequence[PastChange], sizing: Sizing) -> list[int]:
    return [size for each in changes if (size := size_of(each, sizing)) is not None]


def _part(change: PastChange, kinds: frozenset[str]) -> PastChange:
    pieces = tuple(p for p in change.pieces if classified(p.path, b"")[1] in kinds)
    return msgspec.structs.replace(change, pieces=pieces)


def _named(groups: Sequence[Sequence[PastChange]]) -> tuple[str, ...]:
    """Name the most comparable changes, in turn from each group."""
    order = [group[place] for place in range(NAMED) for group in groups if place < len(group)]
    return tuple(dict.fromkeys(map(_in_words, order)))[:NAMED]


def _in_words(change: PastChange) -> str:
    subject = " ".join(change.subject.split())[:SUBJECT_MAX]
    files = "1 file" if change.files == 1 else f"{change.files} files"
    lines = f", {change.lines:,} lines" if change.lines is not None else ""
    return f"{change.id[:10]} {subject} ({files}{lines})"


def _estimate(
    task: str,
    sizing: Sizing,
    span: Range,
    basis: tuple[str, ...],
    comparables: int,
    how: Calibration,
) -> Estimate:
    return Estimate(
        task, sizing, span.low, span.likely, span.high, basis, comparables, how.held, how.cases
    )
