"""Model calls in an SQLite file of their own."""

import sqlite3
import threading
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import msgspec

from missioncontrol.adapters.private_files import private
from missioncontrol.adapters.queries import queries
from missioncontrol.ports.call_log import Call, CallQuery, Found, Retention, ToolCall

PRUNED_AT_ONCE = 500
LIMIT_MAX = 1_000
DAY = 86_400_000_000
"""Microseconds."""

_PACKAGE = "missioncontrol.adapters.call_logs"
_SQL = queries(_PACKAGE, "queries.sql")


class Contents(msgspec.Struct, omit_defaults=True):
    """What a list of calls need not read."""

    offered: tuple[str, ...] = ()
    prompt: str = ""
    answer: str = ""
    called: tuple[ToolCall, ...] = ()


class SqliteCallLog:
    """Keeps calls in the file at `path`; threads take turns.

    Written without waiting for the disk (synchronous=NORMAL): after a power cut the last calls may
    be missing. What they cost is in the ledger all the same.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, and make it where it is missing."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            private(path), isolation_level=None, timeout=10, check_same_thread=False
        )
        # SQLite accepts it only before there is any table.
        self._connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(files(_PACKAGE).joinpath("schema.sql").read_text("utf-8"))

    def write(self, calls: Sequence[Call]) -> None:
        """See `CallLog.write`."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for call in calls:
                self._write(call)

    def _write(self, call: Call) -> None:
        contents = Contents(call.offered, call.prompt, call.answer, call.called)
        head = msgspec.structs.replace(call, offered=(), prompt="", answer="", called=())
        body = b"" if contents == Contents() else _encoded(contents)
        text = _encoded(head).decode()
        row = (call.run, call.step, call.agent, call.asked, call.model)
        written = self._connection.execute(
            _SQL["insert"], (call.time, *row, len(text) + len(body), text)
        )
        if body:
            self._connection.execute(_SQL["insert_contents"], (written.lastrowid, body))

    def find(self, query: CallQuery) -> list[Found]:
        """See `CallLog.find`."""
        values = (
            query.run,
            query.step,
            query.agent,
            query.model,
            query.since,
            query.until,
            query.before,
            max(0, min(query.limit, LIMIT_MAX)),
        )
        kind = "find_of_run" if query.run else "find_of_agent" if query.agent else "find"
        with self._lock:
            rows = self._connection.execute(_SQL[kind], values).fetchall()
        return [Found(number, msgspec.json.decode(head, type=Call)) for number, head in rows]

    def read(self, number: int) -> Call | None:
        """See `CallLog.read`."""
        with self._lock:
            row = self._connection.execute(_SQL["read"], (number,)).fetchone()
        if row is None:
            return None
        call = msgspec.json.decode(row[0], type=Call)
        if row[1] is None:
            return call
        contents = msgspec.json.decode(row[1], type=Contents)
        return msgspec.structs.replace(call, **msgspec.structs.asdict(contents))

    def prune(self, retention: Retention, now: int) -> int:
        """See `CallLog.prune`."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            gone = self._to_go(retention, now)
            self._connection.executemany(_SQL["delete"], gone)
            self._connection.executemany(_SQL["delete_contents"], gone)
        if gone:
            with self._lock:
                self._connection.execute("PRAGMA incremental_vacuum").fetchall()
        return len(gone)

    def _to_go(self, retention: Retention, now: int) -> list[tuple[int]]:
        since = now - int(retention.days * DAY)
        old = self._connection.execute(_SQL["too_old"], (since, PRUNED_AT_ONCE)).fetchall()
        if old or self._size() <= retention.bytes_max:
            return old
        return self._connection.execute(_SQL["oldest"], (PRUNED_AT_ONCE,)).fetchall()

    def _size(self) -> int:
        """Return the bytes that are in use; what is free will be used again."""
        [pages], [free], [size] = (
            self._connection.execute(f"PRAGMA {name}").fetchone()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def close(self) -> None:
        """See `CallLog.close`."""
        with self._lock:
            self._connection.close()


def _encoded(value: object) -> bytes:
    return msgspec.json.encode(value)
