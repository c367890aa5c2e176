"""A range is laid beside as many days before it, weekday by weekday, whatever clocks do."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.analytics.calendar import Setting, buckets, start_of, zone_of
from missioncontrol.analytics.comparison import beside, change, earlier
from missioncontrol.analytics.questions import Range, Unit

ZURICH = Setting(datetime(2026, 12, 1), "Europe/Zurich")  # noqa: DTZ001 - moments are UTC


def laid(found: Range, unit: Unit) -> dict[str, str]:
    """Return the label of each period, and of the one beside it."""
    periods, before = buckets(found, unit, ZURICH), earlier(found, unit, ZURICH)
    places = beside(periods, before, unit, ZURICH)
    return {
        each.label: "" if at is None else before[at].label
        for each, at in zip(periods, places, strict=True)
    }


def test_hours_of_a_short_day_are_laid_beside_those_of_the_same_name() -> None:
    found = laid(Range(date(2026, 3, 29), date(2026, 3, 29)), "hour")
    assert len(found) == 23
    assert found["2026-03-29T01:00+01:00"] == "2026-03-22T01:00+01:00"
    assert found["2026-03-29T03:00+02:00"] == "2026-03-22T03:00+01:00"
    assert found["2026-03-29T23:00+02:00"] == "2026-03-22T23:00+01:00"


def test_an_hour_that_comes_twice_has_nothing_beside_it_the_second_time() -> None:
    found = laid(Range(date(2026, 10, 25), date(2026, 10, 25)), "hour")
    assert len(found) == 25
    assert found["2026-10-25T02:00+02:00"] == "2026-10-18T02:00+02:00"
    assert found["2026-10-25T02:00+01:00"] == ""
    assert found["2026-10-25T03:00+01:00"] == "2026-10-18T03:00+02:00"


def test_an_hour_that_was_left_out_before_has_nothing_beside_it() -> None:
    found = laid(Range(date(2026, 4, 5), date(2026, 4, 5)), "hour")
    assert found["2026-04-05T02:00+02:00"] == ""
    assert found["2026-04-05T03:00+02:00"] == "2026-03-29T03:00+02:00"


@given(days=st.integers(1, 180), start=st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_each_day_stands_beside_its_weekday_and_none_on_both_sides(days: int, start: date) -> None:
    found = Range(start, start + timedelta(days=days - 1))
    sides = laid(found, "day")
    both = [(date.fromisoformat(day), date.fromisoformat(was)) for day, was in sides.items()]
    assert all(day.weekday() == was.weekday() for day, was in both)
    assert not set(sides) & set(sides.values())
    assert both[0][0] - both[0][1] < timedelta(days=days + 7), "no week further than it must be"


def test_a_month_is_laid_beside_equally_many_days() -> None:
    found = Range(date(2026, 3, 1), date(2026, 3, 31))
    assert laid(found, "month") == {"2026-03-01": "2026-01-25"}
    (before,) = earlier(found, "month", ZURICH)
    zone = zone_of("Europe/Zurich")
    assert before.since == start_of(date(2026, 1, 25), zone)
    assert before.until == start_of(date(2026, 2, 25), zone)


def test_whole_weeks_are_laid_beside_whole_weeks() -> None:
    found = laid(Range(date(2026, 3, 23), date(2026, 4, 5)), "week")
    assert found == {"2026-03-23": "2026-03-09", "2026-03-30": "2026-03-16"}


@pytest.mark.parametrize(
    ("total", "before", "expected"),
    [(11.0, 10.0, 0.1), (5.0, 0.0, None), (None, 1.0, None), (1.0, None, None), (-1.0, -2.0, 0.5)],
)
def test_a_change_is_told_where_there_is_something_to_compare(
    total: float | None, before: float | None, expected: float | None
) -> None:
    assert change(total, before) == pytest.approx(expected)
