"""When each task waited and worked, as shares of the time that the run took."""

import msgspec

from missioncontrol.documents.figures import lasting
from missioncontrol.documents.record import AttemptRecord, MissionRecord, TaskRecord

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30)
LONG_STEPS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 604800)
TICKS_MAX = 6


class Tick(msgspec.Struct, frozen=True):
    """A mark on the time axis."""

    percent: float
    label: str


class Bar(msgspec.Struct, frozen=True):
    """One attempt, drawn."""

    attempt: AttemptRecord
    x: float  # per cent of the width
    width: float
    seconds: float  # until now where it has not ended
    ended: bool


class Row(msgspec.Struct, frozen=True):
    """One task's line in the timeline."""

    task: TaskRecord
    bars: tuple[Bar, ...]
    waited_from: float | None  # per cent; when everything it needs had ended
    waited: float  # seconds between that and the first attempt
    label: str
    label_inside: bool  # the bar reaches far and has room for its label
    label_before: bool  # the bar reaches far and has none, so the label stands left of it


class Timeline(msgspec.Struct, frozen=True):
    """All of a run on one axis."""

    start: float
    seconds: float
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]
    busy: float  # seconds of all attempts together
    never_started: tuple[TaskRecord, ...]


def timeline(record: MissionRecord) -> Timeline | None:
    """Return the timeline, or None where nothing has started or all results were reused."""
    tried = [task for task in record.tasks if task.attempts and not task.kept_from]
    if not tried:
        return None
    start = min([one.attempts[0].started for one in tried] + _known(record.started))
    axis = _Axis(start, max(last_moment(record) - start, 0.001))
    ends = {task.task.key: _ended(task) for task in tried}
    rows = tuple(_row(task, axis, ends) for task in tried)
    return Timeline(
        start=start,
        seconds=axis.seconds,
        ticks=_ticks(axis.seconds),
        rows=rows,
        busy=sum(bar.seconds for row in rows for bar in row.bars),
        never_started=tuple(task for task in record.tasks if not task.attempts),
    )


def last_moment(record: MissionRecord) -> float:
    """Return when the run ended, else the last time that the record knows of.

    A report never asks what time it is. What happens to a mission after its run, such as a waiver,
    takes no time of the run.
    """
    times = _known(record.ended) or [event.time for event in record.events]
    for task in record.tasks:
        for attempt in task.attempts if not task.kept_from else ():
            times += [attempt.started, *_known(attempt.ended)]
    return max(times, default=record.created)


class _Axis(msgspec.Struct, frozen=True):
    start: float
    seconds: float

    def percent(self, moment: float) -> float:
        share = (moment - self.start) / self.seconds
        return round(100 * min(max(share, 0.0), 1.0), 2)


def _row(task: TaskRecord, axis: _Axis, ends: dict[str, float | None]) -> Row:
    bars = tuple(_bar(attempt, axis) for attempt in task.attempts)
    free = max([axis.start, *(ends.get(need) or axis.start for need in task.task.needs)])
    waited = task.attempts[0].started - free
    far = bars[-1].x + bars[-1].width > 70
    label = lasting(sum(bar.seconds for bar in bars))
    if len(bars) > 1:
        label += f", {len(bars)} attempts"
    return Row(
        task=task,
        bars=bars,
        waited_from=axis.percent(free) if waited > 0 else None,
        waited=max(waited, 0.0),
        label=label if bars[-1].ended else f"{label} so far",
        label_inside=far and bars[-1].width > 30,
        label_before=far and bars[-1].width <= 30,
    )


def _bar(attempt: AttemptRecord, axis: _Axis) -> Bar:
    end = attempt.ended if attempt.ended is not None else axis.start + axis.seconds
    width = round(max(axis.percent(end) - axis.percent(attempt.started), 0.4), 2)
    x = min(axis.percent(attempt.started), round(100 - width, 2))
    return Bar(attempt, x, width, max(end - attempt.started, 0.0), attempt.ended is not None)


def _ticks(seconds: float) -> tuple[Tick, ...]:
    fitting = (step for step in (*STEPS, *LONG_STEPS) if seconds / step <= TICKS_MAX)
    step = next(fitting, LONG_STEPS[-1])
    count = min(int(seconds / step), 60)
    return tuple(
        Tick(round(100 * number * step / seconds, 2), _axis_label(number * step))
        for number in range(count + 1)
    )


def _axis_label(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:g} s"
    return f"{seconds / 60:g} min" if seconds < 7200 else f"{seconds / 3600:g} h"


def _ended(task: TaskRecord) -> float | None:
    return task.attempts[-1].ended


def _known(moment: float | None) -> list[float]:
    return [] if moment is None else [moment]
