"""Calls of the tools that Codex and Claude Code offer to their models."""

from typing import Any

from missioncontrol.testing.scripted_models.script import ToolCall


def codex_command(command: str, *, escalated: str = "") -> ToolCall:
    """Let Codex run a shell command; `escalated` asks to leave the sandbox and says why."""
    arguments: dict[str, object] = {"cmd": command}
    if escalated:
        arguments["sandbox_permissions"] = "require_escalated"
        arguments["justification"] = escalated
    return ToolCall("exec_command", arguments)


def codex_patch(patch: str) -> ToolCall:
    """Let Codex apply a patch, as models do that it gives no tool of its own for it."""
    return codex_command(f"apply_patch <<'PATCH'\n{patch}\nPATCH")


def codex_mcp(server: str, tool: str, **arguments: Any) -> ToolCall:
    """Let Codex call a tool of an MCP server, by the name that the server has in its settings."""
    return ToolCall(tool, arguments, namespace=f"mcp__{server}")


def claude_mcp(server: str, tool: str, **arguments: Any) -> ToolCall:
    """Let Claude Code call a tool of an MCP server, by the name that it has in its settings."""
    return ToolCall(f"mcp__{server}__{tool}", arguments)


def claude_bash(command: str) -> ToolCall:
    """Let Claude Code run a shell command."""
    return ToolCall("Bash", {"command": command, "description": "As scripted"})


def claude_write(path: str, content: str) -> ToolCall:
    """Let Claude Code write a file; `path` is absolute."""
    return ToolCall("Write", {"file_path": path, "content": content})


def claude_read(path: str) -> ToolCall:
    """Let Claude Code read a file, as it must before it edits it; `path` is absolute."""
    return ToolCall("Read", {"file_path": path})


def claude_edit(path: str, old: str, new: str) -> ToolCall:
    """Let Claude Code replace a text in a file; `path` is absolute."""
    return ToolCall("Edit", {"file_path": path, "old_string": old, "new_string": new})
