"""The inbox of each person: everything that needs them, until its cause is settled."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from missioncontrol.application.repositories import RepositoryAsked, RepositoryTaskAsked
from missioncontrol.domain.repository.process import USUAL
from tests.console.governed import got, waiting
from tests.console.houses import House, console_house, principal
from tests.console.running import API, FAILING, GREETING, begun, ended, saved
from tests.domain.repositories import PROCESS

Story = Callable[[House], Awaitable[None]]
REPOSITORY = "repository-0123456789abcd"
PRD = "# Log in\n\n" + "".join(f"## {each}\n\nSo.\n\n" for each in USUAL["prd"].headings)


def tell(root: Path, story: Story) -> None:
    async def run_story() -> None:
        async with console_house(root) as house:
            await story(house)

    asyncio.run(run_story())


async def inbox(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await got(client, "/inbox", **filters))["items"]
    return items


def allowed(item: dict[str, Any]) -> set[str]:
    return {each["name"] for each in item["actions"] if each["is_allowed"]}


def test_an_approval_is_in_the_inbox_of_who_can_decide_it_until_it_is_decided(
    tmp_path: Path,
) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house)
        async with (
            house.client("approver", name="ben") as ben,
            house.client("operator", name="olga") as olga,
        ):
            [item] = await inbox(ben)
            assert item["id"] == f"approval:{approval}"
            assert (item["kind"], item["group"], item["title"]) == (
                "approval",
                "now",
                "Publish the tag",
            )
            assert {"approve", "reject", "request-changes", "snooze"} <= allowed(item)
            assert item["frees"] == "1 of 1 steps of release"
            assert await inbox(olga) == []
            [seen] = await inbox(olga, view="all")
            assert (seen["group"], seen["can_act"]) == ("others", False)
            why = next(each["why"] for each in seen["actions"] if each["name"] == "approve")
            assert why == "Your roles don't have the permission 'approve'."
            done = await ben.post(
                f"{API}/approvals/{approval}/approve",
                json={"digest": item["digest"], "reason": "Checked."},
            )
            assert done.status_code == 200, done.text
            assert await inbox(ben, view="all") == []

    tell(tmp_path, story)


def test_approvals_of_one_name_are_told_apart_by_their_inputs(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await waiting(house, "v1")
        await waiting(house, "v2")
        async with house.client("approver", name="ben") as ben:
            details = {each["detail"].partition(" · ")[2] for each in await inbox(ben)}
            assert details == {"v1", "v2"}

    tell(tmp_path, story)


def test_failures_of_one_workflow_are_one_item_that_a_success_settles(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        async with house.client("operator") as client:
            await saved(client, GREETING)
            for _ in range(2):
                await ended(client, await begun(client, **FAILING))
            [item] = await inbox(client)
            assert (item["title"], item["count"]) == ("greeting failed 2 times", 2)
            assert {"retry", "dismiss"} <= allowed(item)
            assert (await client.post(f"{API}/inbox/{item['id']}/dismiss")).status_code == 200
            assert await inbox(client) == []
            await ended(client, await begun(client, **FAILING))
            [item] = await inbox(client)  # Something new has happened to it.
            await ended(client, await begun(client, workflow="greeting"))
            assert await inbox(client, view="all") == []
            gone = await client.post(f"{API}/inbox/{item['id']}/mute")
            assert (gone.status_code, gone.json()["code"]) == (404, "inbox.unknown")

    tell(tmp_path, story)


def test_what_one_cause_holds_up_is_one_item_with_the_way_out(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        async with house.client("admin") as client:
            await saved(client, GREETING)
            await client.post(f"{API}/operation/stop", json={"reason": "fire"})
            await client.post(f"{API}/operation/start", json={"stage": "paused", "reason": "out"})
            for _ in range(2):
                await begun(client, workflow="greeting")
            [item] = await inbox(client, kind="stuck")
            assert item["title"] == "2 runs are stuck: work is paused"
            assert item["actions"][0]["title"] == "Resume all work"

    tell(tmp_path, story)


def test_a_sign_off_a_task_and_a_decision_find_their_people(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        perform = house.held.command_bus.do
        await perform(RepositoryAsked(REPOSITORY, str(tmp_path), PROCESS), "user:ada")
        await perform(
            RepositoryTaskAsked("add", REPOSITORY, title="Log in", documents={"prd": PRD}),
            "user:ada",
        )
        await perform(RepositoryTaskAsked("add", REPOSITORY, title="Log out"), "user:ada")
        async with (
            house.client("admin", name="ada") as ada,
            house.client("approver", name="ben") as ben,
        ):
            await ada.post(f"{API}/decisions", json={"text": {"title": "Use SQLite"}})
            kinds = {each["kind"]: each["title"] for each in await inbox(ada)}
            assert kinds["task"] == "Complete the PRD of Log out"
            assert kinds["decision"] == "D1: Use SQLite"
            [item] = await inbox(ben)
            assert item["title"] == "Sign off the PRD of Log in"
            assert item["digest"]

    tell(tmp_path, story)


def test_an_item_is_snoozed_and_given_away_for_one_person_and_restored(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        async with (
            house.client("operator", name="olga") as olga,
            house.client("admin", name="ada") as ada,
        ):
            await ada.post(f"{API}/decisions", json={"text": {"title": "Use SQLite"}})
            until = house.console.now + 60
            path = f"{API}/inbox/decision:D1"
            assert (await olga.post(f"{path}/snooze", json={"until": until})).status_code == 200
            assert await inbox(olga) == []
            assert [each["until"] for each in await inbox(olga, view="snoozed")] == [until]
            assert len(await inbox(ada)) == 1
            assert (await olga.post(f"{path}/restore")).status_code == 200
            assert len(await inbox(olga)) == 1
            given = await ada.post(f"{path}/assign", json={"to": "olga", "note": "Yours."})
            assert given.status_code == 200, given.text
            assert await inbox(ada) == []
            assert [each["assigned_to"] for each in await inbox(ada, view="delegated")] == ["olga"]
            assert (await inbox(olga))[0]["note"] == "Yours."
            await house.know(principal("viewer", name="vera"))
            refused = await ada.post(f"{path}/assign", json={"to": "vera"})
            assert refused.json()["code"] == "inbox.cannot_settle"
            await olga.post(f"{path}/comment", json={"text": "Measured."})
            page = await got(ada, "/inbox/decision:D1")
            assert [each["text"] for each in page["comments"]] == ["Measured."]

    tell(tmp_path, story)
