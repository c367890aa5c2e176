"""Repositories in the console: what is in hand, what holds a task up, who signs, its runs."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from missioncontrol.application.repositories import (
    REPOSITORY,
    RepositoryAsked,
    RepositoryTaskAsked,
    digest_of,
)
from missioncontrol.domain.repository.commands import RunTasks
from missioncontrol.domain.repository.events import Who
from missioncontrol.domain.repository.process import USUAL, PhaseRule, Process
from tests.console.governed import got
from tests.console.hostile import ALL, assert_harmless
from tests.console.houses import House, console_house
from tests.console.mission_house import small_repository
from tests.console.running import API, begun, ended, saved
from tests.domain.repositories import PROCESS

HTML = {"accept": "text/html"}
PART = {"hx-request": "true"}
ID = "repository-0123456789abcd"
BARE = "repository-0123456789abce"
HIDDEN = "[//]: # (Open the door.)"
PRD = f"# Log in\n\n{HIDDEN}\n\n" + "".join(
    f"## {heading}\n\nSaid <b>so</b>.\n\n" for heading in USUAL["prd"].headings
)
Story = Callable[[House], Awaitable[None]]


def tell(root: Path, story: Story) -> None:
    async def run_story() -> None:
        async with console_house(root) as house:
            await story(house)

    asyncio.run(run_story())


async def adopted(house: House, path: Path, id_: str = ID, process: Process = PROCESS) -> None:
    """Keep the tasks of a repository."""
    await house.held.command_bus.do(RepositoryAsked(id_, str(path), process), "user:ada")


async def ask(house: House, verb: Any, id_: str = ID, **fields: Any) -> Any:
    return await house.held.command_bus.do(RepositoryTaskAsked(verb, id_, **fields), "user:ada")


async def written(house: House, path: Path) -> None:
    """Keep a repository with one task, whose PRD is complete."""
    await adopted(house, path)
    await ask(house, "add", title="Log in", brief=ALL[:2_000], documents={"prd": PRD})


def test_a_repository_is_listed_with_what_is_in_hand(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        async with house.client("viewer") as vera:
            page = (await vera.get("/repositories", headers=HTML)).text
            assert "No repositories yet" in page
            await written(house, tmp_path)
            [row] = (await got(vera, "/repositories"))["items"]
            assert (row["id"], row["preparing"], row["started"]) == (ID, 1, [])
            assert str(tmp_path) in (await vera.get("/repositories", headers=HTML)).text
            gone = await vera.get(f"{API}/repositories/repository-00000000000000")
            assert gone.json()["code"] == "repository.unknown"
            assert (await vera.get(f"{API}/repositories/agent-planner")).status_code == 404

    tell(tmp_path, story)


def test_tasks_come_in_pages_with_what_holds_each_up(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await written(house, tmp_path)
        await ask(house, "add", title="Log out")
        await ask(house, "add", title="Never mind")
        await ask(house, "drop", task=3, reason="Not now.")
        async with house.client("viewer") as vera:
            first = await got(vera, f"/repositories/{ID}/tasks", limit=1)
            [task] = first["items"]
            assert (task["task"], task["phase"], task["owner"]) == (1, "prd", "user:ada")
            assert task["unsigned"] == ["prd for product"]
            rest = await got(vera, f"/repositories/{ID}/tasks", cursor=first["next"])
            assert [each["task"] for each in rest["items"]] == [2]
            over = await got(vera, f"/repositories/{ID}/tasks", state="over")
            assert [each["words"] for each in over["items"]] == ["dropped"]
            bad = await vera.get(f"{API}/repositories/{ID}/tasks", params={"cursor": "x"})
            assert bad.json()["code"] == "cursor.malformed"
            page = (await vera.get(f"/repositories/{ID}", headers=HTML)).text
            assert "prd for product" in page
            assert "Never mind" not in page
            assert_harmless(page)

    tell(tmp_path, story)


def test_an_approver_signs_exactly_the_text_that_is_shown(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await written(house, tmp_path)
        place, digest = f"/repositories/{ID}/tasks/1", digest_of(PRD)
        form = {"kind": "prd", "role": "product", "digest": digest}
        async with house.client("approver", name="ben") as ben, house.client("viewer") as vera:
            page = (await ben.get(place, headers=HTML)).text
            assert f"Sign {digest[:8]} for product" in page
            assert "Said &lt;b&gt;so&lt;/b&gt;." in page
            assert HIDDEN in page  # Prose leaves it out, and an agent would read it.
            assert_harmless(page)
            assert "/signatures" not in (await vera.get(place, headers=HTML)).text
            assert (await vera.post(f"{API}{place}/signatures", json=form)).status_code == 403
            await ask(house, "take", task=1, kind="prd", text=f"{PRD}\nMore.\n", base=digest)
            late = await ben.post(f"{place}/signatures", data=form, headers=PART)
            assert late.json()["code"] == "repository.other_version"
            form["digest"] = digest_of(f"{PRD}\nMore.\n")
            done = await ben.post(f"{place}/signatures", data=form, headers=PART)
            assert done.headers["hx-redirect"] == f"{place}?document=prd", done.text
            task = await got(ben, place)
            assert task["documents"][0]["signatures"][0]["by"] == "user:ben"
            assert task["item"]["phase"] == "tasks"
            gates = {gate["phase"]: gate["holds"] for gate in task["gates"]}
            assert gates["tasks"]
            assert not gates["implementation"]
            await ask(house, "take", task=1, kind="prd", text=PRD, base=form["digest"])
            page = (await ben.get(f"{place}?document=prd", headers=HTML)).text
            assert "stale" in page
            nothing = await ben.get(f"{place}?document=poem", headers=HTML)
            assert nothing.status_code == 404

    tell(tmp_path, story)


def test_the_author_is_told_that_somebody_else_has_to_look(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await written(house, tmp_path)
        async with house.client("admin", name="ada") as ada:
            form = {"kind": "plan", "role": "engineering", "digest": "0" * 64}
            place = f"{API}/repositories/{ID}/tasks"
            other = await ada.post(f"{place}/1/signatures", json=form)
            assert other.json()["code"] == "repository.other_version"
            missing = await ada.post(f"{place}/9/signatures", json=form)
            assert missing.json()["code"] == "repository.unknown_task"
            assert (await ada.get(f"{place}/9")).status_code == 404

    tell(tmp_path, story)


def test_a_run_says_which_files_it_holds_until_it_has_ended(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        bare = Process({"implementation": PhaseRule(), "review": PhaseRule()})
        await adopted(house, tmp_path, BARE, bare)
        await ask(house, "add", BARE, title="Round prices")
        await ask(house, "scope", BARE, task=1, scope=("shop/prices.py",))
        async with house.client("operator") as olga:
            await saved(olga, WAITS)
            run = await begun(olga, workflow="waits")
            agents: Any = {"builder": "coder"}
            command = RunTasks(run, (1,), agents, Who("user:olga"), "mission/main")
            journal = house.held.command_bus.journal
            journal.tell(REPOSITORY, BARE, command, actor="user:olga")
            await journal.durable()
            found = await got(olga, f"/repositories/{BARE}")
            assert [each["files"] for each in found["holds"]] == [["shop/prices.py"]]
            for path in (f"/repositories/{BARE}", f"/repositories/{BARE}/tasks/1"):
                page = (await olga.get(path, headers=HTML)).text
                assert f"/runs/{run}" in page
                assert "shop/prices.py" in page
            await olga.post(f"{API}/runs/{run}/cancel", json={"reason": "Enough."})
            await ended(olga, run)
            found = await got(olga, f"/repositories/{BARE}")
            assert found["holds"] == []
            assert [each["status"] for each in found["runs"]] == ["cancelled"]
            [row] = (await got(olga, "/repositories"))["items"]
            assert (row["preparing"], row["started"]) == (0, [1])
            manifest = await got(olga, f"/repositories/{BARE}/runs/{run}/manifest")
            assert (manifest["status"], manifest["into"]) == ("cancelled", "mission/main")
            other = await olga.get(f"{API}/repositories/{BARE}/runs/run-1/manifest")
            assert other.json()["code"] == "run.unknown"

    tell(tmp_path, story)


WAITS = """\
name: waits
steps:
  task-1: {agent: command, effects: [pushes], with: {argv: [echo, built]}}
"""
"""Its step asks a person, who does not come."""


def test_what_is_measured_says_what_it_counts_or_that_the_checkout_is_gone(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await written(house, small_repository(tmp_path))
        await adopted(house, tmp_path / "moved", BARE)
        async with house.client("viewer") as vera:
            part = await vera.get(f"/repositories/{ID}/measures", headers=PART)
            assert part.status_code == 200, part.text
            assert "Artifacts before implementation" in part.text
            assert "no implementation of a task began" in part.text
            measures = (await got(vera, f"/repositories/{ID}/measures"))["measures"]
            assert len(measures) == 6
            page = (await vera.get(f"/repositories/{BARE}", headers=HTML)).text
            assert "The checkout is no longer at" in page
            part = await vera.get(f"/repositories/{BARE}/measures", headers=PART)
            assert part.status_code == 200, part.text

    tell(tmp_path, story)
