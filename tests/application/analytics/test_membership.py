"""Saved cohorts have the members that their definition selects at the time of a question."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from missioncontrol.analytics.answers import TrendAnswer
from missioncontrol.analytics.questions import Cell, Pattern, Segment, Series, Trend
from missioncontrol.domain.cohorts import SaveCohort
from missioncontrol.ports.warehouse import Captured
from tests.application.analytics.worlds import WEEK, World, event, world
from tests.application.parts import run

TREND = Trend(product="shop", range=WEEK, series=(Series(Pattern(), "people"),))


@dataclass
class Shop:
    """A world with people of two plans."""

    made: World

    async def save(self, name: str, segment: dict[str, Any]) -> None:
        asked = SaveCohort("shop", name, name.title(), segment=segment)
        await self.made.do(asked)

    async def who(self, *cohorts: str) -> list[str]:
        """Return who is in all of these cohorts, as many as are counted."""
        question = Trend(
            product=TREND.product,
            range=TREND.range,
            series=TREND.series,
            segment=Segment(cohorts=cohorts),
        )
        answer = await self.made.analyst.answer(question)
        assert isinstance(answer, TrendAnswer)
        found = await self.made.analyst.members(question, Cell(series="A"))
        assert found.total == answer.lines[0].total == len(found.members)
        return sorted(each.label for each in found.members)


def person(name: str, plan: str) -> Captured:
    traits = f'{{"plan": "{plan}"}}'.encode()
    return msgspec.structs.replace(event(name, "signup"), person=traits)


PEOPLE = (person("ann", "pro"), person("ben", "free"), person("cy", "pro"))
PRO = {"where": [{"property": "plan", "values": ["pro"], "of": "person"}]}
BUYERS = {"did": [{"pattern": {"event": "order"}, "at_least": 2, "days": 7}]}
NO_BUYERS = {"did": [{"pattern": {"event": "order"}, "negated": True}]}
WEB = {"where": [{"property": "page", "operator": "contains", "values": ["shop"]}]}
ORDERS = (event("ann", "order", 1.0), event("ann", "order", 2.0), event("ben", "order", 1.0))


@pytest.mark.parametrize(
    ("segment", "people"),
    [
        (PRO, ["ann", "cy"]),
        (BUYERS, ["ann"]),
        (NO_BUYERS, ["cy"]),
        (WEB, ["dee"]),
        ({**PRO, **NO_BUYERS}, ["cy"]),
    ],
)
def test_a_cohort_is_whom_conditions_and_behaviour_say(
    segment: dict[str, Any], people: list[str]
) -> None:
    async def check() -> None:
        visit = event("dee", "visit", properties={"page": "/Shop/1"})
        bought = event("dee", "order", 3.0)
        async with world((*PEOPLE, *ORDERS, visit, bought)) as made:
            shop = Shop(made)
            await shop.save("some", segment)
            assert await shop.who("some") == people

    run(check())


def test_every_cohort_is_up_to_date_whichever_was_asked_by_last() -> None:
    async def check() -> None:
        async with world((*PEOPLE, *ORDERS)) as made:
            shop = Shop(made)
            await shop.save("buyers", BUYERS)
            await shop.save("pros", PRO)
            assert await shop.who("buyers") == ["ann"]
            assert await shop.who("pros") == ["ann", "cy"]
            made.keep(event("ben", "order", 2.0), person("dee", "pro"))
            assert await shop.who("pros") == ["ann", "cy", "dee"]
            assert await shop.who("buyers") == ["ann", "ben"]
            assert await shop.who("buyers", "pros") == ["ann"]

    run(check())


def test_what_people_did_lately_is_counted_back_from_when_it_is_asked() -> None:
    async def check() -> None:
        async with world((*PEOPLE, *ORDERS)) as made:
            shop = Shop(made)
            await shop.save("buyers", BUYERS)
            assert await shop.who("buyers") == ["ann"]
            made.clock.time += 8 * 86_400
            assert await shop.who("buyers") == []

    run(check())


def test_a_cohort_that_is_saved_again_is_who_it_says_now() -> None:
    async def check() -> None:
        async with world((*PEOPLE, *ORDERS)) as made:
            shop = Shop(made)
            await shop.save("some", BUYERS)
            assert await shop.who("some") == ["ann"]
            await shop.save("some", NO_BUYERS)
            assert await shop.who("some") == ["cy"]

    run(check())


@pytest.mark.parametrize(
    ("question", "cell", "people"),
    [
        ({"measure": "active"}, {"series": "wau", "bucket": "2026-11-21"}, ["ann", "ben", "cy"]),
        (
            {"measure": "lifecycle", "by": "day"},
            {"series": "dormant", "bucket": "2026-11-21"},
            ["ann", "ben", "cy"],
        ),
        (
            {"measure": "trend", "series": [{"pattern": {"event": "order"}}]},
            {"series": "A"},
            ["ann", "ben"],
        ),
    ],
)
def test_who_is_behind_any_count_can_be_kept_as_a_cohort(
    question: dict[str, Any], cell: dict[str, Any], people: list[str]
) -> None:
    async def check() -> None:
        async with world((*PEOPLE, *ORDERS)) as made:
            about = {"product": "shop", "range": {"since": "2026-11-17", "until": "2026-11-23"}}
            asked = SaveCohort(
                "shop",
                "then",
                "Then",
                question={**question, **about},
                cell=cell,
                as_of="2026-11-23T12:00:00Z",
            )
            await made.do(asked)
            assert await Shop(made).who("then") == people
            made.clock.time += 86_400
            made.keep(event("dee", "order", 73.0))
            assert await Shop(made).who("then") == people

    run(check())
