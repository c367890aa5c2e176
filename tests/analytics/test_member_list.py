"""Pages of those who were counted: together they are the list, and each knows how long it is."""

from datetime import date, datetime, timedelta

import pytest

from missioncontrol.analytics import funnel
from missioncontrol.analytics.answers import Member
from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.member_list import members, page
from missioncontrol.analytics.questions import Cell, Funnel, Pattern, Range, Step
from missioncontrol.domain.errors import Rejected
from tests.analytics.database import asked
from tests.analytics.worlds import PRODUCT, Event, World

NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001
QUESTION = Funnel(
    product=PRODUCT,
    range=Range(date(2026, 3, 1), date(2026, 3, 1)),
    steps=(Step(Pattern("a")), Step(Pattern("b"))),
)
WORLD = World(
    tuple(Event(each, "a", NOON + timedelta(seconds=each), each) for each in range(1, 6)),
    Setting(NOON + timedelta(days=1)),
    QUESTION.range,
    people={2: {"plan": "pro"}},
)


def test_pages_are_the_whole_list_the_latest_first() -> None:
    rows = asked(WORLD)
    counted = funnel.members(QUESTION, Cell(step=0), WORLD.setting)
    cursor: str | None = None
    found: list[Member] = []
    for _ in range(3):
        shown = members(rows(page(counted, PRODUCT, limit=2, cursor=cursor)), cursor=cursor)
        assert shown.total == 5
        found += shown.members
        cursor = shown.cursor
    assert cursor is None
    assert [each.person for each in found] == [5, 4, 3, 2, 1]
    assert found[3] == Member(2, "u2", "2026-03-01T12:00:02.000Z", {"plan": "pro"})


def test_a_list_of_nobody_says_so() -> None:
    counted = funnel.members(QUESTION, Cell(step=1), WORLD.setting)
    shown = members(asked(WORLD)(page(counted, PRODUCT, limit=10)))
    assert (shown.total, shown.members, shown.cursor) == (0, (), None)


def test_a_page_after_the_last_still_knows_the_length() -> None:
    counted = funnel.members(QUESTION, Cell(step=0), WORLD.setting)
    shown = members(asked(WORLD)(page(counted, PRODUCT, limit=10, cursor="5")), cursor="5")
    assert (shown.total, shown.members, shown.cursor) == (5, (), None)


@pytest.mark.parametrize(("limit", "cursor"), [(0, None), (10_001, None), (1, "x"), (1, "-1")])
def test_a_page_that_is_none_is_refused(limit: int, cursor: str | None) -> None:
    counted = funnel.members(QUESTION, Cell(step=0), WORLD.setting)
    with pytest.raises(Rejected) as refused:
        page(counted, PRODUCT, limit=limit, cursor=cursor)
    assert refused.value.code == "analytics.bad_page"
