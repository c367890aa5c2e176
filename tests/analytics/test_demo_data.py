"""A seeded product: the same seed gives the same events, and what goes wrong in it is known."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from missioncontrol.analytics.demo_data import Planted, events, planted
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.warehouse import Captured

UNTIL = datetime(2026, 11, 23, 9, 30, tzinfo=UTC).replace(tzinfo=None)
TODAY = UNTIL.date()
DAY = 86_400_000_000


def seeded(
    seed: int = 1, *, users: int = 2_000, days: int = 60, anomalies: bool = True
) -> list[Captured]:
    return list(events(seed, days, users, until=UNTIL, anomalies=anomalies))


def day_of(event: Captured) -> date:
    return date(1970, 1, 1) + timedelta(days=event.happened // DAY)


def many(found: Sequence[Captured], name: str, since: int, until: int) -> int:
    """Return how often something happened from so many days ago to so many, both in it."""
    first, last = TODAY - timedelta(days=since), TODAY - timedelta(days=until)
    return sum(each.name == name and first <= day_of(each) <= last for each in found)


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    once, again, other = (msgspec.json.encode(seeded(seed, users=300)) for seed in (1, 1, 2))
    assert once == again
    assert once != other


def test_every_event_has_an_id_of_its_own_in_the_order_in_which_it_happened() -> None:
    found = seeded(users=500)
    assert len({each.id for each in found}) == len(found)
    assert [each.happened for each in found] == sorted(each.happened for each in found)


def test_it_spans_the_days_before_and_today_up_to_now() -> None:
    found = seeded(users=500, days=20)
    now = int(UNTIL.replace(tzinfo=UTC).timestamp() * 1_000_000)
    assert day_of(found[0]) == TODAY - timedelta(days=20)
    assert now - DAY / 4 < found[-1].happened < now


def test_people_are_the_same_with_and_without_what_goes_wrong() -> None:
    wrong, clean = seeded(), seeded(anomalies=False)
    signups = [[each.user for each in found if each.name == "signup"] for found in (wrong, clean)]
    assert signups[0] == signups[1]


def test_somebody_is_told_of_once_and_their_device_is_theirs_from_the_signup_on() -> None:
    found = [each for each in seeded(users=500) if not each.is_bot]
    counts = Counter(each.user for each in found if each.person)
    assert set(counts.values()) == {1}
    assert all(each.anonymous and each.user for each in found if each.name == "signup")
    assert {"plan", "country", "campaign", "platform"} == set(
        msgspec.json.decode(next(each.person for each in found if each.person))
    )


@pytest.fixture(scope="module")
def wrong() -> list[Captured]:
    return seeded(users=8_000, days=40)


@pytest.fixture(scope="module")
def clean() -> list[Captured]:
    return seeded(users=8_000, days=40, anomalies=False)


def test_fewer_sign_up_at_weekends_and_more_every_week(clean: list[Captured]) -> None:
    weekdays = Counter(day_of(each).weekday() for each in clean if each.name == "signup")
    assert max(weekdays[5], weekdays[6]) < min(weekdays[day] for day in range(4))
    assert many(clean, "signup", 14, 1) > many(clean, "signup", 40, 27)


def test_fewer_come_to_the_end_of_the_onboarding(
    wrong: list[Captured], clean: list[Captured]
) -> None:
    name = "onboarding_complete"
    assert many(wrong, name, 10, 1) / many(clean, name, 10, 1) == pytest.approx(0.65, abs=0.05)
    assert many(wrong, name, 40, 11) == many(clean, name, 40, 11)


def test_there_are_more_errors_in_the_last_days(
    wrong: list[Captured], clean: list[Captured]
) -> None:
    assert many(wrong, "error", 3, 1) / many(clean, "error", 3, 1) == pytest.approx(2.5, abs=0.6)
    assert many(wrong, "error", 30, 4) / many(clean, "error", 30, 4) == pytest.approx(1, abs=0.1)


def test_of_the_cohorts_of_three_to_four_weeks_ago_a_fifth_less_come_back_after_a_week(
    wrong: list[Captured], clean: list[Captured]
) -> None:
    hit = came_back(wrong, 28, 22) / came_back(clean, 28, 22)
    assert hit == pytest.approx(0.8, abs=0.12)
    assert came_back(wrong, 21, 9) / came_back(clean, 21, 9) == pytest.approx(1.0, abs=0.12)


def came_back(found: Sequence[Captured], since: int, until: int) -> int:
    """Return how many who signed up so many days ago were there 7 days later."""
    began = {each.user: day_of(each) for each in found if each.name == "signup"}
    days = {(each.user, day_of(each)) for each in found}
    return sum(
        since >= (TODAY - day).days >= until and (user, day + timedelta(days=7)) in days
        for user, day in began.items()
    )


def test_what_was_planted_is_told_with_its_days() -> None:
    onboarding, errors, retention = planted(TODAY)
    assert onboarding == Planted(
        "conversion.onboarding_complete", date(2026, 11, 13), date(2026, 11, 22), -0.35
    )
    assert (errors.since, errors.until, errors.effect) == (
        date(2026, 11, 20),
        date(2026, 11, 22),
        1.5,
    )
    assert (retention.since, retention.until) == (date(2026, 10, 26), date(2026, 11, 1))


@pytest.mark.parametrize(("days", "users"), [(0, 10), (731, 10), (10, 0), (10, 1_000_001)])
def test_what_is_nothing_or_too_much_is_refused(days: int, users: int) -> None:
    with pytest.raises(Rejected, match="people over"):
        next(events(1, days, users, until=UNTIL))
