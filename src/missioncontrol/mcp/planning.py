"""Serves the tools for planning over MCP to an agent: `python -m missioncontrol.mcp.planning`.

It speaks on standard input and output, reads one repository and writes nothing in it.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    TextContent,
    Tool,
    ToolAnnotations,
)

from missioncontrol.confinement import within
from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.tools.testing import Trying, sandbox_for_tests
from missioncontrol.specialists.planner.tools.toolbox import Toolbox
from missioncontrol.specialists.ranking.facts_cache import FACTS_VARIABLE

NAME = "mission-planning"
READ_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)


def server_of(box: Toolbox) -> Server[Any]:
    """Return a server that offers the tools of `box` and nothing else."""
    one_at_a_time = asyncio.Lock()  # They share an index, and copies for tests take room.

    async def list_tools(_context: Any, _asked: Any) -> ListToolsResult:
        tools = [
            Tool(
                name=each.name,
                description=each.description,
                input_schema=dict(each.schema),
                annotations=READ_ONLY,
            )
            for each in box.tools
        ]
        return ListToolsResult(tools=tools)

    async def call_tool(_context: Any, asked: CallToolRequestParams) -> CallToolResult:
        async with one_at_a_time:
            text = await asyncio.to_thread(box.call, asked.name, asked.arguments or {})
        return CallToolResult(content=[TextContent(type="text", text=text)])

    return Server(NAME, version="1", on_list_tools=list_tools, on_call_tool=call_tool)


async def serve(box: Toolbox) -> None:
    """Serve one client until it closes the connection."""
    server = server_of(box)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line, and serve."""
    parser = argparse.ArgumentParser(prog="missioncontrol.mcp.planning", description=__doc__)
    parser.add_argument("--repository", type=Path, required=True)
    parser.add_argument("--plan", type=Path, help="a plan as JSON, shown on request")
    parser.add_argument("--tried", type=Path, help="what that plan showed when tried, as JSON")
    parser.add_argument("--place", type=Path, help="a directory for facts and copies for tests")
    given = parser.parse_args(argv)
    plan = msgspec.json.decode(given.plan.read_bytes(), type=Plan) if given.plan else None
    if given.place is not None:
        # An agent restarts its servers for each turn, and a large repository takes long to read.
        os.environ[FACTS_VARIABLE] = str(given.place / "facts.db")
    # An agent that is not confined runs what it likes anyhow.
    sandbox = sandbox_for_tests(given.repository) or within(os.environ)
    tried = msgspec.json.decode(given.tried.read_bytes()) if given.tried else None
    trying = Trying(sandbox, place=given.place)
    box = Toolbox(given.repository, plan=plan, trying=trying, tried=tried)
    asyncio.run(serve(box))


if __name__ == "__main__":
    main()
