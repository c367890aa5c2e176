"""Memory, over the API and on its pages: harvested, amended, passed to the next plan."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.application.asks import BeginMission, RetryRun
from missioncontrol.application.missions import Goal
from missioncontrol.application.records import gather
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.mission import PlanAccepted
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.register import decode
from tests.console.houses import House, console_house
from tests.console.mission_house import DECIDING_GOAL, ended, small_repository

NEXT = "Refuse discount codes that are older than a year in the cart"
NEW = {
    "title": "Discount codes are compared without case",
    "text": "Customers type them on phones. The cart compares casefolded codes.",
    "kind": "decision",
    "files": ["src/shop/cart.py"],
}


async def a_mission(house: House, goal: Goal, *, execute: bool = False) -> str:
    ask = BeginMission(goal, execute, 4, 60.0, 60.0)
    begun = await house.held.command_bus.do(ask, "user:root")
    await ended(house, begun["run"])
    return str(begun["run"])


async def plan_of(house: House, run: str) -> Plan:
    return (await plans_of(house, run))[0]


async def plans_of(house: House, run: str) -> list[Plan]:
    """Return the plans of the mission of a run, in the order in which they were accepted."""
    store = house.console.present.store
    row = house.console.present.board.run(run)
    assert row is not None
    rows = await store.read_stream(row.mission, limit=100)
    events = (decode(each.type, each.schema, each.body) for each in rows)
    return [each.plan for each in events if isinstance(each, PlanAccepted)]


def test_what_somebody_adds_is_told_to_the_next_plan_and_forgotten_for_ever(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        repository = str(small_repository(tmp_path))
        async with console_house(tmp_path) as house, house.client("operator") as client:
            made = await client.post("/api/v1/memory", json={**NEW, "repository": repository})
            assert made.status_code == 201
            item = made.json()["item"]
            assert made.headers["location"] == f"/api/v1/memory/{item['id']}"

            goal = Goal(NEXT, repository)
            plan = await plan_of(house, await a_mission(house, goal))
            [used] = plan.remembered
            assert (used.item, used.source) == (item["id"], item["source"])
            bare = await plan_of(
                house, await a_mission(house, Goal(NEXT, repository, memory=False))
            )
            assert bare.remembered == ()

            gone = await client.delete(f"/api/v1/memory/{item['id']}?reason=wrong")
            assert "The record keeps" in gone.json()["stays"]
            assert (await client.get(f"/api/v1/memory/{item['id']}")).status_code == 404
            again = await client.patch(f"/api/v1/memory/{item['id']}", json={"title": "Back"})
            assert again.status_code == 404
            assert (await client.get("/api/v1/memory/search?q=discount")).json() == []
            after = await plan_of(house, await a_mission(house, goal))
            assert after == bare

    asyncio.run(scenario())


def test_what_is_forgotten_while_a_plan_is_made_is_not_in_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        repository = str(small_repository(tmp_path))
        async with console_house(tmp_path) as house, house.client("operator") as client:
            made = await client.post("/api/v1/memory", json={**NEW, "repository": repository})
            item = made.json()["item"]["id"]
            ask = BeginMission(Goal(NEXT, repository), False, 4, 60.0, 60.0)
            begun = await house.held.command_bus.do(ask, "user:root")
            inputs = house.held.journal.runs[begun["run"]].inputs
            assert [each["item"] for each in inputs["recalled"]] == [item]
            await client.delete(f"/api/v1/memory/{item}?reason=wrong")
            await ended(house, begun["run"])
            plan = await plan_of(house, begun["run"])
            assert plan.remembered == ()
            assert str(NEW["title"]) not in repr(plan)

    asyncio.run(scenario())


def test_an_item_is_corrected_and_expires(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            item = (await client.post("/api/v1/memory", json=NEW)).json()["item"]["id"]
            url = f"/api/v1/memory/{item}"
            changed = (await client.patch(url, json={"title": "Codes are casefolded"})).json()
            assert changed["item"]["title"] == "Codes are casefolded"
            assert changed["item"]["text"] == NEW["text"]
            assert changed["item"]["is_corrected"]
            ended_ = (await client.patch(url, json={"expires": 5.0})).json()
            assert ended_["item"]["status"] == "expired"
            assert (await client.get("/api/v1/memory")).json()["items"] == []
            listed = (await client.get("/api/v1/memory?expired=true")).json()["items"]
            assert [each["id"] for each in listed] == [item]
            counts = (await client.get("/api/v1/memory/counts")).json()
            assert counts["items"] == 0

    asyncio.run(scenario())


def test_only_who_may_operate_changes_what_is_remembered(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("viewer") as client:
            refused = await client.post("/api/v1/memory", json=NEW)
            assert refused.status_code == 403
            assert (await client.get("/api/v1/memory")).status_code == 200
            unknown = await client.get("/api/v1/memory/memory-" + "0" * 20)
            assert unknown.json()["code"] == "memory.unknown"

    asyncio.run(scenario())


@pytest.mark.parametrize("item", ["run-1", "memory-" + "0" * 20, "users"])
def test_nothing_else_can_be_amended_as_an_item(tmp_path: Path, item: str) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            answer = await client.post(f"/memory/{item}/forget", data={"reason": "x"})
            assert answer.status_code == 404

    asyncio.run(scenario())


@pytest.mark.journey
def test_a_mission_that_ended_is_remembered_and_shown(tmp_path: Path) -> None:
    async def scenario() -> None:
        repository = str(small_repository(tmp_path))
        async with console_house(tmp_path) as house, house.client("operator") as client:
            run = await a_mission(house, Goal(DECIDING_GOAL, repository), execute=True)
            items: list[dict[str, Any]] = (await client.get("/api/v1/memory")).json()["items"]
            kinds = {each["kind"] for each in items}
            assert {"decision", "estimate"} <= kinds
            assert {each["run"] for each in items if each["run"]} == {run}
            page = await client.get("/memory?q=discount")
            assert "repository" in page.text
            for item in items[:3]:
                shown = await client.get(f"/memory/{item['id']}")
                assert shown.status_code == 200
            response = await client.post(
                "/api/v1/memory/recall", json={"goal": NEXT, "repository": repository}
            )
            assert response.json()
            record = await gather(
                house.console.present.store, house.console.present.output, run, program="x"
            )
            mission = (await client.get(f"/missions/{record.mission}")).text
            assert "Remembered" not in mission
            assert "mission eval backtest --repo" in mission
            assert "are not estimated" in mission

    asyncio.run(scenario())


def test_the_plan_tab_shows_the_plan_with_and_without_memory(tmp_path: Path) -> None:
    async def scenario() -> None:
        repository = str(small_repository(tmp_path))
        async with console_house(tmp_path) as house, house.client("operator") as client:
            await client.post("/api/v1/memory", json={**NEW, "repository": repository})
            run = await a_mission(house, Goal(NEXT, repository))
            row = house.console.present.board.run(run)
            assert row is not None
            url = f"/missions/{row.mission}?view=plan"
            with_memory = (await client.get(url)).text
            assert "Customers type them on phones." in with_memory
            without = (await client.get(f"{url}&memory=off")).text
            assert "<ins>" in without

    asyncio.run(scenario())


RULE = "Every discount code must be checked against the cart before it is stored anywhere.\n"


def test_what_was_forgotten_comes_back_by_no_way(tmp_path: Path) -> None:
    """Not by doing the plan again, not out of a document, not with another index."""

    async def scenario() -> None:
        repository = small_repository(tmp_path)
        (repository / "CONTRIBUTING.md").write_text(f"# Contributing\n\n{RULE}")
        async with console_house(tmp_path) as house, house.client("operator") as client:
            asked = {**NEW, "repository": str(repository)}
            added = (await client.post("/api/v1/memory", json=asked)).json()["item"]["id"]
            first = await a_mission(house, Goal(NEXT, str(repository)))
            used = {each.item for each in (await plan_of(house, first)).remembered}
            rule = next(each for each in used if each != added)

            await client.get("/api/v1/memory")
            for item in (added, rule):
                assert (await client.delete(f"/api/v1/memory/{item}")).status_code == 200

            office = house.held.command_bus
            again = (await office.do(RetryRun(first, PLAN_STEP), "user:root"))["run"]
            await ended(house, again)
            assert (await plans_of(house, again))[-1].remembered == ()
            later = await a_mission(house, Goal(NEXT, str(repository)))
            assert (await plan_of(house, later)).remembered == ()
            for path in (tmp_path / "home").rglob("memory.db*"):
                path.unlink()
            assert (await client.get("/api/v1/memory?expired=true")).json()["items"] == []
            recall = {"goal": NEXT, "repository": str(repository)}
            assert (await client.post("/api/v1/memory/recall", json=recall)).json() == []

    asyncio.run(scenario())
