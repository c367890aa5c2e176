"""Deliveries in an SQLite file that only its owner can read."""

import sqlite3
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from missioncontrol.adapters.private_files import private
from missioncontrol.adapters.queries import queries
from missioncontrol.domain.errors import Corrupt
from missioncontrol.ports.deliveries import Delivery, DeliveryStatus

DEAD_MAX = 1_000
"""Most dead deliveries of one webhook; older ones are removed."""

_PACKAGE = "missioncontrol.adapters.webhooks"
_SQL = queries(_PACKAGE, "queries.sql")


class SqliteDeliveries:
    """Stores deliveries in the file at `path`.

    Commits don't wait for the disk (synchronous=NORMAL): after a power failure a delivery may be
    repeated, but none is lost.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, and make it where it is missing.

        Raises:
            Corrupt: `webhook.damaged`.
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
                "webhook.damaged",
                f"{str(path)!r} can't be read: {error}.",
                hint="Move it away; webhooks get new secrets, and receive events from then on.",
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _do(self, name: str, *values: Any) -> int:
        return self._connection.execute(_SQL[name], values).rowcount

    def _row(self, name: str, *values: Any) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._connection.execute(_SQL[name], values).fetchone()
        return found

    def names(self) -> list[str]:
        return [row[0] for row in self._connection.execute(_SQL["names"])]

    def secret(self, hook: str) -> str:
        row = self._row("secret", hook)
        return str(row[0]) if row else ""

    def keep_secret(self, hook: str, secret: str) -> None:
        self._do("keep_secret", hook, secret)

    def place(self, hook: str) -> int | None:
        row = self._row("place", hook)
        return row[0] if row else None

    def queue(self, hook: str, positions: Sequence[int], place: int) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_SQL["queue"], [(hook, each) for each in positions])
            self._do("move", hook, place)

    def due(self, hook: str, now: float, *, limit: int = 100) -> list[Delivery]:
        return self._deliveries("due", hook, now, limit)

    def next_due(self) -> float | None:
        row = self._row("next_due")
        return row[0] if row else None

    def delivered(self, delivery: Delivery, now: float) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._do("remove", delivery.hook, delivery.position)
            self._do("count", now, delivery.hook)

    def failed(self, delivery: Delivery) -> None:
        """Store a failed delivery; remove the oldest dead ones beyond the limit."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._do(
                "failed",
                delivery.attempts,
                delivery.due,
                delivery.status,
                delivery.trouble,
                delivery.is_dead,
                delivery.hook,
                delivery.position,
            )
            if delivery.is_dead:
                self._do("bound", delivery.hook, DEAD_MAX)

    def dead(self, hook: str, *, before: int | None = None, limit: int = 50) -> list[Delivery]:
        return self._deliveries("dead", hook, before, limit)

    def again(self, hook: str, position: int | None, now: float) -> int:
        return self._do("again", now, hook, position)

    def status(self, hook: str) -> DeliveryStatus:
        row = self._row("told", hook) or (0, 0, 0.0)
        counts = dict(self._connection.execute(_SQL["counts"], (hook,)).fetchall())
        return DeliveryStatus(row[0], row[1], counts.get(0, 0), counts.get(1, 0), row[2])

    def forget(self, hook: str) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._do("forget_hook", hook)
            self._do("forget_deliveries", hook)

    def _deliveries(self, name: str, *values: Any) -> list[Delivery]:
        rows = self._connection.execute(_SQL[name], values)
        return [
            Delivery(hook, position, attempts, due, status, trouble, bool(is_dead))
            for hook, position, attempts, due, status, trouble, is_dead in rows
        ]
