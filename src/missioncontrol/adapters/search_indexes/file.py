"""The index's file: opened, rebuilt where it is unusable, and written by one at a time."""

import fcntl
import os
import sqlite3
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path

from missioncontrol.adapters.private_files import private
from missioncontrol.adapters.queries import queries
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.register import words

SHAPE = 1
"""Grows with every change of what the file holds: an older one is then built again."""

OPENING_SECONDS_MAX = 5.0
LOOK_SECONDS = 0.02

BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")
"""Prefixes of SQLite's names for errors while another connection uses the file."""

_QUICKLY = "PRAGMA synchronous = NORMAL"
"""After a power cut the newest events may have to be indexed again."""

_PACKAGE = "missioncontrol.adapters.search_indexes"
_SQL = queries(_PACKAGE, "queries.sql")


class IndexFile:
    """Keeps a connection to the file at `path`, or to one in memory where that is None."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, and make it where it is missing, damaged, or of another shape.

        Raises:
            Unavailable: `search.unwritable`.
        """
        self.path = path
        self.connection = self._opened()

    def _opened(self) -> sqlite3.Connection:
        if self.path is None:
            return _made(":memory:")
        begun = time.perf_counter()
        while time.perf_counter() - begun < OPENING_SECONDS_MAX:
            # A file that is ready needs no turn: another process may be filling it for long.
            connection = _ready(self.path)
            if connection is None:
                with self.turn() as mine:
                    if mine:
                        connection = _ready(self.path) or _replaced(self.path)
            if connection is not None:
                self._identity = _identity(self.path)
                return connection
            time.sleep(LOOK_SECONDS)
        raise unwritable(self.path, "another process is making it")

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Be the one that writes, as long as the context lasts; False where another one is.

        The lock is the operating system's: it ends with the process, however that ends.

        Raises:
            Unavailable: `search.unwritable`.
        """
        if self.path is None:
            yield True
            return
        try:
            handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise unwritable(self.path, error.strerror) from None
        try:
            yield _locked(handle)
        finally:
            os.close(handle)

    def refresh(self) -> bool:
        """Open the file again if another process has put a new one in its place."""
        if self.path is None or _identity(self.path) == self._identity:
            return False
        self.connection.close()
        self.connection = self._opened()
        return True

    def replace(self) -> None:
        """Begin with an empty file. Only in one's turn."""
        self.connection.close()
        if self.path is None:
            self.connection = _made(":memory:")
        else:
            self.connection = _replaced(self.path)
            self._identity = _identity(self.path)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


def unwritable(path: Path | None, problem: object) -> Unavailable:
    """Say why the index can't be brought up to date."""
    return Unavailable(
        "search.unwritable",
        f"The search index {str(path or 'in memory')!r} can't be written: {problem}.",
        hint="It may be deleted at any time; it is built again from the log.",
    )


def _ready(path: Path) -> sqlite3.Connection | None:
    """Open the file as it is, or return None where it is of no use."""
    if _identity(path) is None or not path.stat().st_size:
        return None
    connection = _connected(path)
    try:
        (shape,) = connection.execute("PRAGMA user_version").fetchone()
        if shape == _shape() and connection.execute(_SQL["reached"]).fetchone():
            connection.execute(_QUICKLY)
            return connection
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "").startswith(BUSY):
            connection.close()
            raise unwritable(path, error) from None
    connection.close()
    return None


def _replaced(path: Path) -> sqlite3.Connection:
    """Create the file again. Those who have the old one open use it until their next turn."""
    try:
        for end in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return _made(path)
    except (OSError, sqlite3.OperationalError) as error:
        raise unwritable(path, getattr(error, "strerror", None) or error) from None


def _made(place: Path | str) -> sqlite3.Connection:
    connection = _connected(private(place) if isinstance(place, Path) else place)
    connection.execute(_QUICKLY)
    connection.execute("PRAGMA page_size = 16384")  # Parts are large: fewer pages to read.
    connection.execute("PRAGMA journal_mode = WAL")
    schema = files(_PACKAGE).joinpath("schema.sql").read_text("utf-8")
    connection.executescript(f"BEGIN; {schema} PRAGMA user_version = {_shape()}; COMMIT")
    return connection


def _connected(place: Path | str) -> sqlite3.Connection:
    # Who follows the log may do so on a thread, but never on two at once.
    return sqlite3.connect(place, isolation_level=None, timeout=10, check_same_thread=False)


@cache
def _shape() -> int:
    """Return what a file must say of itself to be of use here.

    Names of our own fields are no texts, so the file depends on them too.
    """
    description = f"{SHAPE} {sys.byteorder} {sorted(words())}"
    return zlib.crc32(description.encode()) & 0x7FFF_FFFF


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
