"""The actual figures of earlier missions, as the next planner receives them."""

import asyncio
from pathlib import Path

from missioncontrol.application.actuals import PastRuns
from missioncontrol.application.asks import BeginMission
from missioncontrol.application.missions import Goal
from missioncontrol.domain.estimates import Actual
from tests.console.houses import House, console_house
from tests.console.mission_house import ended, small_repository


async def carried_out(house: House, goal: Goal, *, execute: bool = True) -> str:
    owner = f"user:{house.held.command_bus.access.owner}"
    ask = BeginMission(goal, execute, 4, 60.0, 60.0)
    begun = await house.held.command_bus.do(ask, owner)
    await ended(house, begun["run"])
    run: str = begun["run"]
    return run


async def told(house: House, goal: Goal, builder: str = "") -> tuple[Actual, ...]:
    past = PastRuns(house.held.store, house.held.tables)
    await past.look_back(goal, builder)
    return past.actuals(goal, builder)


def test_a_run_that_succeeded_is_told_as_a_whole(tmp_path: Path) -> None:
    async def story() -> None:
        async with console_house(tmp_path / "home") as house:
            goal = Goal("Add discount codes to the cart", str(small_repository(tmp_path)))
            assert await told(house, goal) == ()
            run = await carried_out(house, goal)
            (whole,) = await told(house, goal)
            assert (whole.run, whole.task, whole.goal) == (run, "", goal.text)
            assert whole.seconds > 0
            # A request for an agent that changes code lists no run without such an agent.
            assert await told(house, goal, "codex") == ()

    asyncio.run(story())


def test_a_run_that_only_planned_is_no_example_of_a_whole_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with console_house(tmp_path) as house:
            goal = Goal("Add discount codes to the cart")
            await carried_out(house, goal, execute=False)
            assert await told(house, goal) == ()

    asyncio.run(story())


def test_the_next_plan_is_told_what_runs_took(tmp_path: Path) -> None:
    async def story() -> None:
        async with console_house(tmp_path) as house:
            goal = Goal("Add discount codes to the cart")
            await carried_out(house, goal)
            run = await carried_out(house, goal, execute=False)
            state = await house.held.journal.load_run(run)
            assert state.inputs["actuals"][0]["goal"] == goal.text

    asyncio.run(story())
