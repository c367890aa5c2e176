"""Notifications in an SQLite file that only its owner can read."""

import math
import sqlite3
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from missioncontrol.adapters.private_files import private
from missioncontrol.adapters.queries import queries
from missioncontrol.domain.errors import Corrupt
from missioncontrol.ports.notices import Notice, NoticeStatus

DUE_MAX = 1_000
"""Items of one message; those beyond it are in the next."""

_PACKAGE = "missioncontrol.adapters.notices"
_SQL = queries(_PACKAGE, "queries.sql")


class SqliteNotices:
    """Stores notifications in the file at `path`."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it where it is missing.

        Raises:
            Corrupt: `notification.damaged`.
        """
        private(path)
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            schema = files(_PACKAGE).joinpath("schema.sql").read_text("utf-8")
            self._connection.executescript(schema)
        except sqlite3.DatabaseError as error:
            raise Corrupt(
                "notification.damaged",
                f"{str(path)!r} can't be read: {error}.",
                hint="Move it away, then remove each notification and add it again.",
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _do(self, name: str, *values: Any) -> None:
        self._connection.execute(_SQL[name], values)

    def _row(self, name: str, *values: Any) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._connection.execute(_SQL[name], values).fetchone()
        return found

    def names(self) -> list[str]:
        return [row[0] for row in self._connection.execute(_SQL["names"])]

    def address(self, name: str) -> str:
        row = self._row("address", name)
        return str(row[0]) if row else ""

    def keep_address(self, name: str, address: str) -> None:
        self._do("keep_address", name, address)

    def seen(self, name: str) -> dict[str, float] | None:
        row = self._row("has_begun", name)
        if row is None or not row[0]:
            return None
        return dict(self._connection.execute(_SQL["seen"], (name,)).fetchall())

    def note(
        self, name: str, gone: Sequence[str], new: Sequence[Notice], *, is_first: bool = False
    ) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._do("begin", name)
            self._connection.executemany(_SQL["gone"], [(name, item) for item in gone])
            self._connection.executemany(
                _SQL["new"],
                [(name, each.item, each.since, None if is_first else each.due) for each in new],
            )

    def due(self, name: str, now: float) -> list[Notice]:
        rows = self._connection.execute(_SQL["due"], (name, now, DUE_MAX))
        return [Notice(*row) for row in rows]

    def sent(self, name: str, items: Sequence[str], now: float) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_SQL["delivered"], [(name, item) for item in items])
            self._do("count", now, name)

    def failed(self, name: str, notices: Sequence[Notice], trouble: str) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for each in notices:
                is_over = math.isinf(each.due)
                due = None if is_over else each.due
                self._do("again", each.attempts, due, is_over, name, each.item)
            self._do("trouble", trouble, name)

    def status(self, name: str) -> NoticeStatus:
        row = self._row("status", name)
        return NoticeStatus(*row) if row else NoticeStatus()

    def forget(self, name: str) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._do("forget_channel", name)
            self._do("forget_notices", name)
