"""A schedule that is changed goes on as it is now; a slot that is skipped by hand has no run."""

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.schedule.commands import ChangeSchedule, Due, SkipSlot
from missioncontrol.domain.schedule.decide import decide
from missioncontrol.domain.schedule.events import (
    Policy,
    ScheduleChanged,
    ScheduleEvent,
    SchedulePaused,
    ScheduleRemoved,
    SlotFired,
    SlotSkipped,
)
from missioncontrol.domain.schedule.evolve import evolve
from missioncontrol.projections.schedules import apply
from tests.domain.schedules import BEGAN, SKIPPING, added, due, schedule_after, slot


def change(found: Due, *, cron: str = "0 7 * * 1", policy: Policy = SKIPPING) -> ChangeSchedule:
    inputs = {"depth": 3}
    times = ("audit", cron, "Asia/Tokyo", 4, inputs, policy, "user:bob", "Less often.")
    return ChangeSchedule("nightly", *times, due=found)


def answered(command: ChangeSchedule | SkipSlot, *before: ScheduleEvent) -> list[ScheduleEvent]:
    return decide(command, schedule_after(*before), slot(2))


def test_slots_up_to_a_change_are_those_it_had_before() -> None:
    skipped, changed = answered(change(due(slot(2) + 1, 2)), SlotFired(slot(1), "run-1"))
    assert skipped == SlotSkipped(slot(2), "changed")
    assert isinstance(changed, ScheduleChanged)
    schedule = evolve(schedule_after(SlotFired(slot(1), "run-1")), changed, slot(2) + 5)
    assert (schedule.cron, schedule.zone, schedule.version) == ("0 7 * * 1", "Asia/Tokyo", 4)
    assert schedule.author == "user:bob"
    assert schedule.answered == slot(2) + 5
    assert schedule.active == ("run-1",)


def test_a_change_to_what_it_is_already_says_nothing() -> None:
    (changed,) = answered(change(Due(slot(1))))
    schedule = evolve(schedule_after(), changed, slot(1))
    assert decide(change(Due(slot(1))), schedule, slot(1)) == []


def test_a_paused_schedule_stays_paused_when_it_is_changed() -> None:
    skipped, changed = answered(change(due(slot(3), 2)), SchedulePaused("Holidays."))
    assert skipped == SlotSkipped(slot(2), "paused")
    schedule = evolve(schedule_after(SchedulePaused("Holidays.")), changed, slot(3))
    assert not schedule.is_active


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (change(Due(slot(2)), policy=Policy("skip", 3)), "schedule.bad_policy"),
        (SkipSlot("nightly", BEGAN, "x"), "schedule.answered"),
        (SkipSlot("nightly", slot(3), "x" * 2_001), "schedule.bad_reason"),
    ],
)
def test_what_does_not_fit_is_refused(command: ChangeSchedule | SkipSlot, code: str) -> None:
    with pytest.raises(Rejected) as no:
        answered(command)
    assert no.value.code == code


def test_a_schedule_that_is_over_is_neither_changed_nor_skipped() -> None:
    for command in (change(Due(slot(2))), SkipSlot("nightly", slot(3))):
        with pytest.raises(Rejected) as no:
            answered(command, ScheduleRemoved("No use."))
        assert no.value.code == "schedule.removed"


def test_a_paused_schedule_has_no_slot_to_skip() -> None:
    with pytest.raises(Rejected) as no:
        answered(SkipSlot("nightly", slot(3)), SchedulePaused("Holidays."))
    assert no.value.code == "schedule.not_active"


def test_a_slot_that_is_skipped_by_hand_is_answered() -> None:
    (skipped,) = answered(SkipSlot("nightly", slot(3), "A fair."))
    assert skipped == SlotSkipped(slot(3), "by_hand", "A fair.")
    assert evolve(schedule_after(), skipped, slot(2)).answered == slot(3)


def test_the_row_of_a_schedule_follows_its_change() -> None:
    (changed,) = answered(change(Due(slot(2))))
    row = apply(apply(None, added(), BEGAN), changed, slot(2))
    assert (row.cron, row.author, row.answered, row.events) == (
        "0 7 * * 1",
        "user:bob",
        slot(2),
        2,
    )
