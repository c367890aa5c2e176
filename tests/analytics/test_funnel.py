"""Funnels answer what trying every chain of events answers, in all of their modes."""

from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from missioncontrol.analytics import funnel
from missioncontrol.analytics.answers import FunnelAnswer, StepCount, first_steps
from missioncontrol.analytics.questions import Breakdown, Cell, Exclusion, Funnel, Step
from tests.analytics.database import Rows, asked, listed
from tests.analytics.twins import funnel as twin
from tests.analytics.worlds import PRODUCT, Pace, World, patterns, segments, worlds

EXAMPLES = 20
PACES: tuple[Pace, ...] = ("minutes", "minutes", "days")
STATES: tuple[Literal["converted", "lost", "pending"], ...] = ("converted", "lost", "pending")

MODES = [
    (order, count)
    for order in ("ordered", "strict", "any")
    for count in ("people", "entries", "sessions")
]


@st.composite
def funnels(draw: st.DrawFn, order: Any, count: Any) -> tuple[World, Funnel]:
    pace: Pace = draw(st.sampled_from(PACES))
    world = draw(worlds(pace=pace, days=4, sessions=count == "sessions"))
    second = 60 if pace == "minutes" else 3_600
    within = st.sampled_from((None, 0, 1, 2, 4, 12, 30)).map(
        lambda each: None if each is None else each * second
    )
    steps = draw(st.lists(st.builds(Step, patterns(), within), min_size=1, max_size=4))
    exclusions = []
    if order != "any" and len(steps) > 1 and draw(st.booleans()):
        places = st.lists(st.integers(0, len(steps) - 1), min_size=2, max_size=2, unique=True).map(
            sorted
        )
        pairs = draw(st.lists(st.tuples(places, patterns()), min_size=1, max_size=2))
        exclusions = [Exclusion(pattern, *place) for place, pattern in pairs]
    breakdown = st.builds(
        Breakdown,
        st.just("k"),
        st.sampled_from(("event", "person")),
        st.sampled_from(("first", "last")),
    )
    return world, Funnel(
        product=PRODUCT,
        range=world.range,
        segment=draw(segments()),
        steps=tuple(steps),
        within=draw(within),
        windows_from=draw(st.sampled_from(("before", "first"))),
        order=order,
        count=count,
        exclusions=tuple(exclusions),
        constant=draw(st.sampled_from(("", "", "k"))),
        breakdown=draw(st.one_of(st.none(), breakdown)),
        by=draw(st.sampled_from((None, "hour", "day", "week", "month"))),
    )


def answered(rows: Rows, question: Funnel, world: World) -> FunnelAnswer:
    return funnel.answer(question, world.setting, rows, definition="funnel 1", position=7)


@pytest.mark.parametrize(("order", "count"), MODES)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_funnel_counts_what_trying_every_chain_counts(
    order: str, count: str, data: st.DataObject
) -> None:
    world, question = data.draw(funnels(order, count))
    rows = asked(world)
    found = answered(rows, question, world)
    steps, groups, trend = twin.told(question, world)
    assert _near(found.steps) == _near(steps)
    assert {each.key: _near(each.steps) for each in found.groups} == {
        each.key: _near(each.steps) for each in groups
    }
    assert [(each.key, _near(each.steps), each.is_complete) for each in found.trend] == [
        (each.key, _near(each.steps), each.is_complete) for each in trend
    ]


@pytest.mark.parametrize(("order", "count"), MODES)
@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_count_of_a_funnel_lists_as_many_as_it_says(
    order: str, count: str, data: st.DataObject
) -> None:
    world, question = data.draw(funnels(order, count))
    rows = asked(world)
    found = answered(rows, question, world)
    for cell, count_of_it in data.draw(st.lists(st.sampled_from(_cells(found)), max_size=5)):
        people = [
            person for person, _ in listed(rows, funnel.members(question, cell, world.setting))
        ]
        assert len(people) == count_of_it
        assert people == twin.members(question, cell, world)


def _cells(found: FunnelAnswer) -> list[tuple[Cell, int]]:
    """Return each count of an answer with where it stands."""
    parts = [(Cell(), found.steps)]
    parts += [(Cell(breakdown=each.key), each.steps) for each in found.groups]
    parts += [(Cell(bucket=each.key), each.steps) for each in found.trend]
    return [
        (replace(part, step=number, state=state), count)
        for part, steps in parts
        for number, step in enumerate(steps)
        for state, count in zip(STATES, (step.reached, step.lost, step.pending), strict=True)
    ]


@pytest.mark.parametrize(("order", "count"), [each for each in MODES if each[0] != "any"])
@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_first_steps_of_an_answer_are_the_answer_to_these_steps(
    order: str, count: str, data: st.DataObject
) -> None:
    world, question = data.draw(funnels(order, count))
    rows, steps = asked(world), data.draw(st.integers(1, len(question.steps)))
    whole = answered(rows, question, world)
    first, prefix = first_steps(question, whole, steps, week_starts=world.setting.week_starts)
    assert len(first.steps) == steps
    assert prefix == answered(rows, first, world)


def _near(steps: tuple[StepCount, ...]) -> tuple[StepCount, ...]:
    """Return steps with times in halves of a microsecond, as a median is of whole ones."""
    return tuple(
        replace(each, median=_halves(each.median), median_step=_halves(each.median_step))
        for each in steps
    )


def _halves(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 2e6)
