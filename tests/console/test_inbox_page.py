"""The page of the inbox: each button issues its command, and what is refused says why in place."""

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from missioncontrol.application.repositories import RepositoryAsked, RepositoryTaskAsked
from missioncontrol.interfaces.web.inbox_actions import snoozed_until
from tests.console.governed import got, waiting
from tests.console.houses import House, console_house
from tests.console.running import API, FAILING, GREETING, begun, ended, saved, until
from tests.console.test_inbox import PRD, REPOSITORY, inbox
from tests.console.test_runs_pages import DEAR
from tests.domain.repositories import PROCESS

HTML = {"accept": "text/html"}
PART = {"hx-request": "true", "accept": "text/html"}
NOON = 1_795_435_200.0  # 2026-11-23, a Monday, 12:00 UTC
Story = Callable[[House, httpx.AsyncClient], Awaitable[None]]


def tell(root: Path, story: Story) -> None:
    async def run_story() -> None:
        async with console_house(root) as house, house.client("admin", name="ada") as ada:
            await story(house, ada)

    asyncio.run(run_story())


async def pressed(client: httpx.AsyncClient, item: str, name: str, **data: str) -> httpx.Response:
    """Press a button as the page does: with the fields that its form shows."""
    page = (await client.get(f"/inbox/{item}", headers=HTML)).text
    form = page.partition(f'action="/inbox/{item}/{name}"')[2].partition("</form>")[0]
    fields = re.findall(r'name="([^"]+)"[^>]* value="([^"]*)"', form)
    given = {html.unescape(key): html.unescape(value) for key, value in fields if key != "csrf"}
    return await client.post(f"/inbox/{item}/{name}", data={**given, **data}, headers=PART)


def test_a_cap_is_raised_in_the_inbox_and_all_its_runs_go_on(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        del house
        await saved(ada, DEAR)
        cap = {"scope": "workflow", "name": "dear", "tokens": 10, "reason": "try"}
        assert (await ada.put(f"{API}/budgets", json=cap)).status_code == 200
        for _ in range(2):
            run = await begun(ada, workflow="dear")
            assert (await ended(ada, run))["status"] == "halted"
        [item] = await inbox(ada, kind="halt")
        assert item["count"] == 2
        assert item["title"] == "Workflow dear reached its cap: 2 runs are halted"
        enough = {"cap.workflow.total.tokens.dear": "5000"}
        done = await pressed(ada, item["id"], "raise", **enough)
        assert done.status_code == 200, done.text
        assert "The cap is raised" in done.text
        for each in (await got(ada, "/runs"))["items"]:
            await until(ada, each["id"], lambda status: status != "halted")

    tell(tmp_path, story)


def test_a_document_is_signed_as_it_was_read_and_no_other_way(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        perform = house.held.command_bus.do
        await perform(RepositoryAsked(REPOSITORY, str(tmp_path), PROCESS), "user:olga")
        task = RepositoryTaskAsked("add", REPOSITORY, title="Log in", documents={"prd": PRD})
        await perform(task, "user:olga")
        [item] = await inbox(ada, kind="sign-off")
        page = (await ada.get(f"/inbox/{item['id']}", headers=HTML)).text
        assert "## Goal" in page
        other = await pressed(ada, item["id"], "sign", digest="0" * 64)
        assert (other.status_code, "was changed after it was shown" in other.text) == (422, True)
        assert "Signed off" in (await pressed(ada, item["id"], "sign")).text
        assert await inbox(ada, kind="sign-off") == []

    tell(tmp_path, story)


def test_an_elevation_is_granted_and_a_failed_run_retried(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        declared = {"name": "wide", "declared": {"kind": "codex"}, "start": False}
        assert (await ada.post(f"{API}/agents", json=declared)).status_code == 201
        wish = {"modes": ["network"], "reason": "npm needs it.", "seconds": 7_200.0}
        async with house.client("operator", name="olga") as olga:
            await olga.post(f"{API}/agents/wide/elevations", json=wish)
        [item] = await inbox(ada, kind="elevation")
        assert "npm needs it." in (await ada.get(f"/inbox/{item['id']}", headers=HTML)).text
        assert "Granted" in (await pressed(ada, item["id"], "approve")).text
        [given] = (await got(ada, "/elevations"))["items"]
        assert given["state"] == "in_force"
        await saved(ada, GREETING)
        failed = await begun(ada, **FAILING)
        await ended(ada, failed)
        [item] = await inbox(ada, kind="failed")
        assert "The run is retried" in (await pressed(ada, item["id"], "retry")).text
        newest = (await got(ada, "/runs"))["items"][0]
        assert newest["origin"] == failed

    tell(tmp_path, story)


def test_work_is_resumed_from_what_it_holds_up(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        del house
        await saved(ada, GREETING)
        await ada.post(f"{API}/operation/stop", json={"reason": "fire"})
        await ada.post(f"{API}/operation/start", json={"stage": "paused", "reason": "out"})
        run = await begun(ada, workflow="greeting")
        [item] = await inbox(ada, kind="stuck")
        assert "Work is resumed" in (await pressed(ada, item["id"], "start")).text
        assert (await ended(ada, run))["status"] == "succeeded"

    tell(tmp_path, story)


def test_what_a_person_may_not_do_is_refused_with_the_reason_in_place(tmp_path: Path) -> None:
    async def story(house: House, ada: httpx.AsyncClient) -> None:
        approval = await waiting(house)
        item = f"approval:{approval}"
        reject = await pressed(ada, item, "reject", digest="0" * 64)
        assert reject.status_code == 422
        assert "needs a reason" in reject.text
        async with house.client("viewer", name="vera") as vera:
            page = (await vera.get(f"/inbox/{item}", headers=HTML)).text
            assert "don&#39;t have the permission" in page
            refused = await vera.post(f"/inbox/{item}/approve", data={"digest": "0"}, headers=PART)
            assert (refused.status_code, "Nothing was done." in refused.text) == (422, True)
            unknown = await vera.post(f"/inbox/{item}/explode", data={}, headers=PART)
            assert "Nothing is called" in html.unescape(unknown.text)
        assert (await got(ada, f"/approvals/{approval}"))["state"] == "waiting"

    tell(tmp_path, story)


@pytest.mark.parametrize(
    ("choice", "zone", "until_", "words"),
    [
        ("", "", "2026-11-24T09:00+00:00", "until tomorrow 09:00"),
        ("tomorrow", "60", "2026-11-24T08:00+00:00", "until tomorrow 09:00"),
        ("week", "-480", "2026-11-30T17:00+00:00", "until Monday 09:00"),
        ("4h", "nonsense", "2026-11-23T16:00+00:00", "for 4 hours"),
    ],
)
def test_a_snoozed_item_returns_in_the_morning_of_who_snoozed_it(
    choice: str, zone: str, until_: str, words: str
) -> None:

    assert snoozed_until(choice, zone, NOON) == (datetime.fromisoformat(until_).timestamp(), words)
