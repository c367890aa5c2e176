"""Every surface says the same of a run, filters by it and counts it, with or without an engine."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from missioncontrol.cli.main import main
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.lifecycle.commands import StartAgent, StopAgent
from missioncontrol.domain.status import RUN_WORDS
from tests.console.houses import House, console_house
from tests.console.running import API, begun, ended, saved

FLOWS = {
    "good": "one: {agent: command, with: {argv: [echo, hi]}}",
    "bad": 'one: {agent: command, with: {argv: ["false"]}}',
    "asks": "one: {agent: command, risk: irreversible, approval: {from: bob, expires: 3d}, "
    "with: {argv: [echo, hi]}}",
    "later": "one: {agent: command, with: {argv: [echo, hi]}}\n"
    "  two: {agent: helper, needs: [one], with: {}}",
}


class Told:
    """What the surfaces say, of all runs."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._home = home
        self._capsys = capsys

    def command(self, *arguments: str) -> Any:
        """Return the JSON that a command prints."""
        self._capsys.readouterr()
        assert main([*arguments, "--json", "--home", str(self._home)]) == 0
        return json.loads(self._capsys.readouterr().out)

    def listed(self, *arguments: str) -> dict[str, str]:
        """Return the runs of a list with their statuses."""
        return {row["id"]: row["status"] for row in self.command("runs", *arguments)}

    def by_commands(self) -> dict[str, str]:
        """Hold the list of commands against details and filters, and return it."""
        found = self.listed()
        for run, word in found.items():
            assert self.command("show", run)["status"] == word
        for word in RUN_WORDS:
            chosen = {run: each for run, each in found.items() if each == word}
            assert self.listed("--status", word) == chosen
        return found


async def by_api(client: httpx.AsyncClient) -> dict[str, str]:
    """Hold the list of the API against details, filters and counts, and return it."""

    async def got(path: str) -> Any:
        answer = await client.get(f"{API}{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    found = {row["id"]: row["status"] for row in (await got("/runs"))["items"]}
    counts = await got("/run-counts")
    assert (counts["all"], sum(counts["statuses"].values())) == (len(found), len(found))
    for run, word in found.items():
        detail = await got(f"/runs/{run}")
        assert detail["status"] == word
        assert (await got(f"/runs/{run}/graph"))["status"] == word
    for word in RUN_WORDS:
        chosen = (await got(f"/runs?status={word}"))["items"]
        assert {row["id"] for row in chosen} == {run for run in found if found[run] == word}
        assert counts["statuses"][word] == len(chosen)
    return found


async def _resting(client: httpx.AsyncClient, run: str, word: str) -> None:
    assert (await ended(client, run))["status"] == word


async def _in_each_state(house: House, client: httpx.AsyncClient) -> dict[str, str]:
    """Begin runs, and return the status in which each comes to rest."""
    agents, gone = house.held.agents, Declaration("helper", "command", settings={"argv": ["true"]})
    await agents.declare(gone, "command", replace=False, actor="user:alice")
    for command in (StartAgent(name="helper"), StopAgent("On holiday", name="helper")):
        await agents.change(command, actor="user:alice")
    await house.held.journal.durable()
    for name, steps in FLOWS.items():
        await saved(client, f"name: {name}\nsteps:\n  {steps}\n")
    wanted = {"good": "succeeded", "bad": "failed", "asks": "waiting", "later": "stuck"}
    runs = {}
    for name, word in wanted.items():
        run = await begun(client, workflow=name)
        await _resting(client, run, word)
        runs[run] = word
    return runs


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(tmp_path / "home", capsys)


def test_a_run_has_one_status_everywhere_and_keeps_it_without_an_engine(
    tmp_path: Path, told: Told
) -> None:
    async def with_an_engine() -> dict[str, str]:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            runs = await _in_each_state(house, client)
            assert await by_api(client) == runs
            assert await asyncio.to_thread(told.by_commands) == runs
            return runs

    runs = asyncio.run(with_an_engine())
    assert told.by_commands() == runs


def test_stuck_work_names_its_cause_and_what_frees_it(tmp_path: Path) -> None:
    async def tell() -> None:
        async with console_house(tmp_path) as house, house.client("operator", "admin") as client:
            runs = await _in_each_state(house, client)
            (stuck,) = (run for run, word in runs.items() if word == "stuck")
            detail = (await client.get(f"{API}/runs/{stuck}")).json()
            assert "helper is stopped: On holiday." in detail["reason"]
            assert detail["action"] == "mission agent start helper"
            assert detail["waiting_on"] == ["helper"]
            for path in ("/", "/runs", f"/runs/{stuck}", "/agents", f"{API}/health"):
                assert "On holiday" in (await client.get(path)).text, path
            agent = (await client.get(f"{API}/agents/helper")).json()
            assert agent["agent"]["stuck"] == [stuck]
            assert "None is in trouble" not in (await client.get("/agents")).text

    asyncio.run(tell())


def test_rows_of_an_older_release_are_built_again(tmp_path: Path, told: Told) -> None:
    async def live() -> dict[str, str]:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            return await _in_each_state(house, client)

    runs = asyncio.run(live())
    for file in (tmp_path / "home").glob("rows.db*"):
        file.unlink()
    assert told.by_commands() == runs
