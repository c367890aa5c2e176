"""The settings of a tool, and the arguments of its call."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from missioncontrol.adapters.agents.kind_support import bad_settings, relative_path, settings_of
from missioncontrol.domain.agent import ANYTHING, OBJECT, Shape
from missioncontrol.domain.declaration import Declaration

_WHOLE = re.compile(r"\{([A-Za-z_]\w*)\}")


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An MCP server: a program with the stdio transport, or a URL."""

    argv: tuple[str, ...] = ()
    cwd: str = ""  # where the program starts; by default an empty directory
    writes: tuple[str, ...] = ()  # what it may write besides that: absolute paths
    network: bool = True  # whether it may connect to other programs by TCP
    sockets: bool = False  # whether it may connect to Unix sockets, of any program
    url: str = ""  # of a server over streamable HTTP
    headers: dict[str, str] = {}  # `{VARIABLE}` in a value is filled from what the agent sees
    private: bool = False  # a public name may resolve to a private address
    handshake: Literal["auto", "legacy"] = "auto"  # legacy: protocols before 2026-07-28
    connect_seconds_max: Annotated[float, Meta(gt=0, le=3600)] = 60.0

    def fault(self) -> str:
        """Return what is wrong with the settings, or ''."""
        if bool(self.argv) == bool(self.url):
            return "it needs either `argv` or `url`"
        if self.argv and not self.argv[0]:
            return "argv names no program"
        if self.cwd and not Path(self.cwd).is_absolute():
            return f"cwd is {self.cwd!r}, a relative path"
        if bad := relative_path(self.writes):
            return f"writes names {bad!r}, a relative path"
        if self.url:
            parts = urlsplit(self.url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.password:
                return f"url is {self.url!r}, which is not an http or https URL without a password"
        return ""


class McpSettings(Server, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings of an agent of kind `mcp`."""

    tool: str
    arguments: dict[str, Any] | None = None  # "{name}" is that input; None: the inputs as they are
    seconds_max: Annotated[float, Meta(ge=0, le=7 * 86_400)] = 0.0  # of the call; 0: as the step
    questions: Literal["ask", "refuse"] = "ask"  # of the server to a person, while it works


def mcp_settings(declared: Declaration) -> McpSettings:
    """Return the settings of a declared tool.

    Raises:
        Rejected: `agent.bad_settings`.
    """
    found = settings_of(declared, McpSettings)
    if fault := found.fault():
        raise bad_settings(declared, f"{fault}.")
    if not found.tool:
        raise bad_settings(declared, "tool is empty.")
    return found


def arguments_of(settings: McpSettings, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the call, without null and missing inputs."""
    if settings.arguments is None:
        return {name: value for name, value in inputs.items() if value is not None}
    found = {}
    for name, template in settings.arguments.items():
        source = _WHOLE.fullmatch(template) if isinstance(template, str) else None
        value = inputs.get(source[1]) if source else template
        if value is not None:
            found[name] = value
    return found


def argument_shape(declared: Declaration, settings: McpSettings) -> Shape:
    """Return the shape of the arguments, as far as the declaration defines it."""
    if settings.arguments is None:
        return declared.inputs
    fields = {}
    for name, template in settings.arguments.items():
        source = _WHOLE.fullmatch(template) if isinstance(template, str) else None
        fields[name] = declared.inputs.fields.get(source[1], ANYTHING) if source else ANYTHING
    return msgspec.structs.replace(OBJECT, fields=fields, open=False)
