"""Rows of agent sessions in an SQLite file that only its owner can read."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from missioncontrol.adapters.private_files import private
from missioncontrol.domain.work import NO_USAGE, Usage
from missioncontrol.ports.agent_sessions import Activity

ROWS_MAX = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, last REAL NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS session_last ON session (last);
CREATE TABLE IF NOT EXISTS charged (id TEXT PRIMARY KEY, body BLOB NOT NULL);
"""
_IS_READY = "SELECT 1 FROM sqlite_master WHERE name = 'charged'"
_SAVE = "INSERT OR REPLACE INTO session (id, last, body) VALUES (?, ?, ?)"
_PRUNE = "DELETE FROM session WHERE id NOT IN (SELECT id FROM session ORDER BY last DESC LIMIT ?)"
_ALL = "SELECT body FROM session ORDER BY last DESC LIMIT ?"


class SqliteActivityStore:
    """Stores the rows in the file at `path`."""

    def __init__(
        self, path: Path, *, writable: bool, scrub: Callable[[bytes], bytes] = bytes
    ) -> None:
        """Nothing is opened before the first use; without a file there are no rows.

        `scrub` removes known secrets from what is stored.
        """
        self._scrub = scrub
        self._path = path
        self._writable = writable
        self._opened: sqlite3.Connection | None = None

    def _connection(self) -> sqlite3.Connection | None:
        if self._opened is None and (self._writable or self._path.exists()):
            if self._writable:
                private(self._path)
            self._opened = sqlite3.connect(self._path, isolation_level=None, timeout=10)
            if self._writable:
                self._opened.execute("PRAGMA journal_mode = WAL")
                self._opened.execute("PRAGMA synchronous = NORMAL")
                self._opened.executescript(_SCHEMA)
            else:
                self._opened.execute("PRAGMA query_only = ON")
                if not self._opened.execute(_IS_READY).fetchone():
                    self.close()  # Its writer has only just created it.
        return self._opened

    def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def all(self) -> list[Activity]:
        found: list[Activity] = []
        if (connection := self._connection()) is not None:
            for (body,) in connection.execute(_ALL, (ROWS_MAX,)):
                with suppress(msgspec.MsgspecError):  # Of another release: it is reported again.
                    found.append(msgspec.json.decode(body, type=Activity))
        return found

    def newest(self) -> float:
        connection = self._connection()
        row = connection.execute("SELECT max(last) FROM session").fetchone() if connection else None
        return row[0] or 0.0 if row else 0.0

    def save(self, rows: Sequence[Activity]) -> None:
        connection = self._connection()
        assert connection is not None, "only who may write saves"
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            values = [
                (each.session, each.last, self._scrub(msgspec.json.encode(each))) for each in rows
            ]
            connection.executemany(_SAVE, values)
            connection.execute(_PRUNE, (ROWS_MAX,))

    def charged(self, session: str) -> Usage:
        connection = self._connection()
        statement = "SELECT body FROM charged WHERE id = ?"
        row = connection.execute(statement, (session,)).fetchone() if connection else None
        return msgspec.json.decode(row[0], type=Usage) if row else NO_USAGE

    def keep_charged(self, session: str, usage: Usage) -> None:
        connection = self._connection()
        assert connection is not None, "only who may write saves"
        statement = "INSERT OR REPLACE INTO charged (id, body) VALUES (?, ?)"
        connection.execute(statement, (session, msgspec.json.encode(usage)))
