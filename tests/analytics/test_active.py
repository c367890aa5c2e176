"""Active people are those whom going through all days finds, exactly."""

from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from missioncontrol.analytics import active
from missioncontrol.analytics.answers import ActiveAnswer
from missioncontrol.analytics.calendar import Setting, days_before
from missioncontrol.analytics.questions import Active, Cell, Range
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.warehouse import Statement
from tests.analytics.database import Rows, asked, listed
from tests.analytics.twins import active as twin
from tests.analytics.worlds import PRODUCT, World, patterns, segments, worlds

EXAMPLES = 14


@st.composite
def questions(draw: st.DrawFn) -> tuple[World, Active]:
    # 100 days and more do not fit one chunk of bits; from 43 on, these and the days before do not.
    days = draw(st.sampled_from((1, 9, 28, 42, 43, 90, 91, 100, 180)))
    world = draw(worlds(pace="days", days=days, events=25))
    return world, Active(
        product=PRODUCT,
        range=world.range,
        segment=draw(segments()),
        pattern=draw(patterns()),
        compared=draw(st.booleans()),
    )


def answered(rows: Rows, question: Active, world: World) -> ActiveAnswer:
    return active.answer(question, world.setting, rows, definition="active 1", position=7)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=questions())
def test_active_people_are_those_whom_going_through_all_days_finds(
    drawn: tuple[World, Active],
) -> None:
    world, question = drawn
    found = answered(asked(world), question, world)
    expected = twin.told(question, world)
    before = twin.told(question, world, before=True) if question.compared else {}
    assert [line.key for line in found.lines] == list(expected)
    for line in found.lines:
        assert (list(line.values), line.total) == expected[line.key]
        assert (list(line.before), line.total_before) == before.get(line.key, ([], None))
    assert len(found.buckets) == len(found.complete)
    assert len(found.buckets_before) == (len(found.buckets) if question.compared else 0)


def test_nothing_is_compared_with_days_before_the_data() -> None:
    """Each line needs its own windows in the data: those of WAU and MAU begin earlier."""
    last, week = date(2026, 11, 15), timedelta(days=7)
    question = Active(product=PRODUCT, range=Range(last - week, last), compared=True)
    first = days_before(question.range).since
    compared = {0: {"dau"}, 6: {"dau", "wau"}, 29: {"dau", "wau", "mau", "stickiness"}, -1: set()}
    for earlier, keys in compared.items():
        begins = first - timedelta(days=earlier)
        setting = Setting(datetime(2026, 12, 1), begins=begins)  # noqa: DTZ001 - UTC
        world = World((), setting, question.range)
        found = answered(asked(world), question, world)
        assert {line.key for line in found.lines if line.before} == keys
        assert found.data_since == ("" if keys else begins.isoformat())


@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=questions(), chance=st.randoms())
def test_every_count_of_active_people_lists_as_many_as_it_says(
    drawn: tuple[World, Active], chance: Random
) -> None:
    world, question = drawn
    rows = asked(world)
    found = answered(rows, question, world)
    for line in found.lines[:3]:
        counts = [(Cell(series=line.key), line.total)]
        for at in chance.sample(range(len(found.buckets)), min(5, len(found.buckets))):
            counts.append((Cell(bucket=found.buckets[at], series=line.key), line.values[at]))
            if question.compared:
                cell = Cell(bucket=found.buckets_before[at], series=line.key, before=True)
                counts.append((cell, line.before[at]))
        for cell, count in counts:
            people = [person for person, _ in listed(rows, _members(question, cell, world))]
            assert len(people) == count
            assert people == twin.members(question, cell, world)


def _members(question: Active, cell: Cell, world: World) -> Statement:
    return active.members(question, cell, world.setting)


@pytest.mark.parametrize(
    "cell",
    [
        Cell(series="stickiness"),
        Cell(series=""),
        Cell(series="dau", bucket="1999-01-01"),
        Cell(series="dau", before=True),
    ],
)
@settings(max_examples=1, deadline=None)
@given(world=worlds(pace="days"))
def test_what_is_no_count_of_active_people_lists_nobody(cell: Cell, world: World) -> None:
    with pytest.raises(Rejected) as no:
        _members(Active(product=PRODUCT, range=world.range), cell, world)
    assert no.value.code == "analytics.bad_cell"
