"""Decisions of the log, as they are remembered: in force, or not any more."""

import asyncio
from pathlib import Path

from missioncontrol.app.followers import memory
from missioncontrol.application.asks import BeginMission
from missioncontrol.application.missions import Goal
from missioncontrol.domain.decision import ChangeStatus, RecordDecision
from missioncontrol.domain.decision_text import DecisionText
from missioncontrol.operations.decision import DEPRECATE, RECORD, REJECT
from missioncontrol.ports.memory_index import Wanted
from tests.console.houses import House, console_house
from tests.console.mission_house import DECIDING_GOAL, GOAL, ended, small_repository

ALL = Wanted("decision", with_expired=True)


async def statuses(house: House) -> dict[str, tuple[str, tuple[str, ...]]]:
    with memory(house.held.home) as known:
        await known.bring_up()
        found = known.listed(ALL)
        assert len({each.title for each in found}) == len(found)
        return {each.title: (each.status(known.now()), each.tags) for each in found}


def test_a_decision_is_told_while_it_holds(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house:
            text = DecisionText("Money is whole cents", choice="Integers", reason="Floats lose.")
            record = RecordDecision(text, "accepted", files=("cart.py",))
            made = await house.held.executor.execute(RECORD, record, "user:root")
            assert await statuses(house) == {"Money is whole cents": ("held", ("accepted",))}
            deprecate = ChangeStatus(made["id"], "deprecated")
            await house.held.executor.execute(DEPRECATE, deprecate, "user:root")
            assert await statuses(house) == {"Money is whole cents": ("expired", ("deprecated",))}

    asyncio.run(scenario())


def test_a_decision_of_a_plan_that_is_rejected_is_told_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        repository = str(small_repository(tmp_path))
        async with console_house(tmp_path) as house:
            ask = BeginMission(Goal(DECIDING_GOAL, repository), True, 4, 60.0, 60.0)
            begun = await house.held.command_bus.do(ask, "user:root")
            row = await ended(house, begun["run"])
            before = await statuses(house)
            assert {state for state, _ in before.values()} == {"held"}
            reject = ChangeStatus(f"{row.mission}/D1", "rejected", "no")
            await house.held.executor.execute(REJECT, reject, "user:root")
            after = await statuses(house)
            assert after.keys() == before.keys()
            assert sorted(state for state, _ in after.values()).count("expired") == 1
            with memory(house.held.home) as known:
                assert {each.repository for each in known.listed(ALL)} == {repository}

    asyncio.run(scenario())


def test_an_index_that_is_thrown_away_is_built_again_from_the_record(tmp_path: Path) -> None:
    async def scenario() -> None:
        repository = str(small_repository(tmp_path))
        async with console_house(tmp_path) as house, house.client("operator") as client:
            ask = BeginMission(Goal(GOAL, repository), True, 4, 60.0, 60.0)
            begun = await house.held.command_bus.do(ask, "user:root")
            await ended(house, begun["run"])
            items = (await client.get("/api/v1/memory")).json()["items"]
            gone = items[0]["id"]
            await client.delete(f"/api/v1/memory/{gone}")
            before = (await client.get("/api/v1/memory")).json()["items"]
            with memory(house.held.home) as known, known.index.turn() as mine:
                assert mine
                known.index.clear()
            after = (await client.get("/api/v1/memory")).json()["items"]
            assert after == before
            assert gone not in {each["id"] for each in after}
            assert len(after) == len(items) - 1

    asyncio.run(scenario())
