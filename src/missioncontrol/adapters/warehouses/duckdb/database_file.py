"""A file written anew from what is kept: of what was removed, no page holds anything any more."""

from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import duckdb

from missioncontrol.adapters.queries import queries

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
    """Return the statements that make what is missing."""
    return files(_PACKAGE).joinpath("schema.sql").read_text("utf-8")


def keep_private(path: Path) -> None:
    """Let only their owner read a file and what waits beside it, which DuckDB makes as it likes."""
    for each in (path, waiting(path)):
        with suppress(FileNotFoundError):
            each.chmod(0o600)


def waiting(path: Path) -> Path:
    """Return where DuckDB writes what is not in the file itself yet."""
    return path.with_name(path.name + ".wal")


def write_anew(path: Path) -> None:
    """Put a copy in the place of a file that nobody has open; one of them is whole at any time."""
    new = path.with_name(path.name + ".new")
    if waiting(path).exists():
        return  # It could not be closed cleanly: what waits there belongs to the old file.
    try:
        _copy(path, new)
        new.chmod(0o600)
        new.replace(path)
    finally:
        for each in (new, waiting(new)):
            each.unlink(missing_ok=True)  # Where the disk is full, it is not to stay so.


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
