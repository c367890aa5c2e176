"""A schedule's line in a list says how it stands, and how its runs went."""

from typing import Any

import msgspec
import pytest

from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.schedule import events as e
from missioncontrol.domain.schedule.events import ScheduleEvent, SlotFired
from missioncontrol.projections.schedules import (
    ScheduleRow,
    apply,
    is_open,
    recent_success_rate,
    success_rate,
)
from tests.domain.schedules import BEGAN, EXAMPLES, added, slot


def row_after(*events: ScheduleEvent) -> ScheduleRow:
    row = apply(None, added(), BEGAN)
    for number, event in enumerate(events, start=1):
        row = apply(row, event, BEGAN + number)
    return row


def runs(outcomes: str) -> list[ScheduleEvent]:
    """Runs that ended one after the other: s, f or c for each."""
    events: list[ScheduleEvent] = []
    names: dict[str, Any] = {"s": "succeeded", "f": "failed", "c": "cancelled"}
    for number, letter in enumerate(outcomes, start=1):
        events.append(SlotFired(slot(number), f"run-{number}"))
        events.append(e.ScheduleRunEnded(f"run-{number}", names[letter], slot(number) + 60))
    return events


@pytest.mark.parametrize(
    ("outcomes", "overall", "recent", "in_a_row"),
    [
        ("", None, None, 0),
        ("c", None, None, 0),
        ("sfsf", 0.5, 0.5, 1),
        ("sffcf", 0.25, 0.25, 3),
        ("f" * 20 + "s" * 20, 0.5, 1.0, 0),
        ("s" * 60 + "f" * 5, 60 / 65, 0.75, 5),
    ],
)
def test_rates_count_what_succeeded_and_failed(
    outcomes: str, overall: float | None, recent: float | None, in_a_row: int
) -> None:
    row = row_after(*runs(outcomes))
    assert (success_rate(row), recent_success_rate(row)) == (overall, recent)
    assert row.failures_in_a_row == in_a_row
    assert len(row.recent) <= 20


def test_the_last_run_is_the_one_that_began_last() -> None:
    row = row_after(
        SlotFired(slot(1), "run-1"),
        e.StartedByHand("run-2"),
        e.ScheduleRunEnded("run-1", "failed", slot(2)),
    )
    assert (row.last_run, row.last_status, row.last_ended) == ("run-2", "running", 0.0)
    assert row.active == ("run-2",)
    row = apply(row, e.ScheduleRunEnded("run-2", "succeeded", slot(3)), slot(3))
    assert (row.last_status, row.last_ended, row.active) == ("succeeded", slot(3), ())


def test_slots_that_wait_or_were_skipped_are_counted() -> None:
    row = row_after(
        e.SlotsSkipped(slot(1), slot(5), 5, "misfired"),
        e.SlotSkipped(slot(6), "overlap"),
        e.SlotQueued(slot(7), "catch_up"),
        e.SlotQueued(slot(8), "catch_up"),
        e.SlotQueued(slot(9), "catch_up"),
        e.QueuedSlotStarted(slot(7), "run-7"),
        e.QueuedSlotsDropped((slot(8), slot(9)), "paused"),
    )
    assert (row.skipped, row.waiting, row.answered) == (8, 0, slot(9))
    assert (row.last_run, row.last_status) == ("run-7", "running")


def test_a_schedule_is_open_until_it_is_removed_and_its_runs_have_ended() -> None:
    assert row_after(e.SchedulePaused("Holidays.")).status == "paused"
    assert is_open(row_after(e.SchedulePaused()))
    assert row_after(e.SchedulePaused(), e.ScheduleResumed("Back.")).reason == "Back."
    ending = row_after(SlotFired(slot(1), "run-1"), e.ScheduleRemoved("No use."))
    assert is_open(ending)
    assert not is_open(apply(ending, e.ScheduleRunEnded("run-1", "failed", slot(2)), slot(2)))


def test_a_schedule_that_begins_anew_owes_nothing_to_the_one_before() -> None:
    row = row_after(*runs("fff"), SlotFired(slot(4), "run-4"), e.ScheduleRemoved(), added())
    row = apply(row, e.ScheduleRunEnded("run-4", "failed", slot(5)), slot(5))
    assert (row.failed, row.failures_in_a_row, row.last_run, row.status) == (0, 0, "", "active")
    assert row.events == 11


def test_the_newest_alert_is_shown() -> None:
    row = row_after(e.ScheduleAlerted("missed", 3), e.ScheduleAlerted("failed", 1))
    assert (row.alert, row.alerted) == ("failed", BEGAN + 2)


def test_a_line_is_stored_and_read_as_it_was() -> None:
    row = row_after(*EXAMPLES[1:3], *runs("sfc"))
    assert msgspec.json.decode(msgspec.json.encode(row), type=ScheduleRow) == row


def test_a_log_without_a_beginning_is_corrupt() -> None:
    with pytest.raises(Corrupt):
        apply(None, e.SchedulePaused(), BEGAN)
