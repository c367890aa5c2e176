"""A small MCP server of the tests: `python tool_server.py` on pipes, or with a port over HTTP."""

import asyncio
import os
import sys
from typing import Annotated

from mcp.server import MCPServer
from mcp.server.elicitation import ElicitationResult
from mcp.server.mcpserver import Context, Elicit, Image, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel

server = MCPServer("tools", version="1.2.3")


class Sum(BaseModel):
    sum: int


class Choice(BaseModel):
    colour: str


@server.tool()
def add(a: int, b: int) -> Sum:
    """Add two numbers."""
    return Sum(sum=a + b)


@server.tool()
def shout(text: str) -> str:
    """Return the text in capitals."""
    return text.upper()


@server.tool()
def fail(why: str) -> str:
    """Fail."""
    raise ToolError(why)


@server.tool(annotations=ToolAnnotations(destructive_hint=True, read_only_hint=False))
def wipe(name: str) -> str:
    """Remove something."""
    return f"removed {name}"


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def look(name: str) -> str:
    """Look at something."""
    return name


@server.tool()
def overflow() -> str:
    """Return more than anybody wants."""
    return "x" * 9_000_000


@server.tool()
async def count_wildly(ctx: Context) -> str:
    """Count in strange numbers."""
    await ctx.report_progress(-1, 0, "back")
    await ctx.report_progress(1e300, 1e300, "far")
    return "ok"


@server.tool()
async def report(ctx: Context) -> str:
    """Say something while it works."""
    await ctx.warning("The paper is low.")
    return "ok"


@server.tool()
async def slow(ctx: Context, steps: int) -> str:
    """Take some steps, and tell of each."""
    for step in range(steps):
        await ctx.report_progress(step + 1, steps, f"step {step + 1}")
    if steps > 100:
        await asyncio.sleep(60)
    return "done"


async def a_colour() -> Elicit[Choice]:
    return Elicit("Which colour?", Choice)


@server.tool()
async def ask(answer: Annotated[ElicitationResult[Choice], Resolve(a_colour)]) -> str:
    """Ask for a colour."""
    return answer.data.colour if answer.action == "accept" else answer.action


@server.tool()
async def interrupt(ctx: Context) -> str:
    """Ask for a colour in the middle, as servers of older protocols do."""
    answer = await ctx.elicit("Which colour?", Choice)
    return answer.data.colour if answer.action == "accept" else answer.action


@server.tool()
def picture() -> Image:
    """Return a picture."""
    return Image(data=b"\x89PNG....", format="png")


@server.tool()
def variable(name: str) -> str:
    """Return a variable."""
    return os.environ.get(name, "")


@server.tool()
def die() -> str:
    """End the server."""
    os._exit(3)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        print("ready", file=sys.stderr, flush=True)
        server.run("stdio")
