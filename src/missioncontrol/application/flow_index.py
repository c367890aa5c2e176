"""Time in stage, lead times and items by day: sums over all items, kept up with each change.

An item that differs is taken out of the sums and put in again, so that ten thousand items cost no
more than those that differ. Days are those of UTC.
"""

import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Sequence

import msgspec

from missioncontrol.application.work_index import WorkIndex
from missioncontrol.domain.work_item.stages import STAGES, Stage, spans
from missioncontrol.projections.work_rows import WorkRow, is_over

DAY = 86_400.0
DAYS = 28
WEEK = 7
BEGUN: tuple[Stage, ...] = ("ready_to_build", "building", "in_review", "waiting")
"""Stages that an item is to leave soon; what is planned may stay planned."""


class StageFlow(msgspec.Struct, frozen=True):
    """How long items stayed in a stage; of stays that ended in the last 28 days."""

    stage: Stage
    stays: int
    p50: float  # seconds; 0 where nothing has left it
    p90: float
    seconds: float = 0.0  # of all these stays together


class Lead(msgspec.Struct, frozen=True):
    """How long items took from when they could begin until they were done, in the same days."""

    items: int
    p50: float  # seconds
    p90: float
    seconds: float  # of all of them
    worked: float  # of these: that they were built or reviewed


class FlowDay(msgspec.Struct, frozen=True):
    """How many items were in each stage at the end of a day."""

    day: float  # its end, or now; seconds since the epoch
    counts: dict[Stage, int]


class FlowWeek(msgspec.Struct, frozen=True):
    """What came and went in seven days: `before` + `new` - `done` - `cancelled` = `open`."""

    since: float
    until: float
    before: int
    new: int
    done: int
    cancelled: int
    open: int


class Recent:
    """Durations that ended in the last 28 days, sorted; older ones fall out as time goes on."""

    def __init__(self) -> None:
        """There are none yet."""
        self._ends: list[tuple[float, float]] = []
        self._durations: list[float] = []
        self._added: list[tuple[float, float]] = []

    def add(self, end: float, seconds: float) -> None:
        """Count one in."""
        self._added.append((end, seconds))

    def remove(self, end: float, seconds: float) -> None:
        """Take one out again, if it has not fallen out."""
        self._sort()
        place = bisect_left(self._ends, (end, seconds))
        if self._ends[place : place + 1] == [(end, seconds)]:
            del self._ends[place]
            del self._durations[bisect_left(self._durations, seconds)]

    def until(self, now: float) -> Sequence[float]:
        """Return the durations of the 28 days before a moment, which never goes back."""
        self._sort()
        old = bisect_left(self._ends, (now - DAYS * DAY, -math.inf))
        if 4 * old > len(self._ends):
            self._durations = sorted(seconds for _, seconds in self._ends[old:])
        else:
            for _, seconds in self._ends[:old]:
                del self._durations[bisect_left(self._durations, seconds)]
        del self._ends[:old]
        return self._durations

    def _sort(self) -> None:
        """Sort in what was added: all at once at first, then one by one."""
        if 8 * len(self._added) > len(self._ends):
            self._ends = sorted([*self._ends, *self._added])
            self._durations = sorted(seconds for _, seconds in self._ends)
        else:
            for end, seconds in self._added:
                insort(self._ends, (end, seconds))
                insort(self._durations, seconds)
        self._added.clear()


class _Part(msgspec.Struct, frozen=True):
    """What one item counts."""

    spans: tuple[tuple[Stage, float, float], ...]  # stage, begin, end; infinite while it lasts
    created: float
    over: float  # when it ended; infinite while it is open
    is_done: bool
    lead: tuple[float, float] | None  # seconds, of which it was worked on


class FlowIndex:
    """The sums over all items, at one position of the log."""

    def __init__(self) -> None:
        """Nothing is counted before it is asked for."""
        self._clear()

    def _clear(self) -> None:
        self._version = -1
        self._known: dict[str, _Part] = {}
        self._stays = {stage: Recent() for stage in STAGES if stage != "done"}
        self._leads, self._worked = Recent(), Recent()
        self._days: dict[Stage, Counter[int]] = {stage: Counter() for stage in STAGES}
        self._new: Counter[int] = Counter()
        self._done: Counter[int] = Counter()
        self._cancelled: Counter[int] = Counter()

    def follow(self, index: WorkIndex) -> None:
        """Count the rows that differ from those that were counted."""
        changed = index.changed_since(self._version)
        if changed is None:
            self._clear()
            changed = set(index.rows)
        self._version = index.version
        for id_ in changed:
            row = index.rows[id_]
            part = _part(row) if row.stays and not row.is_gone else None
            before = self._known.get(id_)
            if before == part:
                continue
            if before is not None:
                del self._known[id_]
                self._count(before, -1)
            if part is not None:
                self._known[id_] = part
                self._count(part, 1)

    def _count(self, part: _Part, by: int) -> None:
        for stage, begin, end in part.spans:
            self._days[stage][_day(begin)] += by
            if end != math.inf:
                self._days[stage][_day(end)] -= by
                if stage != "done":
                    _put(self._stays[stage], end, end - begin, by)
        self._new[_day(part.created)] += by
        if part.over != math.inf:
            ended = self._done if part.is_done else self._cancelled
            ended[_day(part.over)] += by
        if part.lead is not None:
            _put(self._leads, part.over, part.lead[0], by)
            _put(self._worked, part.over, part.lead[1], by)

    def stages(self, now: float) -> list[StageFlow]:
        """Return the time in each stage."""
        found = ((stage, recent.until(now)) for stage, recent in self._stays.items())
        return [
            StageFlow(stage, len(all_), quantile(all_, 0.5), quantile(all_, 0.9), sum(all_))
            for stage, all_ in found
        ]

    def lead(self, now: float) -> Lead:
        """Return how long items took from when they could begin until they were done."""
        found, worked = self._leads.until(now), self._worked.until(now)
        p50, p90 = quantile(found, 0.5), quantile(found, 0.9)
        return Lead(len(found), p50, p90, sum(found), sum(worked))

    def days(self, now: float) -> list[FlowDay]:
        """Return the counts at the end of each day; what was cancelled is counted until then."""
        today = _day(now)
        first = today - DAYS + 1
        counts = {s: sum(n for day, n in by.items() if day < first) for s, by in self._days.items()}
        found = []
        for day in range(first, today + 1):
            counts = {stage: counts[stage] + by[day] for stage, by in self._days.items()}
            found.append(FlowDay(min((day + 1) * DAY, now), counts))
        return found

    def weeks(self, now: float) -> list[FlowWeek]:
        """Return what came and went in each seven days, today the last of them."""
        end = _day(now) + 1
        found = []
        for begin in range(end - DAYS, end, WEEK):
            new, done, gone = (
                [count for day, count in sorted(each.items()) if begin <= day < begin + WEEK]
                for each in (self._new, self._done, self._cancelled)
            )
            before = self._open_at(begin)
            left = before + sum(new) - sum(done) - sum(gone)
            until = min((begin + WEEK) * DAY, now)
            found.append(FlowWeek(begin * DAY, until, before, sum(new), sum(done), sum(gone), left))
        return found

    def _open_at(self, day: int) -> int:
        def until(counts: Counter[int]) -> int:
            return sum(count for at, count in counts.items() if at < day)

        return until(self._new) - until(self._done) - until(self._cancelled)


def _put(recent: Recent, end: float, seconds: float, by: int) -> None:
    if by > 0:
        recent.add(end, seconds)
    else:
        recent.remove(end, seconds)


def _part(row: WorkRow) -> _Part:
    ended = is_over(row)
    is_done = row.word == "done"
    over = (row.stays[-1].since if is_done else row.since) if ended else math.inf
    found = tuple(spans(row.stays, math.inf if is_done or not ended else over))
    lead = _lead(found, over) if is_done else None
    return _Part(found, row.created, over, is_done, lead)


def _lead(found: Sequence[tuple[Stage, float, float]], over: float) -> tuple[float, float] | None:
    begun = next((begin for stage, begin, _ in found if stage in BEGUN), None)
    if begun is None:
        return None
    worked = sum(end - begin for stage, begin, end in found if stage in ("building", "in_review"))
    return over - begun, worked


def _day(at: float) -> int:
    return int(at // DAY)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value within which that share of sorted values lies; 0 where there are none."""
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0
