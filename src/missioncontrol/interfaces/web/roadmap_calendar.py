"""The roadmap as a calendar: due dates, ends of missions and slots of schedules by day of UTC."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from missioncontrol.application.roadmap import Roadmap
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.roadmap_view import DAY, TONES, Choice

CELL_MAX = 4
"""Lines of a day."""


class Entry(NamedTuple):
    """Something on a day."""

    kind: str  # slot, missed, due, end
    text: str
    tone: str
    href: str


class Cell(NamedTuple):
    """A day of the calendar."""

    day: date
    is_other: bool  # of another month
    is_today: bool
    entries: list[Entry]
    more: int


class Month(NamedTuple):
    """A month as weeks of seven days."""

    title: str
    before: str  # YYYY-MM
    after: str
    weeks: list[list[Cell]]


def month_span(choice: Choice, now: float) -> tuple[date, float, float]:
    """Return the first day of a month, and the span of the weeks that it touches."""
    today = formats.moment(now).date()
    try:
        first = date.fromisoformat(f"{choice.month}-01") if choice.month else today.replace(day=1)
    except ValueError:
        first = today.replace(day=1)
    begin = first - timedelta(days=first.weekday())
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    end = last + timedelta(days=7 - last.weekday())
    return first, _at(begin), _at(end)


def _at(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def month_of(road: Roadmap, first: date, since: float, until: float) -> Month:
    """Return what happens on each day: due dates, ends, and slots of schedules."""
    by_day: dict[date, dict[tuple[str, str], list[Entry]]] = {}
    for at, entry in _entries(road):
        if since <= at < until:
            entries = by_day.setdefault(formats.moment(at).date(), {})
            entries.setdefault((entry.kind, entry.text), []).append(entry)
    today = formats.moment(road.now).date()
    begin = formats.moment(since).date()
    cells = []
    for number in range(round((until - since) / DAY)):
        day = begin + timedelta(days=number)
        found = [_joined(each) for each in by_day.get(day, {}).values()]
        found.sort(key=lambda each: ("due", "end", "missed", "slot").index(each.kind))
        more = max(len(found) - CELL_MAX, 0)
        shown = found[:CELL_MAX]
        cells.append(Cell(day, day.month != first.month, day == today, shown, more))
    weeks = [cells[place : place + 7] for place in range(0, len(cells), 7)]
    before = first - timedelta(days=1)
    after = first + timedelta(days=32)
    return Month(f"{first:%B %Y}", f"{before:%Y-%m}", f"{after:%Y-%m}", weeks)


def _joined(entries: Sequence[Entry]) -> Entry:
    count = f", {len(entries)} times" if len(entries) > 1 else ""
    return entries[0]._replace(text=f"{entries[0].text}{count}")


def _entries(road: Roadmap) -> Iterator[tuple[float, Entry]]:
    for epic in road.epics:
        href = f"/board?{urlencode({'epic': epic.id})}"
        for due in epic.dues:
            tone = "bad" if due.met in ("late", "done_late") else ""
            yield due.at - 1, Entry("due", f"Due: {due.title}", tone, f"/board/items/{due.item}")
        if epic.forecast is not None:
            yield epic.forecast.likely, Entry("end", f"Likely end: {epic.title}", "live", href)
        elif epic.ended:
            yield epic.ended, Entry("end", f"Ended: {epic.title}", "ok", href)
    for each in road.schedules:
        href = f"/schedules/{each.id}"
        for slot in each.past:
            kind = "missed" if slot.outcome in ("missed", "skipped") else "slot"
            what = each.id if kind == "slot" else f"{each.id} {slot.outcome}"
            yield slot.at, Entry(kind, what, TONES.get(slot.outcome, ""), href)
        for at in each.next:
            yield at, Entry("slot", each.id, "", href)
