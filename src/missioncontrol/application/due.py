"""Which slots of a schedule have come, by the calendar and with their jitter."""

from missioncontrol.domain.schedule.commands import Due, DueSlot, Missed
from missioncontrol.domain.schedule.slots import jitter
from missioncontrol.domain.schedule.states import Schedule
from missioncontrol.ports.calendar import Calendar

SLOTS_MAX = 1_000
"""Slots of one downtime or pause that are reported one by one; earlier ones appear together.

More than one: the newest may have to wait for its jitter."""


def come_due(calendar: Calendar, schedule: Schedule, now: float) -> Due:
    """Return the slots without an answer whose time has come, jitter included."""
    passed = passed_by(calendar, schedule, now)
    if passed.slots and passed.slots[-1].due > now:
        return Due(now, passed.slots[:-1], passed.earlier)
    return passed


def passed_by(calendar: Calendar, schedule: Schedule, now: float) -> Due:
    """Return the slots without an answer that have passed, also where their jitter has not."""
    if schedule.is_removed:
        return Due(now)
    cron, zone = schedule.cron, schedule.zone
    found = calendar.between(cron, zone, schedule.answered, now, limit=SLOTS_MAX)
    if not found.newest:
        return Due(now)
    following = [*found.newest[1:], _following(calendar, schedule, found.newest[-1])]
    slots = tuple(
        DueSlot(slot, _due_at(schedule, slot, after))
        for slot, after in zip(found.newest, following, strict=True)
    )
    if not found.earlier:
        return Due(now, slots)
    return Due(now, slots, Missed(found.earlier_first, found.earlier_last, found.earlier))


def next_due(calendar: Calendar, schedule: Schedule) -> float | None:
    """Return when the first slot without an answer is due; None where there is none."""
    slot = calendar.after(schedule.cron, schedule.zone, schedule.answered)
    if slot is None:
        return None
    return _due_at(schedule, slot, _following(calendar, schedule, slot))


def _following(calendar: Calendar, schedule: Schedule, slot: float) -> float | None:
    """Return the slot after `slot`, where the jitter has to know it."""
    if not schedule.policy.jitter_seconds:
        return None
    return calendar.after(schedule.cron, schedule.zone, slot)


def _due_at(schedule: Schedule, slot: float, following: float | None) -> float:
    return slot + jitter(schedule.name, slot, following, schedule.policy.jitter_seconds)
