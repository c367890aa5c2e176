"""`mission mcp --http`: who gets access, and what they may do."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import httpx
import pytest
from mcp import Client

from tests.agents.repositories import repository
from tests.cli.command import ARGV, GOAL, answer, end_all, mission
from tests.console.house_process import begun_for_ann, house_process
from tests.mcp_server.house import (
    Mode,
    Person,
    by_http,
    by_pipe,
    refused,
    told,
)
from tests.mcp_server.http_house import BOTH, LIST, House
from tests.some import some
from tests.workers.house import Talker, until

pytestmark = pytest.mark.journey


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield House(tmp_path)
    end_all()


def test_only_programs_with_a_token_are_let_in_by_our_own_names(house: House) -> None:
    bearer = f"Bearer {house.token('read')}"
    assert house.post(authorization=bearer).status_code == 200
    strangers = {
        "no token": house.post(),
        "another token": house.post(authorization="Bearer mct_0_x"),
        "a password": house.post(authorization="Basic YTpi"),
    }
    assert {what: found.status_code for what, found in strangers.items()} == dict.fromkeys(
        strangers, 401
    )
    assert "mission user token new" in strangers["no token"].json()["hint"]
    wrong = {
        "host": house.post(authorization=bearer, host="evil.example"),
        "port": house.post(authorization=bearer, host="127.0.0.1:1"),
        "origin": house.post(authorization=bearer, origin="https://evil.example"),
        "no origin": house.post(authorization=bearer, origin="null"),
    }
    found = {what: each.status_code for what, each in wrong.items()}
    assert found == {"host": 403, "port": 421, "origin": 403, "no origin": 403}
    assert httpx.get(house.url, headers={"accept": BOTH}, trust_env=False).status_code == 401


def test_a_session_belongs_to_the_token_that_began_it(house: House) -> None:
    one, other = (f"Bearer {house.token('read')}" for _ in range(2))
    session = house.post(authorization=one).headers["mcp-session-id"]
    assert house.post(LIST, authorization=one, mcp_session_id=session).status_code == 200
    assert house.post(LIST, authorization=other, mcp_session_id=session).status_code == 404


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_token_does_what_its_scopes_allow(house: House, tmp_path: Path, mode: Mode) -> None:
    tiny = repository(tmp_path / "tiny", {"tiny/__init__.py": "def add(a, b): return a + b\n"})
    begin = {"goal": GOAL, "repository": str(tiny)}

    async def looks(token: str) -> None:
        async with by_http(house.url, token, mode) as client:
            assert (await told(client, "list_missions"))["items"] == []
            assert "(permission.missing)" in await refused(client, "plan_mission", **begin)
            assert "(permission.missing)" in await refused(client, "guard", repository=str(tiny))
            assert "(permission.missing)" in await refused(client, "approve", approval="none")

    async def works(token: str) -> None:
        async with by_http(house.url, token, mode) as client:
            begun = await told(client, "plan_mission", memory=False, patterns=False, **begin)
            shown = await told(client, "show_run", run=begun["run"])
            inputs = shown["run"]["inputs"]
            assert (inputs["memory"], inputs["patterns"]) == (False, False)
            over = await told(client, "follow_run", run=begun["run"])
            assert (over["because"], over["status"]) == ("ended", "succeeded")

    asyncio.run(looks(house.token("read")))
    assert answer(house.home, "list") == []
    asyncio.run(works(house.token("read", "operate")))
    (row,) = answer(house.home, "list")
    assert row["status"] == "planned"


def test_a_token_that_is_revoked_lets_nobody_in(house: House) -> None:
    bearer = f"Bearer {house.token('read')}"
    session = house.post(authorization=bearer).headers["mcp-session-id"]
    (listed,) = answer(house.home, "token", "list")
    assert mission(house.home, "token", "revoke", listed["id"]).returncode == 0
    assert house.post(LIST, authorization=bearer, mcp_session_id=session).status_code == 401


def test_it_ends_when_it_is_told_to(house: House) -> None:
    assert house.server.end() == 0


@pytest.mark.parametrize("way", some(["auto", "legacy", "pipe"], 0))
def test_somebody_with_a_token_agrees_to_what_they_read(
    tmp_path: Path, way: Literal["auto", "legacy", "pipe"]
) -> None:
    ann = Person(agree=True, reason="Ann has read it.")

    async def scene(client: Client) -> None:
        (row,) = (await told(client, "list_approvals"))["items"]
        answered = await told(client, "approve", approval=row["id"])
        assert (answered["state"], answered["digest"]) == ("approved", row["digest"])
        assert "(permission.missing)" in await refused(
            client, "cancel_run", run=row["run"], reason="No."
        )

    async def elsewhere(url: str, token: str) -> None:
        there = {"MISSION_SERVER": url, "MISSION_TOKEN": token}
        async with by_pipe(tmp_path, env=there, elicitation_callback=ann) as client:
            await scene(client)

    async def here(url: str, token: str, mode: Mode) -> None:
        async with by_http(url, token, mode, elicitation_callback=ann) as client:
            await scene(client)

    with house_process(tmp_path) as engine:
        token, home = begun_for_ann(engine), engine.home.root
        until(lambda: answer(home, "approvals", "list"), "an approval")
        if way == "pipe":
            asyncio.run(elsewhere(engine.url, token))
        else:
            server = Talker([*ARGV, "mcp", "--http", "0"], home)
            asyncio.run(here(server.until(r"served at (http://\S+) ")[1], token, way))
            server.end()
        (row,) = answer(home, "runs")
        until(lambda: answer(home, "show", row["id"])["status"] == "succeeded", "its end")
        log = tmp_path / "log.jsonl"
        assert mission(home, "audit", "export", "--output", str(log)).returncode == 0
    assert "echo" in ann.read[0]
    assert ("mission-mcp (mcp " in log.read_text()) == (way != "pipe")
