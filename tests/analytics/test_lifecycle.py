"""Lifecycles are what going through all people and periods finds."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from missioncontrol.analytics import lifecycle
from missioncontrol.analytics.answers import LifecycleAnswer
from missioncontrol.analytics.questions import Cell, Lifecycle, Pattern
from missioncontrol.domain.errors import Rejected
from tests.analytics.database import Rows, asked, listed
from tests.analytics.twins import lifecycle as twin
from tests.analytics.worlds import PRODUCT, World, patterns, segments, worlds

EXAMPLES = 15
UNITS = ("day", "week", "month")


@st.composite
def questions(draw: st.DrawFn, unit: str) -> tuple[World, Lifecycle]:
    # Not only whole weeks and months, and more days than fit one chunk of bits.
    days = draw(st.sampled_from({"day": (4, 12, 91, 180), "week": (12, 17), "month": (40,)}[unit]))
    world = draw(worlds(pace="days", days=days, events=12 if unit == "day" else 25))
    return world, Lifecycle(
        product=PRODUCT,
        range=world.range,
        segment=draw(segments()),
        pattern=draw(st.just(Pattern()) | patterns()),
        by=unit,  # type: ignore[arg-type]
    )


def answered(rows: Rows, question: Lifecycle, world: World) -> LifecycleAnswer:
    return lifecycle.answer(question, world.setting, rows, definition="lifecycle 1", position=7)


@pytest.mark.parametrize("unit", UNITS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_lifecycle_is_what_going_through_all_people_finds(unit: str, data: st.DataObject) -> None:
    world, question = data.draw(questions(unit))
    found = answered(asked(world), question, world)
    actual = {line.key: (list(line.values), line.total) for line in found.lines}
    assert actual == twin.told(question, world)
    together = [sum(counts) for counts in zip(*(actual[each][0] for each in _ACTIVE), strict=True)]
    assert together == twin.active(question, world)


_ACTIVE = ("new", "returning", "resurrecting")


@pytest.mark.parametrize("unit", UNITS)
@settings(max_examples=EXAMPLES // 3, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_count_of_a_lifecycle_lists_as_many_as_it_says(
    unit: str, data: st.DataObject
) -> None:
    world, question = data.draw(questions(unit))
    rows = asked(world)
    found = answered(rows, question, world)
    for line in found.lines:
        some = data.draw(st.randoms()).sample(range(len(found.buckets)), min(3, len(found.buckets)))
        counts = [(Cell(bucket=found.buckets[at], series=line.key), line.values[at]) for at in some]
        for cell, count in [*counts, (Cell(series=line.key), line.total)]:
            listing = lifecycle.members(question, cell, world.setting)
            people = [person for person, _ in listed(rows, listing)]
            assert len(people) == count
            assert people == twin.members(question, cell, world)


@pytest.mark.parametrize("cell", [Cell(series="gone"), Cell(bucket="1999-01-01", series="new")])
@settings(max_examples=1, deadline=None)
@given(world=worlds(pace="days"))
def test_what_is_no_count_of_a_lifecycle_lists_nobody(cell: Cell, world: World) -> None:
    with pytest.raises(Rejected) as no:
        lifecycle.members(Lifecycle(product=PRODUCT, range=world.range), cell, world.setting)
    assert no.value.code == "analytics.bad_cell"
