"""How a schedule looks: what it starts and when, how runs went, what became of its slots."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, assert_never

from missioncontrol.application.journal import ENGINE
from missioncontrol.cli.sheets import cut, wrapped
from missioncontrol.cli.text import moment
from missioncontrol.domain.definition.quantities import duration_in_words
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.in_full import in_full
from missioncontrol.domain.register import decode
from missioncontrol.domain.schedule.events import (
    Policy,
    QueuedSlotsDropped,
    QueuedSlotStarted,
    ScheduleAdded,
    ScheduleAlerted,
    ScheduleEvent,
    SchedulePaused,
    ScheduleRemoved,
    ScheduleResumed,
    ScheduleRunEnded,
    SlotFired,
    SlotQueued,
    SlotSkipped,
    SlotsSkipped,
    StartedByHand,
)
from missioncontrol.domain.schedule.slots import GRACE_SECONDS
from missioncontrol.ports.calendar import Calendar, Moment
from missioncontrol.projections.schedules import (
    ScheduleRow,
    recent_success_rate,
    success_rate,
)

DAYLIGHT = {
    "": "",
    "gap": "clocks go forward: the time asked for does not exist that day",
    "first": "clocks go back: this time comes twice, here the first time",
    "second": "clocks go back: this time comes twice, here the second time",
}
SKIPPED = {
    "paused": "the schedule was paused",
    "overlap": "a run had not ended",
    "misfired": "nothing was here to start it in time",
    "stopped": "nothing may start",
    "removed": "the schedule was removed",
    "queued_over": "one slot was waiting already",
    "refused": "the run was refused",
}
WAITS = {
    "overlap": "until the run before has ended",
    "cancel": "until the run before, which is cancelled for it, has ended",
    "catch_up": "its turn: it was missed",
}


def view(row: ScheduleRow, calendar: Calendar, now: float, count: int) -> dict[str, Any]:
    """Return a schedule as JSON: its row, its rates from 0 to 1, and its next slots."""
    return {
        **in_full(row),
        "success_rate": success_rate(row),
        "recent_success_rate": recent_success_rate(row),
        "next": [
            {
                "at": slot.at,
                "local": _local(slot).isoformat(),
                "offset_seconds": slot.offset_seconds,
                "daylight": slot.daylight,
            }
            for slot in next_slots(row, calendar, now, count)
        ],
    }


def next_slots(row: ScheduleRow, calendar: Calendar, now: float, count: int) -> list[Moment]:
    """Return the next slots that fire; none while the schedule is paused or removed."""
    if row.status != "active":
        return []
    return calendar.preview(row.cron, row.zone, max(now, row.answered), count=count)


def next_lines(row: ScheduleRow, calendar: Calendar, now: float, count: int) -> list[str]:
    """Return a line for each of the next slots, with its offset from UTC."""
    found = next_slots(row, calendar, now, count)
    lines = ["Next:"] if found else ["It has no slot in the next fifty years."]
    for slot in found:
        note = DAYLIGHT[slot.daylight]
        lines.append(f"  {_written(slot)}{f'  ({note})' if note else ''}")
    if row.policy.jitter_seconds:
        lines.append(f"  Each waits up to {duration_in_words(row.policy.jitter_seconds)} longer.")
    return lines


def list_lines(row: ScheduleRow, calendar: Calendar, now: float, width: int) -> list[str]:
    """Return the two lines of a list that stand for a schedule."""
    head = f"{row.id} · {row.status} · {_workflow(row)} · {row.cron} · {row.zone}"
    parts = []
    if found := next_slots(row, calendar, now, 1):
        parts.append(f"next {_written(found[0])}")
    parts.extend([_last(row), _rates(row)])
    return [cut(head, width), *wrapped(" · ".join(filter(None, parts)), width, "    ", "    ")]


def sheet(row: ScheduleRow, calendar: Calendar, now: float, width: int) -> list[str]:
    """Return the lines that tell how a schedule stands."""
    said = f" ({row.reason})" if row.reason else ""
    facts = {
        "state": f"{row.status} since {moment(row.since)}{said}",
        "starts": _workflow(row),
        "when": f"{row.cron}, {row.zone}: {calendar.in_words(row.cron)}",
        "inputs": ", ".join(f"{name}={value}" for name, value in row.inputs.items()),
        "missed": _misfire(row.policy),
        "overlap": _overlap(row.policy),
        "for": row.author,
        "last": _last(row).removeprefix("last "),
        "went well": _rates(row),
        "at work": ", ".join(row.active),
        "waiting": f"{row.waiting} of its slots" if row.waiting else "",
        "skipped": f"{row.skipped:,} slots" if row.skipped else "",
        "alert": f"{row.alert}, {moment(row.alerted)}" if row.alert else "",
        "clock": _clock(row, now),
    }
    lines = [cut(row.id, width)]
    for name, text in facts.items():
        if text:
            lines.extend(wrapped(text, width, f"  {name:<9} ", " " * 12))
    return lines


def past_lines(event: Recorded, width: int) -> list[str]:
    """Return the lines that tell an event of a schedule."""
    told = _told(decode(event.type, event.schema, event.body))  # type: ignore[arg-type]
    by = "" if event.actor == ENGINE else f" ({event.actor})"
    begin = f"{moment(event.time / 1_000_000)[:19]}  "
    return wrapped(told + by, width, begin, " " * len(begin))


def _told(event: ScheduleEvent) -> str:
    match event:
        case ScheduleAdded():
            return f"added{_because(event.reason)}"
        case SchedulePaused():
            return f"paused{_because(event.reason)}"
        case ScheduleResumed():
            return f"resumed{_because(event.reason)}"
        case ScheduleRemoved():
            return f"removed{_because(event.reason)}"
        case StartedByHand():
            return f"{event.run} started by hand{_because(event.reason)}"
        case ScheduleRunEnded():
            return f"{event.run} {event.outcome}"
        case ScheduleAlerted():
            return alert(event)
        case _:
            return _told_of_slots(event)


SlotEvent = (
    SlotFired | SlotQueued | SlotSkipped | SlotsSkipped | QueuedSlotStarted | QueuedSlotsDropped
)


def _told_of_slots(event: SlotEvent) -> str:
    match event:
        case SlotFired():
            late = f", {event.late_seconds:,.0f} s late" if event.kind == "late" else ""
            return f"slot {_slot(event.slot)}: {event.run}{late}"
        case SlotQueued():
            return f"slot {_slot(event.slot)} waits {WAITS[event.why]}"
        case SlotSkipped():
            detail = f": {event.detail}" if event.detail else ""
            return f"slot {_slot(event.slot)} skipped: {SKIPPED[event.reason]}{detail}"
        case SlotsSkipped():
            span = f"{_slot(event.first)} to {_slot(event.last)}"
            return f"{event.count:,} slots, {span}, skipped: {SKIPPED[event.reason]}"
        case QueuedSlotStarted():
            return f"slot {_slot(event.slot)}, which waited: {event.run}"
        case QueuedSlotsDropped():
            slots = ", ".join(map(_slot, event.slots[:3])) + (" …" if event.slots[3:] else "")
            return f"slots that waited ({slots}) dropped: {SKIPPED[event.reason]}"
        case _:
            assert_never(event)


def alert(event: ScheduleAlerted) -> str:
    """Return what somebody should know, in one line."""
    match event.kind:
        case "failed":
            return f"alert: {event.run} failed, {event.count} in a row"
        case "missed":
            return f"alert: {event.count:,} missed, {_slot(event.first)} to {_slot(event.last)}"
        case "late":
            return f"alert: {event.count:,} late, {_slot(event.first)} to {_slot(event.last)}"
        case "refused":
            return f"alert: refused: {event.detail}"
        case _:
            assert_never(event.kind)


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _slot(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def _local(slot: Moment) -> datetime:
    zone = timezone(timedelta(seconds=slot.offset_seconds))
    return datetime.fromtimestamp(slot.at, zone)


def _written(slot: Moment) -> str:
    return _local(slot).strftime("%a %Y-%m-%d %H:%M %Z")


def _workflow(row: ScheduleRow) -> str:
    return row.workflow if row.version is None else f"{row.workflow}@{row.version}"


def _last(row: ScheduleRow) -> str:
    if not row.last_run:
        return "no run yet"
    at = moment(row.last_ended or row.last_began)[:16]
    return f"last {row.last_status}, {at} UTC, {row.last_run}"


def _rates(row: ScheduleRow) -> str:
    overall, recent = success_rate(row), recent_success_rate(row)
    if overall is None or recent is None:
        return ""
    parts = [f"{overall:.0%} of {row.succeeded + row.failed:,}"]
    if row.succeeded + row.failed > len(row.recent):
        parts.append(f"{recent:.0%} of the last {len(row.recent)}")
    if row.failures_in_a_row:
        parts.append(f"{row.failures_in_a_row} failed in a row")
    return ", ".join(parts)


def _misfire(policy: Policy) -> str:
    window = duration_in_words(policy.window_seconds) if policy.window_seconds else ""
    within = f", if no older than {window}" if window else ""
    match policy.misfire:
        case "skip":
            return f"slots that are later than {GRACE_SECONDS:.0f} s never run"
        case "latest":
            return f"the newest runs after all{within}"
        case "all":
            return f"the newest {policy.catch_up} run after all, one by one{within}"
        case _:
            assert_never(policy.misfire)


def _overlap(policy: Policy) -> str:
    return {
        "skip": "a slot is skipped while a run has not ended",
        "queue": "one slot waits until the run before has ended",
        "cancel": "the run before is cancelled, and the slot waits until it has ended",
        "allow": "runs may overlap",
    }[policy.overlap]


def _clock(row: ScheduleRow, now: float) -> str:
    """Say so where the clock stood ahead once: nothing fires before it is there again."""
    if row.status != "active" or row.answered <= now + GRACE_SECONDS:
        return ""
    return (
        f"slots up to {moment(row.answered)} were answered when the clock stood there; none fires "
        "again. Remove the schedule and add it to begin anew."
    )
