"""What the errors of SQLite mean for readers and writers of the event log."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from missioncontrol.domain.errors import (
    Conflict,
    Corrupt,
    MissionControlError,
    Rejected,
    Unavailable,
)
from missioncontrol.ports.event_store import Append

CONFLICT_ERRORS = frozenset(
    {"SQLITE_CONSTRAINT_TRIGGER", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
)
"""SQLite's errors for a place that another writer has already written to."""

BUSY = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN"})
"""SQLite's ways to say that it can't look now, which says nothing about the file."""

UNSTORABLE = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    OverflowError,
    UnicodeEncodeError,
    TypeError,
)


Trouble = sqlite3.DatabaseError | UnicodeDecodeError
"""What SQLite's module raises about a file; the second where its words are themselves damaged."""


def opening_refusal(path: Path, error: Trouble) -> MissionControlError:
    """Say why the log can't be opened."""
    if not isinstance(error, sqlite3.OperationalError):
        return damaged(path, error)
    return Unavailable(
        "log.unreadable",
        f"The event log {str(path)!r} can't be opened: {error}.",
        hint="Check the path and its permissions.",
    )


def reading_refusal(path: Path, error: Trouble) -> MissionControlError:
    """Say why the log can't be read."""
    if getattr(error, "sqlite_errorname", "") not in BUSY:
        return damaged(path, error)
    return Unavailable(
        "log.unreadable",
        f"The event log {str(path)!r} can't be read now: {error}.",
        hint="Try again.",
    )


def writing_refusal(
    path: Path, error: BaseException, appends: Sequence[Append]
) -> MissionControlError | None:
    """Say why an append failed, or return None where `error` says it itself."""
    if isinstance(error, sqlite3.IntegrityError) and error.sqlite_errorname in CONFLICT_ERRORS:
        return Conflict(
            "log.conflict", f"Another writer was faster: {error}.", hint="Decide again."
        )
    if isinstance(error, UNSTORABLE):
        return unstorable(error, appends)
    if isinstance(error, sqlite3.Error | UnicodeDecodeError):
        return Unavailable(
            "log.unwritable",
            f"The event log {str(path)!r} can't be written: {error}.",
            hint="Free some disk space or mend the disk, then resume the run.",
        )
    return None


def unstorable(error: BaseException, appends: Sequence[Append]) -> Rejected:
    """Name the event that no file can hold."""
    return Rejected(
        "log.unstorable",
        f"{_culprit(appends)} can't be stored: {error}.",
        hint="Texts must be valid Unicode, and numbers fit into 64 bits.",
    )


def _culprit(appends: Sequence[Append]) -> str:
    with closing(sqlite3.connect(":memory:")) as sample:
        for append in appends:
            for event in append.events:
                values = (append.stream, *msgspec.structs.astuple(event))
                try:
                    sample.execute(f"SELECT {','.join('?' * len(values))}", values)
                except (sqlite3.Error, *UNSTORABLE):
                    return f"Event {event.type!r} of stream {append.stream!r}"
    return "An event"


def conflict(stream: str, present: int, expected: int) -> Conflict:
    """Say at which version a stream is."""
    return Conflict(
        "log.conflict",
        f"Stream {stream!r} is at version {present}, not at {expected} as expected.",
        hint="Decide again from its present state.",
    )


def damaged(path: Path, problem: object) -> Corrupt:
    """Say that the file is not what was written."""
    return Corrupt(
        "log.damaged",
        f"The event log {str(path)!r} is damaged: {problem}.",
        hint="Restore it from a backup; `mission audit verify` names the last event that is whole.",
    )
