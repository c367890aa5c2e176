"""Reads the records of Codex, `sessions/YYYY/MM/DD/rollout-*.jsonl` below CODEX_HOME.

Tried with 0.169.0. Records of other types, and fields that are not what they were, are passed over.
Codex writes no record when it asks for a permission, so such a session counts as working.
"""

from typing import Any

import msgspec

from missioncontrol.adapters.agent_sessions.record import (
    SessionRecord,
    counted,
    decoded,
    seconds_of,
)

_COUNTS = {
    "input_tokens": "input_tokens",
    "cached_tokens": "cached_input_tokens",
    "output_tokens": "output_tokens",
    "reasoning_tokens": "reasoning_output_tokens",
    "cache_write_tokens": "cache_write_input_tokens",
}
_TOOLS = ("function_call", "custom_tool_call", "local_shell_call")
_PERMISSIONS = ("exec_approval_request", "apply_patch_approval_request")


class CodexReader:
    """Applies records to one session."""

    def __init__(self, record: SessionRecord) -> None:
        """Start before the first record."""
        self._record = record

    def take(self, found: dict[str, Any]) -> None:
        """Apply one record."""
        payload, at = found.get("payload"), seconds_of(found.get("timestamp"))
        if not isinstance(payload, dict):
            return
        self._record.saw(at)
        match found.get("type"):
            case "session_meta":
                self._take_beginning(payload)
            case "turn_context":
                self._record.place(payload.get("cwd"))
                if isinstance(model := payload.get("model"), str):
                    self._record.model = model[:100]
            case "event_msg":
                self._take_event(at, payload)
            case "response_item":
                self._take_item(at, payload)

    def _take_beginning(self, payload: dict[str, Any]) -> None:
        git = payload.get("git")
        branch = git.get("branch") if isinstance(git, dict) else ""
        self._record.place(payload.get("cwd"), payload.get("cli_version"), branch)
        self._record.saw(seconds_of(payload.get("timestamp")))

    def _take_event(self, at: float, payload: dict[str, Any]) -> None:
        record = self._record
        match payload.get("type"):
            case "task_started":
                record.work(at)
            case "task_complete" | "turn_aborted":
                record.wait(at, "prompt")
            case "user_message":
                record.prompt(at, str(payload.get("message", "")))
            case "item_completed":
                self._take_completed(at, payload.get("item"))
            case "token_count":
                self._count(payload.get("info"))
            case kind if kind in _PERMISSIONS:
                record.wait(at, "permission", str(payload.get("reason") or ""))
            case "request_user_input":
                record.wait(at, "question")

    def _take_completed(self, at: float, item: Any) -> None:
        if isinstance(item, dict) and item.get("type") == "UserMessage":
            parts = item.get("content")
            texts = parts if isinstance(parts, list) else []
            text = " ".join(str(e.get("text", "")) for e in texts if isinstance(e, dict))
            self._record.prompt(at, text)

    def _take_item(self, at: float, payload: dict[str, Any]) -> None:
        if payload.get("type") in _TOOLS:
            given = payload.get("arguments") or payload.get("input") or payload.get("action")
            if isinstance(given, str):
                given = decoded(given.encode()) or given
            self._record.use(at, str(payload.get("name") or "shell"), given)
            self._record.work(at)

    def _count(self, info: Any) -> None:
        total = info.get("total_token_usage") if isinstance(info, dict) else None
        if isinstance(total, dict):
            self._record.usage = msgspec.structs.replace(counted(total, _COUNTS), cost=None)
            self._record.is_changed = True
