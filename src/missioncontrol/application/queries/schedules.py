"""What the clock starts: each schedule, its next slots, what became of past ones, how runs went."""

from datetime import datetime, timedelta, timezone
from difflib import get_close_matches
from typing import Any, Literal

import msgspec

from missioncontrol.application.queries.rows import newest_rows, row_of
from missioncontrol.application.read_model import Present
from missioncontrol.application.schedules import stream_of
from missioncontrol.documents.schedule_words import DAYLIGHT, describe_event
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.in_full import in_full
from missioncontrol.domain.register import decode
from missioncontrol.domain.schedule.decide import unknown_schedule
from missioncontrol.domain.schedule.events import (
    Policy,
    ScheduleAlerted,
    ScheduleRunEnded,
    SlotFired,
    SlotSkipped,
    SlotsSkipped,
)
from missioncontrol.domain.schedule.slots import GRACE_SECONDS
from missioncontrol.ports.calendar import Calendar, Daylight, Moment
from missioncontrol.projections.schedules import (
    ScheduleRow,
    is_open,
    recent_success_rate,
    success_rate,
)

SCHEDULES_MAX = 2_000
NEXT = 10
PAST_MAX = 1_000


class NextSlot(msgspec.Struct, frozen=True):
    """An instant at which a schedule wants a run."""

    at: float  # seconds since the epoch
    local: str  # ISO 8601 in the zone of the schedule, with its offset
    offset_seconds: int
    daylight: Daylight
    note: str  # in words what daylight saving does to it; empty where it does nothing


class PastEvent(msgspec.Struct, frozen=True):
    """What became of a slot or a run, or what people did to the schedule."""

    position: int
    time: float
    type: str
    actor: str
    words: str
    run: str
    tone: Literal["ok", "bad", "held", "ask", ""]
    data: dict[str, Any]


class ScheduleView(msgspec.Struct, frozen=True):
    """A schedule. Times are seconds since the epoch, 0 where there is none; rates are 0 to 1."""

    id: str  # its name
    workflow: str
    version: int | None  # None is the newest at each slot
    cron: str
    words: str  # what `cron` means
    zone: str
    inputs: dict[str, Any]
    policy: Policy
    author: str
    added: float
    answered: float  # every slot up to here has its event
    status: str
    since: float
    reason: str
    active: tuple[str, ...]  # runs that have not ended
    waiting: int
    last_run: str
    last_began: float
    last_ended: float
    last_status: str
    failures_in_a_row: int
    succeeded: int
    failed: int
    cancelled: int
    recent: str  # of the last runs that succeeded or failed: s or f, the newest last
    skipped: int
    alert: str
    alerted: float
    events: int  # in its stream
    is_ahead: bool  # slots up to `answered` were answered by a clock that stood ahead: none fires
    success_rate: float | None
    recent_success_rate: float | None
    next: list[NextSlot]


class ScheduleDetail(msgspec.Struct, frozen=True):
    """A schedule with what became of it, the newest first."""

    schedule: ScheduleView
    past: list[PastEvent]


class Preview(msgspec.Struct, frozen=True):
    """When a cron expression fires in a zone."""

    cron: str
    zone: str
    words: str
    next: list[NextSlot]


def schedules(
    present: Present, calendar: Calendar, now: float, *, removed: bool = False
) -> list[ScheduleView]:
    """Return schedules by name; those that were removed only where asked."""
    rows: list[ScheduleRow] = newest_rows(present, "schedule", limit=SCHEDULES_MAX)
    chosen = (row for row in rows if removed or is_open(row))
    return [view_of(row, calendar, now, 1) for row in sorted(chosen, key=_name)]


def _name(row: ScheduleRow) -> str:
    return row.id


async def schedule_detail(
    present: Present, calendar: Calendar, name: str, now: float, *, limit: int = 50
) -> ScheduleDetail:
    """Return one schedule, its next slots, and its newest events.

    Raises:
        NotFound: `schedule.unknown`.
    """
    row = schedule_row(present, name)
    after = max(0, row.events - limit)
    rows = await present.store.read_stream(stream_of(name), after=after, limit=limit)
    past = [
        _past(
            row.position,
            row.time / 1_000_000,
            row.type,
            row.actor,
            decode(row.type, row.schema, row.body),
        )
        for row in reversed(rows)
    ]
    return ScheduleDetail(view_of(row, calendar, now, NEXT), past)


def schedule_row(present: Present, name: str) -> ScheduleRow:
    """Return the row of a schedule, also of one that was removed.

    Raises:
        NotFound: `schedule.unknown`.
    """
    row: ScheduleRow | None = row_of(present, "schedule", stream_of(name))
    if row is None:
        known = [row.id for row in newest_rows(present, "schedule", limit=SCHEDULES_MAX)]
        raise unknown_schedule(name, near=get_close_matches(name, known, 1))
    return row


def view_of(row: ScheduleRow, calendar: Calendar, now: float, count: int) -> ScheduleView:
    """Return a schedule as programs and pages see it."""
    fields = {name: getattr(row, name) for name in row.__struct_fields__ if name != "former"}
    return ScheduleView(
        **fields,
        words=calendar.in_words(row.cron),
        is_ahead=row.status == "active" and row.answered > now + GRACE_SECONDS,
        success_rate=success_rate(row),
        recent_success_rate=recent_success_rate(row),
        next=[slot_of(slot) for slot in next_slots(row, calendar, now, count)],
    )


def next_slots(row: ScheduleRow, calendar: Calendar, now: float, count: int) -> list[Moment]:
    """Return the next slots that fire; none while the schedule is paused or removed."""
    if row.status != "active":
        return []
    return calendar.preview(row.cron, row.zone, max(now, row.answered), count=count)


def slot_of(slot: Moment) -> NextSlot:
    """Return a slot as programs and pages see it."""
    local = local_time(slot).isoformat()
    return NextSlot(slot.at, local, slot.offset_seconds, slot.daylight, DAYLIGHT[slot.daylight])


def local_time(slot: Moment) -> datetime:
    """Return a slot as clocks in its zone show it."""
    return datetime.fromtimestamp(slot.at, timezone(timedelta(seconds=slot.offset_seconds)))


def preview(calendar: Calendar, cron: str, zone: str, now: float) -> Preview:
    """Return the next slots that a schedule would have.

    Raises:
        Rejected: `schedule.bad_cron`, `schedule.never_fires`, `schedule.bad_zone`.
    """
    plain = calendar.check(cron, zone)
    found = calendar.preview(plain, zone, now, count=NEXT)
    return Preview(plain, zone, calendar.in_words(plain), [slot_of(slot) for slot in found])


def refusal_of(calendar: Calendar, cron: str, zone: str, now: float) -> Preview | Rejected:
    """Return the preview, or what is wrong with the expression or the zone."""
    try:
        return preview(calendar, cron, zone, now)
    except Rejected as refusal:
        return refusal


def _past(position: int, time: float, kind: str, actor: str, event: Any) -> PastEvent:
    run = getattr(event, "run", "")
    data: dict[str, Any] = in_full(event)
    return PastEvent(position, time, kind, actor, describe_event(event), run, _tone(event), data)


def _tone(event: object) -> Literal["ok", "bad", "held", "ask", ""]:
    match event:
        case ScheduleRunEnded(outcome="succeeded"):
            return "ok"
        case ScheduleRunEnded(outcome="failed") | ScheduleAlerted():
            return "bad"
        case SlotSkipped() | SlotsSkipped():
            return "held"
        case SlotFired(kind="late"):
            return "ask"
    return ""
