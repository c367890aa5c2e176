"""The file of `mission agent event`: what hooks of agent programs write, without secrets."""

import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SECRET = re.compile(
    r"(?i)(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?<=bearer )\S+|(?<=basic )[A-Za-z0-9+/=]{8,}"
    r"|\b(?:sk|pk|rk|xai|gsk|hf|ghp|gho|ghs|ghu|glpat|xox[abps])[-_][A-Za-z0-9_-]{12,}"
    r"|\bgithub_pat_\w{12,}|(?<=-u )[^\s:]+:\S+|(?<=--user )[^\s:]+:\S+"
    r"|\b(?:AKIA|ASIA|AIza)[A-Za-z0-9_-]{12,}|\beyJ[\w-]{10,}\.[\w.-]+"
    r"|(?P<name>[\w-]*(?:password|passwd|secret|token|api[-_]?key|credential)[\w-]*)"
    r"(?P<sign>[\"']?[=:]\s*|\s+)(?P<quote>[\"']?)(?P<value>[^\s\"']{6,})"
)
FILE = "agent-events.jsonl"
FILE_BYTES_MAX = 8 * 1024 * 1024
"""At that size the file is moved aside, in the place of the one before."""
INPUT_BYTES_MAX = 4 * 1024 * 1024
TEXT_MAX = 800
FIELDS_MAX = 20
DEPTH_MAX = 8
TARGETS = ("file_path", "path", "notebook_path", "command", "cmd", "pattern", "query", "url")
"""Arguments of tools that say on what they work, the most telling first."""
_SHOWN = (*TARGETS, "questions")
"""Arguments of tools that are stored: what a tool works on and what it asks, never contents."""
_SHELLS = ("sh", "bash", "dash", "zsh", "ksh", "fish", "env", "timeout", "busybox")
_NAMES = (
    "session_id",
    "cwd",
    "hook_event_name",
    "tool_name",
    "notification_type",
    "message",
    "prompt",
    "reason",
    "source",
    "type",
    "thread-id",
    "client",
)
"""Fields of what a hook is given that are written down; the rest, such as answers, is not."""


def spool_of(environment: Mapping[str, str]) -> Path:
    """Return the file, below the state of the user."""
    state = environment.get("XDG_STATE_HOME", "")
    home = Path(environment.get("HOME") or Path.home())
    return (Path(state) if state else home / ".local" / "state") / "missioncontrol" / FILE


def event(words: Sequence[str]) -> int:
    """Write an event down; `words` are the program, and for Codex the command it had before.

    Claude Code gives its hooks a JSON object as standard input, Codex gives `notify` one as its
    last argument.
    """
    program, rest = (words[0] if words else ""), list(words[1:])
    text = rest.pop() if program == "codex" and rest else ""
    try:
        if program != "codex":
            text = sys.stdin.read(INPUT_BYTES_MAX)
        _write(program, json.loads(text))
    except Exception:  # noqa: BLE001, S110 - the edge: a hook must not fail the agent
        pass
    if rest[:1] == ["--"] and len(rest) > 1:
        _go_on(rest[1:], text)
    return 0


def _go_on(command: Sequence[str], text: str) -> None:
    """Become the command that Codex called before we were installed."""
    try:
        os.execvp(command[0], [*command, text])  # noqa: S606 - its user's own command
    except OSError:
        return


def _write(program: str, given: dict[str, Any]) -> None:
    entry: dict[str, Any] = {
        name: _stored(value)
        for name in _NAMES
        if isinstance(value := given.get(name), str) and value
    }
    tool = given.get("tool_input")
    if isinstance(tool, dict):
        entry["tool_input"] = _shortened({name: tool[name] for name in _SHOWN if name in tool})
    asked = given.get("input-messages")
    if isinstance(asked, list) and asked:
        entry["prompt"] = _stored(str(asked[0]))
    line = json.dumps({"at": time.time(), "program": program, "pid": _agent(), **entry})  # noqa: TID251 - no clock port at hand
    path = spool_of(os.environ)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        # One write, so that lines of several hooks do not mix.
        os.write(handle, f"{line}\n".encode("utf-8", "replace"))
        if os.fstat(handle).st_size > FILE_BYTES_MAX:
            path.replace(path.with_suffix(".old"))
    finally:
        os.close(handle)


def _stored(text: str) -> str:
    """Return the beginning of a text without secrets; one that is cut in two is hidden first."""
    return without_secrets(text[: TEXT_MAX * 4])[:TEXT_MAX]


def _shortened(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return _stored(value)
    if depth >= DEPTH_MAX:
        return None
    if isinstance(value, dict):
        return {str(k)[:100]: _shortened(v, depth + 1) for k, v in list(value.items())[:FIELDS_MAX]}
    if isinstance(value, list):
        return [_shortened(each, depth + 1) for each in value[:FIELDS_MAX]]
    return value if isinstance(value, int | float) else None


def _agent() -> int:
    """Return the process of the agent: our parent, or the one of the shell that started us."""
    pid = os.getppid()
    for _ in range(DEPTH_MAX):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        except OSError:
            break
        name, _, rest = stat.partition("(")[2].rpartition(")")
        if name not in _SHELLS:
            break
        pid = int(rest.split()[1])
    return pid


def without_secrets(text: str) -> str:
    """Return a text with `[secret]` in place of each."""
    return _SECRET.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    if not found["value"]:
        return "[secret]"
    return f"{found['name']}{found['sign']}{found['quote']}[secret]"
