"""What each command makes true of a schedule, or why it is refused."""

import math
import re
from collections.abc import Sequence
from typing import assert_never

import msgspec

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.schedule.commands import (
    REASON_MAX,
    AddSchedule,
    ChangeSchedule,
    Due,
    EndRun,
    Missed,
    PauseSchedule,
    RemoveSchedule,
    ResumeSchedule,
    ScheduleCommand,
    SkipSlot,
    Start,
    StartByHand,
    StartQueued,
    TakeSlots,
    Times,
)
from missioncontrol.domain.schedule.events import (
    CATCH_UP_MAX,
    JITTER_SECONDS_MAX,
    Policy,
    QueuedSlotsDropped,
    QueuedSlotStarted,
    Reason,
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
from missioncontrol.domain.schedule.slots import GRACE_SECONDS, RUNS_MAX, Answered, answers
from missioncontrol.domain.schedule.states import Paused, Schedule

WINDOW_SECONDS_MAX = 10 * 366 * 86_400.0
INPUTS_BYTES_MAX = 65_536
NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


def decide(command: ScheduleCommand, schedule: Schedule | None, now: float) -> list[ScheduleEvent]:
    """Answer `command` with the events it makes true; an empty list means it was true already.

    Raises:
        Rejected: `schedule.exists`, `schedule.bad_name`, `schedule.bad_policy`,
            `schedule.bad_inputs`, `schedule.bad_reason`, `schedule.removed`, `schedule.busy`,
            `schedule.not_active`, `schedule.answered`.
        NotFound: `schedule.unknown`.
    """
    if isinstance(command, AddSchedule):
        return _add(command, schedule)
    if schedule is None:
        raise unknown_schedule()
    match command:
        case TakeSlots():
            return _take(schedule, command) if schedule.is_active else []
        case StartQueued():
            return _start_queued(schedule, command, now)
        case StartByHand():
            refuse_by_hand(schedule, force=command.force)
            forced = command.force and schedule.is_busy
            return [StartedByHand(command.run, _reason(command.reason), forced)]
        case EndRun():
            return _end(schedule, command)
        case ChangeSchedule():
            return _change(schedule, command)
        case SkipSlot():
            return _skip(schedule, command)
        case PauseSchedule():
            return _pause(schedule, command)
        case ResumeSchedule():
            return _resume(schedule, command)
        case RemoveSchedule():
            return _remove(schedule, command)
        case _:
            assert_never(command)


def unknown_schedule(name: str = "", near: Sequence[str] = ()) -> NotFound:
    """Say that there is no such schedule; `near` are names that are nearly the same."""
    return NotFound(
        "schedule.unknown",
        f"There is no schedule {name!r} here." if name else "There is no such schedule.",
        hint=f"Did you mean {near[0]}?" if near else "`mission schedule list` names them.",
    )


def refuse_by_hand(schedule: Schedule, *, force: bool) -> None:
    """Refuse to start a run by hand beside another one, unless the policy or a person allows it.

    Raises:
        Rejected: `schedule.removed`, `schedule.busy`.
    """
    _refuse_removed(schedule)
    if len(schedule.active) >= RUNS_MAX:
        raise Rejected(
            "schedule.busy",
            f"{RUNS_MAX} runs of schedule {schedule.name!r} have not ended.",
            hint="Wait until some of them end, or cancel them.",
        )
    if schedule.is_busy and not force and schedule.policy.overlap != "allow":
        at_work = schedule.active[-1] if schedule.active else ""
        raise Rejected(
            "schedule.busy",
            f"Run {at_work!r} of schedule {schedule.name!r} has not ended."
            if at_work
            else f"A slot of schedule {schedule.name!r} is about to start.",
            hint="Wait for its end, cancel it, or start another beside it with --force.",
        )


# What the clock brings.


def _take(schedule: Schedule, command: TakeSlots) -> list[ScheduleEvent]:
    events = _earlier(schedule, command.due, "misfired")
    waiting = [queued.slot for queued in schedule.queue]
    results = answers(schedule, command.due)
    for answered in results:
        events.extend(_answer(answered, command.start, waiting))
    return [*events, *_alerts(schedule, command, results)]


def _answer(answered: Answered, start: Start, waiting: list[float]) -> list[ScheduleEvent]:
    """Return the events for one slot; `waiting` are the slots in the queue, and is updated."""
    slot = answered.slot
    match answered.answer:
        case "fire":
            return _fire(answered, start)
        case "queue":
            waiting.append(slot)
            return [SlotQueued(slot)]
        case "catch_up":
            waiting.append(slot)
            return [SlotQueued(slot, "catch_up")]
        case "cancel" if start.stopped:
            # What works is not ended for a slot that could not start after it.
            return [SlotSkipped(slot, "stopped", _detail(start.stopped))]
        case "cancel":
            # The newest slot stands for all that wait: it makes the others out of date.
            dropped = _dropped(tuple(waiting), "overlap")
            waiting[:] = [slot]
            return [*dropped, SlotQueued(slot, "cancel")]
        case "misfired" | "overlap" | "queued_over":
            return [SlotSkipped(slot, answered.answer)]
        case _:
            assert_never(answered.answer)


def _fire(answered: Answered, start: Start) -> list[ScheduleEvent]:
    slot = answered.slot
    if start.stopped:
        return [SlotSkipped(slot, "stopped", _detail(start.stopped))]
    if start.refusal:
        detail = _detail(start.refusal)
        alert = ScheduleAlerted("refused", 1, slot, slot, detail=detail)
        return [SlotSkipped(slot, "refused", detail), alert]
    assert start.run, "a slot fires without a run"
    late_seconds = _rounded(answered.late_seconds)
    if answered.is_late:
        return [SlotFired(slot, start.run, late_seconds, "late")]
    return [SlotFired(slot, start.run, late_seconds)]


def _alerts(schedule: Schedule, command: TakeSlots, results: list[Answered]) -> list[ScheduleEvent]:
    """Return one alert for a downtime, however many slots it swallowed."""
    missed = [answered.slot for answered in results if answered.answer == "misfired"]
    alerts = _missed(missed, _unanswered(schedule, command.due))
    late = [a.slot for a in results if a.is_late and _has_run(a, command.start)]
    if late and not alerts:
        alerts = [ScheduleAlerted("late", len(late), late[0], late[-1])]
    return alerts


def _has_run(answered: Answered, start: Start) -> bool:
    """Whether the slot runs after all, now or later."""
    if answered.answer == "fire":
        return bool(start.run)
    if answered.answer == "cancel":
        return not start.stopped
    return answered.answer in ("queue", "catch_up")


def _missed(slots: list[float], earlier: Missed | None) -> list[ScheduleEvent]:
    """Return the alert for slots that nothing was here to fire, and those before them."""
    if earlier is not None:
        last = slots[-1] if slots else earlier.last
        count = len(slots) + earlier.count
        return [ScheduleAlerted("missed", count, earlier.first, last)]
    return [ScheduleAlerted("missed", len(slots), slots[0], slots[-1])] if slots else []


def _start_queued(schedule: Schedule, command: StartQueued, now: float) -> list[ScheduleEvent]:
    head, start = schedule.next_in_queue, command.start
    if head is None or head.slot != command.slot:
        return []  # Its turn has not come, or has gone by.
    slots = tuple(queued.slot for queued in schedule.queue)
    if start.stopped:
        return _dropped(slots, "stopped", _detail(start.stopped))
    if start.refusal:
        detail = _detail(start.refusal)
        # What refused the first would refuse the others at the same moment.
        alert = ScheduleAlerted("refused", len(slots), slots[0], slots[-1], detail=detail)
        return [*_dropped(slots, "refused", detail), alert]
    assert start.run, "a slot starts without a run"
    return [QueuedSlotStarted(head.slot, start.run, _rounded(max(0.0, now - head.slot)))]


def _end(schedule: Schedule, command: EndRun) -> list[ScheduleEvent]:
    if command.run not in schedule.active:
        return []  # Reported twice.
    ended = ScheduleRunEnded(command.run, command.outcome, command.ended)
    if command.outcome != "failed":
        return [ended]
    in_a_row = 0 if command.run in schedule.former else schedule.failures_in_a_row
    return [ended, ScheduleAlerted("failed", in_a_row + 1, run=command.run)]


# What people ask for.


def _add(command: AddSchedule, schedule: Schedule | None) -> list[ScheduleEvent]:
    if schedule is not None and not schedule.is_removed:
        raise Rejected(
            "schedule.exists",
            f"There is a schedule {schedule.name!r} already.",
            hint=f"Choose another name, or `mission schedule remove {schedule.name}` first.",
        )
    if not NAME.fullmatch(command.name):
        raise Rejected(
            "schedule.bad_name",
            f"The name {command.name[:80]!r} does not fit.",
            hint="Begin with a letter; then at most 62 of a-z, 0-9 and hyphens, all lower case.",
        )
    _refuse_bad_policy(command.policy)
    _refuse_large_inputs(command)
    return [
        ScheduleAdded(
            command.name,
            command.workflow,
            command.cron,
            command.zone,
            command.version,
            command.inputs,
            command.policy,
            command.author,
            _reason(command.reason),
        )
    ]


def _change(schedule: Schedule, command: ChangeSchedule) -> list[ScheduleEvent]:
    _refuse_removed(schedule)
    _refuse_bad_policy(command.policy)
    _refuse_large_inputs(command)
    fields = ("workflow", "cron", "zone", "version", "inputs", "policy")
    if all(getattr(schedule, name) == getattr(command, name) for name in fields):
        return []
    changed = ScheduleChanged(
        command.workflow,
        command.cron,
        command.zone,
        command.version,
        command.inputs,
        command.policy,
        command.author,
        _reason(command.reason),
    )
    return [*_closed(schedule, command.due, "changed"), changed]


def _skip(schedule: Schedule, command: SkipSlot) -> list[ScheduleEvent]:
    _refuse_removed(schedule)
    if not schedule.is_active:
        raise Rejected(
            "schedule.not_active",
            f"Schedule {schedule.name!r} is paused, so it has no slot to skip.",
            hint="Resume it first.",
        )
    if command.slot <= schedule.answered:
        raise Rejected(
            "schedule.answered",
            f"The slot of schedule {schedule.name!r} was answered meanwhile.",
            hint="Look at its next slots again.",
        )
    return [SlotSkipped(command.slot, "by_hand", _reason(command.reason))]


def _pause(schedule: Schedule, command: PauseSchedule) -> list[ScheduleEvent]:
    _refuse_removed(schedule)
    if not schedule.is_active:
        return []
    slots = tuple(queued.slot for queued in schedule.queue)
    return [
        *_closed(schedule, command.due, "paused"),
        *_dropped(slots, "paused"),
        SchedulePaused(_reason(command.reason)),
    ]


def _resume(schedule: Schedule, command: ResumeSchedule) -> list[ScheduleEvent]:
    _refuse_removed(schedule)
    if schedule.is_active:
        return []
    skipped = _closed(schedule, command.due, "paused")
    return [*skipped, ScheduleResumed(_reason(command.reason))]


def _remove(schedule: Schedule, command: RemoveSchedule) -> list[ScheduleEvent]:
    if schedule.is_removed:
        return []
    slots = tuple(queued.slot for queued in schedule.queue)
    return [
        *_closed(schedule, command.due, "removed"),
        *_dropped(slots, "removed"),
        ScheduleRemoved(_reason(command.reason)),
    ]


def _closed(schedule: Schedule, due: Due, reason: Reason) -> list[ScheduleEvent]:
    """Return the events for slots that will not run because of what a person asked for.

    Those of a pause are skipped for the pause. Of others, those that nothing was here to fire in
    time had been missed before anybody asked.
    """
    new = [slot for slot in due.slots if slot.slot > schedule.answered]
    if isinstance(schedule.standing, Paused):
        skipped = [SlotSkipped(slot.slot, "paused") for slot in new]
        return [*_earlier(schedule, due, "paused"), *skipped]
    missed = [slot.slot for slot in new if due.at - slot.due > GRACE_SECONDS]
    return [
        *_earlier(schedule, due, "misfired"),
        *(SlotSkipped(slot, "misfired") for slot in missed),
        *(SlotSkipped(slot.slot, reason) for slot in new[len(missed) :]),
        *_missed(missed, _unanswered(schedule, due)),
    ]


def _earlier(schedule: Schedule, due: Due, reason: Reason) -> list[ScheduleEvent]:
    earlier = _unanswered(schedule, due)
    if earlier is None:
        return []
    return [SlotsSkipped(earlier.first, earlier.last, earlier.count, reason)]


def _unanswered(schedule: Schedule, due: Due) -> Missed | None:
    """Return the slots before those that are named, unless they have their answer."""
    earlier = due.earlier
    return earlier if earlier is not None and earlier.first > schedule.answered else None


def _dropped(slots: tuple[float, ...], reason: Reason, detail: str = "") -> list[ScheduleEvent]:
    return [QueuedSlotsDropped(slots, reason, detail)] if slots else []


def _detail(text: str) -> str:
    return text if len(text) <= REASON_MAX else text[: REASON_MAX - 1] + "…"


def _rounded(seconds: float) -> float:
    return round(seconds, 3)


def _refuse_removed(schedule: Schedule) -> None:
    if schedule.is_removed:
        raise Rejected(
            "schedule.removed",
            f"Schedule {schedule.name!r} was removed.",
            hint="`mission schedule add` creates it again.",
        )


def _reason(text: str) -> str:
    if len(text) > REASON_MAX:
        raise Rejected(
            "schedule.bad_reason",
            f"The reason has {len(text):,} characters; at most {REASON_MAX:,} fit.",
            hint="Shorten it.",
        )
    return text


def _refuse_large_inputs(command: Times) -> None:
    size = len(msgspec.json.encode(command.inputs))
    if size > INPUTS_BYTES_MAX:
        raise Rejected(
            "schedule.bad_inputs",
            f"The inputs take {size:,} bytes; at most {INPUTS_BYTES_MAX:,} fit.",
            hint="Put the large ones into a file and give its path.",
        )


def _refuse_bad_policy(policy: Policy) -> None:
    """Refuse numbers that mean nothing, alone or with the misfire policy."""
    _within("jitter", policy.jitter_seconds, JITTER_SECONDS_MAX)
    _within("window", policy.window_seconds, WINDOW_SECONDS_MAX)
    if policy.misfire == "skip" and policy.window_seconds:
        raise _bad("A window is set, and with misfire 'skip' no missed slot runs.")
    if policy.misfire == "all" and not 1 <= policy.catch_up <= CATCH_UP_MAX:
        raise _bad(f"Catch-up is {policy.catch_up}; it must be 1 to {CATCH_UP_MAX}.")
    if policy.misfire != "all" and policy.catch_up:
        raise _bad(
            f"Catch-up is {policy.catch_up}, and with misfire {policy.misfire!r} "
            f"{'no' if policy.misfire == 'skip' else 'only the newest'} missed slot runs."
        )


def _within(name: str, seconds: float, most: float) -> None:
    if not (math.isfinite(seconds) and 0 <= seconds <= most):
        raise _bad(f"The {name} is {seconds:g} s; it must be 0 to {most:,.0f} s.")


def _bad(reason: str) -> Rejected:
    return Rejected(
        "schedule.bad_policy", reason, hint="`mission schedule add --help` tells what fits."
    )
