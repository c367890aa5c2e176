"""A console on a real socket, runs of plain functions to look at, and clients of event streams."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

from missioncontrol.domain.principal import Role
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.embedded import Workflow
from missioncontrol.interfaces.listeners import listening, server
from missioncontrol.interfaces.sign_in.origins import SAFE
from tests.console.houses import House, principal


@asynccontextmanager
async def served(house: House, *roles: Role) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the house on a port of its own; every connection is a user with these roles."""
    who = principal(*roles) if roles else None

    async def let_in(scope: Any, receive: Any, send: Any) -> None:
        if who is not None and scope["type"] == "http" and scope["method"] not in SAFE:
            await house.know(who)
        scope["user"] = who
        scope.setdefault("state", {})["request_id"] = "req"
        await house.app(scope, receive, send)

    listener = listening(0)
    serving = server(let_in)
    task = asyncio.create_task(serving.serve(sockets=[listener]))
    while not serving.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = listener.getsockname()[1]
    try:
        limits = httpx.Limits(max_connections=None)
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=20) as client:
            yield client
    finally:
        await house.console.live.close()
        serving.should_exit = True
        await task


async def begin(house: House, workflow: Workflow) -> str:
    """Begin a run of plain functions in the house's engine; return its id."""
    held, definition = house.held, workflow.definition
    held.functions.add(workflow.name, workflow.functions)
    run = held.ids.new("run")
    create = CreateRun(run, definition.name, definition.steps, definition.concurrency)
    held.execution.create(create, actor="user:alice")
    held.engine.adopt(run)
    await held.journal.durable()
    return run


class Message(msgspec.Struct):
    """A server-sent event: what a browser hands on."""

    id: str
    event: str
    data: str


class Reader:
    """Reads one stream as a browser does: only whole messages count, and the id goes with them."""

    def __init__(self, last: str = "") -> None:
        """Begin with the id of an earlier connection."""
        self.id = last
        self.messages: list[Message] = []
        self._rest = b""

    def take(self, chunk: bytes) -> list[Message]:
        """Return the messages that `chunk` completes."""
        *blocks, self._rest = (self._rest + chunk).split(b"\n\n")
        found = [each for block in blocks if (each := self._message(block)) is not None]
        self.messages += found
        return found

    def _message(self, block: bytes) -> Message | None:
        fields: dict[str, list[str]] = {}
        for line in block.decode().split("\n"):
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        self.id = fields.get("id", [self.id])[-1]
        if "data" not in fields:
            return None
        event = fields.get("event", ["message"])[-1]
        return Message(self.id, event, "\n".join(fields["data"]))


async def messages(
    client: httpx.AsyncClient, path: str, *, headers: Mapping[str, str] | None = None
) -> AsyncIterator[Message]:
    """Yield what one connection tells, until it ends or is left."""
    reader = Reader()
    async with client.stream("GET", path, headers=dict(headers or {})) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for chunk in answer.aiter_bytes():
            for message in reader.take(chunk):
                yield message
