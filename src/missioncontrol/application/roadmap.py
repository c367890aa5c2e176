"""The roadmap: missions with forecast ends and due dates, and schedules, on one axis of time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from weakref import WeakKeyDictionary

import msgspec

from missioncontrol.application.queries.rows import newest_rows
from missioncontrol.application.read_model import Present
from missioncontrol.application.schedules import stream_of
from missioncontrol.application.work_forecast import Forecasts, Grounds, Pace, forecasts_of
from missioncontrol.application.work_index import WorkIndex, WorkItem
from missioncontrol.domain.register import decode
from missioncontrol.domain.schedule.events import (
    QueuedSlotsDropped,
    QueuedSlotStarted,
    ScheduleRunEnded,
    SlotFired,
    SlotSkipped,
    SlotsSkipped,
)
from missioncontrol.domain.work_item.stages import Word
from missioncontrol.ports.calendar import Calendar
from missioncontrol.projections.schedules import ScheduleRow, is_open, success_rate

DAY = 86_400.0
BEFORE_DAYS, AFTER_DAYS = 28, 63
EPICS_MAX = 500
DUES_MAX = 50
SCHEDULES_MAX = 200
EVENTS_MAX = 200
"""Of a schedule, the newest; what became of older slots is not on the roadmap."""

SLOTS_MAX = 200
"""Next slots of a schedule; one that fires more often is shown no farther than these reach."""

Outcome = Literal["running", "succeeded", "failed", "cancelled", "skipped", "missed"]
Met = Literal["early", "late", "at_risk", "unknown", "done_in_time", "done_late"]
"""Whether a due date is met: by the likely end, as things stand, or as they ended. `at_risk` is one
between the likely and the latest end of the range."""


class Forecast(msgspec.Struct, frozen=True):
    """When something will end: one of ten such ends is before `low`, one after `high`."""

    low: float  # seconds since the epoch
    likely: float
    high: float


class Due(msgspec.Struct, frozen=True):
    """The due date of an item."""

    item: str  # its key
    title: str
    day: str  # YYYY-MM-DD
    at: float  # the end of that day in UTC, seconds since the epoch
    met: Met


class RoadmapEpic(msgspec.Struct, frozen=True):
    """A mission, or the tasks of a repository. Times are seconds since the epoch, 0 for none."""

    id: str  # its key
    source: str
    kind: str
    title: str
    word: Word  # the status of what a person has to act on first
    status: str
    done: int
    open: int
    words: dict[Word, int]  # items by status; without those that were cancelled
    begun: float
    ended: float
    forecast: Forecast | None  # of what is open; None where there is too little to compute it
    due: Due | None  # the last of its due dates
    late_days: float  # likely end after its due date; below 0 where it is early
    dues: list[Due]  # the first of them at most 50
    cost: int  # micro-dollars


class Slot(msgspec.Struct, frozen=True):
    """What became of a slot of a schedule."""

    at: float
    outcome: Outcome
    run: str = ""
    count: int = 1


class RoadmapSchedule(msgspec.Struct, frozen=True):
    """A schedule with its slots, past and next."""

    id: str  # its name
    words: str
    cron: str
    zone: str
    workflow: str
    status: str
    success_rate: float | None
    seconds: float  # its last run took; 0 where none has ended
    past: list[Slot]  # the oldest first
    next: list[float]


class Roadmap(msgspec.Struct, frozen=True):
    """What is planned, when it will end, and what starts by the clock."""

    now: float
    since: float  # the axis begins
    until: float  # and ends
    epics: list[RoadmapEpic]  # late ones first, then by their end
    left: int  # missions that are not in the list
    schedules: list[RoadmapSchedule]  # by name
    grounds: Grounds  # of the forecasts


async def roadmap_of(
    present: Present, calendar: Calendar, now: float, since: float, until: float
) -> Roadmap:
    """Return what lies between two moments."""
    assert present.work_items is not None  # They are brought up to the log.
    found = epics_of(present.work, now, since)
    rows: list[ScheduleRow] = newest_rows(present, "schedule", limit=SCHEDULES_MAX)
    return Roadmap(
        now,
        since,
        until,
        found[:EPICS_MAX],
        max(len(found) - EPICS_MAX, 0),
        [
            await _schedule(present, calendar, row, now, since, until)
            for row in sorted(rows, key=lambda each: each.id)
            if is_open(row)
        ],
        forecasts_of(present.work, now).grounds,
    )


# Missions.


def epics_of(index: WorkIndex, now: float, since: float) -> list[RoadmapEpic]:
    """Return missions and repositories with open items, and those that ended since a moment."""
    forecasts = forecasts_of(index, now)
    open_ones: dict[str, list[WorkItem]] = {}
    for item in index.open_items:
        open_ones.setdefault(item.epic_source, []).append(item)
    found = [
        _epic(index, forecasts, id_, pace, open_ones.get(id_, []), now)
        for id_, pace in forecasts.paces.items()
        if pace.open or (pace.ends and pace.ends[-1] >= since and pace.done)
    ]
    return sorted(found, key=_place)


def _place(epic: RoadmapEpic) -> tuple[int, float, str]:
    end = epic.forecast.likely if epic.forecast is not None else epic.ended
    is_late = epic.due is not None and epic.due.met == "late"
    return (0 if is_late else 1 if epic.open else 2, end or float("inf"), epic.id)


def _epic(
    index: WorkIndex, forecasts: Forecasts, id_: str, pace: Pace, items: list[WorkItem], now: float
) -> RoadmapEpic:
    epic = index.epics[id_]
    ended = 0.0 if pace.open else pace.ends[-1]
    forecast = _ending(forecasts, pace, now)
    dues = list(_dues(index, epic.children, forecast, now))
    due = dues[-1] if dues else None
    end = ended or (forecast.likely if forecast is not None else 0.0)
    words: Counter[Word] = Counter(each.word for each in items)
    if pace.done:
        words["done"] = len(pace.done)
    return RoadmapEpic(
        id=epic.key,
        source=id_,
        kind=epic.kind,
        title=epic.title,
        word=items[0].word if items else "done",
        status=items[0].status if items else "Done",
        done=len(pace.done),
        open=pace.open,
        words=dict(words),
        begun=pace.begun if pace.begun < now else 0.0,
        ended=ended,
        forecast=forecast,
        due=due,
        late_days=(end - due.at) / DAY if due is not None and end else 0.0,
        dues=dues[:DUES_MAX],
        cost=pace.cost,
    )


def _ending(forecasts: Forecasts, pace: Pace, now: float) -> Forecast | None:
    span = forecasts.span(pace.open) if pace.open else None
    return Forecast(now + span.low, now + span.likely, now + span.high) if span else None


class Ending(msgspec.Struct, frozen=True):
    """When a mission with open items is expected to end, or why that is unknown."""

    forecast: Forecast | None
    why: str  # there is none; "" where there is one
    grounds: Grounds


def ending_of(index: WorkIndex, mission: str, now: float) -> Ending | None:
    """Return when a mission is expected to end; None where nothing of it is open."""
    forecasts = forecasts_of(index, now)
    pace = forecasts.paces.get(mission)
    if pace is None or not pace.open:
        return None
    why = forecasts.objection(pace.open)
    return Ending(None if why else _ending(forecasts, pace, now), why, forecasts.grounds)


def _dues(
    index: WorkIndex, children: Iterable[str], forecast: Forecast | None, now: float
) -> Iterator[Due]:
    """Yield the due dates of items, the first one first.

    An item that is open is held against the end of its mission: nothing says which item is next.
    """
    rows = (index.rows[each] for each in children if each in index.rows)
    found = sorted((row.due, row.key, row) for row in rows if row.due and row.word != "cancelled")
    for day, key, row in found:
        at = end_of(day)
        ended = row.stays[-1].since if row.word == "done" else 0.0
        yield Due(key, row.title, day, at, _met(at, ended, forecast, now))


def _met(at: float, ended: float, forecast: Forecast | None, now: float) -> Met:
    if ended:
        return "done_in_time" if ended <= at else "done_late"
    if at < now:
        return "late"
    if forecast is None:
        return "unknown"
    return "late" if forecast.likely > at else "at_risk" if forecast.high > at else "early"


def end_of(day: str) -> float:
    """Return the end of a day in UTC."""
    begin = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    return (begin + timedelta(days=1)).timestamp()


# Schedules.

_past: WeakKeyDictionary[Present, dict[str, tuple[int, list[Slot]]]] = WeakKeyDictionary()
"""What became of the slots of schedules, by name, each with its number of events by then."""

NEXT_KNOWN_MAX = 1_000


async def _schedule(
    present: Present, calendar: Calendar, row: ScheduleRow, now: float, since: float, until: float
) -> RoadmapSchedule:
    past = await _slots(present, row)
    return RoadmapSchedule(
        id=row.id,
        words=calendar.in_words(row.cron),
        cron=row.cron,
        zone=row.zone,
        workflow=row.workflow,
        status=row.status,
        success_rate=success_rate(row),
        seconds=max(row.last_ended - row.last_began, 0.0) if row.last_ended else 0.0,
        past=[each for each in past if since <= each.at <= now],
        next=next_slots(calendar, row, now, until),
    )


_next: dict[tuple[str, str], tuple[float, list[float]]] = {}
"""By cron and zone: from when on, and the next slots; they don't depend on anything else."""


def next_slots(calendar: Calendar, row: ScheduleRow, now: float, until: float) -> list[float]:
    """Return the next slots up to a moment, at most 200; none of what is paused."""
    if row.status != "active":
        return []
    after = max(now, row.answered)
    begun, slots = _next.get((row.cron, row.zone), (after, []))
    left = [each for each in slots if each > after] if begun <= after else []
    if len(left) < SLOTS_MAX // 2:
        if len(_next) > NEXT_KNOWN_MAX:
            _next.clear()
        left = [each.at for each in calendar.preview(row.cron, row.zone, after, count=SLOTS_MAX)]
        _next[row.cron, row.zone] = (after, left)
    return [each for each in left if each <= until]


async def _slots(present: Present, row: ScheduleRow) -> list[Slot]:
    known = _past.setdefault(present, {})
    if row.id not in known or known[row.id][0] != row.events:
        after = max(0, row.events - EVENTS_MAX)
        rows = await present.store.read_stream(stream_of(row.id), after=after, limit=EVENTS_MAX)
        found = slots_of([decode(each.type, each.schema, each.body) for each in rows])
        known[row.id] = (row.events, found)
    return known[row.id][1]


def slots_of(events: Sequence[object]) -> list[Slot]:
    """Return what became of each slot, by the events of a schedule."""
    found: dict[float, Slot] = {}
    slots: dict[str, float] = {}
    for event in events:
        match event:
            case SlotFired() | QueuedSlotStarted():
                found[event.slot] = Slot(event.slot, "running", event.run)
                slots[event.run] = event.slot
            case ScheduleRunEnded() if event.run in slots:
                at = slots[event.run]
                found[at] = Slot(at, event.outcome, event.run)
            case SlotSkipped():
                outcome: Outcome = "missed" if event.reason == "misfired" else "skipped"
                found[event.slot] = Slot(event.slot, outcome)
            case SlotsSkipped():
                outcome = "missed" if event.reason == "misfired" else "skipped"
                found[event.last] = Slot(event.last, outcome, "", event.count)
            case QueuedSlotsDropped():
                found.update({each: Slot(each, "skipped") for each in event.slots})
    return [found[at] for at in sorted(found)]
