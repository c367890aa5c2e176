"""A line for each schedule: how it stands, what it did last and how often that went well."""

from typing import Any, Literal, assert_never

import msgspec

from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.schedule.events import (
    AlertKind,
    Outcome,
    Policy,
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

RECENT = 20
"""Runs that the recent success rate looks at."""


class ScheduleRow(msgspec.Struct):
    """A schedule in a list. Times are seconds since the epoch, 0 where there is none."""

    id: str  # its name
    workflow: str
    version: int | None  # None is the newest at each slot
    cron: str
    zone: str
    inputs: dict[str, Any]
    policy: Policy
    author: str
    added: float
    answered: float  # every slot up to here has its event
    status: Literal["active", "paused", "removed"] = "active"
    since: float = 0.0  # it has that status
    reason: str = ""  # the reason given for it
    active: tuple[str, ...] = ()  # runs that have not ended
    former: tuple[str, ...] = ()  # likewise, of schedules that had this name before
    waiting: int = 0  # slots that wait for their turn
    last_run: str = ""  # the one that began last
    last_began: float = 0.0
    last_ended: float = 0.0
    last_status: Literal["", "running", "succeeded", "failed", "cancelled"] = ""
    failures_in_a_row: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    recent: str = ""  # of the last runs that succeeded or failed: s or f, the newest last
    skipped: int = 0  # slots, also those that waited and were dropped
    alert: Literal["", AlertKind] = ""  # the newest
    alerted: float = 0.0
    events: int = 0  # in its stream, so that the newest can be read alone


def apply(row: ScheduleRow | None, event: ScheduleEvent, at: float) -> ScheduleRow:
    """Fold `event`, which became true at `at`, into the row of its schedule.

    Raises:
        Corrupt: `schedule.no_beginning`.
    """
    if isinstance(event, ScheduleAdded):
        return _new_row(row, event, at)
    if row is None:
        raise Corrupt(
            "schedule.no_beginning",
            f"A schedule's log begins with {type(event).__name__}, not ScheduleAdded.",
        )
    row.events += 1
    match event:
        case ScheduleChanged():
            _change(row, event, at)
        case SchedulePaused() | ScheduleResumed() | ScheduleRemoved():
            _change_status(row, event, at)
        case SlotFired() | QueuedSlotStarted() | StartedByHand():
            _begin(row, event, at)
        case SlotQueued() | SlotSkipped() | SlotsSkipped() | QueuedSlotsDropped():
            _answer(row, event)
        case ScheduleRunEnded():
            _end(row, event)
        case ScheduleAlerted():
            row.alert, row.alerted = event.kind, at
        case _:
            assert_never(event)
    return row


def is_open(row: ScheduleRow) -> bool:
    """Whether it can still do something: it was not removed, or a run of it has not ended."""
    return row.status != "removed" or bool(row.active or row.former)


def success_rate(row: ScheduleRow) -> float | None:
    """Return the part of its runs that succeeded; those that were cancelled don't count.

    None where no run has succeeded or failed yet.
    """
    counted = row.succeeded + row.failed
    return row.succeeded / counted if counted else None


def recent_success_rate(row: ScheduleRow) -> float | None:
    """Return the same of the last 20 that succeeded or failed."""
    return row.recent.count("s") / len(row.recent) if row.recent else None


def _change(row: ScheduleRow, event: ScheduleChanged, at: float) -> None:
    row.workflow, row.version = event.workflow, event.version
    row.cron, row.zone = event.cron, event.zone
    row.inputs, row.policy, row.author = event.inputs, event.policy, event.author
    row.answered = max(row.answered, at)


def _change_status(
    row: ScheduleRow, event: SchedulePaused | ScheduleResumed | ScheduleRemoved, at: float
) -> None:
    row.since, row.reason = at, event.reason
    match event:
        case SchedulePaused():
            row.status = "paused"
        case ScheduleResumed():
            row.status = "active"
        case ScheduleRemoved():
            row.status = "removed"
        case _:
            assert_never(event)


def _answer(
    row: ScheduleRow, event: SlotQueued | SlotSkipped | SlotsSkipped | QueuedSlotsDropped
) -> None:
    match event:
        case SlotQueued():
            row.waiting += 1
            row.answered = max(row.answered, event.slot)
        case SlotSkipped():
            row.skipped += 1
            row.answered = max(row.answered, event.slot)
        case SlotsSkipped():
            row.skipped += event.count
            row.answered = max(row.answered, event.last)
        case QueuedSlotsDropped():
            row.waiting -= len(event.slots)
            row.skipped += len(event.slots)
        case _:
            assert_never(event)


def _begin(
    row: ScheduleRow, event: SlotFired | QueuedSlotStarted | StartedByHand, at: float
) -> None:
    if isinstance(event, SlotFired):
        row.answered = max(row.answered, event.slot)
    elif isinstance(event, QueuedSlotStarted):
        row.waiting -= 1
    row.active = (*row.active, event.run)
    row.last_run, row.last_began, row.last_ended = event.run, at, 0.0
    row.last_status = "running"


def _end(row: ScheduleRow, event: ScheduleRunEnded) -> None:
    if event.run not in row.active:
        row.former = tuple(run for run in row.former if run != event.run)
        return
    row.active = tuple(run for run in row.active if run != event.run)
    if event.run == row.last_run:
        row.last_ended, row.last_status = event.ended, event.outcome
    _count(row, event.outcome)


def _count(row: ScheduleRow, outcome: Outcome) -> None:
    match outcome:
        case "succeeded":
            row.succeeded += 1
            row.failures_in_a_row = 0
            row.recent = (row.recent + "s")[-RECENT:]
        case "failed":
            row.failed += 1
            row.failures_in_a_row += 1
            row.recent = (row.recent + "f")[-RECENT:]
        case "cancelled":
            row.cancelled += 1
        case _:
            assert_never(outcome)


def _new_row(before: ScheduleRow | None, event: ScheduleAdded, at: float) -> ScheduleRow:
    return ScheduleRow(
        event.schedule,
        event.workflow,
        event.version,
        event.cron,
        event.zone,
        event.inputs,
        event.policy,
        event.author,
        added=at,
        answered=at,
        since=at,
        reason=event.reason,
        events=1 if before is None else before.events + 1,
        former=() if before is None else (*before.former, *before.active),
    )
