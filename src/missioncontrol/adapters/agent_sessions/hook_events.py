"""Reads what hooks wrote with `mission agent event`, and applies it to sessions."""

import re
from typing import Any

from missioncontrol.adapters.agent_sessions.claude import QUESTION, question_of
from missioncontrol.adapters.agent_sessions.record import SessionRecord, is_session, one_line
from missioncontrol.adapters.processes import start_time
from missioncontrol.domain.agent_session import Program, Wait

_PERMISSION = re.compile(r"permission|approv", re.IGNORECASE)
_NOTICES: dict[str, Wait] = {
    "permission_prompt": "permission",
    "elicitation_dialog": "question",
    "idle_prompt": "prompt",
}


_NAMED_BY: dict[Program, str] = {"claude": "session_id", "codex": "thread-id"}
"""The field with the id of a session, by the program that sent the event."""


def session_of(found: dict[str, Any]) -> tuple[str, Program] | None:
    """Return the session that an event is about, and its program; None where it names none."""
    for program, field in _NAMED_BY.items():
        if found.get("program") == program and is_session(name := found.get(field)):
            return str(name), program
    return None


def take(record: SessionRecord, found: dict[str, Any]) -> None:
    """Apply an event to its session."""
    at = found.get("at")
    if not isinstance(at, int | float):
        return
    record.saw(at)
    record.place(found.get("cwd"))
    _take_process(record, found.get("pid"), at)
    if record.program == "codex":
        if not record.title:
            record.title = one_line(str(found.get("prompt", "")))
        record.wait(at, "prompt")
        return
    _take_claude(record, found, at)


def _take_claude(record: SessionRecord, found: dict[str, Any], at: float) -> None:
    match found.get("hook_event_name"):
        case "SessionStart" | "Stop":
            record.wait(at, "prompt")
        case "PreToolUse":
            tool, given = str(found.get("tool_name", "")), found.get("tool_input")
            record.use(at, tool, given)
            if tool == QUESTION:
                record.wait(at, "question", question_of(given))
            else:
                record.work(at)
        case "UserPromptSubmit" | "PostToolUse":
            record.work(at)
        case "Notification":
            _take_notice(record, found, at)
        case "SessionEnd":
            record.end(at, "ended")


def _take_notice(record: SessionRecord, found: dict[str, Any], at: float) -> None:
    text = str(found.get("message", ""))
    kind = str(found.get("notification_type", ""))
    wait = _NOTICES.get(kind) or ("permission" if _PERMISSION.search(text) else None)
    if wait is None:
        return
    if wait == "permission" and record.recent:
        doing = record.recent[-1]
        text = f"{doing.tool}: {doing.target}" if doing.target else doing.tool
    # A question that is open already says more than that there is one.
    if wait != "prompt" or record.standing.wait is None:
        record.wait(at, wait, "" if wait == "prompt" else text)


def _take_process(record: SessionRecord, pid: Any, at: float) -> None:
    """Note the process, unless it has ended and its number is another's by now."""
    if isinstance(pid, int) and pid > 1 and pid != record.pid:
        started = start_time(pid)
        if started is not None and started <= at + 1.0:
            record.pid, record.pid_started = pid, started
