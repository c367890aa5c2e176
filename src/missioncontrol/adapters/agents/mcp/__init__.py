"""A tool of an MCP server as an agent."""
