"""Calls of the tools that Codex and Claude Code offer to their models."""

from typing import Any

from missioncontrol.testing.scripted_models.script import ToolCall


def codex_command(command: str, *, escalated: str = "") -> ToolCall:
    """Return Codex's call of a shell command; `escalated` is why it must leave the sandbox."""
    arguments: dict[str, object] = {"cmd": command}
    if escalated:
        arguments["sandbox_permissions"] = "require_escalated"
        arguments["justification"] = escalated
    return ToolCall("exec_command", arguments)


def codex_patch(patch: str) -> ToolCall:
    """Return Codex's call that applies a patch, as models do without a tool for it."""
    return codex_command(f"apply_patch <<'PATCH'\n{patch}\nPATCH")


def codex_mcp(server: str, tool: str, **arguments: Any) -> ToolCall:
    """Return Codex's call of a tool of an MCP server, by the server's name in the settings."""
    return ToolCall(tool, arguments, namespace=f"mcp__{server}")


def claude_mcp(server: str, tool: str, **arguments: Any) -> ToolCall:
    """Return Claude Code's call of a tool of an MCP server, by its name in the settings."""
    return ToolCall(f"mcp__{server}__{tool}", arguments)


def claude_bash(command: str) -> ToolCall:
    """Return Claude Code's call of a shell command."""
    return ToolCall("Bash", {"command": command, "description": "As scripted"})


def claude_write(path: str, content: str) -> ToolCall:
    """Return Claude Code's call that writes a file; `path` is absolute."""
    return ToolCall("Write", {"file_path": path, "content": content})


def claude_read(path: str) -> ToolCall:
    """Return Claude Code's call that reads a file, as before any edit; `path` is absolute."""
    return ToolCall("Read", {"file_path": path})


def claude_edit(path: str, old: str, new: str) -> ToolCall:
    """Return Claude Code's call that replaces a text in a file; `path` is absolute."""
    return ToolCall("Edit", {"file_path": path, "old_string": old, "new_string": new})
