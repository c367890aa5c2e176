"""Measures over time in their own SQLite file."""

import sqlite3
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec

from missioncontrol.adapters.private_files import private
from missioncontrol.adapters.queries import queries
from missioncontrol.ports.measures import (
    Counted,
    Dimension,
    Ended,
    OpenAttempt,
    Place,
    Subject,
    Work,
)

_PACKAGE = "missioncontrol.adapters.measure_tables"
SHAPE = 1
"""Schema version: a file of another version is rebuilt from the log."""

TABLES = ("followed", "workflows", "begun", "work", "lasted", "ended", "heard")
DIMENSIONS: tuple[Dimension, ...] = ("hour", "agent", "model", "workflow")

_SQL = queries(_PACKAGE, "queries.sql")


class SqliteMeasureTables:
    """Stores sums in the file at `path`, readable by its owner alone; in memory for None."""

    def __init__(self, path: Path | None) -> None:
        """Open the file; create it where it is missing, damaged or of another version."""
        try:
            self._connection = _opened(path)
        except sqlite3.DatabaseError:
            if path is None:
                raise
            for end in ("", "-wal", "-shm"):
                path.with_name(path.name + end).unlink(missing_ok=True)
            self._connection = _opened(path)

    def position(self) -> int:
        rows = self._rows("position")
        return int(rows[0][0]) if rows else 0

    def workflow(self, run: str) -> str:
        rows = self._rows("workflow", run)
        return str(rows[0][0]) if rows else ""

    def begun(self) -> Sequence[OpenAttempt]:
        return [OpenAttempt(*row) for row in self._rows("begun")]

    def add(self, counted: Counted) -> bool:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            if counted.after != self.position():
                return False
            for name, rows in _changes(counted).items():
                self._connection.executemany(_SQL[name], rows)
            self._connection.execute(_SQL["follow"], (counted.position,))
        return True

    def work(self, by: Sequence[Dimension], *, since: int, until: int) -> Mapping[Place, Work]:
        asked = [name in by for name in DIMENSIONS]
        rows = self._rows("work", *asked, since, until)
        return {Place(*row[:4]): Work(*row[4:]) for row in rows}

    def lasted(
        self, by: Literal["agent", "workflow"], *, since: int, until: int
    ) -> Mapping[str, Mapping[int, int]]:
        found: dict[str, dict[int, int]] = {}
        for name, number, count in self._rows("lasted", by == "agent", since, until):
            found.setdefault(name, {})[number] = count
        return found

    def runs(
        self, kind: Literal["workflow", "schedule"], *, since: int, until: int
    ) -> Mapping[Subject, Ended]:
        rows = self._rows("ended", kind, since, until)
        return {Subject(*row[:3]): Ended(*row[3:]) for row in rows}

    def heard(self) -> Mapping[str, int]:
        return dict(self._rows("heard"))

    def clear(self) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for table in TABLES:
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - constants

    def _rows(self, name: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(_SQL[name], values).fetchall()

    def close(self) -> None:
        self._connection.close()


def _changes(counted: Counted) -> dict[str, list[tuple[Any, ...]]]:
    plain = msgspec.structs.astuple
    return {
        "add_workflow": list(counted.workflows.items()),
        "add_begun": [plain(each) for each in counted.begun.values()],
        "end_begun": list(counted.over),
        "add_work": [(*plain(place), *plain(work)) for place, work in counted.work.items()],
        "add_lasted": [(*plain(each), count) for each, count in counted.lasted.items()],
        "add_heard": list(counted.heard.items()),
        "add_ended": [(*plain(subject), *plain(ended)) for subject, ended in counted.runs.items()],
    }


def _opened(path: Path | None) -> sqlite3.Connection:
    """Open the file at `path`, and create it where it is missing.

    Raises:
        sqlite3.DatabaseError: the file is damaged, or has another schema version.
    """
    if path is not None:
        private(path)
    place = ":memory:" if path is None else path
    connection = sqlite3.connect(place, isolation_level=None, timeout=10)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        (shape,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            schema = files(_PACKAGE).joinpath("schema.sql").read_text("utf-8")
            connection.executescript(schema)
            connection.execute(f"PRAGMA user_version = {SHAPE}")
        elif shape != SHAPE:
            raise sqlite3.DatabaseError(f"the measures have schema version {shape}, not {SHAPE}")
        connection.execute(_SQL["position"]).fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
