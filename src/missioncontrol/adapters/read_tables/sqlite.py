"""The rows in an SQLite file of their own."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.private_files import private
from missioncontrol.adapters.queries import queries
from missioncontrol.ports.read_tables import ListedRow, MissionRow, RunChoice, RunRow

_PACKAGE = "missioncontrol.adapters.read_tables"
SHAPE = 11
"""Grows with every change of the rows, or of what they count: an older file is then built again
from the log."""

_SQL = queries(_PACKAGE, "queries.sql")


class SqliteReadTables:
    """Keeps rows in the file at `path`; where it is missing for a reader, there are no rows yet."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        """Open the file, and make it where it is missing and `writable`.

        A file that is damaged, or of a release with other rows, is rebuilt by a writer,
        and is as good as missing for a reader: everything in it follows from the log.
        """
        try:
            self._connection = _opened(path, writable=writable)
        except sqlite3.DatabaseError:
            if writable:
                for end in ("", "-wal", "-shm"):
                    path.with_name(path.name + end).unlink(missing_ok=True)
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._connection = _opened(path if writable else None, writable=writable)

    def refresh(self) -> None:
        """See what was saved since: a reader has one view of everything until it asks for another.

        The view is released for a moment only; holding one for long makes the file grow.
        """
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
            self._connection.execute("BEGIN")

    def position(self) -> int:
        """See `ReadTables.position`."""
        rows = self._rows("position")
        return int(rows[0][0]) if rows else 0

    def run(self, run: str) -> RunRow | None:
        """See `ReadTables.run`."""
        return next((RunRow(*row) for row in self._rows("run", run)), None)

    def mission(self, mission: str) -> MissionRow | None:
        """See `ReadTables.mission`."""
        return next((MissionRow(*row) for row in self._rows("mission", mission)), None)

    def save(
        self,
        position: int,
        runs: Iterable[RunRow],
        missions: Iterable[MissionRow],
        others: Iterable[ListedRow] = (),
    ) -> None:
        """See `ReadTables.save`."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for name, rows in (
                ("save_run", runs),
                ("save_mission", missions),
                ("save_listed", others),
            ):
                self._connection.executemany(_SQL[name], map(msgspec.structs.astuple, rows))
            self._connection.execute(_SQL["follow"], (position,))

    def listed(self, kind: str, name: str) -> ListedRow | None:
        """See `ReadTables.listed`."""
        return next(map(_listed, self._rows("listed", kind, name)), None)

    def all_listed(
        self, kind: str, *, is_open: bool = False, before: str = "", limit: int = 1000
    ) -> list[ListedRow]:
        """See `ReadTables.all_listed`."""
        return list(map(_listed, self._rows("all_listed", kind, is_open, before, limit)))

    def changed_listed(self, kind: str, *, after: int = 0) -> list[ListedRow]:
        """See `ReadTables.changed_listed`."""
        return list(map(_listed, self._rows("changed_listed", kind, after)))

    def clear(self) -> None:
        """See `ReadTables.clear`."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for table in ("runs", "missions", "listed", "followed"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - constants

    def runs(self, *, before: str = "", limit: int = 100) -> list[RunRow]:
        """See `ReadTables.runs`."""
        return [RunRow(*row) for row in self._rows("runs", before, limit)]

    def chosen_runs(self, choice: RunChoice, *, before: str = "", limit: int = 100) -> list[RunRow]:
        """See `ReadTables.chosen_runs`."""
        asked = _conditions(choice, before)
        where = " AND ".join(_SQL[name] for name in asked) or "TRUE"
        statement = f"SELECT * FROM runs WHERE {where} ORDER BY id DESC LIMIT :limit"  # noqa: S608 - conditions of our own file
        found = self._connection.execute(statement, {**asked, "limit": limit})
        return [RunRow(*row) for row in found]

    def run_counts(self) -> Mapping[str, int]:
        """See `ReadTables.run_counts`."""
        return dict(self._rows("run_counts"))

    def missions(self, *, before: str = "", limit: int = 100) -> list[MissionRow]:
        """See `ReadTables.missions`."""
        return [MissionRow(*row) for row in self._rows("missions", before, limit)]

    def unsettled(self) -> list[str]:
        """See `ReadTables.unsettled`."""
        return [row[0] for row in self._rows("unsettled")]

    def find(self, prefix: str, *, limit: int = 10) -> list[str]:
        """See `ReadTables.find`."""
        return [row[0] for row in self._rows("find", prefix, limit)]

    def _rows(self, name: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(_SQL[name], values).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _listed(row: tuple[Any, ...]) -> ListedRow:
    kind, name, is_open, body, position = row
    return ListedRow(kind, name, bool(is_open), body, position)


def _conditions(choice: RunChoice, before: str) -> dict[str, Any]:
    """Return what a choice asks, by the name of its condition; each reads the value of its name."""
    return dict(_query_parameters(choice, before))


def _query_parameters(choice: RunChoice, before: str) -> Iterator[tuple[str, Any]]:
    for name in ("workflow", "mission", "author", "trigger", "schedule"):
        if value := getattr(choice, name):
            yield f"run_{name}", value
    if choice.statuses:
        yield "run_statuses", json.dumps(_statuses(choice))
    if choice.since:
        yield "run_since", choice.since
    if choice.until != RunChoice().until:
        yield "run_until", choice.until
    if choice.text:
        yield "run_text", choice.text.casefold()
    if choice.asked is not None:
        yield "run_asked", json.dumps(sorted(choice.asked))
    if before:
        yield "run_before", before


def _statuses(choice: RunChoice) -> dict[str, list[str]]:
    chosen = [run for run, word in choice.instead.items() if word in choice.statuses]
    return {"words": [*choice.statuses], "without": [*choice.instead], "with": chosen}


def _contains(text: str, *places: str | None) -> bool:
    """Whether one of `places` holds `text`, which is in small letters, in any case."""
    return any(text in place.casefold() for place in places if place)


def _opened(path: Path | None, *, writable: bool) -> sqlite3.Connection:
    """Open the rows at `path`, or none at all where there is nothing to read.

    Raises:
        sqlite3.DatabaseError: the file is damaged, or holds rows of another shape.
    """
    is_new = path is None or not path.exists() or not path.stat().st_size
    place = ":memory:" if path is None or (is_new and not writable) else path
    if path is not None and writable:
        private(path)
    connection = sqlite3.connect(place, isolation_level=None, timeout=10)
    try:
        if writable:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        if is_new:
            schema = files(_PACKAGE).joinpath("schema.sql").read_text("utf-8")
            connection.executescript(schema)
            connection.execute(f"PRAGMA user_version = {SHAPE}")
        (shape,) = connection.execute("PRAGMA user_version").fetchone()
        if shape != SHAPE:
            raise sqlite3.DatabaseError(f"the rows have shape {shape}, not {SHAPE}")
        if not writable:
            connection.execute("BEGIN")  # One view of rows and position, despite other writers.
        connection.execute(_SQL["position"]).fetchone()
        connection.create_function("says", -1, _contains, deterministic=True)
    except BaseException:
        connection.close()
        raise
    return connection
