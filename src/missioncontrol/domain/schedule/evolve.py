"""How each event changes a schedule."""

from typing import assert_never

from missioncontrol.domain.errors import Corrupt
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
from missioncontrol.domain.schedule.states import ACTIVE, Paused, Queued, Removed, Schedule


def evolve(schedule: Schedule | None, event: ScheduleEvent, at: float) -> Schedule:
    """Apply `event`, which became true at `at` (seconds since the epoch), and return the schedule.

    Raises:
        Corrupt: `schedule.no_beginning`, `schedule.two_beginnings`.
    """
    if isinstance(event, ScheduleAdded):
        return _begin(schedule, event, at)
    if schedule is None:
        raise Corrupt(
            "schedule.no_beginning",
            f"A schedule's log begins with {type(event).__name__}, not ScheduleAdded.",
        )
    match event:
        case ScheduleChanged():
            _change(schedule, event, at)
        case SchedulePaused():
            schedule.standing = Paused(at, event.reason)
        case ScheduleResumed():
            schedule.standing = ACTIVE
        case ScheduleRemoved():
            schedule.standing = Removed(at, event.reason)
        case SlotFired():
            schedule.answered = max(schedule.answered, event.slot)
            schedule.active = (*schedule.active, event.run)
        case SlotQueued():
            schedule.answered = max(schedule.answered, event.slot)
            schedule.queue = (*schedule.queue, Queued(event.slot, event.why))
        case SlotSkipped():
            schedule.answered = max(schedule.answered, event.slot)
        case SlotsSkipped():
            schedule.answered = max(schedule.answered, event.last)
        case QueuedSlotStarted():
            _leave_queue(schedule, (event.slot,))
            schedule.active = (*schedule.active, event.run)
            schedule.drained = event.run
        case QueuedSlotsDropped():
            _leave_queue(schedule, event.slots)
        case StartedByHand():
            schedule.active = (*schedule.active, event.run)
        case ScheduleRunEnded():
            _end(schedule, event)
        case ScheduleAlerted():
            pass
        case _:
            assert_never(event)
    return schedule


def _begin(before: Schedule | None, event: ScheduleAdded, at: float) -> Schedule:
    if before is not None and not before.is_removed:
        raise Corrupt(
            "schedule.two_beginnings", f"Schedule {before.name!r} was added twice in its log."
        )
    # What an earlier schedule of this name began still counts as at work, and nothing else of it.
    active = before.active if before is not None else ()
    return Schedule(
        event.schedule,
        event.workflow,
        event.version,
        event.cron,
        event.zone,
        event.inputs,
        event.policy,
        event.author,
        created_at=at,
        answered=at,
        active=active,
        former=frozenset(active),
    )


def _change(schedule: Schedule, event: ScheduleChanged, at: float) -> None:
    schedule.workflow, schedule.version = event.workflow, event.version
    schedule.cron, schedule.zone = event.cron, event.zone
    schedule.inputs, schedule.policy = event.inputs, event.policy
    schedule.author = event.author
    schedule.answered = max(schedule.answered, at)


def _leave_queue(schedule: Schedule, slots: tuple[float, ...]) -> None:
    schedule.queue = tuple(queued for queued in schedule.queue if queued.slot not in slots)


def _end(schedule: Schedule, event: ScheduleRunEnded) -> None:
    schedule.active = tuple(run for run in schedule.active if run != event.run)
    if event.run in schedule.former:
        schedule.former -= {event.run}
    elif event.outcome == "succeeded":
        schedule.failures_in_a_row = 0
    elif event.outcome == "failed":
        schedule.failures_in_a_row += 1
