"""A schedule in the states that tests ask about, and one full example of each of its events."""

from missioncontrol.domain.schedule import events as e
from missioncontrol.domain.schedule.commands import Due, DueSlot
from missioncontrol.domain.schedule.events import Policy, ScheduleAdded, ScheduleEvent
from missioncontrol.domain.schedule.evolve import evolve
from missioncontrol.domain.schedule.states import Schedule

BEGAN = 1_790_000_000.0
HOUR = 3600.0


SKIPPING = Policy()
"""The policy of who says nothing."""


def slot(number: int) -> float:
    """The `number`th slot of an hourly schedule, 1 for the first."""
    return BEGAN + number * HOUR


def due(at: float, *numbers: int) -> Due:
    """What is due at `at`: these slots, without jitter."""
    return Due(at, tuple(DueSlot(slot(number), slot(number)) for number in numbers))


def added(policy: Policy = SKIPPING, name: str = "nightly") -> ScheduleAdded:
    return ScheduleAdded(name, "audit", "0 * * * *", policy=policy, author="user:alice")


def schedule_after(*events: ScheduleEvent, policy: Policy = SKIPPING) -> Schedule:
    """A schedule that began at `BEGAN` and to which all this has happened."""
    schedule = evolve(None, added(policy), BEGAN)
    for number, event in enumerate(events, start=1):
        schedule = evolve(schedule, event, BEGAN + number)
    return schedule


EXAMPLES: tuple[ScheduleEvent, ...] = (
    ScheduleAdded(
        "nightly",
        "audit",
        "30 2 * * *",
        "Europe/Berlin",
        3,
        {"depth": 2},
        Policy("all", 5, 86_400.0, "queue", 30.0),
        "user:alice",
        "Every night.",
    ),
    e.ScheduleChanged(
        "audit",
        "0 7 * * 1",
        "Asia/Tokyo",
        4,
        {"depth": 3},
        Policy("latest", 0, 3_600.0, "allow", 5.0),
        "user:bob",
        "Less often.",
    ),
    e.SchedulePaused("Holidays."),
    e.ScheduleResumed("Back."),
    e.ScheduleRemoved("No use."),
    e.SlotFired(slot(1), "run-1", 61.5, "late"),
    e.SlotQueued(slot(2), "catch_up"),
    e.SlotSkipped(slot(3), "refused", "There is no workflow 'audit'."),
    e.SlotsSkipped(slot(4), slot(9), 6, "misfired"),
    e.QueuedSlotStarted(slot(2), "run-2", 3600.5),
    e.QueuedSlotsDropped((slot(2), slot(5)), "stopped", "Everything was stopped."),
    e.StartedByHand("run-3", "To see.", True),
    e.ScheduleRunEnded("run-3", "failed", slot(3) + 0.5),
    e.ScheduleAlerted("missed", 7, slot(3), slot(9), "run-3", "Nothing was here."),
)
"""Every event with every field set."""
