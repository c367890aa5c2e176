"""Follows the sessions of a person on this machine: files, what hooks wrote, and processes."""

import os
import re
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import psutil

from missioncontrol.adapters.agent_sessions.claude import QUESTION, question_of
from missioncontrol.adapters.agent_sessions.record import (
    SessionRecord,
    decoded,
    is_session,
    one_line,
)
from missioncontrol.adapters.agent_sessions.transcript import Reader, reader_of
from missioncontrol.adapters.processes import is_alive, start_time
from missioncontrol.domain.agent_session import End, Program, Wait
from missioncontrol.ports.agent import ProcessHandle
from missioncontrol.ports.agent_sessions import Activity

_PERMISSION = re.compile(r"permission|approv", re.IGNORECASE)
_NOTICES: dict[str, Wait] = {
    "permission_prompt": "permission",
    "elicitation_dialog": "question",
    "idle_prompt": "prompt",
}
_NAMED_BY: dict[Program, str] = {"claude": "session_id", "codex": "thread-id"}
"""The field with the id of a session, by the program that sent the event."""
LOOKED_BACK = 24 * 3_600.0
"""Files that did not change for so long are of sessions that are over."""
FILES_MAX = 200
RECORDS_MAX = 500
BYTES_AT_ONCE = 4 * 1024 * 1024
"""Read of one file in one look; a longer one is followed over several looks."""
LOOKS_BETWEEN_SCANS = 5
GONE_SECONDS = 10.0
"""A session without a process is over after so much silence: a program may just be starting."""
PATTERNS: dict[Program, str] = {
    "claude": "projects/*/*.jsonl",
    "codex": "sessions/*/*/*/rollout-*.jsonl",
}
_SESSION_LENGTH = 36  # of the UUID at the end of a file's name


def roots_of(environment: Mapping[str, str]) -> dict[Program, Path]:
    """Return the directories of both programs."""
    home = Path(environment.get("HOME") or Path.home())
    return {
        "claude": Path(environment.get("CLAUDE_CONFIG_DIR") or home / ".claude"),
        "codex": Path(environment.get("CODEX_HOME") or home / ".codex"),
    }


def session_file(roots: Mapping[Program, Path], program: Program, session: str) -> Path | None:
    """Return the file of a session; None where there is none."""
    if not is_session(session):
        return None
    pattern = PATTERNS[program].replace("*.jsonl", f"*{session}.jsonl")
    return next(iter(sorted(roots[program].glob(pattern))), None)


class FollowedFile:
    """Lines of a file as it grows, each once."""

    def __init__(self, path: Path) -> None:
        """Begin at its first line."""
        self.path = path
        self._offset = 0
        self._file = 0  # inode
        self._is_skipping = False  # in a line that is longer than what is read at once

    def lines(self) -> Iterator[bytes]:
        """Yield whole lines that are new, as far as one look reads."""
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._file or status.st_size < self._offset:
                    self._file, self._offset, self._is_skipping = status.st_ino, 0, False
                file.seek(self._offset)
                content = file.read(BYTES_AT_ONCE)
        except OSError:
            return
        whole, newline, _ = content.rpartition(b"\n")
        if not newline:
            if len(content) == BYTES_AT_ONCE:
                self._offset, self._is_skipping = self._offset + len(content), True
            return
        self._offset += len(whole) + 1
        for line in whole.split(b"\n"):
            if self._is_skipping:
                self._is_skipping = False
            elif line:
                yield line


class SessionWatcher:
    """All sessions of a person; a look reads what is new and returns what changed."""

    def __init__(
        self,
        roots: Mapping[Program, Path],
        spool: Path,
        now: Callable[[], float],
        *,
        scrub: Callable[[str], str] = str,
    ) -> None:
        """`spool` is the file of `mission agent event`; `scrub` removes known secrets."""
        self.machine = socket.gethostname()[:200]
        self._roots = roots
        self._spool = FollowedFile(spool)
        self._now = now
        self._scrub = scrub
        self._began = now()
        self._files: dict[Path, tuple[FollowedFile, Reader]] = {}
        self._records: dict[str, SessionRecord] = {}
        self._reported: set[str] = set()
        self._looks = 0

    def look(self, is_open: Collection[str] = ()) -> list[Activity]:
        """Return the sessions that changed since the last look.

        `is_open` are those that were there at an earlier time; their end is returned, too. Others
        that were over before this began are not.
        """
        for path in self._changed_files():
            self._read(path)
        for line in self._spool.lines():
            self._take_event(decoded(line))
        if self._looks % LOOKS_BETWEEN_SCANS == 0:
            self._find_processes()
        self._looks += 1
        for record in self._records.values():
            self._find_end(record)
        return list(self._news(is_open))

    def _changed_files(self) -> list[Path]:
        found: list[tuple[float, Path]] = []
        for program, root in self._roots.items():
            for path in root.glob(PATTERNS[program]):
                with suppress(OSError):
                    found.append((path.stat().st_mtime, path))
        since = self._now() - LOOKED_BACK
        recent = sorted((each for each in found if each[0] > since), reverse=True)[:FILES_MAX]
        return [path for _, path in recent]

    def _read(self, path: Path) -> None:
        known = self._files.get(path)
        if known is None:
            session = path.stem[-_SESSION_LENGTH:]
            if not is_session(session) or path.stem.startswith("agent-"):
                return  # Of an agent that the session itself started.
            program: Program = "codex" if path.stem.startswith("rollout-") else "claude"
            record = self._record(session, program)
            known = self._files[path] = FollowedFile(path), reader_of(record)
        file, reader = known
        for line in file.lines():
            if found := decoded(line):
                reader.take(found)

    def _take_event(self, found: dict[str, Any]) -> None:
        named = session_of_hook(found)
        if named is not None:
            apply_hook(self._record(*named), found)

    def _record(self, session: str, program: Program) -> SessionRecord:
        if session not in self._records:
            if len(self._records) >= RECORDS_MAX:
                oldest = min(self._records.values(), key=lambda each: each.last).session
                del self._records[oldest]
                for path in [each for each in self._files if each.stem.endswith(oldest)]:
                    del self._files[path]
            self._records[session] = SessionRecord(session, program)
        return self._records[session]

    def _find_processes(self) -> None:
        """Give each program that works in a session's directory to the session used last there."""
        taken = {each.pid for each in self._records.values() if each.pid}
        for process in _programs():
            if process.pid in taken:
                continue
            there = [
                each
                for each in self._records.values()
                if not each.pid
                and each.program == process.program
                and each.directory == process.directory
                and each.last >= process.started - 5.0
            ]
            if there:
                newest = max(there, key=lambda each: each.last)
                newest.pid, newest.pid_started = process.pid, process.started

    def _find_end(self, record: SessionRecord) -> None:
        """Note that a session is over whose program is not there any more."""
        if record.standing.end is not None or not record.is_known:
            return
        handle = ProcessHandle(record.pid, record.pid_started, 0)
        is_gone = not is_alive(handle) if record.pid else self._now() > record.last + GONE_SECONDS
        if is_gone:
            # A program that ends in the middle of its work was killed, or has crashed.
            how: End = "ended" if record.standing.wait == "prompt" else "lost"
            record.end(max(self._now(), record.last), how)
            record.pid, record.pid_started = 0, 0.0

    def _news(self, is_open: Collection[str]) -> Iterator[Activity]:
        for session, record in self._records.items():
            if not record.is_changed or not record.is_known:
                continue
            record.is_changed = False
            is_over_before = record.standing.end is not None and record.last < self._began
            if session in self._reported or session in is_open or not is_over_before:
                self._reported.add(session)
                yield self._clean(record.activity(self.machine))

    def _clean(self, activity: Activity) -> Activity:
        scrub = self._scrub
        standing = msgspec.structs.replace(
            activity.standing, text=scrub(activity.standing.text)[:200]
        )
        recent = tuple(
            msgspec.structs.replace(each, target=scrub(each.target)[:200])
            for each in activity.recent
        )
        title = scrub(activity.title)[:200]
        return msgspec.structs.replace(activity, standing=standing, recent=recent, title=title)


class _Running(msgspec.Struct, frozen=True):
    """A process of an agent program."""

    pid: int
    program: Program
    directory: str
    started: float


def _programs() -> Iterator[_Running]:
    """Yield the agent programs of this user."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.uids().real != os.getuid():
                continue
            program = _program(process.name(), process.cmdline()[:2])
            if program is not None:
                yield _Running(process.pid, program, process.cwd(), process.create_time())


def _program(name: str, words: list[str]) -> Program | None:
    names = {name, *(Path(word).name for word in words)}
    if "claude" in names:
        return "claude"
    return "codex" if "codex" in names else None


def session_of_hook(found: dict[str, Any]) -> tuple[str, Program] | None:
    """Return the session that an event is about, and its program; None where it names none."""
    for program, field in _NAMED_BY.items():
        if found.get("program") == program and is_session(name := found.get(field)):
            return str(name), program
    return None


def apply_hook(record: SessionRecord, found: dict[str, Any]) -> None:
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
