"""What the roadmap shows: bars, dots and flags on one axis of time, and the same as a calendar."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from missioncontrol.application.roadmap import (
    Due,
    Forecast,
    Roadmap,
    RoadmapEpic,
    RoadmapSchedule,
    Slot,
)
from missioncontrol.application.work_forecast import Grounds
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.board_view import GLYPHS, progress

DAY = 86_400.0
EPICS = 40
"""Missions that the page shows at first."""

DOTS_MAX = 120
"""Dots of a schedule on one side of today; one that fires more often is a band."""

Zoom = Literal["week", "month", "quarter"]
SPANS: dict[Zoom, tuple[int, int, int]] = {
    "week": (3, 11, 1),
    "month": (10, 35, 7),
    "quarter": (28, 63, 7),
}
"""By zoom: days back, days ahead, days between two marks of the axis."""


class Choice(msgspec.Struct, frozen=True):
    """What an address of the roadmap says."""

    zoom: Zoom = "quarter"
    view: Literal["timeline", "calendar"] = "timeline"
    month: str = ""  # YYYY-MM, of the calendar
    show: str = ""  # `all` missions
    move: str = ""  # a schedule that is to move
    slot: str = ""  # seconds since the epoch: which of its slots
    to: str = ""  # local time of its zone: when that is to fire
    cron: str = ""  # or the expression as typed
    due: str = ""  # the item whose due date is to move
    day: str = ""  # to this day

    def address(self, **changes: str) -> str:
        """Return an address of the roadmap with some values changed; defaults are left out."""
        values = {**msgspec.structs.asdict(self), **changes}
        usual = msgspec.structs.asdict(Choice())
        query = urlencode({k: v for k, v in values.items() if v and v != usual[k]})
        return f"/board/roadmap?{query}" if query else "/board/roadmap"

    @property
    def rest(self) -> str:
        """The address without what is to move."""
        return self.address(move="", slot="", to="", cron="", due="", day="")


class Axis(NamedTuple):
    """The span of time that is drawn, in seconds since the epoch."""

    since: float
    until: float
    now: float

    def x(self, at: float) -> float:
        """Return the place of a moment in per cent, within the axis."""
        part = (at - self.since) / (self.until - self.since)
        return round(100.0 * min(max(part, 0.0), 1.0), 3)

    def holds(self, at: float) -> bool:
        """Whether a moment lies on it."""
        return self.since <= at <= self.until


class Mark(NamedTuple):
    """A mark of the axis."""

    x: float
    text: str


class Bar(NamedTuple):
    """A mission as a row: its past, its forecast and its flags."""

    epic: RoadmapEpic
    look: tuple[str, str, str]
    parts: list[tuple[str, float, float]]  # of the progress: tone, begin and width
    past: tuple[float, float] | None  # begin and width
    ahead: tuple[float, float] | None  # from today to the likely end
    whisker: tuple[float, float] | None  # low to high
    flags: list[tuple[float, str, Due]]  # place, tone
    end: str
    note: str
    tone: str


class Dot(NamedTuple):
    """A slot of a schedule."""

    x: float
    tone: str
    title: str
    at: float


class Line(NamedTuple):
    """A schedule as a row."""

    schedule: RoadmapSchedule
    past: list[Dot]
    ahead: list[Dot]
    band: tuple[float, float] | None  # instead of dots that would touch
    preview: list[Dot]


def axis_of(choice: Choice, now: float) -> Axis:
    """Return the span that a zoom shows: whole days of UTC."""
    back, ahead, _ = SPANS[choice.zoom]
    today = now // DAY * DAY
    return Axis(today - back * DAY, today + ahead * DAY, now)


def marks_of(choice: Choice, axis: Axis) -> list[Mark]:
    """Return the marks of the axis: each day, or each Monday."""
    step = SPANS[choice.zoom][2]
    found = []
    at = axis.since
    while at < axis.until:
        day = formats.moment(at)
        if step == 1 or day.weekday() == 0:
            found.append(Mark(axis.x(at), f"{day.day} {day:%b}"))
        at += DAY
    return found


def bar_of(epic: RoadmapEpic, axis: Axis) -> Bar:
    """Return a mission as a row."""
    total = max(epic.done + epic.open, 1)
    end, note, tone = _end(epic, axis.now)
    fc = epic.forecast
    until = epic.ended or axis.now
    return Bar(
        epic,
        GLYPHS[epic.word],
        progress(_counted(epic), total),
        _stretch(axis, epic.begun, until) if epic.begun else None,
        _stretch(axis, axis.now, fc.likely) if fc is not None else None,
        _stretch(axis, fc.low, fc.high) if fc is not None else None,
        [
            (axis.x(each.at - DAY / 2), "bad" if each.met in ("late", "done_late") else "", each)
            for each in epic.dues
            if axis.holds(each.at)
        ],
        end,
        note,
        tone,
    )


def _counted(epic: RoadmapEpic) -> Counter[str]:
    return Counter({str(word): count for word, count in epic.words.items()})


def _stretch(axis: Axis, begin: float, end: float) -> tuple[float, float] | None:
    if end < axis.since or begin > axis.until or end <= begin:
        return None
    first, last = axis.x(begin), axis.x(end)
    return first, round(max(last - first, 0.2), 3)


def _end(epic: RoadmapEpic, now: float) -> tuple[str, str, str]:
    """Return the end of a mission in words, how that stands to its due date, and the tone."""
    fc, due = epic.forecast, epic.due
    text = "no forecast" if epic.open else day_of(epic.ended)
    if fc is not None:
        text = days_of(fc)
    if due is None:
        return text, "no due date", ""
    days = abs(round(epic.late_days))
    match due.met:
        case "late" if due.at < now:
            return text, f"due {day_of(due.at - 1)}: overdue", "bad"
        case "late" | "done_late":
            return text, f"{formats.count(max(days, 1), 'day')} late", "bad"
        case "at_risk":
            return text, f"due {day_of(due.at - 1)}: at risk", "ask"
        case "unknown":
            return text, f"due {day_of(due.at - 1)}", ""
    return text, f"{formats.count(days, 'day')} early" if days else "on time", ""


def days_of(forecast: Forecast) -> str:
    """Return the range of an end: `3 Dec to 9 Dec`, or one day."""
    low, high = day_of(forecast.low), day_of(forecast.high)
    return low if low == high else f"{low} to {high}"


def day_of(at: float) -> str:
    """Return a day as the roadmap says it: `9 Dec`."""
    moment = formats.moment(at)
    return f"{moment.day} {moment:%b}"


def line_of(schedule: RoadmapSchedule, axis: Axis, preview: Sequence[float] = ()) -> Line:
    """Return a schedule as a row."""
    past = [_past_dot(each, axis) for each in schedule.past if axis.holds(each.at)]
    ahead = [
        Dot(axis.x(at), "", f"next: {time_of(at)}", at) for at in schedule.next if axis.holds(at)
    ]
    band = None
    if len(ahead) > DOTS_MAX:
        band, ahead = _stretch(axis, ahead[0].at, ahead[-1].at), []
    moved = [Dot(axis.x(at), "live", f"preview: {time_of(at)}", at) for at in preview]
    return Line(
        schedule, past[-DOTS_MAX:], ahead, band, [each for each in moved if axis.holds(each.at)]
    )


TONES = {"succeeded": "ok", "failed": "bad", "running": "live", "missed": "held", "skipped": ""}


def _past_dot(slot: Slot, axis: Axis) -> Dot:
    count = f", {slot.count} slots" if slot.count > 1 else ""
    title = f"{time_of(slot.at)} UTC: {slot.outcome}{count}"
    return Dot(axis.x(slot.at), TONES.get(slot.outcome, ""), title, slot.at)


def time_of(at: float) -> str:
    """Return a moment as a person writes it: `30 Nov 22:00`."""
    return f"{day_of(at)} {formats.moment(at):%H:%M}"


def local(at: float, zone: str) -> datetime:
    """Return a moment as clocks in a zone show it, without the zone."""
    return datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None, second=0, microsecond=0)


def verdict_of(road: Roadmap) -> tuple[str, str]:
    """Return what matters most about the roadmap, and the rest of the sentence."""
    with_due = [each for each in road.epics if each.due is not None and each.open]
    late = [each for each in with_due if each.due is not None and each.due.met == "late"]
    if late:
        return _late(late, len(with_due) - len(late), road.now)
    if with_due:
        return f"{formats.count(len(with_due), 'mission')} with a due date", ", none of them late."
    missed = sum(slot.outcome == "missed" for each in road.schedules for slot in each.past)
    if missed:
        return f"{formats.count(missed, 'missed slot')} of schedules", " in the span that is shown."
    if road.epics or road.schedules:
        return "Nothing open has a due date yet", ": set one on an item, and drag its flag here."
    return "Nothing is planned yet", "."


def _late(late: Sequence[RoadmapEpic], others: int, now: float) -> tuple[str, str]:
    first = late[0]
    days = formats.count(max(round(first.late_days), 1), "day")
    is_over = first.due is not None and first.due.at < now
    more = f" and {formats.count(len(late) - 1, 'other')}" if len(late) > 1 else ""
    how = "overdue" if is_over else f"{days} late"
    rest = f"; {formats.count(others, 'other')} with a due date on time." if others else "."
    return f"{first.title}{more}: {how}", rest


def grounds_of(road: Roadmap) -> str:
    """Return what forecasts are computed from, and how often they held."""
    return words_of_grounds(road.grounds)


def words_of_grounds(grounds: Grounds) -> str:
    """Return why there is no forecast, or what it is computed from, in a sentence."""
    if grounds.why:
        return grounds.why
    cases = f"From {grounds.cases:,} finished items of {formats.count(grounds.missions, 'mission')}"
    if not grounds.tested:
        return f"{cases}; not tested yet: no mission has ended since."
    return f"{cases}; {grounds.held} of {grounds.tested} such ranges held."
