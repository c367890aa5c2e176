"""`mission mcp` as a process of its own, driven by the client of the official SDK."""

import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx2
from mcp import Client
from mcp.client._transport import TransportStreams
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage
from mcp_types import (
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    TextContent,
    jsonrpc_message_adapter,
)

from tests import prefork
from tests.cli.command import ARGV, BEGUN, answer, environment, mission
from tests.workers.house import Talker, until

Mode = Literal["auto", "legacy"]
RELEASE = """
name: release
inputs: {place: {type: path}}
steps:
  ship:
    agent: command
    risk: irreversible
    with: {argv: [touch, "${{ inputs.place }}/shipped"], writes: ["${{ inputs.place }}"]}
"""
ALICE = {"MISSION_ACTOR": "alice"}
"""The user who begins what waits for another person."""

GREETING = "name: greeting\nsteps: {greet: {agent: command, with: {argv: [echo, hello]}}}\n"


def saved(home: Path, text: str) -> None:
    file = home.parent / "workflow.yaml"
    file.write_text(text)
    done = mission(home, "workflow", "save", str(file))
    assert done.returncode == 0, done.stderr


def waiting(home: Path, place: Path) -> str:
    """Begin a release as alice in the engine; return the approval that it waits for."""
    place.mkdir(exist_ok=True)
    begun = mission(home, "workflow", "run", "release", "--input", f"place={place}", env=ALICE)
    assert begun.returncode == 0, begun.stderr
    (row,) = until(lambda: answer(home, "approvals", "list"), "an approval")
    return str(row["id"])


def up(home: Path) -> Talker:
    """Begin an engine that holds the home."""
    talker = Talker([*ARGV, "up"], home)
    talker.until("Everything may work")
    return talker


@asynccontextmanager
async def by_pipe(
    home: Path,
    mode: Mode = "auto",
    *,
    env: Mapping[str, str] = {},
    is_real_start: bool = False,
    **options: Any,
) -> AsyncIterator[Client]:
    """Start a server for this client alone, and speak with it.

    The server is forked, unless the start itself is the point: then the SDK starts the program.
    """
    whole = environment(home, **env)
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "missioncontrol", "mcp"], env=whole
    )
    transport = stdio_client(command) if is_real_start else _forked(whole)
    async with Client(transport, mode=mode, **options) as client:
        yield client


@asynccontextmanager
async def _forked(env: Mapping[str, str]) -> AsyncIterator[TransportStreams]:
    """Speak on the pipes of a forked server, a message a line, as `stdio_client` does."""
    streams = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    process = prefork.start(["mcp"], env, start_new_session=True, **streams)
    BEGUN.append(process)
    assert process.stdin is not None
    assert process.stdout is not None
    to_server, from_server = anyio.wrap_file(process.stdin), anyio.wrap_file(process.stdout)
    received, reading = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    writing, sent = anyio.create_memory_object_stream[SessionMessage](0)

    async def receive() -> None:
        async with received:
            async for line in from_server:
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    await received.send(SessionMessage(message))

    async def send() -> None:
        async with sent, to_server:
            async for each in sent:
                text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                await to_server.write(text.encode() + b"\n")
                await to_server.flush()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        tasks.start_soon(send)
        try:
            yield reading, writing
        finally:
            # The server ends with its input, and what it still says is read to the end.
            reading.close()
            writing.close()
    process.wait(30)


@asynccontextmanager
async def by_http(
    url: str, token: str, mode: Mode = "auto", **options: Any
) -> AsyncIterator[Client]:
    """Speak with a server over HTTP, with a token."""
    headers = {"authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as line,
        Client(streamable_http_client(url, http_client=line), mode=mode, **options) as client,
    ):
        yield client


async def told(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool that succeeds, and return its structured answer."""
    found = await client.call_tool(tool, arguments)
    assert not found.is_error, text_of(found)
    assert found.structured_content is not None, tool
    answer: dict[str, Any] = found.structured_content
    return answer


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """Call a tool that fails, and return what it says."""
    found = await client.call_tool(tool, arguments)
    assert found.is_error, text_of(found)
    return text_of(found)


def text_of(found: CallToolResult) -> str:
    """Return what a model reads of an answer."""
    (content,) = found.content
    assert isinstance(content, TextContent)
    return content.text


class Person:
    """Who uses the client, and answers what they are asked."""

    def __init__(self, **content: Any) -> None:
        self.content = content
        self.read: list[str] = []

    async def __call__(self, _: Any, asked: ElicitRequestParams) -> ElicitResult:
        self.read.append(asked.message)
        if not self.content:
            return ElicitResult(action="decline")
        return ElicitResult(action="accept", content=self.content)
