"""A build of the MCP server with what the protocol's public suite of conformance looks for in one.

The serving, the gate, the door, the bounds and the tasks are those of `mission mcp`; what is added
here does nothing for anybody, and no home offers it. Started by `python -m`, see `__main__`.
"""
