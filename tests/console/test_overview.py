"""The overview says how everything stands, and never that all is well while something is not."""

import asyncio
from pathlib import Path
from typing import Any

from missioncontrol.application.queries.overview import Overview, overview
from missioncontrol.application.queries.runs import list_runs
from missioncontrol.domain.principal import OF_ROLE, PERMISSIONS, Principal
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.pages.overview import inbox_of
from missioncontrol.ports.read_tables import RunChoice
from tests.console.governed import waiting
from tests.console.houses import House, console_house
from tests.console.running import API, FAILING, GREETING, begun, ended, saved

ALICE = Principal("user:alice", ("admin",), PERMISSIONS, "password", "session")


async def seen(house: House, *, who: Principal = ALICE, is_engine_there: bool = True) -> Overview:
    console = house.console
    needed, others = await inbox_of(console, who)
    return await overview(
        console.present,
        console.instruments,
        formats.now(),
        needed=len(needed),
        others=others,
        is_engine_there=is_engine_there,
    )


def test_an_empty_home_says_what_to_do_first(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house:
            found = await seen(house)
            assert (found.verdict, found.is_empty) == ("Nothing has run here yet.", True)
            async with house.client("operator") as client:
                page = await client.get("/", headers={"accept": "text/html"})
                assert page.status_code == 200
                assert "First steps" in page.text
                assert 'href="/missions/new"' in page.text
            async with house.client("viewer") as client:
                page = await client.get("/", headers={"accept": "text/html"})
                assert "New mission</a>" not in page.text

    asyncio.run(ask())


def test_the_verdict_follows_from_what_waits_and_what_failed(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            await saved(client, GREETING)
            good = await begun(client, workflow="greeting")
            await ended(client, good)
            found = await seen(house)
            assert found.verdict == "All is well. Nothing runs, and nothing needs you."
            assert found.tone == "ok"
            bad = await begun(client, **FAILING)
            await ended(client, bad)
            found = await seen(house)
            assert found.verdict == "1 item needs you."
            assert [each.id for each in found.failed] == [bad]
            answer = await client.post(f"{API}/runs/{bad}/retry")
            again = answer.json()["run"]
            await ended(client, again)
            found = await seen(house)
            assert [each.id for each in found.failed] == [again]
            assert (found.failed_today, found.ended_today) == (2, 3)
            await waiting(house)
            found = await seen(house)
            assert found.verdict.startswith("2 items need you.")
            assert found.tone == "ask"
            needed, _ = await inbox_of(house.console, ALICE)
            assert sorted(each.kind for each in needed) == ["approval", "failed"]
            assert found.live_count == len(found.live) == 1
            assert found.live[0].run.asks == 1
            every(house, found)

    asyncio.run(ask())


def test_what_somebody_asked_for_waits_for_somebody_else(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house:
            await waiting(house, name="olga")
            olga = Principal("user:olga", ("operator",), OF_ROLE["operator"], "password", "s")
            found = await seen(house, who=olga)
            assert found.verdict.startswith("1 item waits on others.")
            assert found.tone == "held"
            async with house.client("operator", name="olga") as client:
                page = await client.get("/", headers={"accept": "text/html"})
                assert "1 item on others" in page.text

    asyncio.run(ask())


def test_home_names_the_cause_of_a_stuck_run_and_starts_its_agent(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            declared = {"kind": "command", "settings": {"argv": ["true"]}}
            new = {"name": "typist", "declared": declared}
            assert (await client.post(f"{API}/agents", json=new)).status_code < 300
            assert (await client.post(f"{API}/agents/typist/stop", json={})).status_code < 300
            await saved(client, STUCK)
            run = await begun(client, workflow="typed")
            await until_stuck(house, run)
            page = (await client.get("/", headers={"accept": "text/html"})).text
            stuck = page.partition("Stuck and why")[2].partition("</section>")[0]
            assert "typist is stopped" in stuck
            assert 'action="/agents/typist/start"' in stuck
            assert "Start typist" in stuck
            now = page.partition("Agents now")[2].partition("</section>")[0]
            assert "at work in 24 hours, 0 done, 0 failed" in now
            async with house.client("viewer") as viewer:
                page = (await viewer.get("/", headers={"accept": "text/html"})).text
                assert "Open typist" in page
                assert "/agents/typist/start" not in page

    asyncio.run(ask())


STUCK = """
name: typed
steps:
  say: {agent: typist}
"""


async def until_stuck(house: House, run: str) -> None:
    for _ in range(200):
        await house.console.present.catch_up()
        if run in house.console.present.statuses.stuck():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("The run did not become stuck.")


def every(house: House, found: Overview) -> None:
    """Compare an overview with all runs, counted one by one."""
    rows = list_runs(house.console.present, RunChoice(), limit=200)
    open_ones = [row for row in rows if not row.ended]
    assert found.live_count == len(open_ones)
    assert {each.run.id for each in found.live} == {row.id for row in open_ones}
    assert [each.id for each in found.ended] == [row.id for row in rows if row.ended]
    origins = {row.origin for row in rows}
    failed = [row.id for row in rows if row.status == "failed" and row.id not in origins]
    assert [each.id for each in found.failed] == failed
    for each in found.live:
        assert sum(number for _, number in each.parts) == each.run.steps


def test_without_an_engine_nothing_is_well(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house:
            found = await seen(house, is_engine_there=False)
            assert found.tone == "bad"
            assert found.verdict.startswith("No engine is at work")
            assert any(each.tone == "bad" for each in found.health)

    asyncio.run(ask())


def test_after_a_stop_the_overview_says_so(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            answer: Any = await client.post(f"{API}/stop", json={"reason": "fire"})
            assert answer.status_code in (200, 404, 405), answer.text
            if answer.status_code != 200:
                house.held.operations.stop("fire", actor="user:alice")
                await house.held.journal.durable()
            found = await seen(house)
            assert found.verdict == "Everything is stopped."
            assert found.tone == "bad"

    asyncio.run(ask())
