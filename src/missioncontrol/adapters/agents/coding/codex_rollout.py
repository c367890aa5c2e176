"""Reads commands that are missing in the events of Codex from its record of the conversation.

In version 0.169.0, a command that the sandbox refuses at once may end without an event.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from missioncontrol.adapters.agents.coding.session import COMMANDS_MAX, ToolSession

BYTES_MAX = 64 * 1024 * 1024
_EXIT = re.compile(r"^Process exited with code (-?\d+)$", re.MULTILINE)
_SECONDS = re.compile(r"^Wall time: ([\d.]+) seconds$", re.MULTILINE)
_PATCHES = "apply_patch"


async def add_missing(session: ToolSession) -> None:
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
            for line in lines.read(BYTES_MAX).splitlines():
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
