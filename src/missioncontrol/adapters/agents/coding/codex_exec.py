"""`codex exec --json`: one turn at a time, without approvals."""

from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.agents.coding.codex_events import (
    ItemRecorder,
    add_missing_commands,
    reason_of,
    status_of,
    usage_of,
)
from missioncontrol.adapters.agents.coding.codex_home import (
    CodexSettings,
    conversation,
    has_conversation,
    prepare,
    sandbox_of,
)
from missioncontrol.adapters.agents.coding.failures import no_result, tool_refusal
from missioncontrol.adapters.agents.coding.order import Order
from missioncontrol.adapters.agents.coding.session import (
    ToolSession,
    strip_controls,
)
from missioncontrol.adapters.agents.files import write_below
from missioncontrol.domain.declaration import Declaration

SCHEMA = "answer.schema.json"


class CodexExec:
    """Codex, unattended."""

    title = "Codex"

    def __init__(self, declared: Declaration, settings: CodexSettings) -> None:
        self._declared = declared
        self._settings = settings

    async def converse(self, session: ToolSession, prompt: str, order: Order) -> None:
        wider = order.elevation
        program = await prepare(session, self._declared, self._settings, "never", wider)
        turn = _Turn(session)
        code = await session.run(_argv(program, session, order), prompt.encode(), turn.handle_line)
        await add_missing_commands(session)
        turn.check_result(code)

    def has_conversation(self, home: Path, thread: str) -> bool:
        return has_conversation(home, thread)

    def conversation(self, session: ToolSession, thread: str, record: bytes) -> tuple[str, bytes]:
        return conversation(thread, record)


def _argv(program: str, session: ToolSession, order: Order) -> list[str]:
    """Return the command line; the prompt goes to standard input: it may be long or private."""
    model = ["-m", session.model] if session.model else []
    resume = ["resume", session.thread] if session.thread else []
    mode = ["-s", sandbox_of(order, session.rules), "--skip-git-repo-check", "--ignore-rules"]
    form: list[str] = []
    if session.reading is not None:
        write_below(session.home, SCHEMA, msgspec.json.encode(session.reading.schema))
        form = ["--output-schema", str(session.home / SCHEMA)]
    return [program, "exec", "--json", *mode, *model, *form, *resume, "-"]


class _Turn:
    """One turn, from its first line to the exit of the program."""

    def __init__(self, session: ToolSession) -> None:
        self._session = session
        self._items = ItemRecorder(session)
        self._failure = ""
        self._is_completed = False

    def handle_line(self, raw: bytes, is_cut: bool) -> None:
        """Handle a line of standard output.

        Raises:
            AttemptFailed: `codex.bad_usage`, `codex.too_many_turns`.
        """
        event = self._session.decode_event(raw, "Codex", "type")
        if event is not None:
            self._handle_event(event)

    def _handle_event(self, event: dict[str, Any]) -> None:
        item = event.get("item")
        match event["type"]:
            case "thread.started":
                self._session.thread = str(event.get("thread_id", ""))
            case "item.started" if isinstance(item, dict):
                self._items.started(item)
            case "item.completed" if isinstance(item, dict):
                self._items.completed(item)
            case "turn.completed":
                self._is_completed = True
                usage = usage_of(event.get("usage"), self._session)
                self._session.record_total_usage(usage)
            case "turn.failed":
                error = event.get("error")
                message = error.get("message") if isinstance(error, dict) else error
                self._failure = str(message or "it gave no reason")
            case "error":
                # Not final: Codex usually continues after an error event.
                self._session.log("warning", str(event.get("message", "")))

    def check_result(self, code: int) -> None:
        """Raise unless the turn was completed and the program exited with status 0.

        Raises:
            AttemptFailed: as `tool_refusal`, or `codex.no_result`.
        """
        self._items.end()
        if self._failure:
            message = reason_of(strip_controls(self._failure))
            raise tool_refusal(self._session, "Codex", message, status_of(self._failure))
        if code or not self._is_completed:
            raise no_result(self._session, "Codex", code)
