"""The words for slots and events of schedules, the same on a terminal and on a page."""

from datetime import UTC, datetime
from typing import assert_never

from missioncontrol.domain.schedule.events import (
    QueuedSlotsDropped,
    QueuedSlotStarted,
    ScheduleAdded,
    ScheduleAlerted,
    ScheduleChanged,
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

DAYLIGHT = {
    "": "",
    "gap": "clocks go forward: the requested time does not exist that day",
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
    "by_hand": "started by hand",
    "changed": "the schedule was changed",
}
WAITS = {
    "overlap": "until the run before has ended",
    "cancel": "until the run before, which is cancelled for it, has ended",
    "catch_up": "its turn: it was missed",
}


def describe_event(event: ScheduleEvent) -> str:
    """Return an event of a schedule as a sentence without its end."""
    match event:
        case ScheduleAdded():
            return f"added{_because(event.reason)}"
        case ScheduleChanged():
            return f"changed: {event.cron}, {event.zone}{_because(event.reason)}"
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
            return _describe_slot(event)


SlotEvent = (
    SlotFired | SlotQueued | SlotSkipped | SlotsSkipped | QueuedSlotStarted | QueuedSlotsDropped
)


def _describe_slot(event: SlotEvent) -> str:
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
    """Return a notice in one line."""
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
