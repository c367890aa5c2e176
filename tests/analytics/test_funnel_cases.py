"""What a funnel means, case by case."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from missioncontrol.analytics import funnel
from missioncontrol.analytics.answers import FunnelAnswer
from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.questions import (
    DAY,
    Breakdown,
    Cell,
    Exclusion,
    Funnel,
    Pattern,
    Range,
    Step,
)
from missioncontrol.domain.errors import Rejected
from tests.analytics.database import asked, listed
from tests.analytics.worlds import PRODUCT, Event, World

START = datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None)
STEPS = tuple(Step(Pattern(name), DAY) for name in "abc")
ASKED = Funnel(product=PRODUCT, range=Range(date(2026, 3, 1), date(2026, 3, 2)), steps=STEPS)
LATER = Setting(START + timedelta(days=100))

Done = tuple[str, float]
"""The name of an event, and how many days after the start it happened."""


def test_a_difference_equal_to_the_window_is_still_in_time() -> None:
    assert _reached(("a", 0), ("b", 1)) == [1, 1, 0]
    assert _reached(("a", 0), ("b", 1 + 2e-11)) == [1, 0, 0]


def test_beginning_again_never_takes_a_conversion_away() -> None:
    assert _reached(("a", 0), ("b", 0.5), ("a", 0.6), ("c", 0.9)) == [1, 1, 1]


def test_a_step_may_be_taken_late_to_reach_the_next_in_time() -> None:
    assert _reached(("a", 0), ("b", 0.1), ("b", 0.9), ("c", 1.8)) == [1, 1, 1]


def test_equal_times_count_in_the_order_received() -> None:
    assert _reached(("a", 0), ("b", 0)) == [1, 1, 0]
    assert _reached(("b", 0), ("a", 0)) == [1, 0, 0]


def test_one_event_is_never_two_steps() -> None:
    twice = replace(ASKED, steps=(Step(Pattern("a")), Step(Pattern("a"))))
    assert _reached(("a", 0), asked_for=twice) == [1, 0]
    assert _reached(("a", 0), ("a", 0), asked_for=twice) == [1, 1]


def test_later_steps_may_lie_after_the_range_and_entries_may_not() -> None:
    assert _reached(("a", 1.9), ("b", 2.8), ("c", 3.7)) == [1, 1, 1]
    assert _reached(("a", 2), ("b", 2.1)) == [0, 0, 0]


def test_windows_may_count_from_the_first_step() -> None:
    done = (("a", 0), ("b", 0.9), ("c", 1.1))
    assert _reached(*done, asked_for=replace(ASKED, windows_from="first")) == [1, 1, 0]
    assert _reached(*done) == [1, 1, 1]


def test_the_total_window_counts_from_the_first_step() -> None:
    done = (("a", 0), ("b", 0.9), ("c", 1.1))
    assert _reached(*done, asked_for=replace(ASKED, within=DAY)) == [1, 1, 0]


def test_strict_allows_nothing_in_between() -> None:
    strict = replace(ASKED, order="strict")
    assert _reached(("a", 0), ("x", 0.1), ("b", 0.2), asked_for=strict) == [1, 0, 0]
    assert _reached(("a", 0), ("b", 0.2), ("c", 0.3), asked_for=strict) == [1, 1, 1]


def test_any_order_counts_how_many_different_steps_there_are() -> None:
    free = replace(ASKED, order="any", within=DAY)
    assert _reached(("c", 0), ("c", 0.1), ("a", 0.2), ("b", 0.3), asked_for=free) == [1, 1, 1]
    assert _reached(("c", 0), ("a", 1.2), asked_for=free) == [1, 0, 0]


def test_an_exclusion_forbids_what_lies_between_and_another_chain_may_do() -> None:
    without = replace(ASKED, exclusions=(Exclusion(Pattern("x"), 0, 1),))
    assert _reached(("a", 0), ("x", 0.1), ("b", 0.2), asked_for=without) == [1, 0, 0]
    done = (("a", 0), ("x", 0.1), ("a", 0.15), ("b", 0.2), ("x", 0.3), ("c", 0.4))
    assert _reached(*done, asked_for=without) == [1, 1, 1]


def test_entries_are_counted_one_by_one() -> None:
    entries = replace(ASKED, count="entries")
    assert _reached(("a", 0), ("a", 0.5), ("b", 1.2), asked_for=entries) == [2, 1, 0]


def test_a_session_holds_a_whole_chain() -> None:
    sessions = replace(ASKED, count="sessions")
    minute = 1 / 1_440
    assert _reached(("a", 0), ("b", 29 * minute), asked_for=sessions) == [1, 1, 0]
    assert _reached(("a", 0), ("b", 30 * minute), asked_for=sessions) == [1, 0, 0]


@pytest.mark.parametrize(("days", "lost", "pending"), [(1.4, 0, 1), (1.5, 1, 0)])
def test_nobody_is_lost_while_a_window_is_open(days: float, lost: int, pending: int) -> None:
    setting = Setting(START + timedelta(days=days))
    found = _answer([("a", 0), ("b", 0.5)], ASKED, setting).steps[2]
    assert (found.reached, found.lost, found.pending) == (0, lost, pending)


def test_somebody_who_began_again_is_pending_again() -> None:
    setting = Setting(START + timedelta(days=1.9))
    found = _answer([("a", 0), ("b", 0.1), ("a", 1.5)], ASKED, setting).steps
    assert (found[1].reached, found[2].lost, found[2].pending) == (1, 0, 1)


def test_without_any_window_nobody_is_lost() -> None:
    endless = replace(ASKED, steps=tuple(replace(each, within=None) for each in STEPS))
    found = _answer([("a", 0)], endless, LATER).steps
    assert (found[1].lost, found[1].pending) == (0, 1)


def test_times_are_medians_of_the_first_conversion_from_its_latest_start() -> None:
    done = [("a", 0), ("a", 0.25), ("b", 0.5), ("b", 0.75), ("c", 1)]
    found = _answer(done, ASKED, LATER).steps
    assert (found[1].median, found[2].median) == (0.25 * DAY, 0.75 * DAY)
    assert (found[1].median_step, found[2].median_step) == (0.25 * DAY, 0.25 * DAY)


def test_values_beyond_the_twenty_five_with_most_are_other() -> None:
    values = [f"v{each:02}" for each in range(27) for _ in range(1 + (each > 1))]
    events = [
        Event(seq, "a", START, seq, properties={"k": value}) for seq, value in enumerate(values)
    ]
    world = World(tuple(events), LATER, ASKED.range)
    question = replace(ASKED, breakdown=Breakdown("k"))
    rows = asked(world)
    found = funnel.answer(question, LATER, rows, definition="funnel 1", position=1)
    assert [each.key for each in found.groups] == [
        *(f"v{each:02}" for each in range(2, 27)),
        "other",
    ]
    assert found.groups[-1].steps[0].reached == 2
    cell = Cell(step=0, breakdown="other")
    assert [person for person, _ in listed(rows, funnel.members(question, cell, LATER))] == [0, 1]


def test_a_funnel_of_nobody_has_zeros_and_no_shares() -> None:
    found = _answer([], replace(ASKED, by="day"), LATER)
    assert [each.reached for each in found.steps] == [0, 0, 0]
    assert (found.steps[0].of_first, found.steps[1].of_before, found.steps[2].median) == (None,) * 3
    assert [each.key for each in found.trend] == ["2026-03-01", "2026-03-02"]


def test_the_funnel_of_activation_has_its_windows_from_step_to_step() -> None:
    names = [each.pattern.event for each in funnel.ACTIVATION]
    assert names == ["signup", "onboarding_complete", "first_key_action", "invite"]
    assert [each.within for each in funnel.ACTIVATION] == [None, 7 * DAY, 7 * DAY, 14 * DAY]
    activation = replace(ASKED, steps=funnel.ACTIVATION)
    done = list(zip(names, (0, 7, 14, 28), strict=True))
    assert _reached(*done, asked_for=activation) == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "change",
    [
        {"steps": ()},
        {"steps": STEPS * 4},
        {"within": -1.0},
        {"within": float("nan")},
        {"steps": (STEPS[0], Step(Pattern("b"), float("inf")))},
        {"order": "any", "exclusions": (Exclusion(Pattern("x"), 0, 1),)},
        {"exclusions": (Exclusion(Pattern("x"), 1, 1),)},
        {"exclusions": (Exclusion(Pattern("x"), 0, 3),)},
        {"exclusions": (Exclusion(Pattern("x"), 0, 1),) * 11},
    ],
)
def test_a_funnel_that_can_not_be_meant_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as refused:
        funnel.statement(replace(ASKED, **change), LATER)
    assert refused.value.code == "analytics.bad_funnel"


@pytest.mark.parametrize(
    "cell", [Cell(step=3), Cell(step=-1), Cell(breakdown="x"), Cell(bucket="2026-03-01")]
)
def test_a_count_that_an_answer_has_not_is_refused(cell: Cell) -> None:
    with pytest.raises(Rejected) as refused:
        funnel.members(ASKED, cell, LATER)
    assert refused.value.code == "analytics.bad_cell"


def _reached(*done: Done, asked_for: Funnel = ASKED) -> list[int]:
    return [each.reached for each in _answer(done, asked_for, LATER).steps]


def _answer(done: Sequence[Done], question: Funnel, setting: Setting) -> FunnelAnswer:
    events = tuple(
        Event(seq, name, START + timedelta(days=days), 1) for seq, (name, days) in enumerate(done)
    )
    rows = asked(World(events, setting, question.range))
    return funnel.answer(question, setting, rows, definition="funnel 1", position=1)
