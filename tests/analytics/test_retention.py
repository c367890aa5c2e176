"""Retention answers what looking at every start and every return answers, in all of its modes."""

from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from missioncontrol.analytics import retention
from missioncontrol.analytics.answers import Cohort, RetentionAnswer
from missioncontrol.analytics.calendar import Setting, Weekday
from missioncontrol.analytics.questions import (
    Bracket,
    Breakdown,
    Cell,
    Pattern,
    Range,
    Retention,
    Where,
)
from missioncontrol.domain.errors import Rejected
from tests.analytics.database import Rows, asked, listed
from tests.analytics.twins import retention as twin
from tests.analytics.worlds import PRODUCT, Event, World, patterns, segments, worlds

EXAMPLES = 12
NAMES = ("a", "b")
DAY = timedelta(days=1)
LONG = (108, 114, 160)
"""Days more of a range, so that more periods are looked at than fit into one number."""

MODES = list(
    product(("first", "recurring"), ("exact", "on_or_after", "bracket"), ("calendar", "rolling"))
)
every_mode = pytest.mark.parametrize(("kind", "mode", "periods"), MODES)
quickly = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def retentions(draw: st.DrawFn, kind: Any, mode: Any, periods: Any) -> tuple[World, Retention]:
    world = draw(worlds(pace="days", names=NAMES, events=30))
    since = world.range.since - DAY * draw(st.sampled_from((0, 0, 0, *LONG)))
    start = draw(patterns(NAMES))
    breakdown = st.builds(Breakdown, st.just("k"), st.sampled_from(("event", "person")))
    last = st.sampled_from((1, 2, 3, 8, 90))
    bracket = st.tuples(st.integers(0, 3), st.integers(0, 3) | last).map(sorted)
    return world, Retention(
        product=PRODUCT,
        range=Range(since, world.range.until),
        segment=draw(segments()),
        start=start,
        back=draw(st.one_of(st.sampled_from((start, Pattern())), patterns(NAMES))),
        kind=kind,
        mode=mode,
        brackets=tuple(Bracket(*each) for each in draw(st.lists(bracket, min_size=1, max_size=3))),
        periods=draw(last),
        unit=draw(st.sampled_from(("day", "day", "week", "month"))),
        rolling=periods == "rolling",
        breakdown=draw(st.one_of(st.none(), breakdown)),
    )


def answered(rows: Rows, question: Retention, setting: Setting) -> RetentionAnswer:
    return retention.answer(question, setting, rows, definition="retention 1", position=7)


@every_mode
@quickly
@given(data=st.data())
def test_retention_counts_what_looking_at_everybody_counts(
    kind: str, mode: str, periods: str, data: st.DataObject
) -> None:
    world, question = data.draw(retentions(kind, mode, periods))
    found = answered(asked(world), question, world.setting)
    whole, groups = twin.told(question, world)
    assert (found.cohorts, found.overall) == whole
    assert {each.key: (each.cohorts, each.overall) for each in found.groups} == groups


@every_mode
@settings(quickly, max_examples=EXAMPLES // 3)
@given(data=st.data())
def test_every_count_of_retention_lists_as_many_as_it_says(
    kind: str, mode: str, periods: str, data: st.DataObject
) -> None:
    world, question = data.draw(retentions(kind, mode, periods))
    rows = asked(world)
    found = answered(rows, question, world.setting)
    parts = [(Cell(), found.cohorts)]
    parts += [(Cell(breakdown=each.key), each.cohorts) for each in found.groups]
    for part, cohorts in parts:
        for cohort in [each for each in cohorts if each.size][:3]:
            for period, people in _counts(cohort):
                cell = replace(part, bucket=cohort.bucket, period=period)
                statement = retention.members(question, cell, world.setting)
                behind = [person for person, _ in listed(rows, statement)]
                assert len(behind) == people
                assert behind == twin.members(question, cell, world)


@every_mode
@settings(quickly, max_examples=EXAMPLES // 3)
@given(data=st.data())
def test_a_period_of_all_cohorts_lists_who_came_back_of_those_complete_in_it(
    kind: str, mode: str, periods: str, data: st.DataObject
) -> None:
    world, question = data.draw(retentions(kind, mode, periods))
    rows = asked(world)
    found = answered(rows, question, world.setting)
    everybody = rows(retention.members(question, Cell(), world.setting))
    assert len(everybody) == sum(each.size for each in found.cohorts)
    for column in range(min(len(found.labels), 2)):
        returned = [each.kept[column].people or 0 for each in found.cohorts]
        behind = rows(retention.members(question, Cell(period=column), world.setting))
        assert len(behind) == sum(returned)


def _counts(cohort: Cohort) -> list[tuple[int | None, int]]:
    """Return the counts of a cohort by period, as far as they are known, and its size."""
    pairs = [(period, each.people) for period, each in enumerate(cohort.kept[:4])]
    return [(None, cohort.size), *((period, found) for period, found in pairs if found is not None)]


def world_of(*events: Event, as_of: datetime, zone: str, week_starts: Weekday = "monday") -> World:
    setting = Setting(as_of, zone, week_starts)
    numbered = tuple(each._replace(seq=seq) for seq, each in enumerate(events))
    return World(numbered, setting, Range(date(2026, 10, 19), date(2026, 11, 1)))


def asked_of(world: World, **asked_for: Any) -> RetentionAnswer:
    given_up = {"start": Pattern("a"), "back": Pattern("b"), "periods": 3, **asked_for}
    question = Retention(product=PRODUCT, range=world.range, **given_up)
    return answered(asked(world), question, world.setting)


def test_a_day_of_25_hours_is_one_day_and_24_hours_end_within_it() -> None:
    # On 25 October the clocks of Zurich go back: the day has 25 hours.
    begun = datetime(2026, 10, 24, 22, 30)  # noqa: DTZ001  Half past midnight there.
    world = world_of(
        Event(0, "a", begun, 1),
        Event(0, "b", begun + timedelta(hours=24, minutes=10), 1),
        as_of=begun + 10 * DAY,
        zone="Europe/Zurich",
    )
    by_calendar, rolling = asked_of(world), asked_of(world, rolling=True)
    assert [each.people for each in by_calendar.cohorts[6].kept] == [1, 0, 0, 0]
    assert [each.people for each in rolling.cohorts[6].kept] == [0, 1, 0, 0]


@every_mode
@pytest.mark.parametrize(
    ("did", "returned"),
    [
        ((("b", 0), ("a", 1)), 0),
        ((("b", 1), ("a", 1)), 0),
        ((("a", 1), ("b", 1)), 1),
        ((("b", 0), ("a", 1), ("b", 2)), 1),
    ],
)
def test_only_what_comes_after_the_start_is_a_return(
    kind: str, mode: str, periods: str, did: tuple[tuple[str, int], ...], returned: int
) -> None:
    begun = datetime(2026, 10, 20, 11)  # noqa: DTZ001
    events = (Event(0, name, begun + timedelta(hours=hour), 1) for name, hour in did)
    found = asked_of(
        world_of(*events, as_of=begun + 60 * DAY, zone="UTC"),
        kind=kind,
        mode=mode,
        rolling=periods == "rolling",
        brackets=(Bracket(0, 0),),
    )
    assert found.cohorts[1].kept[0].people == returned


@pytest.mark.parametrize("kind", ["first", "recurring"])
@pytest.mark.parametrize("mode", ["exact", "on_or_after", "bracket"])
def test_half_a_year_by_day_is_as_good_as_a_week(kind: str, mode: str) -> None:
    first = datetime(2026, 5, 5, 12)  # noqa: DTZ001
    days = (0, 118, 119, 120, 121, 179, 239, 240, 241, 269)
    world = World(
        tuple(Event(seq, "a", first + DAY * day, 1) for seq, day in enumerate(days)),
        Setting(first + 400 * DAY),
        Range(date(2026, 5, 5), date(2026, 10, 31)),
    )
    question = Retention(
        product=PRODUCT,
        range=world.range,
        start=Pattern("a"),
        back=Pattern("a"),
        kind=kind,  # type: ignore[arg-type]
        mode=mode,  # type: ignore[arg-type]
        periods=90,
        brackets=(Bracket(0, 0), Bracket(1, 1), Bracket(2, 59), Bracket(58, 62), Bracket(60, 90)),
    )
    found = answered(asked(world), question, world.setting)
    assert (found.cohorts, found.overall) == twin.told(question, world)[0]


@pytest.mark.parametrize(
    ("week_starts", "labels", "expected"),
    [
        ("monday", ["2026-10-19", "2026-10-26"], [1, 0]),
        ("sunday", ["2026-10-18", "2026-10-25", "2026-11-01"], [0, 1]),
        ("saturday", ["2026-10-17", "2026-10-24", "2026-10-31"], [1, 0]),
    ],
)
def test_weeks_begin_where_the_product_says(
    week_starts: Weekday, labels: list[str], expected: list[int]
) -> None:
    saturday = datetime(2026, 10, 24, 12)  # noqa: DTZ001
    world = world_of(
        Event(0, "a", saturday, 1),
        Event(0, "b", saturday + DAY, 1),
        as_of=saturday + 60 * DAY,
        zone="UTC",
        week_starts=week_starts,
    )
    found = asked_of(world, unit="week", periods=1)
    assert [each.bucket for each in found.cohorts] == labels
    (cohort,) = (each for each in found.cohorts if each.size)
    assert [each.people for each in cohort.kept] == expected


def test_a_cell_is_empty_until_its_period_is_over_for_everybody() -> None:
    begun = datetime(2026, 10, 20, 1)  # noqa: DTZ001
    events = (Event(0, "a", begun, 1), Event(0, "b", begun + DAY, 1))
    noon = world_of(*events, as_of=datetime(2026, 10, 22, 12), zone="UTC")  # noqa: DTZ001
    modes: dict[str, dict[str, Any]] = {
        "calendar": {},
        "rolling": {"rolling": True},
        "later": {"mode": "on_or_after"},
    }
    known = {
        name: [each.people for each in asked_of(noon, **mode).cohorts[1].kept]
        for name, mode in modes.items()
    }
    # Of those who begin on the 20th the last could do so just before midnight.
    assert known["calendar"] == [0, 1, None, None]
    assert known["rolling"] == [0, None, None, None]
    assert known["later"] == [1, 1, None, None]
    found = asked_of(noon)
    assert [each.size for each in found.cohorts[:4]] == [0, 1, 0, 0]
    assert found.overall == (0.0, 1.0, None, None)


@pytest.mark.parametrize(
    ("late", "expected"), [(timedelta(0), 1), (timedelta(microseconds=1), None)]
)
def test_a_rolling_period_is_over_so_long_after_the_last_who_could_begin(
    late: timedelta, expected: int | None
) -> None:
    # Of the week that begins on 1 November only this day is in the range.
    begun, end = datetime(2026, 11, 1, 8), datetime(2026, 11, 2)  # noqa: DTZ001
    world = world_of(
        Event(0, "a", begun, 1),
        Event(0, "b", begun + DAY, 1),
        as_of=end + 7 * DAY - late,
        zone="UTC",
        week_starts="sunday",
    )
    found = asked_of(world, unit="week", rolling=True)
    assert (found.cohorts[2].bucket, found.cohorts[2].size) == ("2026-11-01", 1)
    assert found.cohorts[2].kept[0].people == expected


def test_cohorts_that_are_complete_weigh_by_their_size() -> None:
    first = datetime(2026, 10, 19, 8)  # noqa: DTZ001
    events = [Event(0, "a", first, person) for person in (1, 2, 3)]
    events += [Event(0, "a", first + DAY, 4), Event(0, "a", first + 2 * DAY, 5)]
    events += [Event(0, "b", first + DAY, 1), Event(0, "b", first + 2 * DAY, 4)]
    world = world_of(*events, as_of=first + timedelta(days=2, hours=20), zone="UTC")
    found = asked_of(world)
    assert [each.kept[1].people for each in found.cohorts[:3]] == [1, 1, None]
    assert found.overall[1] == pytest.approx(2 / 4)


def test_values_beyond_the_25_most_common_are_told_together() -> None:
    begun = datetime(2026, 10, 20)  # noqa: DTZ001
    events = [
        Event(0, "a", begun, 100 * value + person, properties={"k": f"v{value:02}"})
        for value in range(28)
        for person in range(2 if value < 24 else 1)
    ]
    events.append(Event(0, "a", begun, 9_999, properties={"k": "other"}))
    world = world_of(*events, as_of=begun + 60 * DAY, zone="UTC")
    question = Retention(
        product=PRODUCT,
        range=world.range,
        start=Pattern("a"),
        back=Pattern("b"),
        breakdown=Breakdown("k"),
    )
    rows = asked(world)
    found = answered(rows, question, world.setting)
    assert [each.key for each in found.groups] == [*(f"v{each:02}" for each in range(24)), "other"]
    assert found.groups[-1].cohorts[1].size == 5
    cell = Cell(bucket="2026-10-20", breakdown="other")
    assert len(rows(retention.members(question, cell, world.setting))) == 5


def test_brackets_are_told_by_what_they_span() -> None:
    begun = datetime(2026, 10, 20)  # noqa: DTZ001
    world = world_of(Event(0, "a", begun, 1), as_of=begun + 60 * DAY, zone="UTC")
    found = asked_of(world, mode="bracket", brackets=(Bracket(1, 3), Bracket(7, 7)), unit="week")
    assert found.labels == ("W1 to W3", "W7")


@pytest.mark.parametrize(
    "asked_for",
    [
        {"periods": 0},
        {"periods": 91},
        {"mode": "bracket"},
        {"mode": "bracket", "brackets": (Bracket(3, 1),)},
        {"mode": "bracket", "brackets": (Bracket(0, 91),)},
        {"mode": "bracket", "brackets": (Bracket(0, 1),) * 21},
    ],
)
def test_what_can_not_be_meant_is_refused(asked_for: dict[str, Any]) -> None:
    begun = datetime(2026, 10, 20)  # noqa: DTZ001
    with pytest.raises(Rejected) as refused:
        asked_of(world_of(as_of=begun, zone="UTC"), **asked_for)
    assert refused.value.code == "analytics.bad_retention"


@pytest.mark.parametrize(
    "cell", [Cell(bucket="2020-01-01"), Cell(period=11), Cell(period=-1), Cell(breakdown="x")]
)
def test_a_count_that_the_answer_does_not_have_is_refused(cell: Cell) -> None:
    world = world_of(as_of=datetime(2026, 11, 3), zone="UTC")  # noqa: DTZ001
    question = Retention(
        product=PRODUCT, range=world.range, start=Pattern(), back=Pattern("b", (Where("k", "set"),))
    )
    with pytest.raises(Rejected) as refused:
        retention.members(question, cell, world.setting)
    assert refused.value.code == "analytics.bad_cell"
