"""The MCP server: how coding agents and other MCP clients plan, run, approve and read.

It needs the package `mcp` (the extra `agents`); only `mission mcp` imports it.
"""
