"""What holds for every address of the API: methods, types, refusals, and places in lists."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from missioncontrol.domain.principal import TERMINAL, Principal
from missioncontrol.interfaces.api.media_types import _takes
from missioncontrol.interfaces.http_head import Heads
from missioncontrol.surfaces.paging import page_of
from tests.console.houses import ORIGIN, House, console_house, principal
from tests.console.running import GREETING, ended

API = "/api/v1"
PROBLEM = "application/problem+json"


def with_house(root: Path, story: Callable[[House, httpx.AsyncClient], Awaitable[None]]) -> None:
    async def live() -> None:
        async with console_house(root) as house, house.client("admin") as client:
            await story(house, client)

    asyncio.run(live())


def test_an_address_says_which_requests_it_takes(tmp_path: Path) -> None:
    async def story(house: House, client: httpx.AsyncClient) -> None:
        refused = await client.delete(f"{API}/runs")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")
        assert refused.headers["content-type"] == PROBLEM
        problem = refused.json()
        assert (problem["title"], problem["code"]) == ("Method Not Allowed", "http.405")
        unknown = (await client.get(f"{API}/nothing")).json()
        assert (unknown["title"], unknown["status"]) == ("Not Found", 404)
        assert unknown["detail"] == "There is nothing at this address."

    with_house(tmp_path, story)


def test_head_answers_what_get_answers_but_for_the_content(tmp_path: Path) -> None:
    async def story(house: House, client: httpx.AsyncClient) -> None:
        async def let_in(scope: Any, receive: Any, send: Any) -> None:
            scope["user"] = principal("viewer")
            scope.setdefault("state", {})["request_id"] = "req"
            await Heads(house.app)(scope, receive, send)

        transport = httpx.ASGITransport(app=let_in)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as heads:
            for path in (f"{API}/runs", "/runs", f"{API}/operation", f"{API}/events/stream"):
                head = await heads.head(path)
                assert (head.status_code, head.content) == (200, b""), path
            listed, head = await heads.get(f"{API}/runs"), await heads.head(f"{API}/runs")
            assert head.headers["content-length"] == listed.headers["content-length"]
            assert (await heads.head(f"{API}/users")).status_code == 403

    with_house(tmp_path, story)


def test_what_is_no_json_is_refused_by_its_type(tmp_path: Path) -> None:
    async def story(house: House, client: httpx.AsyncClient) -> None:
        for kind, status in (
            ("text/plain", 415),
            ("application/x-www-form-urlencoded", 415),
            ("application/json; charset=utf-8", 404),
            ("application/merge-patch+json", 404),
        ):
            body, headers = b'{"workflow": "none"}', {"content-type": kind}
            answer = await client.post(f"{API}/runs", content=body, headers=headers)
            assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), kind

    with_house(tmp_path, story)


def test_who_can_t_read_json_is_told_so(tmp_path: Path) -> None:
    async def story(house: House, client: httpx.AsyncClient) -> None:
        for accept, status in (
            ("application/xml", 406),
            ("text/html", 406),
            ("application/json;q=0, */*", 406),
            ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
            ("application/*", 200),
            ("", 200),
        ):
            answer = await client.get(f"{API}/runs", headers={"accept": accept})
            assert answer.status_code == status, accept
        assert (await client.get("/runs", headers={"accept": "text/html"})).status_code == 200

    with_house(tmp_path, story)


@pytest.mark.parametrize(
    ("accept", "takes"),
    [
        ("*/*", True),
        ("application/json", True),
        ("application/json;q=none", True),
        ("application/*;q=0, application/json", True),
        ("application/*, application/json; q=0.0", False),
        ("text/*", False),
    ],
)
def test_the_most_exact_range_says_what_is_accepted(accept: str, takes: bool) -> None:
    assert _takes(accept, "application/json") is takes


def test_a_list_goes_on_where_it_was_whatever_came_and_went_meanwhile(tmp_path: Path) -> None:
    async def story(house: House, client: httpx.AsyncClient) -> None:
        async def add(name: str) -> None:
            hook = {"name": name, "url": "https://8.8.8.8:9/hook"}
            assert (await client.post(f"{API}/webhooks", json=hook)).status_code == 201

        for name in ("b", "d", "f", "h"):
            await add(name)
        first = (await client.get(f"{API}/webhooks", params={"limit": 2})).json()
        await add("a")
        await add("e")
        await client.delete(f"{API}/webhooks/d")
        rest = await client.get(f"{API}/webhooks", params={"limit": 9, "cursor": first["next"]})
        named = [each["name"] for each in first["items"] + rest.json()["items"]]
        assert named == ["b", "d", "e", "f", "h"]
        assert rest.json()["next"] == ""

    with_house(tmp_path, story)


def test_a_page_of_what_falls_ends_where_the_next_begins() -> None:
    found = [9, 7, 5, 3]
    page = page_of(found, "", 2, lambda it: (it,), int, falling=True)
    assert page.items == [9, 7]
    rest = page_of([9, 8, 6, 5, 3], page.next, 5, lambda it: (it,), int, falling=True)
    assert (rest.items, rest.next) == ([6, 5, 3], "")


@pytest.mark.parametrize("path", ["runs", "webhooks", "users", "tokens", "prices", "sessions"])
def test_a_cursor_that_is_none_is_malformed(tmp_path: Path, path: str) -> None:
    async def story(house: House, client: httpx.AsyncClient) -> None:
        answer = await client.get(f"{API}/{path}", params={"cursor": "none"})
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor.malformed")

    with_house(tmp_path, story)


def test_plans_are_listed_where_there_are_any(tmp_path: Path) -> None:
    async def story(house: House, client: httpx.AsyncClient) -> None:
        asked = {"goal": "Add a shop", "context": "An empty place", "execute": False}
        begun = (await client.post(f"{API}/missions", json=asked)).json()
        await ended(client, begun["run"])
        (plan,) = (await client.get(f"{API}/plans")).json()["items"]
        assert (plan["mission"], plan["run"]) == (begun["mission"], begun["run"])
        assert plan["tasks"] > 0
        found = await client.get(f"{API}/plans/{plan['mission']}")
        assert found.json()["mission"] == begun["mission"]

    with_house(tmp_path, story)


@pytest.mark.parametrize(
    ("way", "agent", "trigger"),
    [("token", "curl/8", "api"), ("token", TERMINAL, "manual"), ("password", "Firefox", "manual")],
)
def test_a_run_says_whether_a_program_or_a_person_began_it(
    tmp_path: Path, way: Any, agent: str, trigger: str
) -> None:
    async def story(house: House, client: httpx.AsyncClient) -> None:
        await client.post(f"{API}/workflows", json={"text": GREETING})
        known = principal("admin")
        who = Principal(known.actor, known.roles, known.permissions, way, "c", "127.0.0.1")

        async def let_in(scope: Any, receive: Any, send: Any) -> None:
            scope["user"] = who
            scope.setdefault("state", {})["request_id"] = f"req-{agent}"
            await house.app(scope, receive, send)

        transport = httpx.ASGITransport(app=let_in)
        headers = {"user-agent": agent}
        async with httpx.AsyncClient(
            transport=transport, base_url=ORIGIN, headers=headers
        ) as other:
            begun = await other.post(f"{API}/runs", json={"workflow": "greeting"})
        run = (await client.get(f"{API}/runs/{begun.json()['run']}")).json()
        assert run["trigger"] == trigger
        chosen = await client.get(f"{API}/runs", params={"trigger": trigger})
        assert [each["id"] for each in chosen.json()["items"]] == [begun.json()["run"]]

    with_house(tmp_path, story)
