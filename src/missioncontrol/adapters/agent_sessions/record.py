"""What is known of one session while its records are read; the formats differ, this does not."""

import re
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import msgspec

from missioncontrol.adapters.agent_sessions.spool import TARGETS, without_secrets
from missioncontrol.domain.agent_session import (
    PATH_MAX,
    SESSION_ID,
    TEXT_MAX,
    End,
    Program,
    Standing,
    Wait,
)
from missioncontrol.domain.work import NO_USAGE, Usage
from missioncontrol.ports.agent_sessions import RECENT_MAX, Activity, Doing

AT_PROMPT = Standing("prompt")
WORKING = Standing()


def one_line(text: str) -> str:
    """Return the beginning of a text on one line, without control characters and secrets."""
    shown = "".join(each if each.isprintable() else " " for each in text[: TEXT_MAX * 4])
    line = without_secrets(" ".join(shown.split()))
    return line if len(line) <= TEXT_MAX else f"{line[: TEXT_MAX - 1]}…"


def seconds_of(timestamp: Any) -> float:
    """Return an ISO time in seconds since the epoch; 0 where it is none."""
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except (TypeError, ValueError):
        return 0.0


def target_of(given: Any) -> str:
    """Return on what a tool works, by its arguments."""
    if isinstance(given, str):
        return one_line(given)
    if not isinstance(given, Mapping):
        return ""
    for name in TARGETS:
        value = given.get(name)
        if isinstance(value, list):
            value = " ".join(map(str, value))
        if isinstance(value, str) and value:
            return one_line(value)
    return ""


def is_session(name: Any) -> bool:
    """Whether a text can be the id of a session."""
    return isinstance(name, str) and re.fullmatch(SESSION_ID, name) is not None


class SessionRecord:
    """One session; its records and hooks are applied in any order, and the newest one holds."""

    def __init__(self, session: str, program: Program) -> None:
        """Nothing but its id is known yet."""
        self.session = session
        self.program = program
        self.directory = ""
        self.started = 0.0
        self.last = 0.0
        self.version = ""
        self.branch = ""
        self.title = ""
        self.model = ""
        self.pid = 0
        self.pid_started = 0.0
        self.turns = 0
        self.usage = NO_USAGE
        self.by_model: dict[str, Usage] = {}  # empty where its record does not say
        self.recent: deque[Doing] = deque(maxlen=RECENT_MAX)
        self.standing = AT_PROMPT
        self._standing_at = 0.0
        self.is_changed = True

    @property
    def is_known(self) -> bool:
        """Whether enough is known to tell anybody of it."""
        return bool(self.directory and self.started)

    def saw(self, at: float) -> None:
        """Note that it did something at a time, in seconds since the epoch; 0 is ignored."""
        if at:
            self.started = min(self.started or at, at)
            if at > self.last:
                self.last, self.is_changed = at, True

    def stand(self, at: float, standing: Standing) -> None:
        """Note how it stands since a time, unless something later is known."""
        if at >= self._standing_at:
            self._standing_at = at
            if standing != self.standing:
                self.standing, self.is_changed = standing, True

    def work(self, at: float) -> None:
        """Note that it works."""
        self.stand(at, WORKING)

    def wait(self, at: float, wait: Wait, text: str = "") -> None:
        """Note that it waits for its person."""
        self.stand(at, Standing(wait, one_line(text)))

    def end(self, at: float, how: End) -> None:
        """Note that it is over."""
        self.stand(at, Standing(end=how))

    def use(self, at: float, tool: str, given: Any) -> None:
        """Note a tool and on what it works; record and hook both report it."""
        doing = Doing(at, one_line(tool), target_of(given))
        same = ((each.tool, each.target) for each in list(self.recent)[-3:])
        if (doing.tool, doing.target) not in same:
            self.recent.append(doing)
            self.is_changed = True

    def prompt(self, at: float, text: str) -> None:
        """Note a prompt of its person."""
        if not self.title:
            self.title = one_line(text)
        self.turns += 1
        self.work(at)

    def place(self, directory: Any, version: Any = "", branch: Any = "") -> None:
        """Note where it works, and by which version of its program."""
        if isinstance(directory, str) and not self.directory and is_absolute(directory):
            self.directory = directory
        self.version = one_line(version) if isinstance(version, str) and version else self.version
        self.branch = one_line(branch) if isinstance(branch, str) and branch else self.branch

    def activity(self, machine: str) -> Activity:
        """Return what is known as a row."""
        return Activity(
            session=self.session,
            program=self.program,
            machine=machine,
            directory=self.directory,
            started=self.started,
            last=self.last,
            standing=self.standing,
            version=self.version,
            branch=self.branch,
            title=self.title,
            model=self.model,
            pid=self.pid,
            pid_started=self.pid_started,
            turns=self.turns,
            usage=self.usage,
            recent=tuple(self.recent),
        )


def is_absolute(path: str) -> bool:
    """Whether a text is an absolute path of bounded length."""
    return len(path) <= PATH_MAX and PurePosixPath(path).is_absolute() and path.isprintable()


def counted(found: Any, names: Mapping[str, str]) -> Usage:
    """Return a usage of a record, by our names of its fields; what is no count is 0."""
    plain = found if isinstance(found, Mapping) else {}
    values = {ours: plain.get(theirs) for ours, theirs in names.items()}
    return Usage(
        **{k: v for k, v in values.items() if isinstance(v, int) and 0 <= v < 2**50}, cost=None
    )


def micro_dollars(amount: Any) -> int | None:
    """Return dollars of a record in millionths; None where it is no amount."""
    is_amount = isinstance(amount, int | float) and 0 <= amount < 1e9
    return round(amount * 1_000_000) if is_amount else None


def decoded(line: bytes) -> dict[str, Any]:
    """Return the record in a line; an empty one where it is none."""
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
