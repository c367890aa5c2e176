"""Reads the records of Claude Code, `projects/*/SESSION.jsonl` below its directory of settings.

Tried with 2.1.329. Records of other types, and fields that are not what they were, are passed over.
"""

from typing import Any

import msgspec

from missioncontrol.adapters.agent_sessions.record import (
    SessionRecord,
    counted,
    micro_dollars,
    seconds_of,
)
from missioncontrol.domain.work import NO_USAGE, Usage

QUESTION = "AskUserQuestion"
_COUNTS = {
    "input_tokens": "input_tokens",
    "cached_tokens": "cache_read_input_tokens",
    "output_tokens": "output_tokens",
    "cache_write_tokens": "cache_creation_input_tokens",
}
_TOTALS = {
    "input_tokens": "inputTokens",
    "cached_tokens": "cacheReadInputTokens",
    "output_tokens": "outputTokens",
    "cache_write_tokens": "cacheCreationInputTokens",
}
_DONE = ("end_turn", "stop_sequence", "max_tokens", "refusal")


class ClaudeReader:
    """Applies records to one session."""

    def __init__(self, record: SessionRecord) -> None:
        """Start before the first record."""
        self._record = record
        self._message = ""
        self._before = record.usage  # without the newest message, which is written in portions
        self._cost: int | None = None

    def take(self, found: dict[str, Any]) -> None:
        """Apply one record."""
        kind, at = found.get("type"), seconds_of(found.get("timestamp"))
        if kind == "cost-state":
            self._take_cost(found)
        if kind not in ("user", "assistant") or found.get("isSidechain"):
            return
        self._record.saw(at)
        self._record.place(found.get("cwd"), found.get("version"), found.get("gitBranch"))
        message = found.get("message")
        if not isinstance(message, dict):
            return
        if kind == "user":
            self._take_user(at, message.get("content"), is_own=bool(found.get("isMeta")))
        else:
            self._take_assistant(at, message)

    def _take_user(self, at: float, content: Any, *, is_own: bool) -> None:
        if isinstance(content, list) and any(_type(each) == "tool_result" for each in content):
            self._record.work(at)
        elif text := "" if is_own else _text(content):
            self._record.prompt(at, text)

    def _take_assistant(self, at: float, message: dict[str, Any]) -> None:
        record, name = self._record, str(message.get("id", ""))
        if name != self._message:
            self._message, self._before = name, record.usage
        # Every portion of a message repeats its usage.
        self._count(self._before + _with_cached(counted(message.get("usage"), _COUNTS)))
        if isinstance(model := message.get("model"), str) and not model.startswith("<"):
            record.model = model[:100]
        content = message.get("content")
        tools = [e for e in content if _type(e) == "tool_use"] if isinstance(content, list) else []
        for each in tools:
            tool = str(each.get("name", ""))
            record.use(at, tool, each.get("input"))
            if tool == QUESTION:
                record.wait(at, "question", question_of(each.get("input")))
            else:
                record.work(at)
        if not tools and message.get("stop_reason") in _DONE:
            record.wait(at, "prompt")

    def _take_cost(self, found: dict[str, Any]) -> None:
        """Take the totals of the session, which its messages give in portions only."""
        models = found.get("modelUsage")
        if not isinstance(models, dict) or not models:
            return
        is_known = not found.get("hasUnknownModelCost")
        self._cost = micro_dollars(found.get("totalCostUSD")) if is_known else None
        usages = {str(k): _with_cached(counted(each, _TOTALS)) for k, each in models.items()}
        self._record.by_model = usages
        self._count(sum(usages.values(), NO_USAGE))

    def _count(self, usage: Usage) -> None:
        self._record.usage = msgspec.structs.replace(usage, cost=self._cost)


def _with_cached(usage: Usage) -> Usage:
    """Return a usage whose input has what was read from and written to a cache, as ours has."""
    cached = usage.cached_tokens + usage.cache_write_tokens
    return msgspec.structs.replace(usage, input_tokens=usage.input_tokens + cached)


def question_of(given: Any) -> str:
    """Return the first question that the tool for questions is given."""
    questions = given.get("questions") if isinstance(given, dict) else None
    first = questions[0] if isinstance(questions, list) and questions else {}
    return str(first.get("question", "")) if isinstance(first, dict) else ""


def _type(part: Any) -> Any:
    return part.get("type") if isinstance(part, dict) else None


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return " ".join(str(each.get("text", "")) for each in parts if _type(each) == "text")
