"""Ranges from comparable cases: what they hold, however the cases are spread."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.specialists.estimating.ranges import (
    Range,
    foreseen,
    rounded,
    whole,
)

VALUES = st.lists(
    st.floats(0, 1e9, allow_nan=False, allow_subnormal=False), min_size=1, max_size=60
)


@given(VALUES, st.sampled_from([0.6, 0.8, 0.95]))
def test_the_middle_lies_within_its_range(values: list[float], share: float) -> None:
    span = foreseen(values, share)
    assert 0 <= span.low <= span.likely * (1 + 1e-9)
    assert span.likely <= span.high * (1 + 1e-9)


@given(VALUES)
def test_a_range_for_a_larger_share_is_no_narrower(values: list[float]) -> None:
    narrow, wide = foreseen(values, 0.6), foreseen(values, 0.9)
    assert wide.low <= narrow.low * (1 + 1e-9)
    assert wide.high >= narrow.high * (1 - 1e-9)


@given(VALUES)
def test_the_order_of_the_cases_does_not_matter(values: list[float]) -> None:
    assert foreseen(values) == foreseen(list(reversed(values)))


@pytest.mark.parametrize("count", [5, 9, 20, 40])
def test_about_eight_of_ten_further_cases_fall_in(count: int) -> None:
    chance = random.Random(count)
    inside = 0
    for _ in range(2_000):
        drawn = [chance.lognormvariate(3, 1.2) for _ in range(count + 1)]
        inside += foreseen(drawn[1:]).holds(drawn[0])
    assert 0.76 <= inside / 2_000 <= 0.88


def test_few_cases_reach_beyond_the_least_and_the_most() -> None:
    span = foreseen([10.0, 20.0, 40.0])
    assert span.low < 10
    assert span.high > 40
    assert span.likely == pytest.approx(20)


def test_cases_that_are_all_alike_leave_no_width() -> None:
    assert foreseen([7.0] * 12) == pytest.approx((7.0, 7.0, 7.0))


def test_counted_things_come_in_whole_numbers_within_the_range() -> None:
    assert whole(Range(1.2, 3.4, 7.9)) == (2, 3, 7)
    assert whole(Range(2.1, 2.2, 2.3)) == (2, 2, 2)


def test_durations_keep_three_digits() -> None:
    assert rounded(Range(1.23456, 12.3456, 123.456)) == (1.23, 12.3, 123)


@pytest.mark.parametrize(
    ("low", "high", "is_narrow"), [(1, 10, True), (1, 11, False), (3, 30, True), (0, 1, False)]
)
def test_a_range_says_enough_up_to_ten_times_its_least(
    low: float, high: float, is_narrow: bool
) -> None:
    assert Range(low, low, high).is_narrow is is_narrow
