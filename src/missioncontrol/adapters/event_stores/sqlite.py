"""The event log in one SQLite file: WAL, synchronous=FULL, one writer, many readers."""

import asyncio
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any

from missioncontrol.adapters.event_stores.refusals import (
    conflict,
    damaged,
    opening_refusal,
    reading_refusal,
    writing_refusal,
)
from missioncontrol.adapters.private_files import private
from missioncontrol.adapters.queries import queries
from missioncontrol.domain.envelope import GENESIS, Recorded, chain
from missioncontrol.ports.event_store import Append, Head

TRIGGERS = (
    "events_are_never_updated",
    "events_are_never_deleted",
    "events_are_never_replaced",
)
STREAMS_REMEMBERED = 10_000
"""Stream versions held in memory; an older one is looked up in the index again."""

SLOW_COMMIT_SECONDS = 0.005
"""From here on a commit goes to a thread.

Handing over costs about 100 µs each way. A quick disk syncs in about that, so there the loop does
it itself; a slow one would keep the loop from reading what agents say."""

WAL_BYTES = 4_194_304
"""SQLite starts the write-ahead log over after a thousand pages of 4 KiB."""

COLUMNS = (int, str, int, str, int, int, str, str, int, str, bytes, bytes)
"""What the columns of an event hold; SQLite looks when it writes and not when it reads."""

_PACKAGE = "missioncontrol.adapters.event_stores"
_SQL = queries(_PACKAGE, "queries.sql")
_SCHEMA = files(_PACKAGE).joinpath("schema.sql").read_text("utf-8")


class SqliteEventStore:
    """Keeps the log in the file at `path`.

    One process may write (`writable=True`); it holds the engine's lock. Any number may read.
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        """Open the log, and make it where it is missing and `writable`.

        Raises:
            Unavailable: `log.unreadable`, where the file can't be opened.
            Corrupt: `log.damaged`, where it is no whole SQLite file.
        """
        self.path = path
        self._writable = writable
        self._head: Head | None = None  # None where only the file knows
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._commit_seconds = 0.0
        self._thread: ThreadPoolExecutor | None = None
        self._turn = Lock()
        with ExitStack() as opened:
            try:
                self.connection = opened.enter_context(closing(_connect(path, writable=writable)))
                self._reader = self.connection
                if writable:
                    # A connection sees its own half-written transaction, so reads have another:
                    # the thread may be in the middle of a commit.
                    self._reader = opened.enter_context(closing(_connect(path, writable=False)))
                    self._head = self._last()
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                raise opening_refusal(path, error) from None
            opened.pop_all()

    async def append(self, appends: Sequence[Append]) -> Head:
        """See `EventStore.append`."""
        if self._commit_seconds < SLOW_COMMIT_SECONDS:
            return self._append(appends)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "event-log")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._append, appends)

    def _append(self, appends: Sequence[Append]) -> Head:
        assert self._writable, "the log was opened for reading"
        with self._turn:  # One append may be on the thread while the next is on the loop.
            try:
                rows, head, versions = self._laid_out(appends)
                self.connection.execute("BEGIN IMMEDIATE")
                self.connection.executemany(_SQL["insert"], rows)
                begun = time.perf_counter()  # The disk is judged, not the size of the batch.
                self.connection.execute("COMMIT")
            except BaseException as error:
                self._roll_back()
                refusal = writing_refusal(self.path, error, appends)
                if refusal is None:
                    raise
                raise refusal from None
            elapsed = time.perf_counter() - begun
            # A moving mean that follows a change of the disk within some ten commits.
            self._commit_seconds += (elapsed - self._commit_seconds) / 8
            self._remember(head, versions)
            return head

    def _laid_out(
        self, appends: Sequence[Append]
    ) -> tuple[list[tuple[Any, ...]], Head, dict[str, int]]:
        """Return the rows to write, the head after them, and the versions they bring about."""
        if self._head is None:
            self._head = self._last()
        place, digest = self._head.position, self._head.hash
        rows: list[tuple[Any, ...]] = []
        versions: dict[str, int] = {}
        for stream, expected, events in ((a.stream, a.expected, a.events) for a in appends):
            version = versions.get(stream)
            if version is None:
                version = self._version(stream)
            if version != expected:
                raise conflict(stream, version, expected)
            for event in events:
                place += 1
                version += 1
                kind, schema, at = event.type, event.schema, event.time
                actor, behalf = event.actor, event.on_behalf
                cause, trace, body = event.cause, event.correlation, event.body
                digest = chain(
                    digest,
                    place,
                    stream,
                    version,
                    kind,
                    schema,
                    at,
                    actor,
                    behalf,
                    cause,
                    trace,
                    body,
                )
                rows.append(
                    (
                        place,
                        stream,
                        version,
                        kind,
                        schema,
                        at,
                        actor,
                        behalf,
                        cause,
                        trace,
                        body,
                        digest,
                    )
                )
            versions[stream] = version
        return rows, Head(place, digest), versions

    def _version(self, stream: str) -> int:
        known = self._versions.get(stream)
        if known is not None:
            return known
        row = self.connection.execute(_SQL["version"], (stream,)).fetchone()
        return int(row[0] or 0)

    def _remember(self, head: Head, versions: dict[str, int]) -> None:
        self._head = head
        self._versions.update(versions)
        while len(self._versions) > STREAMS_REMEMBERED:
            self._versions.popitem(last=False)

    def _roll_back(self) -> None:
        """Forget what may be wrong; the next append asks the file again."""
        self._head = None
        self._versions.clear()
        with suppress(sqlite3.Error):  # The append's own trouble is the one to tell.
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    async def read_stream(
        self, stream: str, *, after: int = 0, limit: int = 1000
    ) -> list[Recorded]:
        """See `EventStore.read_stream`."""
        return self._events(_SQL["read_stream"], (stream, after, limit))

    async def read(self, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """See `EventStore.read`."""
        return self._events(_SQL["read"], (after, limit))

    async def head(self) -> Head:
        """See `EventStore.head`."""
        return self._as_head(self._rows(_SQL["head"]))

    async def protections(self) -> list[str]:
        """See `EventStore.protections`: a trigger that does something else protects nothing."""
        present = dict(self._rows(_SQL["triggers"]))
        return [f"trigger {name}" for name in TRIGGERS if present.get(name) != _triggers()[name]]

    def _last(self) -> Head:
        return self._as_head(self.connection.execute(_SQL["head"]).fetchall())

    def _as_head(self, rows: list[tuple[Any, ...]]) -> Head:
        if not rows:
            return Head(0, GENESIS)
        position, digest = rows[0]
        if not isinstance(digest, bytes):
            raise damaged(self.path, f"event {position} has no hash")
        return Head(position, digest)

    def _events(self, query: str, values: tuple[Any, ...]) -> list[Recorded]:
        rows = self._rows(query, values)
        # Column by column, since that is quick. What SQLite can't make out it may call a NULL.
        columns = zip(zip(*rows, strict=True), COLUMNS, strict=False)
        if any(set(map(type, column)) != {kind} for column, kind in columns):
            bad = next(row[0] for row in rows if tuple(map(type, row)) != COLUMNS)
            raise damaged(self.path, f"what stands at event {bad} is no event")
        return [Recorded(*row) for row in rows]

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._reader.execute(query, values).fetchall()
        except UnicodeEncodeError:
            return []  # No stream that could be stored has such a name.
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            # Only what Python itself could not make text of has no number in SQLite.
            if not hasattr(error, "sqlite_errorcode"):
                return self._leniently(query, values)
            raise reading_refusal(self.path, error) from None

    def _leniently(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Read invalid UTF-8 too: the verification of the log has to name such an event."""
        self._reader.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        try:
            return self._reader.execute(query, values).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise reading_refusal(self.path, error) from None
        finally:
            self._reader.text_factory = str

    def close(self) -> None:
        """Close the file."""
        if self._thread is not None:
            self._thread.shutdown()
        # The last to close tidies the write-ahead log up, and only a writer can.
        self._reader.close()
        self.connection.close()


@cache
def _triggers() -> dict[str, str]:
    """Return the triggers of a sound log by name, as SQLite writes them down."""
    with closing(sqlite3.connect(":memory:")) as sample:
        sample.executescript(_SCHEMA)
        return dict(sample.execute(_SQL["triggers"]).fetchall())


def _connect(path: Path, *, writable: bool) -> sqlite3.Connection:
    if not writable and not path.exists():
        raise sqlite3.OperationalError("there is no such file")
    if writable:
        private(path)
    # Appends take turns, but not always on the same thread.
    connection = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
    try:
        if writable:
            _make_ready(connection)
        else:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _make_ready(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    _grow_wal(connection)
    connection.execute("PRAGMA cache_size = -65536")  # 64 MiB
    for name, sql in connection.execute(_SQL["triggers"]).fetchall():
        if name in TRIGGERS and sql != _triggers()[name]:
            connection.execute(f"DROP TRIGGER {name}")
    connection.executescript(_SCHEMA)


def _grow_wal(connection: sqlite3.Connection) -> None:
    """Give the write-ahead log the length at which it is used over and over.

    While the file grows, each commit waits for its new length too, which doubled the time of a
    commit here (320 against 168 µs). A transaction that overflows a tiny cache fills the file, and
    rolling it back leaves the room.
    """
    connection.execute("PRAGMA cache_size = 16")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE room (content BLOB)")
    connection.execute("INSERT INTO room VALUES (zeroblob(?))", (WAL_BYTES,))
    connection.execute("ROLLBACK")
