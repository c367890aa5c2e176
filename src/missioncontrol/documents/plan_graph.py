"""The plan drawn: a column for each phase, a box for each task, an arrow for each need."""

from collections.abc import Mapping

import msgspec

from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.drawing import text

BOX_WIDTH, BOX_HEIGHT = 196, 62
COLUMN, PITCH = 232, 76
"""From one box to the next; what is left between them belongs to the arrows."""
TOP, LEFT = 42, 18
WORDS_MAX = BOX_WIDTH - 42.0
"""Pixels of a line in a box, beside the sign of its task."""
TASKS_MAX = 60

Spot = tuple[int, int]


class Box(msgspec.Struct, frozen=True):
    """One task with its corner and its title in lines."""

    task: TaskRecord
    x: int
    y: int
    lines: tuple[str, ...]


class Arrow(msgspec.Struct, frozen=True):
    """One need, as an SVG path."""

    path: str
    state: str  # done, cut, idle


class Column(msgspec.Struct, frozen=True):
    """A phase's heading."""

    x: int
    title: str


class PlanGraph(msgspec.Struct, frozen=True):
    """Everything to be drawn."""

    width: int
    height: int
    columns: tuple[Column, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def plan_graph(record: MissionRecord) -> PlanGraph | None:
    """Return the drawing, or None where the plan is empty or too large to be read as one."""
    if not 1 < len(record.tasks) <= TASKS_MAX:
        return None
    phases = [
        phase for phase in record.plan.stages() if any(t.phase == phase.key for t in record.tasks)
    ]
    spots: dict[str, Spot] = {}
    boxes: list[Box] = []
    for column, phase in enumerate(phases):
        inside = [one for one in record.tasks if one.phase == phase.key]
        for row, one in enumerate(inside):
            spots[one.task.key] = (column, row)
            boxes.append(_box(one, column, row))
    rows = max(row for _, row in spots.values()) + 1
    return PlanGraph(
        width=LEFT + len(phases) * COLUMN - (COLUMN - BOX_WIDTH) + LEFT,
        height=TOP + rows * PITCH,
        columns=tuple(Column(LEFT + n * COLUMN, _short(p.title)) for n, p in enumerate(phases)),
        boxes=tuple(boxes),
        arrows=_arrows(record, spots),
    )


def direct_needs(needs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Leave out each need that follows from another one, so that fewer arrows say the same."""
    behind: dict[str, frozenset[str]] = {}
    for key in needs:
        behind[key] = _all_behind(key, needs)
    return {
        key: tuple(
            need
            for need in wanted
            if not any(need in behind.get(other, ()) for other in wanted if other != need)
        )
        for key, wanted in needs.items()
    }


def _all_behind(key: str, needs: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    seen: set[str] = set()
    todo = list(needs[key])
    while todo:
        need = todo.pop()
        if need not in seen:
            seen.add(need)
            todo.extend(needs.get(need, ()))
    return frozenset(seen)


def _box(one: TaskRecord, column: int, row: int) -> Box:
    return Box(one, LEFT + column * COLUMN, TOP + row * PITCH, _lines(one.task.title))


def _lines(title: str) -> tuple[str, ...]:
    """Break a title into two lines; code is drawn without its marks."""
    return text.wrapped(title.replace("`", ""), WORDS_MAX, 2)


def _short(title: str) -> str:
    return text.cut(title.replace("`", ""), BOX_WIDTH, text.SMALL)


def _arrows(record: MissionRecord, spots: Mapping[str, Spot]) -> tuple[Arrow, ...]:
    state = {one.task.key: one.state for one in record.tasks}
    needs = direct_needs({one.task.key: one.task.needs for one in record.tasks})
    drawn = [
        Arrow(_path(spots[need], spots[key]), _arrow_state(state[need]))
        for key, wanted in needs.items()
        for need in wanted
        if key in spots and need in spots
    ]
    # What is certain lies above what is only planned.
    return tuple(sorted(drawn, key=lambda arrow: ("idle", "cut", "done").index(arrow.state)))


def _arrow_state(source: str) -> str:
    if source == "succeeded":
        return "done"
    return "cut" if source in {"failed", "blocked", "cancelled"} else "idle"


def _path(source: Spot, target: Spot) -> str:
    """Go through the gutters between columns and rows, never through a box."""
    (from_column, from_row), (to_column, to_row) = source, target
    x1, y1 = LEFT + from_column * COLUMN + BOX_WIDTH, TOP + from_row * PITCH + BOX_HEIGHT // 2
    x2, y2 = LEFT + to_column * COLUMN, TOP + to_row * PITCH + BOX_HEIGHT // 2
    if to_column == from_column:
        return _within(x2, from_row, to_row)
    if to_column == from_column + 1:
        bend = x2 - 20
        return f"M{x1} {y1}H{bend}V{y2}H{x2}"
    lane = TOP + to_row * PITCH - (PITCH - BOX_HEIGHT) // 2
    return f"M{x1} {y1}H{x1 + 14}V{lane}H{x2 - 14}V{y2}H{x2}"


def _within(x: int, from_row: int, to_row: int) -> str:
    if to_row == from_row + 1:
        middle = x + BOX_WIDTH // 2
        return f"M{middle} {TOP + from_row * PITCH + BOX_HEIGHT}V{TOP + to_row * PITCH}"
    y1, y2 = (TOP + row * PITCH + BOX_HEIGHT // 2 for row in (from_row, to_row))
    return f"M{x} {y1}H{x - 9}V{y2}H{x}"
