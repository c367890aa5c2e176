"""Arrow tables of Python values, the fastest way to insert rows into DuckDB."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import duckdb
from arro3.core import Array, DataType, Table
from duckdb import DuckDBPyConnection

TEXT = DataType.utf8()
WHOLE = DataType.int64()
BYTES = DataType.binary()
FLAG = DataType.bool()

Columns = Mapping[str, tuple[DataType, Sequence[Any]]]


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
