"""The events of Codex: items, usage, errors, and commands that only its own record has."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from missioncontrol.adapters.agents.coding.session import COMMANDS_MAX, ToolSession
from missioncontrol.domain.work import Usage
from missioncontrol.ports.agent import AttemptFailed

ROLLOUT_BYTES_MAX = 64 * 1024 * 1024
_EXIT = re.compile(r"^Process exited with code (-?\d+)$", re.MULTILINE)
_SECONDS = re.compile(r"^Wall time: ([\d.]+) seconds$", re.MULTILINE)
_PATCHES = "apply_patch"
COMMAND_SHOWN_MAX = 4_000
_STATUS = re.compile(r"(?:unexpected|last) status:? (\d{3})\b")
_WORDS = {"is at capacity": 503, "experiencing high demand": 500}
"""Phrases that Codex prints in place of an answer with that status."""
_WHERE = re.compile(r", url: \S+(?:, request id: \S+)?$")
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


class Count(msgspec.Struct, frozen=True):
    """Tokens as Codex counts them."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0

    @property
    def usage(self) -> Usage:
        """The same as a `Usage` of unknown cost."""
        return Usage(
            self.input_tokens,
            self.cached_input_tokens,
            self.output_tokens,
            self.reasoning_output_tokens,
            None,
            self.cache_write_input_tokens,
        )


class ItemRecorder:
    """Records the items of a conversation from `exec` or `app-server`."""

    def __init__(self, session: ToolSession) -> None:
        self._session = session
        self._began: dict[str, float] = {}
        self._running: dict[str, str] = {}  # commands by the ids of their items

    def started(self, item: dict[str, Any]) -> None:
        """Record the start of an item."""
        kind, item = _named(item)
        self._began[str(item.get("id", ""))] = asyncio.get_running_loop().time()
        if kind == "command_execution":
            command = _text(item, "command")[:COMMAND_SHOWN_MAX]
            self._running[str(item.get("id", ""))] = command
            self._session.log("info", f"$ {command}")

    def completed(self, item: dict[str, Any]) -> None:
        """Record an item that has ended."""
        kind, item = _named(item)
        began = self._began.pop(str(item.get("id", "")), None)
        self._running.pop(str(item.get("id", "")), None)
        match kind:
            case "agent_message":
                self._session.record_message(_text(item, "text"))
            case "reasoning":
                self._session.log("info", _text(item, "text") or "\n".join(_texts(item, "summary")))
            case "command_execution":
                self._command(item, began)
            case "file_change":
                self._change(item)
            case "error":
                self._session.log("warning", _text(item, "message"))
            case "plan" | "todo_list" | "user_message" | "context_compaction" | "hook_prompt":
                return
            case _:
                self._session.count_tool_call()
                self._session.log("info", f"[{kind}] {_text(item, 'tool') or _text(item, 'query')}")
                if item.get("status") == "failed":
                    self._session.count_failed_call(_text(item, "tool") or kind)

    def end(self) -> None:
        """Log the commands that still run at the end; they end with the tool."""
        for command in self._running.values():
            self._session.count_tool_call()
            self._session.log("warning", f"Still running at the end, and stopped: {command}")

    def _command(self, item: dict[str, Any], began: float | None) -> None:
        self._session.count_tool_call()
        output, command = _text(item, "aggregated_output"), _text(item, "command")
        if output:
            self._session.log("info", output)
        code = item.get("exit_code")
        if not isinstance(code, int):
            self._session.log("warning", f"It was not run ({item.get('status')}): {command[:200]}")
            self._session.count_failed_call(command)
            return
        if code:
            self._session.log("warning", f"It ended with exit status {code}.")
        now = asyncio.get_running_loop().time()
        self._session.record_command(command, code, now - (now if began is None else began))

    def _change(self, item: dict[str, Any]) -> None:
        self._session.count_tool_call()
        changes = item.get("changes")
        for change in changes if isinstance(changes, list) else []:
            if isinstance(change, dict):
                how = change.get("kind")
                word = how.get("type") if isinstance(how, dict) else how
                self._session.log("info", f"{word}: {change.get('path')}")
        if item.get("status") not in ("completed", None):
            self._session.log("warning", f"The change was not made ({item.get('status')}).")


def usage_of(count: Any, session: ToolSession) -> Usage:
    """Return the usage that Codex reports for the whole conversation so far.

    Raises:
        AttemptFailed: `codex.bad_usage`: skipping a report would hide costs.
    """
    try:
        return msgspec.convert(snake_case(count), Count).usage
    except msgspec.ValidationError as error:
        raise AttemptFailed(
            f"{session.kind}.bad_usage",
            f"Codex reported its tokens in an unknown form ({error}).",
            hint="Check its version.",
        ) from None


def snake_case(data: Any) -> Any:
    """Return `data` with field names in snake case, as `exec` writes them."""
    if isinstance(data, dict):
        return {_HUMP.sub(r"_\1", str(name)).lower(): value for name, value in data.items()}
    return data


def status_of(message: str) -> int:
    """Return the HTTP status in an error message, or 0."""
    if found := _STATUS.search(message):
        return int(found[1])
    return next((status for words, status in _WORDS.items() if words in message), 0)


def reason_of(message: str) -> str:
    """Return an error message without the URL of our gateway and the request id."""
    return _WHERE.sub("", message)


def _named(item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    found = snake_case(item)
    return _HUMP.sub(r"_\1", str(found.get("type", ""))).lower(), found


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _texts(item: dict[str, Any], name: str) -> list[str]:
    value = item.get(name)
    return [str(each) for each in value] if isinstance(value, list) else []


async def add_missing_commands(session: ToolSession) -> None:
    """Record the commands of the conversation that no event reported.

    Raises:
        AttemptFailed: `KIND.too_many_turns`.
    """
    if len(session.commands) >= COMMANDS_MAX:
        return  # A missing command can't be distinguished from one beyond the limit.
    seen = Counter(ran.argv[-1] for ran in session.commands)
    for command, output in await asyncio.to_thread(lambda: list(_ended(session))):
        text = session.shown_command(command)
        if seen[text] > 0:
            seen[text] -= 1
        elif code := _EXIT.search(output):
            session.count_tool_call()
            session.log("info", f"$ {command}")
            session.log("warning", f"It ended with exit status {code[1]}.")
            seconds = _SECONDS.search(output)
            session.record_command(
                command, int(code[1]), float(seconds[1]) if seconds else 0.0, split=False
            )


def _ended(session: ToolSession) -> Iterator[tuple[str, str]]:
    """Yield each command that has ended, with its output as the model received it."""
    calls: dict[str, str] = {}
    for item in _items(session):
        call = str(item.get("call_id", ""))
        if item.get("type") == "function_call" and item.get("name") == "exec_command":
            calls[call] = _command(item.get("arguments"))
        elif item.get("type") == "function_call_output" and calls.get(call):
            yield calls.pop(call), str(item.get("output", ""))


def _items(session: ToolSession) -> Iterator[dict[str, Any]]:
    for file in sorted((session.home / "sessions").rglob(f"*{session.thread}.jsonl")):
        with file.open("rb") as lines:
            for line in lines.read(ROLLOUT_BYTES_MAX).splitlines():
                if b'"function_call' not in line:
                    continue
                try:
                    item = msgspec.json.decode(line)["payload"]
                except (msgspec.DecodeError, RecursionError, KeyError, TypeError):
                    continue
                if isinstance(item, dict):
                    yield item


def _command(arguments: Any) -> str:
    """Return the command of a call; "" for a patch, which Codex reports as a change."""
    try:
        command = str(msgspec.json.decode(arguments)["cmd"])
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError):
        return ""
    return "" if command.lstrip().startswith(_PATCHES) else command
