"""Background questions without a waiting user: one at a time, between those of people."""

import asyncio

import pytest

from missioncontrol.application.analytics import query_priority
from missioncontrol.application.analytics.query_priority import QueryPriority
from tests.application.parts import run


async def still() -> int:
    """Nothing comes in."""
    return 0


async def behind(way: QueryPriority, events: list[str], name: str) -> None:
    async with way.background():
        events.append(name)
        await asyncio.sleep(0)
        events.append(f"{name} ends")


def test_it_begins_when_nobody_asks_and_one_at_a_time() -> None:
    async def story() -> None:
        way, events = QueryPriority(still), list[str]()
        with way.foreground():
            with way.foreground():
                asked = [asyncio.create_task(behind(way, events, name)) for name in ("a", "b")]
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.01)
            assert events == [], "somebody still asks"
        await asyncio.gather(*asked)
        assert events == ["a", "a ends", "b", "b ends"]

    run(story())


def test_who_never_stops_asking_does_not_keep_it_from_being_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(query_priority, "YIELD_SECONDS_MAX", 0.01)

    async def story() -> None:
        way, events = QueryPriority(still), list[str]()
        with way.foreground():
            await behind(way, events, "a")
        assert events == ["a", "a ends"]

    run(story())


def test_what_goes_wrong_leaves_the_way_free() -> None:
    async def story() -> None:
        way, events = QueryPriority(still), list[str]()
        with pytest.raises(ValueError, match="wrong"), way.foreground():
            raise ValueError("wrong")
        with pytest.raises(ValueError, match="wrong"):
            async with way.background():
                raise ValueError("wrong")
        await behind(way, events, "a")
        assert events[0] == "a"

    run(story())


def test_who_has_opened_a_page_may_ask_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        way, events = QueryPriority(still), list[str]()
        way.expect()
        asked = asyncio.create_task(behind(way, events, "a"))
        await asyncio.sleep(0.01)
        assert events == [], "nobody asks yet, and somebody will"
        with way.foreground():
            events.append("asked")
        await asked
        assert events == ["asked", "a", "a ends"]
        monkeypatch.setattr(query_priority, "EXPECTED_SECONDS", 0.01)
        way.expect()  # They have closed it again, before they asked.
        await behind(way, events, "b")
        assert events[-1] == "b ends"

    run(story())


def test_it_does_not_begin_between_two_questions_of_one_page() -> None:
    async def story() -> None:
        way, events = QueryPriority(still), list[str]()
        with way.foreground():
            asked = asyncio.create_task(behind(way, events, "a"))
            await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0.001)
            with way.foreground():
                await asyncio.sleep(0.001)
                assert events == []
        await asked
        assert events == ["a", "a ends"]

    run(story())


def test_while_events_come_in_it_rests_between_its_questions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rested: list[float] = []
    sleep = asyncio.sleep

    async def slept(seconds: float) -> None:
        rested.append(seconds)
        await sleep(0)

    async def story() -> None:
        stored = [0]

        async def position() -> int:
            return stored[0]

        way = QueryPriority(position)
        async with way.background():
            await sleep(0.01)
        monkeypatch.setattr(asyncio, "sleep", slept)
        async with way.background():
            await sleep(0.01)
        assert rested == [], "nothing came in"
        async with way.background():
            stored[0] += 1
            await sleep(0.01)
        assert len(rested) == 1
        took = rested[0] / query_priority.REST_FACTOR
        assert took >= 0.01
        assert rested[0] <= query_priority.REST_SECONDS_MAX

    run(story())
