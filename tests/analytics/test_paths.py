"""Paths are what walking each of them event by event tells."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from missioncontrol.analytics import paths
from missioncontrol.analytics.answers import PathsAnswer
from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.questions import Cell, Paths, Pattern, Range
from missioncontrol.domain.errors import Rejected
from tests.analytics.database import Rows, asked, listed
from tests.analytics.twins import paths as twin
from tests.analytics.worlds import PRODUCT, Event, World, patterns, segments, worlds

EXAMPLES = 24
DIRECTIONS: tuple[Literal["after", "before"], ...] = ("after", "before")
both_ways = pytest.mark.parametrize("direction", DIRECTIONS)
NOON, MINUTE = datetime(2026, 10, 20, 12), timedelta(minutes=1)  # noqa: DTZ001
_WORLD = World(
    tuple(
        Event(seq, name, NOON + MINUTE * minute, 1)
        for seq, (name, minute) in enumerate((("c", 3), ("a", 1), ("b", 2), ("a", 0), ("d", 40)))
    ),
    Setting(NOON + timedelta(days=1)),
    Range(date(2026, 10, 20), date(2026, 10, 20)),
)
quickly = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def walks(draw: st.DrawFn, direction: Literal["after", "before"]) -> tuple[World, Paths]:
    world = draw(worlds(events=30))
    anchor = draw(patterns())
    hidden = draw(st.sampled_from(((), (), ("b",), ("b", "d"))))
    assume(anchor.event not in hidden)
    return world, Paths(
        product=PRODUCT,
        range=world.range,
        segment=draw(segments()),
        anchor=anchor,
        direction=direction,
        depth=draw(st.integers(1, 5)),
        width=draw(st.integers(1, 4)),
        within=draw(st.sampled_from((0.0, 59.999999, 60.0, 120.0, 240.0))),
        hidden=hidden,
    )


def _question(**asked_for: Any) -> Paths:
    given_up = {"anchor": Pattern("a"), **asked_for}
    return Paths(product=PRODUCT, range=_WORLD.range, **given_up)


def answered(rows: Rows, question: Paths, world: World) -> PathsAnswer:
    return paths.answer(question, world.setting, rows, definition="paths 1", position=7)


@both_ways
@quickly
@given(data=st.data())
def test_paths_are_what_walking_each_of_them_tells(
    direction: Literal["after", "before"], data: st.DataObject
) -> None:
    world, question = data.draw(walks(direction))
    found = answered(asked(world), question, world)
    nodes, flows = twin.told(question, world)
    assert (set(found.nodes), set(found.flows)) == (nodes, flows)
    assert len(found.nodes) + len(found.flows) == len(nodes) + len(flows)


@both_ways
@quickly
@given(data=st.data())
def test_what_comes_to_a_node_goes_on_or_ends_there(
    direction: Literal["after", "before"], data: st.DataObject
) -> None:
    world, question = data.draw(walks(direction))
    found = answered(asked(world), question, world)
    comes, goes = Counter[tuple[int, str]](), Counter[tuple[int, str]]()
    for flow in found.flows:
        comes[flow.level + 1, flow.target] += flow.paths
        goes[flow.level, flow.source] += flow.paths
    for node in found.nodes:
        assert node.paths == goes[node.level, node.name] + node.end
        assert node.level == 0 or node.paths == comes[node.level, node.name]
    begun = sum(each.paths for each in found.nodes if each.level == 0)
    assert begun == sum(each.end for each in found.nodes)


@both_ways
@settings(quickly, max_examples=EXAMPLES // 3)
@given(data=st.data())
def test_every_count_of_paths_lists_as_many_as_it_says(
    direction: Literal["after", "before"], data: st.DataObject
) -> None:
    world, question = data.draw(walks(direction))
    rows = asked(world)
    found = answered(rows, question, world)

    def behind(cell: Cell) -> list[int]:
        statement = paths.members(question, cell, world.setting)
        return [person for person, _ in listed(rows, statement)]

    for node in found.nodes:
        cell = Cell(level=node.level, series=node.name)
        assert len(behind(cell)) == node.paths
        assert behind(cell) == twin.members(question, cell, world)
        assert len(behind(Cell(level=node.level, series=node.name, state="lost"))) == node.end
    for flow in found.flows:
        cell = Cell(level=flow.level, series=flow.source, into=flow.target)
        assert len(behind(cell)) == flow.paths
        assert behind(cell) == twin.flowing(question, flow, world)


def test_a_path_comes_into_a_count_with_the_event_that_leads_there() -> None:
    rows = asked(_WORLD)
    found = {
        cell: listed(rows, paths.members(_question(), cell, _WORLD.setting))
        for cell in (
            Cell(level=0, series="a"),
            Cell(level=1, series="b"),
            Cell(level=1, series="b", into="c"),
            Cell(level=2, series="c", state="lost"),
        )
    }
    # Both events of the anchor are one with the other, so that their paths are the same.
    assert list(found.values()) == [
        [(1, NOON), (1, NOON + MINUTE)],
        [(1, NOON + 2 * MINUTE)] * 2,
        [(1, NOON + 3 * MINUTE)] * 2,
        [(1, NOON + 3 * MINUTE)] * 2,
    ]


@pytest.mark.parametrize(
    "asked_for",
    [
        {"depth": 0},
        {"depth": 9},
        {"width": 0},
        {"width": 21},
        {"within": -1.0},
        {"within": float("nan")},
        {"within": 31 * 86_400.0},
        {"hidden": tuple(map(str, range(101)))},
        {"hidden": ("a",)},
    ],
)
def test_what_can_not_be_meant_is_refused(asked_for: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as refused:
        paths.statement(_question(**asked_for), _WORLD.setting)
    assert refused.value.code == "analytics.bad_paths"


@pytest.mark.parametrize("cell", [Cell(level=5), Cell(level=-1), Cell(level=4, into="a")])
def test_a_count_that_the_answer_does_not_have_is_refused(cell: Cell) -> None:
    with pytest.raises(Rejected) as refused:
        paths.members(_question(), cell, _WORLD.setting)
    assert refused.value.code == "analytics.bad_cell"
