"""Days that differ from those before them, as distinct from chance, weekdays and trends."""

import pytest

from missioncontrol.analytics.detection.windows import (
    Window,
    last_day,
    last_week,
    needed,
    unusual,
    window_of,
)
from missioncontrol.analytics.series import Daily
from tests.analytics.detection.days import between, counts, given, never, shares

SEEDS = range(12)


def found_in(found: Daily, *, recent: int = 6, shortest: int = 1) -> Window | None:
    limit = needed(20, len(found.days), 0.05, recent=recent)
    return unusual(found, limit, recent=recent, shortest=shortest)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", [3, 40, 1_000])
def test_weekdays_growth_and_chance_are_as_usual(seed: int, level: float) -> None:
    assert found_in(counts(seed, level, growth=0.006)) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_drop_is_found_with_its_days_and_its_size(seed: int) -> None:
    window = found_in(counts(seed, 300, between(60, 70, 0.65)))
    assert window is not None
    assert abs(window.since - 60) <= 1
    assert window.until == 70
    assert window.effect == pytest.approx(-0.35, abs=0.08)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rise_of_the_last_days_is_found(seed: int) -> None:
    window = found_in(counts(seed, 100, between(67, 70, 2.5)))
    assert window is not None
    assert (window.since, window.until) == (67, 70)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_ended_before_the_last_day_is_found_with_its_end(seed: int) -> None:
    window = found_in(counts(seed, 300, between(62, 66, 0.4)))
    assert window is not None
    assert (window.since, window.until) == (62, 66)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_ended_long_ago_is_no_news(seed: int) -> None:
    assert found_in(counts(seed, 300, between(40, 50, 0.5))) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_what_changed_for_good_is_usual_after_some_weeks(seed: int) -> None:
    assert found_in(counts(seed, 300, between(25, 90, 0.6), growth=0.0)) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_share_that_falls_is_found_and_one_that_does_not_is_not(seed: int) -> None:
    window = found_in(shares(seed, 200, 0.5, between(60, 70, 0.7)))
    assert window is not None
    assert abs(window.since - 60) <= 2
    assert found_in(shares(seed, 200, 0.5)) is None


def test_more_people_with_the_same_share_are_no_change_of_the_share() -> None:
    usual = shares(3, 200, 0.5)
    doubled = given(
        [hits * (2 if day >= 65 else 1) for day, hits in enumerate(usual.hits)],
        [base * (2 if day >= 65 else 1) for day, base in enumerate(usual.bases)],
    )
    assert found_in(doubled) is None


def test_a_flat_series_has_noise_all_the_same() -> None:
    assert found_in(given([400.0] * 69 + [425.0])) is None
    window = found_in(given([400.0] * 69 + [800.0]))
    assert window is not None
    assert (window.since, window.until) == (69, 70)


def test_what_was_never_there_and_comes_often_is_found() -> None:
    window = found_in(given([0.0] * 68 + [90.0, 120.0]))
    assert window is not None
    assert window.since == 68


def test_what_ends_altogether_is_found() -> None:
    window = found_in(counts(1, 80, between(68, 70, 0.0)))
    assert window is not None
    assert window.effect == -1.0


def test_a_few_more_of_few_are_not_told() -> None:
    assert found_in(given([1.0] * 69 + [9.0])) is None
    assert found_in(given([0.0] * 69 + [11.0])) is None


def test_what_grows_bit_by_bit_is_a_trend() -> None:
    slowly = [500 * (1.0 if day < 42 else 1 + 0.006 * (day - 42)) for day in range(70)]
    assert found_in(given(slowly)) is None


def test_a_bad_week_within_the_days_before_does_not_hide_a_new_one() -> None:
    def change(day: int) -> float:
        return 0.5 if 45 <= day < 50 or day >= 65 else 1.0

    window = found_in(counts(5, 300, change))
    assert window is not None
    assert abs(window.since - 65) <= 1


@pytest.mark.parametrize("many", [0, 1, 7, 13])
def test_of_few_days_nothing_is_told(many: int) -> None:
    assert found_in(counts(1, 300, between(many - 1, many, 3.0), many=many)) is None


def test_of_two_weeks_the_last_is_told_beside_the_first() -> None:
    window = found_in(counts(1, 300, between(7, 14, 0.4), many=14))
    assert window is not None
    assert (window.since, window.until) == (7, 14)
    assert found_in(counts(1, 300, never, many=14)) is None


def test_a_change_is_told_by_the_week_and_the_day_where_it_shows_there() -> None:
    week = found_in(counts(2, 900, between(63, 70, 0.4)))
    day = found_in(counts(2, 900, between(69, 70, 0.3)))
    assert week is not None
    assert day is not None
    assert week.methods == ("week", "day", "change")
    assert day.methods == ("day", "change")


def test_the_last_week_is_laid_beside_the_one_before() -> None:
    fell, same = counts(4, 300, between(63, 70, 0.6)), counts(4, 300)
    scores = [last_week(each) for each in (fell, same)]
    assert scores[0] is not None
    assert scores[0] < -5
    assert scores[1] is not None
    assert abs(scores[1]) < 3
    assert last_week(counts(4, 300, many=13)) is None


def test_the_last_day_is_laid_beside_the_median_of_its_weekday() -> None:
    # The last day is a Sunday: as many as on a Monday are too many.
    score, usual = (last_day(counts(4, 300, each)) for each in (between(69, 70, 1.5), never))
    assert score is not None
    assert score > 4
    assert usual is not None
    assert abs(usual) < 3
    assert last_day(counts(4, 300, many=8)) is None


def test_the_more_is_looked_at_the_more_is_needed() -> None:
    assert needed(40, 60, 0.01) > needed(4, 60, 0.01) > needed(4, 60, 0.1)
    assert needed(4, 20, 0.01) > needed(4, 60, 0.01)
    assert needed(4, 60, 0.01, recent=20) > needed(4, 60, 0.01)


def test_what_is_expected_of_days_is_told_whatever_they_are() -> None:
    found = counts(6, 300)
    window = window_of(found, 63, 70)
    assert window is not None
    low, high = window.expected.between()
    assert low < window.observed < high
    assert window_of(found, 3, 5) is None


def test_a_usual_week_after_an_unusual_one_is_no_news_of_its_own() -> None:
    window = found_in(counts(7, 900, between(56, 63, 2.0)))
    assert window is None or window.until <= 64


def test_what_falls_bit_by_bit_is_told_once_a_week_is_far_below_the_one_before() -> None:
    falling = given([4000 * (1.0 if day < 56 else 0.93 ** (day - 56)) for day in range(70)])
    window = found_in(falling)
    assert window is not None
    assert window.until == 70
    assert window.effect < -0.2
