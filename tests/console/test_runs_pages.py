"""The pages of runs: what they say, what their parts are, and that nothing shown is ever run."""

import asyncio
import html
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.console.hostile import ALL, PAYLOADS, assert_harmless
from tests.console.houses import console_house
from tests.console.running import API, FAILING, GREETING, begun, ended, saved

TABS = ("graph", "steps", "timeline", "log", "files", "events", "cost", "approvals")
PART = {"HX-Request": "true"}
LINKS = re.compile(r'href="((?:/api/v1)?/artifacts/[^"]+)"')


def in_a_house(
    tmp_path: Path, story: Callable[[httpx.AsyncClient], Awaitable[None]], role: Any = "operator"
) -> None:
    async def tell() -> None:
        async with console_house(tmp_path) as house, house.client(role) as client:
            await story(client)

    asyncio.run(tell())


async def shown(client: httpx.AsyncClient, path: str, status: int = 200, **more: Any) -> str:
    answer = await client.get(path, **more)
    assert answer.status_code == status, f"{path}: {answer.text[:2_000]}"
    assert_harmless(answer.text)
    return answer.text


def hostile_workflow() -> str:
    """Return a workflow whose every text is an attack."""

    def step(number: int, payload: str, **more: Any) -> dict[str, Any]:
        words = ["sh", "-c", 'printf "%s\n" "$0"; exit ' + str(number % 2), payload]
        return {
            "title": payload,
            "agent": "command",
            "effects": ["reads_files"],
            "with": {"argv": [each.replace("${{", "$ {{") for each in words]},
            **more,
        }

    steps = {
        f"s{number}": step(number, payload.replace("\u202e", "").replace("\u202c", ""))
        for number, payload in enumerate(PAYLOADS)
    }
    steps["after"] = step(0, "<b>after</b>", needs="s1")
    return json.dumps(
        {
            "name": "hostile",
            "concurrency": 8,
            "inputs": {"text": {"type": "string", "default": "none"}},
            "steps": steps,
        }
    )


@pytest.mark.journey
def test_nothing_that_a_run_says_is_ever_run(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, hostile_workflow())
        run = await begun(client, workflow="hostile", inputs={"text": ALL})
        await ended(client, run, 60.0)
        other = await begun(client, workflow="hostile", inputs={"text": PAYLOADS[0]})
        await ended(client, other, 60.0)
        for tab in TABS:
            await shown(client, f"/runs/{run}?tab={tab}")
            await shown(client, f"/runs/{run}/part/{tab}", headers=PART)
        for number in range(len(PAYLOADS)):
            await shown(client, f"/runs/{run}/steps/s{number}", headers=PART)
        await shown(client, f"/runs/{run}/steps/after")
        await shown(client, f"/runs/{run}/replay")
        await shown(client, f"/runs/compare?a={run}&b={other}")
        for payload in PAYLOADS[::3]:
            text = quote(
                payload.replace("evil", "other")
            )  # an address may repeat what it was asked
            await shown(client, f"/runs?q={text}&workflow={text}&author={text}&mission={text}")
            await shown(client, f"/runs/{run}?tab=steps&q={text}")
            await shown(client, f"/runs/compare?a={text}")
            for path in (f"/runs/{text}", f"/runs/{run}/steps/{text}"):
                answer = await client.get(path, headers={"Accept": "text/html"})
                assert answer.status_code in (400, 404, 422), path
                assert_harmless(answer.text)

    in_a_house(tmp_path, story)


def test_the_list_says_what_needs_somebody_and_keeps_its_filters(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        assert "No runs yet." in await shown(client, "/runs")
        await saved(client, GREETING)
        first = await begun(client, workflow="greeting")
        second = await begun(client, **FAILING)
        await ended(client, first)
        await ended(client, second)
        page = await shown(client, "/runs")
        assert "No runs are live or need attention." in page
        assert page.index(second) < page.index(first)
        failed = await shown(client, "/runs?status=failed&q=greet")
        assert second in failed
        assert f'id="row-{first}"' not in failed
        assert 'value="greet"' in failed
        assert "No matching runs" in await shown(client, "/runs?author=user:nobody")
        third = await begun(client, workflow="greeting")
        await ended(client, third)
        rows = await shown(client, f"/runs?upto={second}", headers=PART)
        assert rows.lstrip().startswith("<section")
        assert "1 new" in rows
        assert f'id="row-{third}"' not in rows
        await shown(client, "/runs?cursor=x", 400)

    in_a_house(tmp_path, story)


def test_a_run_and_its_steps_are_pages_and_parts(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, GREETING)
        run = await begun(client, **FAILING)
        await ended(client, run)
        page = await shown(client, f"/runs/{run}")
        assert '<p class="verdict"><b>Failed: check ended with exit status 1.</b></p>' in page
        assert "Say hello" in page
        deep = await shown(client, f"/runs/{run}/steps/check")
        part = await shown(client, f"/runs/{run}/steps/check", headers=PART)
        assert 'data-step="check"' in deep
        assert part.lstrip().startswith("<aside")
        assert "Retry from here" in part
        summary = await shown(client, f"/runs/{run}", headers={**PART, "HX-Target": "drawer"})
        assert summary.lstrip().startswith("<aside")
        head = await shown(client, f"/runs/{run}", headers={**PART, "HX-Target": "run-head"})
        assert head.lstrip().startswith("<header")
        for path in ("/runs/run-none", f"/runs/{run}/steps/none", "/runs/compare?a=run-x&b=run-y"):
            await shown(client, path, 404)
        await shown(client, f"/runs/{run}/replay?at=1", 422)

    in_a_house(tmp_path, story)


def test_a_form_begins_a_fork_with_what_was_changed_in_it(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, GREETING)
        run = await begun(client, **FAILING)
        await ended(client, run)
        form = {"step": "check", "input.name": "Bo", "input.other": "is no input"}
        answer = await client.post(f"/runs/{run}/fork", data=form)
        assert answer.status_code == 303
        fork = answer.headers["location"].removeprefix("/runs/")
        view = await ended(client, fork)
        assert (view["inputs"], view["fork_of"]) == ({"name": "Bo"}, run)
        again = await client.post(f"/runs/{run}/retry", data={"step": "check"}, headers=PART)
        assert again.status_code == 200
        assert again.headers["hx-redirect"].startswith("/runs/run-")
        assert (await client.post(f"/runs/{run}/fork", data={})).status_code == 422
        assert (await client.post(f"/runs/{run}/cancel", data={})).status_code == 409

    in_a_house(tmp_path, story)


def test_who_only_reads_is_offered_nothing_that_changes(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        assert "Start run" not in await shown(client, "/runs")
        for verb in ("cancel", "resume", "retry", "fork"):
            assert (await client.post(f"/runs/run-x/{verb}")).status_code == 403
            assert (await client.post(f"{API}/runs/run-x/{verb}")).status_code == 403

    in_a_house(tmp_path, story, "viewer")


FILED = """\
name: filed
steps:
  write:
    title: Write <b>it</b>
    agent: command
    with: {argv: [sh, -c, "echo '# Notes' > notes.md"], artifacts: [notes.md]}
"""

DEAR = """\
name: dear
budget: {tokens: 1000}
steps:
  speak: {agent: command, budget: {tokens: 500}, with: {argv: [echo, spoken], reports: true}}
"""


def test_files_of_a_run_are_listed_opened_and_taken_along(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, FILED)
        run = await begun(client, workflow="filed")
        view = await ended(client, run)
        assert view["status"] == "succeeded", view
        listed = await shown(client, f"/runs/{run}?tab=files")
        drawer = await shown(client, f"/runs/{run}/steps/write", headers=PART)
        for text in (listed, drawer):
            viewer, file = (html.unescape(each) for each in LINKS.findall(text)[:2])
            assert "notes.md" in await shown(client, viewer)
            assert (await client.get(file)).text == "# Notes\n"

    in_a_house(tmp_path, story)


def test_a_halted_run_goes_on_once_its_cap_is_raised_on_its_page(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, DEAR)
        cap = {"scope": "workflow", "name": "dear", "tokens": "10", "reason": "try"}
        answer = await client.post("/settings/budgets", data={**cap, "period": "total"})
        assert answer.status_code in (200, 303), answer.text
        run = await begun(client, workflow="dear")
        assert (await ended(client, run))["status"] == "halted"
        page = await shown(client, f"/runs/{run}")
        assert "mission budget" not in page
        assert "Raise and resume" in page
        name = "cap.workflow.total.tokens.dear"
        assert f'name="{name}"' in page
        refused = await client.post(f"/runs/{run}/raise", data={name: "x", "reason": "y"})
        assert refused.status_code == 422
        raised = await client.post(f"/runs/{run}/raise", data={name: "900", "reason": "more"})
        assert raised.status_code == 303, raised.text
        assert (await ended(client, run))["status"] == "succeeded"

    in_a_house(tmp_path, story, "admin")


def test_who_may_not_change_caps_is_not_offered_to(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, GREETING)
        run = await begun(client, workflow="greeting")
        await ended(client, run)
        answer = await client.post(f"/runs/{run}/raise", data={"reason": "y"})
        assert answer.status_code == 403

    in_a_house(tmp_path, story)
