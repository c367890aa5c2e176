"""Locations of people are for auditors: a mere reader finds them on no route."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from missioncontrol.domain.principal import Role
from tests.console.doors import Door, closed_door

ADDRESS = "203.0.113.77"
PROGRAM = "WeirdAgent/7"
HOOK = "https://hooks.example.com/T00000000"
API = "/api/v1"
EVENT = re.compile(r'href="/events/[0-9]')
MAY_NOT: tuple[Role, ...] = ("viewer", "operator", "approver")


async def _something_happens(door: Door) -> None:
    """Ask for changes as a user from an address that no other user has."""
    token = await door.token("read", "operate", "govern", "audit")
    headers = {"authorization": f"Bearer {token}", "user-agent": PROGRAM}
    async with door.client(address=ADDRESS, headers=headers) as client:
        body = {"name": "chat", "url": HOOK}
        assert (await client.post(f"{API}/webhooks", json=body)).status_code == 201


@asynccontextmanager
async def _reader(door: Door, role: Role) -> AsyncIterator[httpx.AsyncClient]:
    await door.add("reader", role)
    async with door.client() as client:
        assert (await door.sign_in(client, "reader")).status_code == 303
        yield client


async def _first_of_feed(door: Door, client: httpx.AsyncClient, head: int) -> str:
    """Return all events as the feed tells them."""
    received: list[str] = []

    async def listen() -> None:
        # The transport of these tests hands an answer over when it is whole; this one never is.
        async def receive() -> MutableMapping[str, Any]:
            await asyncio.Event().wait()
            return {}

        async def send(message: MutableMapping[str, Any]) -> None:
            received.append(bytes(message.get("body", b"")).decode())

        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        await door.gate(
            {
                "type": "http",
                "asgi": {"version": "3.0"},
                "http_version": "1.1",
                "method": "GET",
                "scheme": "http",
                "path": f"{API}/events/stream",
                "raw_path": f"{API}/events/stream".encode(),
                "query_string": b"after=0",
                "root_path": "",
                "headers": [(b"host", b"127.0.0.1:8700"), (b"cookie", cookie.encode())],
                "client": ("127.0.0.1", 1),
                "server": ("127.0.0.1", 8700),
            },
            receive,
            send,
        )

    task = asyncio.create_task(listen())
    while f"id: {head}\n" not in "".join(received):
        assert not task.done(), task.result()
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return "".join(received)


async def _everything(door: Door, client: httpx.AsyncClient) -> str:
    """Return all that may be read of the log, by every way in."""
    head = (await client.get(f"{API}/record/head")).json()["position"]
    found = [
        (await client.get(f"{API}/events")).text,
        (await client.get("/events")).text,
        await _first_of_feed(door, client, head),
    ]
    rows = (await client.get(f"{API}/record/events")).json()
    for row in rows:
        found.append(_decoded(row["body"]))
        found.append((await client.get(f"{API}/events/{row['position']}")).text)
        found.append((await client.get(f"/events/{row['position']}")).text)
    for stream in {row["stream"] for row in rows}:
        streamed = (await client.get(f"{API}/record/streams/{stream}")).json()
        found += [_decoded(row["body"]) for row in streamed]
    looked = {"query": {"kind": "request_taken"}}
    where, word = f"{API}/record/search/events", door.csrf(client)
    answer = await client.post(where, json=looked, headers=word)
    assert answer.status_code == 200
    return "\n".join([*found, answer.text])


def _decoded(body: str) -> str:
    text = base64.b64decode(body).decode()
    json.loads(text)
    return text


async def _hits(door: Door, client: httpx.AsyncClient, text: str) -> int:
    """Return the number of routes on which a client learns that a text stands in the log."""
    listed = await client.get(f"{API}/events", params={"text": text})
    shown = await client.get("/events", params={"text": text})
    searched = await client.get(f"{API}/search", params={"q": text})
    page = await client.get("/search", params={"q": text})
    asked = await client.post(
        f"{API}/record/search/events", json={"query": {"text": text}}, headers=door.csrf(client)
    )
    return sum(
        (
            bool(listed.json()["items"]),
            bool(EVENT.search(shown.text)),
            bool(searched.json()["events"]),
            bool(EVENT.search(page.text)),
            bool(asked.json()["events"]),
        )
    )


@pytest.mark.parametrize("role", MAY_NOT)
def test_who_may_only_read_learns_nobody_s_address(tmp_path: Path, role: Role) -> None:
    async def story() -> None:
        async with closed_door(tmp_path) as door:
            await _something_happens(door)
            async with _reader(door, role) as client:
                visible = await _everything(door, client)
                assert "request_taken" in visible
                for secret in (ADDRESS, PROGRAM, HOOK, "token-"):
                    assert secret not in visible, secret
                for secret in (ADDRESS, PROGRAM, HOOK):
                    assert await _hits(door, client, secret) == 0, secret

    asyncio.run(story())


def test_an_auditor_reads_and_finds_all_of_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with closed_door(tmp_path) as door:
            await _something_happens(door)
            async with _reader(door, "auditor") as client:
                visible = await _everything(door, client)
                for secret in (ADDRESS, PROGRAM, HOOK):
                    assert secret in visible, secret
                assert await _hits(door, client, ADDRESS) == 5

    asyncio.run(story())
