"""Our side of a session: what the program says is shown, what it wants to do is asked for."""

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
SAID_MAX = 256 * 1024
BEAT_CHUNKS = 50
CALL_FIELDS = ("kind", "title", "raw_input", "raw_output", "locations", "content")
CALLS_MAX = 1_000
"""At once; one that never ends is forgotten."""

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
"""Of a call, by the kind that the program gives it; see `_effects` for those that change files."""

READS = frozenset({"read", "search", "think"})
CHANGES = frozenset({"edit", "delete", "move"})
IN_THE_COPY = ("reads_files",)
"""The effects of a change within the tree: what it comes to is read off the tree afterwards."""


class Truncated(msgspec.Struct, frozen=True):
    """Something too large to show, by its beginning and by all of it."""

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
    """Keeps the promise of `acp.Client` for one conversation.

    The program is told that we offer neither files nor terminals: it works in its tree with its
    own hands, and what it changes there is read off the tree afterwards.
    """

    def __init__(self, session: ToolSession) -> None:
        """Nothing was said yet."""
        self._session = session
        self._begun = ""
        self._chunks = 0
        self._calls: dict[str, dict[str, Any]] = {}
        self.said = ""
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Set to what ends the attempt; an exception in an answer would reach only the program."""

    def on_connect(self, connection: Any) -> None:
        """Take notice of a connection."""

    async def session_update(self, session_id: str, update: Any, **more: Any) -> None:
        """Show what happens."""
        match update:
            case AgentMessageChunk(content=TextContentBlock(text=text)):
                self._say(text)
            case AgentThoughtChunk():
                self._beat()
            case ToolCallStart():
                self._start(update)
            case ToolCallProgress():
                self._go_on(update)

    async def request_permission(
        self, session_id: str, tool_call: ToolCallUpdate, options: list[PermissionOption], **_: Any
    ) -> RequestPermissionResponse:
        """Ask whether a call may be made; an option that holds for ever is never chosen."""
        self.end_line()
        action = self._action(tool_call)
        is_allowed = False
        if self._session.reading is not None:
            is_allowed = self._only_reads(self._known(tool_call))
            if not is_allowed:
                self._session.log("warning", f"Not allowed, for it may only read: {action.title}")
        elif isinstance(action.detail["input"], Truncated) and action.effects != IN_THE_COPY:
            # Nobody can agree to what nobody is shown.
            self._session.log(
                "warning", f"Not allowed, for it is too large to show: {action.title}"
            )
        else:
            verdict = await self._guarded(self._session.line.permit(_told(action)))
            is_allowed = verdict is not None and verdict.is_allowed
        kind = "allow_once" if is_allowed else "reject_once"
        for option in options:
            if option.kind == kind:
                chosen = AllowedOutcome(outcome="selected", option_id=option.option_id)
                return RequestPermissionResponse(outcome=chosen)
        return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))

    def _only_reads(self, known: dict[str, Any]) -> bool:
        """Whether a call only reads files, or belongs to the MCP server that it is given.

        It is confined all the same: a question needs no approval.
        """
        reading = self._session.reading
        kind, name = known.get("kind", "other"), str(known.get("name") or known.get("title", ""))
        is_lent = reading is not None and kind == "other" and name.startswith(reading.name)
        return is_lent or kind in READS

    async def _guarded(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Let a failure of ours end the attempt, and not only the program's question."""
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
        """Return all that was said of a call so far: each word of it tells only what is new."""
        if len(self._calls) > CALLS_MAX:
            self._calls.clear()
        known = self._calls.setdefault(call.tool_call_id, {})
        for name in CALL_FIELDS:
            if (value := getattr(call, name, None)) is not None:
                known[name] = value
        return known

    def _effects(self, kind: str, locations: list[str]) -> tuple[str, ...]:
        """Return what a call does; a change within the tree is one to a copy."""
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

    def _go_on(self, call: ToolCallProgress) -> None:
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

    def _say(self, text: str) -> None:
        if len(self.said) < SAID_MAX:
            self.said += text
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._session.log("info", line)
        self._beat()

    def end_line(self) -> None:
        """Show what was begun."""
        if self._begun.strip():
            self._session.log("info", self._begun)
        self._begun = ""

    def end(self) -> None:
        """Take what was said as the last message."""
        self.end_line()
        if self.said.strip():
            self._session.last_message = strip_controls(self._session.scrub(self.said)).strip()

    def _beat(self) -> None:
        self._chunks += 1
        if self._chunks % BEAT_CHUNKS == 0:
            self._session.line.progress(self._chunks, 0, "parts of what it said")

    # What we do not offer, and some ask for all the same.

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
        """Nothing was asked."""

    async def ext_method(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        raise RequestError.method_not_found(method)

    async def ext_notification(self, method: str, params: dict[str, Any]) -> None:
        """Leave words aside that the protocol does not know."""


def _sort(kind: str) -> Literal["command", "change", "tool"]:
    if kind == "execute":
        return "command"
    return "change" if kind in CHANGES else "tool"


def _bounded(value: Any) -> Any:
    """Return what a person can read, or its beginning."""
    try:
        content = msgspec.json.encode(value)
    except TypeError:
        return None
    if len(content) <= DETAIL_MAX:
        return msgspec.json.decode(content)
    # A long word may be a secret, and half of one would not be recognised.
    beginning = content[:DETAIL_MAX].decode("utf-8", "replace").rpartition(" ")[0]
    return Truncated(f"{beginning} [cut]", len(content), hashlib.sha256(content).hexdigest())


def _told(action: Action) -> Action:
    """Return an action in plain JSON, as a log keeps it."""
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
    told = given.get("command") or given.get("cmd") or ""
    return told if isinstance(told, str) else " ".join(map(str, told))


def _exit_code(output: Any) -> int | None:
    """Return the exit status where the program tells it; the protocol has no place for it."""
    if not isinstance(output, dict):
        return None
    places = (output, output.get("metadata"))
    for place in (each for each in places if isinstance(each, dict)):
        for name in ("exit_code", "exitCode", "exit"):
            if isinstance(place.get(name), int):
                return int(place[name])
    return None


def _is_unknown(known: dict[str, Any]) -> bool:
    """Whether a call that is told as completed was one of a tool that does not exist.

    Programs answer their model themselves then, and some tell that answer as the tool's own.
    """
    given, told = known.get("raw_input"), known.get("raw_output")
    complaint = given.get("error") if isinstance(given, dict) else None
    output = told.get("output") if isinstance(told, dict) else told
    texts = [each for each in (complaint, output) if isinstance(each, str)]
    return any(_UNKNOWN_TOOL.search(text[:COMPLAINT_MAX]) for text in texts)
