"""The file of the index: opened as it is, or created again by one process at a time."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from missioncontrol.adapters.private_files import private
from missioncontrol.adapters.queries import queries
from missioncontrol.domain.errors import Unavailable

SHAPE = 3
"""Grows with every change of what the file holds or what is harvested: it is then built again."""

BUSY_SECONDS = 10
LOOK_SECONDS = 0.02
PASSING = ("SQLITE_BUSY", "SQLITE_IOERR")
_PACKAGE = "missioncontrol.adapters.memory_indexes"
_SQL = queries(_PACKAGE, "queries.sql")


def opened(path: Path | None, *, is_mine: bool = False) -> sqlite3.Connection:
    """Open the file, and make it where it is of no use; `is_mine` says that one has the turn.

    Several may come at once to a home that has none yet: one of them makes it.

    Raises:
        Unavailable: `memory.unwritable`.
    """
    if path is None:
        return _made(":memory:")
    end = time.monotonic() + BUSY_SECONDS
    while True:
        problem: object = "another process is making it"
        try:
            found = _ready(path) or (_rebuild(path) if is_mine else _in_turn(path))
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith(PASSING):
                raise unwritable(path, error) from None
            found, problem = None, error  # Another process is just putting a new one there.
        except OSError as error:
            raise unwritable(path, error.strerror or error) from None
        if found is not None:
            return found
        if time.monotonic() > end:
            raise unwritable(path, problem)
        time.sleep(LOOK_SECONDS)


def replaced(path: Path | None) -> sqlite3.Connection:
    """Create the file again beside the old one, and put it in its place. Needs the lock.

    Raises:
        Unavailable: `memory.unwritable`.
    """
    if path is None:
        return _made(":memory:")
    try:
        return _rebuild(path)
    except (OSError, sqlite3.OperationalError) as error:
        raise unwritable(path, getattr(error, "strerror", None) or error) from None


@contextmanager
def turn_of(path: Path) -> Iterator[bool]:
    """Be the one that writes, as long as the context lasts; False where another one is.

    The lock is the operating system's, and ends with the process.

    Raises:
        Unavailable: `memory.unwritable`.
    """
    try:
        handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unwritable(path, error.strerror) from None
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def identity(path: Path | None) -> tuple[int, int] | None:
    """Return what tells the file from another one at the same place; None where there is none."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found is not None else None


def unwritable(path: Path | None, problem: object) -> Unavailable:
    """Say why it can't be used."""
    return Unavailable(
        "memory.unwritable",
        f"The memory index {str(path or 'in memory')!r} can't be written: {problem}.",
        hint="It may be deleted at any time; it is built again from the record.",
    )


def _in_turn(path: Path) -> sqlite3.Connection | None:
    """Create the file again unless another process has done so meanwhile, or is doing it."""
    with turn_of(path) as mine:
        return (_ready(path) or _rebuild(path)) if mine else None


def _ready(path: Path) -> sqlite3.Connection | None:
    """Open the file as it is, or return None where it is of no use."""
    if not path.exists() or not path.stat().st_size:
        return None
    connection = _connect(path)
    try:
        (shape,) = connection.execute("PRAGMA user_version").fetchone()
        if shape == SHAPE and connection.execute(_SQL["reached"]).fetchone():
            return _set_up(connection)
    except sqlite3.OperationalError:
        connection.close()
        raise
    except sqlite3.DatabaseError:
        pass
    connection.close()
    return None


def _rebuild(path: Path) -> sqlite3.Connection:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    for end in ("", "-wal", "-shm"):
        draft.with_name(draft.name + end).unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    connection = _made(draft)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    draft.replace(path)
    return _set_up(_connect(path))


def _made(place: Path | str) -> sqlite3.Connection:
    connection = _set_up(_connect(private(place) if isinstance(place, Path) else place))
    connection.execute("PRAGMA journal_mode = WAL")
    schema = files(_PACKAGE).joinpath("schema.sql").read_text("utf-8")
    connection.executescript(f"BEGIN; {schema} PRAGMA user_version = {SHAPE}; COMMIT")
    return connection


def _connect(place: Path | str) -> sqlite3.Connection:
    # Who follows the log may do so on a thread, but never on two at once.
    return sqlite3.connect(
        place, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
    )


def _set_up(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA secure_delete = ON")  # What is forgotten is overwritten.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
