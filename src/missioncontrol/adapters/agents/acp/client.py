"""The client side of a session: logs messages, and asks for permission for actions."""

import asyncio
import hashlib
import os
import re
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Literal

import msgspec
from acp import RequestError
from acp.schema import (
    AgentMessageChunk,
    AgentThoughtChunk,
    AllowedOutcome,
    DeniedOutcome,
    FileEditToolCallContent,
    PermissionOption,
    RequestPermissionResponse,
    TextContentBlock,
    ToolCallProgress,
    ToolCallStart,
    ToolCallUpdate,
)

from missioncontrol.adapters.agents.coding.session import ToolSession, strip_controls
from missioncontrol.adapters.agents.kind_support import one_line
from missioncontrol.ports.agent import Action, AttemptFailed

TITLE_MAX = 200
DETAIL_MAX = 64 * 1024
MESSAGE_MAX = 256 * 1024
BEAT_CHUNKS = 50
CALL_FIELDS = ("kind", "title", "raw_input", "raw_output", "locations", "content")
CALLS_MAX = 1_000
"""Most open calls; beyond it, all are forgotten, because some calls never end."""

READ_BYTES_MAX = 1024 * 1024

EFFECTS: dict[str, tuple[str, ...]] = {
    "read": ("reads_files",),
    "search": ("reads_files",),
    "think": (),
    "switch_mode": (),
    "fetch": ("reads_network",),
    "execute": ("runs_programs",),
    "other": ("runs_programs",),
}
"""Effects by the kind of a call; `_effects` handles the kinds that change files."""

READS = frozenset({"read", "search", "think"})
CHANGES = frozenset({"edit", "delete", "move"})
IN_THE_COPY = ("reads_files",)
"""Effects of a change within the tree, which the patch shows afterwards."""


class Truncated(msgspec.Struct, frozen=True):
    """A value that is too large to show: its beginning, and the digest of all of it."""

    beginning: str
    size: int  # in bytes
    sha256: str


COMPLAINT_MAX = 500
_UNKNOWN_TOOL = re.compile(
    r"^(?:Error: |The arguments provided to the tool are invalid: )?"
    r"(?:Model tried to call (?:an )?unavailable tool"
    r"|(?:Unknown|Unavailable|No such) tool\b|(?:The )?[Tt]ool \S+ (?:is |was )?"
    r"(?:not found|not available|unknown|does not exist|doesn't exist)\b)",
    re.IGNORECASE,
)


class Client:
    """Implements `acp.Client` for one conversation.

    It offers neither files nor terminals: the program changes files in its tree itself, and the
    patch shows the changes afterwards.
    """

    def __init__(self, session: ToolSession) -> None:
        self._session = session
        self._partial_line = ""
        self._chunks = 0
        self._calls: dict[str, dict[str, Any]] = {}
        self.message = ""
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Set to the failure of the attempt: an exception in a handler reaches only the program."""

    def on_connect(self, connection: Any) -> None:
        """Do nothing."""

    async def session_update(self, session_id: str, update: Any, **more: Any) -> None:
        """Log an update."""
        match update:
            case AgentMessageChunk(content=TextContentBlock(text=text)):
                self._add_text(text)
            case AgentThoughtChunk():
                self._beat()
            case ToolCallStart():
                self._start(update)
            case ToolCallProgress():
                self._update(update)

    async def request_permission(
        self, session_id: str, tool_call: ToolCallUpdate, options: list[PermissionOption], **_: Any
    ) -> RequestPermissionResponse:
        """Ask permission for a call; never choose an option that applies for ever."""
        self.end_line()
        action = self._action(tool_call)
        is_allowed = False
        if self._session.reading is not None:
            is_allowed = self._only_reads(self._known(tool_call))
            if not is_allowed:
                self._session.log(
                    "warning", f"Refused, because the agent may only read: {action.title}"
                )
        elif isinstance(action.detail["input"], Truncated) and action.effects != IN_THE_COPY:
            # A person can't approve what can't be shown.
            self._session.log(
                "warning", f"Refused, because it is too large to show: {action.title}"
            )
        else:
            verdict = await self._guarded(self._session.line.permit(_as_json(action)))
            is_allowed = verdict is not None and verdict.is_allowed
        kind = "allow_once" if is_allowed else "reject_once"
        for option in options:
            if option.kind == kind:
                chosen = AllowedOutcome(outcome="selected", option_id=option.option_id)
                return RequestPermissionResponse(outcome=chosen)
        return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))

    def _only_reads(self, known: dict[str, Any]) -> bool:
        """Whether a call only reads files, or uses the MCP server of the task."""
        # The program is confined all the same, so this check need not be strict.
        reading = self._session.reading
        kind, name = known.get("kind", "other"), str(known.get("name") or known.get("title", ""))
        is_lent = reading is not None and kind == "other" and name.startswith(reading.name)
        return is_lent or kind in READS

    async def _guarded(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Await `work`; a failure ends the attempt, and not only the program's request."""
        try:
            return await work
        except AttemptFailed as error:
            self._fail(error)
            return None

    def _fail(self, error: AttemptFailed) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)

    def _action(self, call: ToolCallUpdate) -> Action:
        known = self._known(call)
        kind = known.get("kind", "other")
        title = known.get("title", kind)
        locations = [each.path for each in known.get("locations", ())]
        detail = {
            "directory": str(self._session.cwd),
            "call": kind,
            "input": _bounded(known.get("raw_input")),
            "files": locations,
            "changes": _changes(known.get("content", ())),
        }
        effects = self._effects(kind, locations)
        return Action(_sort(kind), one_line(title, self._session.scrub, TITLE_MAX), detail, effects)

    def _known(self, call: ToolCallStart | ToolCallProgress | ToolCallUpdate) -> dict[str, Any]:
        """Return all known fields of a call: each update has only the new ones."""
        if len(self._calls) > CALLS_MAX:
            self._calls.clear()
        known = self._calls.setdefault(call.tool_call_id, {})
        for name in CALL_FIELDS:
            if (value := getattr(call, name, None)) is not None:
                known[name] = value
        return known

    def _effects(self, kind: str, locations: list[str]) -> tuple[str, ...]:
        """Return the effects of a call; changes within the tree affect only a copy."""
        if kind not in CHANGES:
            return EFFECTS.get(kind, EFFECTS["other"])
        tree = os.path.realpath(self._session.cwd)
        places = [os.path.realpath(Path(tree, path)) for path in locations]
        is_within = bool(places) and all(Path(path).is_relative_to(tree) for path in places)
        return IN_THE_COPY if is_within else ("writes_files",)

    def _start(self, call: ToolCallStart) -> None:
        self.end_line()
        self._known(call).setdefault("name", call.title)
        self._session.log("info", f"→ {call.title}")
        try:
            self._session.count_tool_call()
        except AttemptFailed as error:
            self._fail(error)

    def _update(self, call: ToolCallProgress) -> None:
        self._beat()
        known = self._known(call)
        if call.status == "failed":
            self._session.log("warning", f"✗ {known.get('title', 'a call')}")
        if call.status == "failed" or (call.status == "completed" and _is_unknown(known)):
            self._session.count_failed_call(
                str(known.get("name") or known.get("title") or "a tool")
            )
        if call.status not in ("completed", "failed"):
            return
        self._calls.pop(call.tool_call_id, None)
        code, command = _exit_code(known.get("raw_output")), _command(known.get("raw_input"))
        if code is not None and command:
            self._session.record_command(command, code, 0.0)

    def _add_text(self, text: str) -> None:
        if len(self.message) < MESSAGE_MAX:
            self.message += text
        *lines, self._partial_line = (self._partial_line + text).split("\n")
        for line in lines:
            self._session.log("info", line)
        self._beat()

    def end_line(self) -> None:
        """Log the unfinished line."""
        if self._partial_line.strip():
            self._session.log("info", self._partial_line)
        self._partial_line = ""

    def end(self) -> None:
        """Record the whole text as the last message."""
        self.end_line()
        if self.message.strip():
            self._session.last_message = strip_controls(self._session.scrub(self.message)).strip()

    def _beat(self) -> None:
        self._chunks += 1
        if self._chunks % BEAT_CHUNKS == 0:
            self._session.line.progress(self._chunks, 0, "parts of its message")

    # Methods that we don't offer; some programs call them all the same.

    async def write_text_file(self, **_: Any) -> Any:
        raise RequestError.method_not_found("fs/write_text_file")

    async def read_text_file(self, **_: Any) -> Any:
        raise RequestError.method_not_found("fs/read_text_file")

    async def create_terminal(self, **_: Any) -> Any:
        raise RequestError.method_not_found("terminal/create")

    async def terminal_output(self, **_: Any) -> Any:
        raise RequestError.method_not_found("terminal/output")

    async def release_terminal(self, **_: Any) -> Any:
        raise RequestError.method_not_found("terminal/release")

    async def wait_for_terminal_exit(self, **_: Any) -> Any:
        raise RequestError.method_not_found("terminal/wait_for_exit")

    async def kill_terminal(self, **_: Any) -> Any:
        raise RequestError.method_not_found("terminal/kill")

    async def create_elicitation(self, **_: Any) -> Any:
        raise RequestError.method_not_found("elicitation/create")

    async def complete_elicitation(self, **_: Any) -> None:
        """Do nothing."""

    async def ext_method(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        raise RequestError.method_not_found(method)

    async def ext_notification(self, method: str, params: dict[str, Any]) -> None:
        """Ignore notifications outside the protocol."""


def _sort(kind: str) -> Literal["command", "change", "tool"]:
    if kind == "execute":
        return "command"
    return "change" if kind in CHANGES else "tool"


def _bounded(value: Any) -> Any:
    """Return a value as JSON, truncated if it is too large for a person to read."""
    try:
        content = msgspec.json.encode(value)
    except TypeError:
        return None
    if len(content) <= DETAIL_MAX:
        return msgspec.json.decode(content)
    # Cut at a space: half a secret would not be recognised and removed.
    beginning = content[:DETAIL_MAX].decode("utf-8", "replace").rpartition(" ")[0]
    return Truncated(f"{beginning} [cut]", len(content), hashlib.sha256(content).hexdigest())


def _as_json(action: Action) -> Action:
    """Return an action whose detail is plain JSON, as the event log stores it."""
    return msgspec.structs.replace(action, detail=msgspec.to_builtins(action.detail))


def _changes(content: Any) -> list[Any]:
    return [
        _bounded({"file": each.path, "was": each.old_text, "becomes": each.new_text})
        for each in content
        if isinstance(each, FileEditToolCallContent)
    ]


def _command(given: Any) -> str:
    if not isinstance(given, dict):
        return ""
    command = given.get("command") or given.get("cmd") or ""
    return command if isinstance(command, str) else " ".join(map(str, command))


def _exit_code(output: Any) -> int | None:
    """Return the exit status in a call's output; the protocol has no field for it."""
    if not isinstance(output, dict):
        return None
    places = (output, output.get("metadata"))
    for place in (each for each in places if isinstance(each, dict)):
        for name in ("exit_code", "exitCode", "exit"):
            if isinstance(place.get(name), int):
                return int(place[name])
    return None


def _is_unknown(known: dict[str, Any]) -> bool:
    """Whether a completed call was one of a tool that does not exist."""
    # Some programs report their own error message to the model as the output of the tool.
    given, result = known.get("raw_input"), known.get("raw_output")
    complaint = given.get("error") if isinstance(given, dict) else None
    output = result.get("output") if isinstance(result, dict) else result
    texts = [each for each in (complaint, output) if isinstance(each, str)]
    return any(_UNKNOWN_TOOL.search(text[:COMPLAINT_MAX]) for text in texts)
