"""The file of the database: schema, permissions, compaction, and Arrow tables to insert."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
from arro3.core import Array, DataType, Table
from duckdb import DuckDBPyConnection

from missioncontrol.adapters.queries import queries

TEXT = DataType.utf8()
WHOLE = DataType.int64()
BYTES = DataType.binary()
FLAG = DataType.bool()
Columns = Mapping[str, tuple[DataType, Sequence[Any]]]
_PACKAGE = "missioncontrol.adapters.warehouses.duckdb"
SQL = queries(_PACKAGE, "maintenance.sql")
MEMORY_MAX = "500MB"
TABLES = (
    "events",
    "people_known",
    "identities",
    "groups_known",
    "cohort_members",
    "notes",
    "policies",
    "forgotten_events",
    "forgotten_ids",
    "removals",
    "used",
    "counters",
)


def schema() -> str:
    """Return the statements that create missing tables and views."""
    return files(_PACKAGE).joinpath("schema.sql").read_text("utf-8")


def keep_private(path: Path) -> None:
    """Restrict the file and its write-ahead log, which DuckDB creates, to their owner."""
    for each in (path, write_ahead_log(path)):
        with suppress(FileNotFoundError):
            each.chmod(0o600)


def write_ahead_log(path: Path) -> Path:
    """Return the path of the write-ahead log."""
    return path.with_name(path.name + ".wal")


def compact(path: Path) -> None:
    """Replace a closed file by a copy without free pages; the rename is atomic."""
    new = path.with_name(path.name + ".new")
    if write_ahead_log(path).exists():
        return  # It was not closed cleanly: its log belongs to the old file.
    try:
        _copy(path, new)
        new.chmod(0o600)
        new.replace(path)
    finally:
        for each in (new, write_ahead_log(new)):
            each.unlink(missing_ok=True)  # A failed copy must not fill the disk.


def _copy(path: Path, new: Path) -> None:
    new.unlink(missing_ok=True)
    with duckdb.connect(config={"memory_limit": MEMORY_MAX}) as connection:
        old, copy = (str(each).replace("'", "''") for each in (path, new))
        connection.execute(f"ATTACH '{old}' AS old (READ_ONLY); ATTACH '{copy}' AS new; USE new")
        connection.execute(schema())
        for name in TABLES:
            connection.execute(f"INSERT INTO new.{name} SELECT * FROM old.{name}")  # noqa: S608
        connection.execute(SQL["wiped"])
        connection.execute("USE memory; DETACH old; DETACH new")


def table(columns: Columns) -> Table:
    """Return a table of named columns; None is NULL.

    Raises:
        ValueError, OverflowError, TypeError: a value does not fit its type.
    """
    arrays = [Array(values, type=kind) for kind, values in columns.values()]
    return Table.from_arrays(arrays, names=list(columns))


@contextmanager
def registered(connection: DuckDBPyConnection, name: str, rows: Table) -> Iterator[None]:
    """Make a table visible to statements under a name."""
    connection.register(name, rows)
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # A failed transaction refuses it.
            connection.unregister(name)
        raise
    connection.unregister(name)
