"""The events of Claude Code: messages, tool calls, and the result."""

import asyncio
import re
from typing import Any

import msgspec

from missioncontrol.adapters.agents.coding.failures import no_result, tool_refusal
from missioncontrol.adapters.agents.coding.session import (
    ToolSession,
    strip_controls,
)
from missioncontrol.domain.work import Usage
from missioncontrol.ports.agent import AttemptFailed

SHOWN_MAX = 4_000
DENIALS_MAX = 10
_EXIT = re.compile(r"^(?:Error: )?Exit code (\d+)\b")


class _Model(msgspec.Struct, rename="camel"):
    """Tokens of one model as Claude Code counts them: the cache is not part of the input."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    thinking_tokens: int = 0

    @property
    def usage(self) -> Usage:
        cached, written = self.cache_read_input_tokens, self.cache_creation_input_tokens
        total = self.input_tokens + cached + written
        return Usage(total, cached, self.output_tokens, self.thinking_tokens, None, written)


class Turn:
    """One turn, from its first line to the exit of the program."""

    def __init__(self, session: ToolSession) -> None:
        self._session = session
        self._result: dict[str, Any] | None = None
        self._running: dict[str, tuple[str, float]] = {}  # calls of the shell by id
        self._named: dict[str, str] = {}  # tools of calls that have not ended, by id

    def handle_line(self, raw: bytes, is_cut: bool) -> None:
        """Handle a line of standard output.

        Raises:
            AttemptFailed: `claude.bad_usage`, `claude.too_many_turns`.
        """
        event = self._session.decode_event(raw, "Claude Code", "type")
        if event is None:
            return
        match event["type"]:
            case "system" if event.get("subtype") == "init":
                self._session.thread = str(event.get("session_id", ""))
            case "system" if event.get("subtype") == "permission_denied":
                self._session.log("warning", f"Denied: {event.get('message', '')}")
            case "assistant" | "user":
                for block in _blocks(event):
                    self._handle_block(block, is_error=bool(event.get("is_api_error_message")))
            case "result":
                self._result = event
                self._count(event.get("modelUsage"))

    def _handle_block(self, block: dict[str, Any], *, is_error: bool) -> None:
        match block.get("type"):
            case "text" if is_error:
                self._session.log("warning", str(block.get("text", "")))
            case "text":
                self._session.record_message(str(block.get("text", "")))
            case "thinking":
                self._session.log("info", str(block.get("thinking", "")))
            case "tool_use":
                self._handle_call(block)
            case "tool_result":
                self._handle_result(block)

    def _handle_call(self, block: dict[str, Any]) -> None:
        self._session.count_tool_call()
        name, given = str(block.get("name", "")), block.get("input")
        self._named[str(block.get("id", ""))] = name
        given = given if isinstance(given, dict) else {}
        if name == "Bash":
            command = str(given.get("command", ""))
            now = asyncio.get_running_loop().time()
            self._running[str(block.get("id", ""))] = (command, now)
            self._session.log("info", f"$ {command[:SHOWN_MAX]}")
        else:
            what = given.get("file_path") or given.get("path") or given.get("pattern") or ""
            self._session.log("info", f"[{name}] {what}")

    def _handle_result(self, block: dict[str, Any]) -> None:
        text, is_error = _text(block.get("content")), block.get("is_error") is True
        began = self._running.pop(str(block.get("tool_use_id", "")), None)
        name = self._named.pop(str(block.get("tool_use_id", "")), "a tool")
        if is_error and not (began and _EXIT.match(text)):
            self._session.count_failed_call(name)
        if is_error or began:
            self._session.log("warning" if is_error else "info", text)
        if began is None:
            return
        code = _EXIT.match(text) if is_error else None
        if code or not is_error:
            seconds = asyncio.get_running_loop().time() - began[1]
            self._session.record_command(
                began[0], int(code[1]) if code else 0, seconds, split=False
            )

    def _count(self, usage: Any) -> None:
        """Report the usage by model, which covers a resumed conversation from its start."""
        # Only the result has it: the output tokens in single messages are placeholders.
        try:
            by_model = msgspec.convert(usage, dict[str, _Model])
        except msgspec.ValidationError as error:
            raise AttemptFailed(
                f"{self._session.kind}.bad_usage",
                f"Claude Code reported its tokens in an unknown form ({error}).",
                hint="Check its version.",
            ) from None
        for model, count in by_model.items():
            self._session.record_total_usage(count.usage, model)

    def check_result(self, code: int) -> None:
        """Raise unless the turn succeeded.

        Raises:
            AttemptFailed: as `tool_refusal`; `claude.permission_denied`, or
                `claude.no_result`.
        """
        result = self._result
        if result is None:
            raise no_result(self._session, "Claude Code", code)
        message = strip_controls(str(result.get("result", "")))
        # Claude Code reports errors of the API with subtype "success" and `is_error`.
        if result.get("is_error") or result.get("subtype") != "success":
            status = result.get("api_error_status")
            words = message or str(result.get("subtype", ""))
            raise tool_refusal(
                self._session, "Claude Code", words, status if isinstance(status, int) else 0
            )
        denials = result.get("permission_denials")
        if denials and self._session.reading is None:  # An answer can do without denied tools.
            raise self._denied(denials)
        if code:
            raise no_result(self._session, "Claude Code", code)
        if (answer := result.get("structured_output")) is not None:
            self._session.record_message(msgspec.json.encode(answer).decode())

    def _denied(self, denials: Any) -> AttemptFailed:
        """Return the failure of a turn in which Claude Code ignored that it was denied a tool."""
        named = [_denial(each) for each in denials[:DENIALS_MAX]]
        more = f" and {len(denials) - len(named)} more" if len(denials) > len(named) else ""
        return AttemptFailed(
            f"{self._session.kind}.permission_denied",
            self._session.scrub(f"Claude Code was denied {'; '.join(named)}{more}."),
            hint="Give the step a tier that writes, add the tool to `tools` of the agent, or use "
            "only files of the repository.",
            retryable=False,
        )


def _denial(denial: Any) -> str:
    """Return a denied tool with the first of its arguments."""
    if not isinstance(denial, dict):
        return str(denial)[:200]
    given = denial.get("tool_input")
    first = next(iter(given.values()), "") if isinstance(given, dict) else ""
    return strip_controls(f"{denial.get('tool_name')} ({str(first)[:200]})")


def _blocks(event: dict[str, Any]) -> list[dict[str, Any]]:
    message = event.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        return [block for block in content if isinstance(block, dict)]
    return []


def _text(content: Any) -> str:
    """Return the text of a tool result, which is a string or a list of parts."""
    if isinstance(content, list):
        texts = [part.get("text", "") for part in content if isinstance(part, dict)]
        return "\n".join(str(text) for text in texts)
    return str(content or "")
