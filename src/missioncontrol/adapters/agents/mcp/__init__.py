"""A tool of an MCP server as an agent."""

from missioncontrol.adapters.agents.mcp.kind import McpKind as McpKind
