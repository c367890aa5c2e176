"""The warehouse of a home is opened at its first use, and tended every hour."""

import asyncio

from missioncontrol.application.analytics import container as houses
from missioncontrol.application.analytics.container import AnalyticsContainer
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.product.commands import ChangeProduct
from tests.application.analytics.worlds import FUNNEL, World, event
from tests.application.parts import run


def house_of(made: World, opened: list[str], *, exists: bool = True) -> AnalyticsContainer:
    def open_it() -> houses.OpenWarehouse:
        opened.append("once")
        return made.warehouse

    return AnalyticsContainer(made.shelf, made.clock, open_it, exists=lambda: exists)


def test_nothing_is_opened_before_somebody_asks() -> None:
    async def check() -> None:
        made, opened = World(), list[str]()
        await made.add()
        house = house_of(made, opened)
        seen = []
        house.prepare.append(lambda analyst: seen.append(analyst))
        await house.products.all()
        assert not house.is_open
        first, second = await asyncio.gather(house.analyst(), house.analyst())
        assert first is second
        assert seen == [first]
        assert opened == ["once"]
        house.close()
        house.close()
        made.analyst.close()

    run(check())


def test_events_that_are_too_old_are_removed_without_anybody_asking() -> None:
    async def check() -> None:
        made, opened = World(), list[str]()
        await made.add(ChangeProduct("shop", retention_days=30))
        made.keep(event("ann", "signup"), event("ben", "signup"))
        made.clock.time += 40 * 86_400
        house = house_of(made, opened)
        tending = asyncio.create_task(house.tend())
        analyst = await house.analyst()
        for _ in range(500):
            answer = await analyst.answer(FUNNEL)
            if answer.steps[0].reached == 0:  # type: ignore[union-attr]
                break
            await asyncio.sleep(0.01)
        assert answer.steps[0].reached == 0  # type: ignore[union-attr]
        tending.cancel()
        house.close()
        made.analyst.close()

    run(check())


def test_a_home_without_events_is_left_alone_and_trouble_ends_nothing() -> None:
    async def check() -> None:
        made, opened = World(), list[str]()
        await made.add()
        alone = house_of(made, opened, exists=False)
        tending = asyncio.create_task(alone.tend())
        await asyncio.sleep(0.05)
        assert opened == []
        assert not tending.done()
        tending.cancel()

        def broken() -> houses.OpenWarehouse:
            opened.append("broken")
            raise Unavailable("analytics.unavailable", "It is held.")

        house = AnalyticsContainer(made.shelf, made.clock, broken, exists=lambda: True)
        tending = asyncio.create_task(house.tend())
        for _ in range(500):
            if opened:
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert not tending.done()
        tending.cancel()
        made.analyst.close()
        made.warehouse.close()

    run(check())
