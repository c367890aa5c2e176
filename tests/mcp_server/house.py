"""`mission mcp` as a process of its own, driven by the client of the official SDK."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, TextContent

from tests.cli.command import ARGV, answer, environment, mission
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
    home: Path, mode: Mode = "auto", *, env: Mapping[str, str] = {}, **options: Any
) -> AsyncIterator[Client]:
    """Start a server for this client alone, and speak with it."""
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "missioncontrol", "mcp"],
        env=environment(home, **env),
    )
    async with Client(stdio_client(command), mode=mode, **options) as client:
        yield client


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
