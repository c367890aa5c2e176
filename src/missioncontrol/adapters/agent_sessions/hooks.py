"""Adds our hooks to the settings of Claude Code and Codex, and takes them out again.

All else that stands in the settings stays as it is. A copy of the file as it was before us lies
beside it. What can't be read is refused, and never overwritten.
"""

import json
import os
import re
import shlex
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.domain.agent_session import Program
from missioncontrol.domain.errors import Rejected

CLAUDE_EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "Notification",
    "Stop",
    "SessionEnd",
)
OF_TOOLS = ("PreToolUse", "PostToolUse")
HOOK_SECONDS_MAX = 5
BACKUP = ".before-mission"
FILES: dict[Program, str] = {"claude": "settings.json", "codex": "config.toml"}
EVENT = ("agent", "event")
_KEY = re.compile(r"(?m)^[ \t]*notify[ \t]*=")
_TABLE = re.compile(r"(?m)^[ \t]*\[")


class HookChange(msgspec.Struct, frozen=True):
    """What was done to a file of settings."""

    program: Program
    file: str
    is_changed: bool
    is_installed: bool  # whether our hooks are in it now


def install(
    roots: Mapping[Program, Path], programs: Sequence[Program], mission: Sequence[str]
) -> list[HookChange]:
    """Add our hooks; `mission` is the command line of this program.

    Raises:
        Rejected: `agent_hooks.unreadable` or `agent_hooks.unwritable`; files before it are changed.
    """
    return [_change(roots[each], each, mission) for each in programs]


def remove(roots: Mapping[Program, Path], programs: Sequence[Program]) -> list[HookChange]:
    """Take our hooks out of the settings.

    Raises:
        Rejected: as `install`.
    """
    return [_change(roots[each], each, None) for each in programs]


def _change(root: Path, program: Program, mission: Sequence[str] | None) -> HookChange:
    """Put our hooks in, which run the command `mission`; take them out where there is none."""
    file, edit = root / FILES[program], _EDITS[program]
    try:
        if file.is_symlink():
            # Settings are often links into a repository of dotfiles. One that leads nowhere now,
            # as before a disk is mounted, is not replaced by a file.
            file = file.resolve(strict=True)
        before = file.read_text("utf-8") if file.exists() else ""
        after = edit(before, mission)
        if after != before:
            _write(file, before, after, is_first=edit(before, None) == before)
    except (ValueError, RecursionError) as error:
        raise Rejected(
            "agent_hooks.unreadable",
            f"{str(file)!r} can't be read, so it stays as it is: {error}.",
            hint="Mend the file, and try again.",
        ) from None
    except OSError as error:
        raise Rejected(
            "agent_hooks.unwritable", f"{str(file)!r} can't be changed: {error.strerror}."
        ) from None
    return HookChange(program, str(file), after != before, mission is not None)


def _write(file: Path, before: str, after: str, *, is_first: bool) -> None:
    """Write settings; before our first hook gets in, a copy of what the person had is made."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    backup = file.with_name(file.name + BACKUP)
    if before and is_first:
        _replace(backup, before, file)
    _replace(file, after, file)


def _replace(file: Path, text: str, like: Path) -> None:
    """Write a file as a whole, with the mode of another one."""
    mode = like.stat().st_mode & 0o777 if like.exists() else 0o600
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).chmod(mode)
        Path(draft).replace(file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _edit_claude(text: str, mission: Sequence[str] | None) -> str:
    settings = json.loads(text) if text.strip() else {}
    if not isinstance(settings, dict) or not isinstance(settings.get("hooks", {}), dict):
        raise ValueError("it is no object with hooks by event")  # noqa: TRY004 - of the file
    hooks: dict[str, Any] = dict(settings.get("hooks", {}))
    command = shlex.join([*mission, *EVENT, "claude"]) if mission is not None else ""
    for event in {*hooks, *(CLAUDE_EVENTS if mission is not None else ())}:
        groups = hooks.get(event, [])
        if not isinstance(groups, list):
            raise ValueError(f"the hooks of {event} are no list")  # noqa: TRY004 - of the file
        hooks[event] = _without_ours(groups)
    if mission is not None:
        for event in CLAUDE_EVENTS:
            ours = {"type": "command", "command": command, "timeout": HOOK_SECONDS_MAX}
            group = {"matcher": "*"} if event in OF_TOOLS else {}
            hooks[event] = [*hooks[event], {**group, "hooks": [ours]}]
    hooks = {event: groups for event, groups in hooks.items() if groups}
    changed = {**settings, "hooks": hooks}
    if not hooks and not settings.get("hooks"):
        return text
    if not hooks:
        del changed["hooks"]
    if changed == settings:
        return text
    return json.dumps(changed, indent=2, ensure_ascii=False) + "\n"


def _without_ours(groups: Sequence[Any]) -> list[Any]:
    """Return the groups of an event without our hook, and without a group that had only ours."""
    kept: list[Any] = []
    for group in groups:
        own = group.get("hooks") if isinstance(group, dict) else None
        if not isinstance(own, list) or not any(map(_is_ours, own)):
            kept.append(group)
        elif others := [each for each in own if not _is_ours(each)]:
            kept.append({**group, "hooks": others})
    return kept


def _is_ours(hook: Any) -> bool:
    command = hook.get("command") if isinstance(hook, dict) else None
    if not isinstance(command, str) or any(each in command for each in ";&|<>"):
        return False  # A person's own command that calls ours among others stays.
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    return words[-3:] == [*EVENT, "claude"]


def _edit_codex(text: str, mission: Sequence[str] | None) -> str:
    """Replace `notify`, which only one program can have: ours calls the one that was there."""
    settings = tomllib.loads(text)
    present = settings.get("notify")
    if present is not None and not _is_words(present):
        raise ValueError("notify is no list of texts")
    own = _words_after_ours(present or [])
    wanted = own
    if mission is not None:
        wanted = [*mission, *EVENT, "codex", *(["--", *own] if own else [])]
    if wanted == (present or []):
        return text
    changed = _with_notify(text, wanted)
    expected = {key: value for key, value in settings.items() if key != "notify"}
    if tomllib.loads(changed) != {**expected, **({"notify": wanted} if wanted else {})}:
        raise ValueError("notify stands in a place where it can't be changed alone")
    return changed


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _words_after_ours(words: list[str]) -> list[str]:
    """Return the command of the user in a setting of ours; the setting itself where it is none."""
    ours = (*EVENT, "codex")
    for place in range(len(words) - len(ours) + 1):
        if tuple(words[place : place + len(ours)]) == ours:
            rest = words[place + len(ours) :]
            return rest[1:] if rest[:1] == ["--"] else []
    return words


def _with_notify(text: str, words: Sequence[str]) -> str:
    line = f"notify = {json.dumps(list(words), ensure_ascii=False)}\n" if words else ""
    table = _TABLE.search(text)
    top = text[: table.start()] if table else text
    found = _KEY.search(top)
    if found is None:
        return line + text  # Before the first table, where it belongs to none.
    end = found.start()
    while (end := text.find("\n", end) + 1) > 0:
        with suppress(tomllib.TOMLDecodeError):
            tomllib.loads(text[found.start() : end])
            break
    end = end or len(text)
    return text[: found.start()] + line + text[end:]


_EDITS: dict[Program, Callable[[str, Sequence[str] | None], str]] = {
    "claude": _edit_claude,
    "codex": _edit_codex,
}
