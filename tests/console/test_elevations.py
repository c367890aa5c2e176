"""Wider modes in the console: asked for, agreed to by another person, refused, ended, counted."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from missioncontrol.domain.principal import Role
from tests.console.governed import got
from tests.console.hostile import ALL, assert_harmless
from tests.console.houses import House, console_house
from tests.console.running import API

HTML = {"accept": "text/html"}
FORM = {"hx-request": "true"}
WISH: dict[str, Any] = {"modes": ["network"], "reason": "npm needs it.", "seconds": 7_200.0}
Story = Callable[[House, httpx.AsyncClient, httpx.AsyncClient], Awaitable[None]]


def tell(root: Path, story: Story) -> None:
    """Run `story` where `wide` is an agent of Codex: Olga operates, Ben approves."""

    async def run_story() -> None:
        async with console_house(root) as house:
            async with house.client("admin", name="ada") as ada:
                declared = {"name": "wide", "declared": {"kind": "codex"}, "start": False}
                assert (await ada.post(f"{API}/agents", json=declared)).status_code == 201
            async with (
                house.client("operator", name="olga") as olga,
                house.client("approver", name="ben") as ben,
            ):
                await story(house, olga, ben)

    asyncio.run(run_story())


async def asked(client: httpx.AsyncClient, **other: Any) -> httpx.Response:
    return await client.post(f"{API}/agents/wide/elevations", json={**WISH, **other})


async def say(
    client: httpx.AsyncClient, verb: str, elevation: str = "elevation-1"
) -> httpx.Response:
    return await client.post(f"{API}/agents/wide/elevations/{elevation}/{verb}", json={})


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


def test_one_person_asks_another_agrees_and_it_ends(tmp_path: Path) -> None:
    async def story(house: House, olga: httpx.AsyncClient, ben: httpx.AsyncClient) -> None:
        answer = await asked(olga)
        assert answer.status_code == 201, answer.text
        [waits] = answer.json()["items"]
        assert waits["state"] == "waiting"
        assert waits["asked_by"] == "user:olga"
        assert "network" in waits["opens"]["network"]
        assert waits["objection_code"] == "elevation.by_asker"
        [seen] = (await got(ben, "/elevations"))["items"]
        assert (seen["agent"], seen["objection"]) == ("wide", "")
        assert code(await say(ben, "approve", "elevation-2")) == "elevation.unknown"
        [given] = (await say(ben, "approve")).json()["items"]
        assert (given["state"], given["by"], given["seconds"]) == ("in_force", "user:ben", 7_200.0)
        assert (await say(olga, "end")).json()["items"] == []
        assert code(await say(olga, "end")) == "elevation.unknown"

    tell(tmp_path, story)


def test_nobody_agrees_to_what_they_asked_for_and_roles_are_as_they_are(tmp_path: Path) -> None:
    async def story(house: House, olga: httpx.AsyncClient, ben: httpx.AsyncClient) -> None:
        assert (await asked(ben)).status_code == 403
        both: tuple[Role, ...] = ("operator", "approver")
        async with house.client(*both, name="kim") as kim, house.client("viewer") as viewer:
            assert (await asked(kim)).status_code == 201
            assert code(await say(kim, "approve")) == "elevation.by_asker"
            assert (await say(olga, "approve")).status_code == 403
            assert (await say(viewer, "end")).status_code == 403
        assert (await say(ben, "refuse")).json()["items"] == []

    tell(tmp_path, story)


def test_what_does_not_fit_is_refused_in_the_words_of_the_command_line(tmp_path: Path) -> None:
    async def story(house: House, olga: httpx.AsyncClient, ben: httpx.AsyncClient) -> None:
        for other, refused in (
            ({"reason": " "}, "elevation.bad_reason"),
            ({"seconds": 86_401.0}, "elevation.bad_time"),
            ({"modes": []}, "elevation.bad_mode"),
            ({"modes": ["outside"]}, "elevation.bad_path"),
            ({"modes": ["outside"], "paths": ["../x"]}, "elevation.bad_path"),
        ):
            assert code(await asked(olga, **other)) == refused
        form = {"network": "on", "reason": "It is needed.", "lasts": "25h"}
        answer = await olga.post("/agents/wide/elevations", data=form, headers=FORM)
        assert code(answer) == "elevation.bad_time"
        assert "at most 24 hours" in answer.json()["hint"]
        gone = await olga.post(f"{API}/agents/nobody/elevations", json=WISH)
        assert code(gone) == "agent.unknown"

    tell(tmp_path, story)


def test_what_waits_is_counted_in_the_frame_and_stands_in_the_queue(tmp_path: Path) -> None:
    async def story(house: House, olga: httpx.AsyncClient, ben: httpx.AsyncClient) -> None:
        form = {"outside": "on", "paths": "/srv/a\n\n/srv/b", "reason": ALL[:1_500], "lasts": "1h"}
        page = (await olga.get("/agents/wide", headers=HTML)).text
        assert "Request elevation" in page
        answer = await olga.post("/agents/wide/elevations", data=form, headers=FORM)
        assert answer.headers["hx-redirect"] == "/agents/wide", answer.text
        page = (await ben.get("/approvals", headers=HTML)).text
        assert "1 item pending" in page
        assert "Elevate wide: outside" in page
        assert '1<span class="vh"> need you</span>' in (await ben.get("/shell")).text
        assert "1 item needs you" in (await ben.get("/", headers=HTML)).text
        assert_harmless(page)
        page = (await ben.get("/agents/wide/elevation", headers=HTML)).text
        assert_harmless(page)
        assert "/srv/b" in page
        assert "Approve for" in page
        page = (await olga.get("/agents/wide/elevation", headers=HTML)).text
        assert "Approve for" not in page
        assert "Withdraw request" in page
        no = await ben.post(
            "/agents/wide/elevations/elevation-1/refuse", data={"reason": "No."}, headers=FORM
        )
        assert no.headers["hx-redirect"] == "/agents/wide", no.text
        assert "No pending approvals" in (await ben.get("/approvals", headers=HTML)).text
        assert "runs in safe mode" in (await ben.get("/agents/wide/elevation")).text

    tell(tmp_path, story)


def test_what_the_program_itself_brings_has_no_wider_mode(tmp_path: Path) -> None:
    async def story(house: House, olga: httpx.AsyncClient, ben: httpx.AsyncClient) -> None:
        page = (await olga.get("/agents/planner", headers=HTML)).text
        assert "wider mode" not in page
        answer = await olga.post(f"{API}/agents/planner/elevations", json=WISH)
        assert code(answer) == "elevation.no_mode"

    tell(tmp_path, story)
