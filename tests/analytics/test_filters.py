"""Conditions on events and people hold where they hold event by event, whatever is typed."""

from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.filters import counted, matches
from missioncontrol.analytics.questions import Did, Pattern, Range, Segment, Trend, Where
from missioncontrol.analytics.sql import Parameters
from missioncontrol.domain.errors import Rejected
from tests.analytics.database import asked
from tests.analytics.twins import filtering as twin
from tests.analytics.worlds import PRODUCT, WHERE, Event, Pace, World, patterns, segments, worlds

DIDS = st.builds(Did, patterns(), st.integers(1, 3), st.integers(1, 4), st.booleans())
ASKED = Trend(product=PRODUCT, range=Range(date(2026, 3, 1), date(2026, 3, 2)), series=())
SETTING = Setting(datetime(2026, 4, 1))  # noqa: DTZ001
PACES: tuple[Pace, ...] = ("minutes", "days")
NAMES = (
    "a",
    "a.b",
    "a/b",
    "~",
    "~1",
    'q"r',
    "it's",
    "$p1",
    "*",
    "0",
    "",
    "ключ",
    "{}",
    "a\\b",
    "[0]",
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_segment_leaves_the_events_that_it_leaves_one_by_one(data: st.DataObject) -> None:
    world = data.draw(worlds(pace=data.draw(st.sampled_from(PACES)), days=4))
    segment = data.draw(segments())
    segment = replace(segment, did=tuple(data.draw(st.lists(DIDS, max_size=2))))
    pattern = data.draw(patterns())
    question = replace(ASKED, range=world.range, segment=segment)
    expected = [
        (each.seq, twin.matches(pattern, each, world)) for each in twin.counted(question, world)
    ]
    parameters = Parameters(PRODUCT)
    events = counted(question, world.setting, parameters)
    sql = (
        f"SELECT e.seq, {matches(pattern, parameters, 'e')} FROM {events} e ORDER BY happened, seq"
    )
    assert asked(world)(parameters.statement(sql)) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_property_may_have_any_name(name: str) -> None:
    event = Event(1, "a", datetime(2026, 3, 1, 12), 1, properties={name: "here", "other": 1})  # noqa: DTZ001
    world = World((event,), SETTING, ASKED.range)
    for others in set(NAMES) - {name}:
        assert _found(world, Where(others, "set")) == 0
    assert _found(world, Where(name, "is", ("here",))) == 1


@pytest.mark.parametrize("value", ["'", "$p1", "%", "_", "\\", "x' OR true --", "é", "\n", "1_0"])
def test_a_value_may_be_anything(value: str) -> None:
    found = Event(1, "a", datetime(2026, 3, 1, 12), 1, properties={"k": value})  # noqa: DTZ001
    world = World((found, found._replace(seq=2, properties={"k": "else"})), SETTING, ASKED.range)
    assert _found(world, Where("k", "is", (value,))) == 1
    assert _found(world, Where("k", "contains", (value.upper(),))) == 1
    assert _found(world, Where("k", "at_least", ("0",))) == 0


@pytest.mark.parametrize(
    ("segment", "code"),
    [
        (Segment(where=(Where("k"),)), "analytics.bad_condition"),
        (Segment(where=(Where("k", "contains", ("x",) * 101),)), "analytics.bad_condition"),
        (Segment(where=(Where("k", "set"),) * 21), "analytics.bad_condition"),
        (Segment(where=(Where("k", "above", ("many",)),)), "analytics.bad_condition"),
        (Segment(where=(Where("k", "above", ("inf",)),)), "analytics.bad_condition"),
        (Segment(where=(Where("k", "above", ("1_0",)),)), "analytics.bad_condition"),
        (Segment(where=(Where("k", "above", ("1e999",)),)), "analytics.bad_condition"),
        (Segment(where=(Where("k", "above", ("1-1",)),)), "analytics.bad_condition"),
        (Segment(where=(Where("k", "above", ("1", "2")),)), "analytics.bad_condition"),
        (Segment(did=(Did(Pattern("a"), 0),)), "analytics.bad_segment"),
        (Segment(did=(Did(Pattern("a"), 1, 0),)), "analytics.bad_segment"),
        (Segment(cohorts=("c",) * 21), "analytics.bad_segment"),
    ],
)
def test_what_can_not_be_meant_is_refused(segment: Segment, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        counted(replace(ASKED, segment=segment), SETTING, Parameters(PRODUCT))
    assert refused.value.code == code


@given(where=WHERE)
def test_no_value_is_a_part_of_the_statement(where: Where) -> None:
    hostile = replace(where, property="Robert'); --")
    if where.values and where.operator in ("is", "is_not", "contains", "not_contains"):
        hostile = replace(hostile, values=("Robert'); --",))
    parameters = Parameters(PRODUCT)
    assert "Robert" not in matches(Pattern("Robert'); --", (hostile,)), parameters, "e")


def _found(world: World, where: Where) -> int:
    parameters = Parameters(PRODUCT)
    events = counted(replace(ASKED, segment=Segment((where,))), world.setting, parameters)
    ((count,),) = asked(world)(parameters.statement(f"SELECT count(*) FROM {events}"))
    return int(count)
