"""A small MCP server with one tool, which says in which trace it was called."""

from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context

server = MCPServer("tracing", version="1.0.0")


@server.tool()
async def context(ctx: Context) -> dict[str, Any]:
    """Return the trace context of this call."""
    meta = dict(ctx.request_context.meta or {})
    return {name: meta.get(name) for name in ("traceparent", "tracestate")}


if __name__ == "__main__":
    server.run("stdio")
