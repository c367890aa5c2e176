"""A script: what a model answers to each request, which tools it calls, and what it counts."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Event = bytes
"""One server-sent event with the empty line that ends it."""


class ToolCall(msgspec.Struct, frozen=True):
    """A call of one of the tools that the request offered."""

    name: str
    arguments: dict[str, Any] | str  # a text is the input of a free-form tool
    id: str = ""  # chosen by the server where it is empty
    namespace: str = ""  # of the tool, where Responses offers it in one

    def numbered(self, number: str) -> "ToolCall":
        """Return this call with an id."""
        return self if self.id else msgspec.structs.replace(self, id=f"call_{number}")

    @property
    def as_json(self) -> str:
        """The arguments as the text in which they are sent."""
        if isinstance(self.arguments, str):
            return self.arguments
        return msgspec.json.encode(self.arguments).decode()


class Reply(msgspec.Struct, frozen=True):
    """One answer of the script: a text, calls of tools, or an error."""

    text: str = ""  # with another status than 200, the message of the error
    status: int = 200
    calls: tuple[ToolCall, ...] = ()
    thinking: str = ""
    code: str = ""  # of an error, as the API writes it; empty: what goes with its status
    headers: Mapping[str, str] = {}
    seconds: float = 0.0  # how long the server waits before it answers
    pieces: int = 2  # in so many parts a text or the arguments of a call are streamed
    piece_seconds: float = 0.0  # between two of them
    cut_after: int = 0  # the connection breaks after so many events of a stream; 0: never
    breaks_with: str = ""  # a stream ends with this error in place of its proper end
    input_tokens: int = 100  # cached ones, read and written, included, whatever the API calls input
    cached_tokens: int = 40
    cache_write_tokens: int = 0
    output_tokens: int = 20  # reasoning ones included
    reasoning_tokens: int = 5
    model: str = ""  # empty: the one that was asked for


class Request(msgspec.Struct, frozen=True):
    """What a tool asked."""

    path: str  # with its query
    headers: Mapping[str, str]  # names in small letters
    body: dict[str, Any]

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.body.get("model", ""))

    @property
    def is_stream(self) -> bool:
        """Whether the answer is to be streamed."""
        return self.body.get("stream") is True

    @property
    def tools(self) -> list[str]:
        """The names of the tools that the model may call."""
        offered = [tool.get("function", tool) for tool in self.body.get("tools", ())]
        return [str(tool.get("name", tool.get("type", ""))) for tool in offered]


Answering = Reply | Callable[[Request], Reply]
"""A line of a script: an answer, or what makes one of the request."""


def json_event(data: dict[str, Any], name: str = "") -> Event:
    """Return an event that carries `data`."""
    begun = f"event: {name}\n".encode() if name else b""
    return begun + b"data: " + msgspec.json.encode(data) + b"\n\n"


def pieces(text: str, count: int) -> list[str]:
    """Return `text` in at most `count` parts of about the same length; none where it is empty."""
    length = -(-len(text) // max(count, 1)) or 1
    return [text[at : at + length] for at in range(0, len(text), length)]


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
