"""Days, weeks and months of a product's time zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.analytics.calendar import (
    Setting,
    Weekday,
    bounds,
    buckets,
    day_of,
    days_before,
    interval_for,
    is_comparable,
    start_of,
)
from missioncontrol.analytics.questions import Range, Unit
from missioncontrol.domain.errors import Rejected

NOW = datetime(2026, 11, 23, tzinfo=UTC).replace(tzinfo=None)
ZONES = ["UTC", "Europe/Zurich", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu"]
ZONES += ["Australia/Lord_Howe", "Asia/Beirut", "America/Havana", "Africa/Cairo"]


@given(
    st.dates(date(2015, 1, 1), date(2027, 1, 1)),
    st.integers(1, 180),
    st.sampled_from(["hour", "day", "week", "month"]),
    st.sampled_from(ZONES),
    st.sampled_from(["monday", "sunday", "saturday"]),
)
def test_periods_cover_a_range_without_gap_or_overlap(
    since: date, days: int, unit: Unit, zone: str, week_starts: Weekday
) -> None:
    setting = Setting(NOW, zone, week_starts)
    found = Range(since, since + timedelta(days=days - 1))
    first, end = bounds(found, setting)
    periods = buckets(found, unit, setting)
    edges = [first, *(each.until for each in periods)]
    assert [each.since for each in periods] == edges[:-1]
    assert edges[-1] == end
    assert all(each.since < each.until for each in periods)
    assert len({each.label for each in periods}) == len(periods)


@given(st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.sampled_from(ZONES))
def test_a_day_begins_with_its_first_moment_and_ends_with_its_last(day: date, zone: str) -> None:
    setting = Setting(NOW, zone)
    begun = start_of(day, ZoneInfo(zone))
    assert day_of(begun, setting) == day
    assert day_of(begun - timedelta(microseconds=1), setting) < day


def test_a_midnight_that_clocks_show_twice_begins_a_day_once() -> None:
    # Havana goes back from one to midnight: the day has two first hours. St. John's went back from
    # a minute past midnight to the day before, and the new day began again.
    assert start_of(date(2026, 11, 1), ZoneInfo("America/Havana")) == datetime(2026, 11, 1, 4)  # noqa: DTZ001
    assert start_of(date(2010, 11, 7), ZoneInfo("America/St_Johns")) == datetime(2010, 11, 7, 3, 30)  # noqa: DTZ001


def test_a_day_of_a_clock_change_has_as_many_hours_as_it_has() -> None:
    setting = Setting(NOW, "Europe/Zurich")
    short, long = date(2026, 3, 29), date(2026, 10, 25)
    assert len(buckets(Range(short, short), "hour", setting)) == 23
    assert len(buckets(Range(long, long), "hour", setting)) == 25


def test_what_is_cut_off_by_the_range_is_not_complete() -> None:
    setting = Setting(NOW)
    periods = buckets(Range(date(2026, 10, 7), date(2026, 11, 30)), "month", setting)
    assert [each.label for each in periods] == ["2026-10-01", "2026-11-01"]
    assert [each.is_complete(setting.as_of) for each in periods] == [False, False]
    assert periods[1].is_whole


def test_what_a_range_is_compared_with_is_as_long_and_ends_the_day_before() -> None:
    assert days_before(Range(date(2026, 10, 25), date(2026, 10, 31))) == Range(
        date(2026, 10, 18), date(2026, 10, 24)
    )


@pytest.mark.parametrize(
    ("since", "until"), [("2026-02-02", "2026-02-01"), ("1900-01-01", "2026-07-01")]
)
def test_a_range_that_is_none_or_too_long_is_refused(since: str, until: str) -> None:
    with pytest.raises(Rejected, match="it must be 1 to 36,600"):
        bounds(Range(date.fromisoformat(since), date.fromisoformat(until)), Setting(NOW))


def test_ranges_of_years_are_answered_by_a_period_that_fits() -> None:
    years = Range(date(2016, 1, 1), date(2026, 1, 1))
    assert len(buckets(years, "day", Setting(NOW))) == 3_654
    with pytest.raises(Rejected, match="87,696 hours") as refused:
        buckets(years, "hour", Setting(NOW))
    assert "longer period" in refused.value.hint
    lengths = {
        timedelta(days=28): "day",
        timedelta(days=400): "week",
        timedelta(days=1_500): "month",
    }
    for length, unit in lengths.items():
        assert interval_for(Range(years.until - length, years.until)) == unit


def test_a_comparison_needs_all_the_days_before_in_the_data() -> None:
    week = Range(date(2026, 11, 9), date(2026, 11, 15))
    for begins, is_within in ((date(2026, 11, 2), True), (date(2026, 11, 3), False), (None, True)):
        assert is_comparable(week, Setting(NOW, begins=begins)) is is_within
    assert not is_comparable(week, Setting(NOW, begins=date(2026, 11, 2)), reach=1)


def test_a_zone_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(Rejected, match="no time zone 'Mars/Base'"):
        bounds(Range(NOW.date(), NOW.date()), Setting(NOW, "Mars/Base"))
    assert start_of(NOW.date(), ZoneInfo("UTC")) == NOW


@pytest.mark.parametrize(
    "found",
    [
        Range(date(790, 7, 18), date(4108, 11, 2)),
        Range(date(1, 1, 1), date(1, 1, 2)),
        Range(date(9999, 12, 30), date(9999, 12, 31)),
        Range(date(2026, 11, 2), date(2026, 11, 1)),
    ],
)
def test_days_out_of_reach_are_refused_and_never_break_the_calendar(found: Range) -> None:
    for resolve in (days_before, lambda asked: bounds(asked, Setting(NOW))):
        with pytest.raises(Rejected) as refused:
            resolve(found)
        assert refused.value.code == "analytics.bad_range"
