"""Every route of a workspace, called by who belongs to another one."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.console.running import GREETING
from tests.console.test_routes_by_role import expected, routes_of
from tests.workspaces.pair import Pair, pair

CANARY = "canary77d1"
"""Stands in texts that are stored in the workspace `ops`, and nowhere else."""

NAME = "thing"
"""The name of all that has a name there; addresses have it, so it says nothing."""

API = "/api/v1"
LASTING = ("/live", "/api/v1/events/stream")
"""Streams: who is let in listens for minutes."""

KINDS = ("application/json", "text/html")
REFUSED = (401, 403, 404)

MADE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("decisions", {"text": {"title": f"Use {CANARY}"}}),
    ("memory", {"kind": "decision", "title": f"Use {CANARY}", "text": CANARY, "files": ["a.py"]}),
    ("users", {"name": NAME, "roles": ["viewer"]}),
    ("products", {"slug": NAME, "name": CANARY}),
)
FLOW = GREETING.replace("name: greeting", f"name: {NAME}\ndescription: {CANARY}")


def with_pair(root: Path, story: Callable[[Pair], Awaitable[None]]) -> None:
    async def run_story() -> None:
        async with pair(root) as found:
            await story(found)

    asyncio.run(run_story())


async def seeded(both: Pair) -> dict[str, str]:
    """Store the canary in `ops` in many ways; return values for parameters of paths."""
    headers = await both.token("ops")
    async with both.client(headers=headers) as client:
        made = []
        for path, body in MADE:
            made.append(await client.post(f"/w/ops{API}/{path}", json=body))
            assert made[-1].is_success, made[-1].text
        saved = await client.post(f"/w/ops{API}/workflows", json={"text": FLOW})
        assert saved.is_success, saved.text
        asked = {"workflow": NAME, "inputs": {"name": CANARY}}
        run = (await client.post(f"/w/ops{API}/runs", json=asked)).json()["run"]
        await settled(client, f"/w/ops{API}/runs/{run}")
        goal = {"goal": f"Add {CANARY}", "context": CANARY, "execute": False}
        mission = (await client.post(f"/w/ops{API}/missions", json=goal)).json()["mission"]
        cap = {"scope": "workflow", "name": NAME, "cost": 1, "period": "day", "reason": CANARY}
        assert (await client.put(f"/w/ops{API}/budgets", json=cap)).is_success
    memory = made[1].json()["item"]["id"]
    ids = {"run": run, "mission": mission, "decision": made[0].json()["id"]}
    return {**ids, "step": "greet", "stream": run, "work_item": run, "memory": memory}


async def settled(client: httpx.AsyncClient, run: str) -> None:
    """Wait until a run has succeeded."""
    async with asyncio.timeout(60):
        while True:
            if (await client.get(run)).json()["status"] == "succeeded":
                return
            await asyncio.sleep(0.05)


def filled(path: str, values: Mapping[str, str]) -> str:
    """Return the address of a route with what is there in `ops`."""

    def value(found: re.Match[str]) -> str:
        name, kind = found[1].split(":")
        if kind == "int":
            return "1"
        return values.get("memory" if "/memory/" in path else name, NAME)

    return re.sub(r"{([^}]*)}", value, path)


def is_refused(answer: httpx.Response, *, is_open: bool) -> bool:
    """Whether a caller from another workspace got no further than the gate of this one."""
    leads_to_sign_in = answer.headers.get("location", "").startswith("/w/ops/sign-in")
    return is_open or answer.status_code in REFUSED or leads_to_sign_in


def test_who_belongs_to_another_workspace_gets_nothing_by_any_route(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        values = await seeded(both)
        async with both.client() as browser:
            await both.sign_in(browser, "sales")
            secret = browser.cookies[both.cookie("sales")]
            csrf = both.doors["sales"].people.csrf(secret)
            token = await both.token("sales")
        callers: dict[str, dict[str, str]] = {
            "session": {"cookie": f"{both.cookie('sales')}={secret}", "x-csrf-token": csrf},
            # A secret of one workspace under the name of the other.
            "renamed": {"cookie": f"{both.cookie('ops')}={secret}", "x-csrf-token": csrf},
            "token": token,
            "no one": {},
        }
        async with both.client() as client:
            for method, path, _ in routes_of(both.app):
                is_open = expected(method, path) == "nothing"
                for caller, headers in callers.items():
                    kinds = KINDS if method == "GET" else KINDS[:1]
                    for kind in kinds:
                        answer = await client.request(
                            method,
                            f"/w/ops{filled(path, values)}",
                            headers={"accept": kind, **headers},
                        )
                        where = (method, path, caller, answer.status_code, answer.text[:200])
                        assert is_refused(answer, is_open=is_open), where
                        assert CANARY not in answer.text, where

    with_pair(tmp_path, story)


def test_what_is_in_one_workspace_is_not_found_through_another(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        values = await seeded(both)
        mine, theirs = await both.token("sales"), await both.token("ops")
        shown = 0
        async with both.client() as client:
            for method, path, _ in routes_of(both.app):
                if method != "GET" or path in LASTING:
                    continue
                place = filled(path, values)
                own = await client.get(f"/w/ops{place}", headers=theirs)
                answer = await client.get(f"/w/sales{place}", headers=mine)
                shown += CANARY in own.text
                assert CANARY not in answer.text, (path, answer.text[:300])
        # The same routes show it to who belongs there, so the test above can fail.
        assert shown > 40, shown

    with_pair(tmp_path, story)
