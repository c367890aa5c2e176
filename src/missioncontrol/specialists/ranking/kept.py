"""Keeps what was read of files by their content, so that only changed files are read again."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import msgspec

from missioncontrol.specialists.ranking.facts import FileFacts

KEPT_MAX = 60_000
"""Contents kept in all; those longest unused are dropped first."""
ASKED_AT_ONCE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (
    key BLOB PRIMARY KEY, used INTEGER NOT NULL, -- in which reading, counted from 1
    facts BLOB NOT NULL
) WITHOUT ROWID
"""


class KeptFacts:
    """A file of facts by content key; one that is damaged is begun anew.

    Several processes may use it at once: each write is one short transaction.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is opened before it is needed; `path` may not exist yet."""
        self._path = path

    def find(self, keys: Iterable[bytes]) -> dict[bytes, FileFacts]:
        """Return what is kept under `keys`; nothing where it cannot be read."""
        wanted = list(keys)
        if not self._path.exists():
            return {}
        try:
            with closing(self._connect()) as connection:
                return _found(connection, wanted)
        except (sqlite3.DatabaseError, msgspec.DecodeError):
            self._path.unlink(missing_ok=True)
            return {}

    def keep(self, fresh: Mapping[bytes, FileFacts], used: Iterable[bytes]) -> None:
        """Add what is `fresh`, note what was `used`, and drop the oldest beyond the bound."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection, connection:
            connection.execute(_SCHEMA)
            [(now,)] = connection.execute("SELECT coalesce(max(used), 0) + 1 FROM facts")
            rows = [(key, now, msgspec.msgpack.encode(facts)) for key, facts in fresh.items()]
            connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", rows)
            connection.executemany(
                "UPDATE facts SET used = ? WHERE key = ?", [(now, key) for key in used]
            )
            connection.execute(
                "DELETE FROM facts WHERE key IN"
                " (SELECT key FROM facts ORDER BY used DESC, key LIMIT -1 OFFSET ?)",
                (KEPT_MAX,),
            )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=10)


def _found(connection: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, FileFacts]:
    connection.execute(_SCHEMA)
    found: dict[bytes, FileFacts] = {}
    for start in range(0, len(keys), ASKED_AT_ONCE):
        some = keys[start : start + ASKED_AT_ONCE]
        marks = ",".join("?" * len(some))
        rows = connection.execute(
            f"SELECT key, facts FROM facts WHERE key IN ({marks})",  # noqa: S608 - question marks
            some,
        )
        found |= {key: msgspec.msgpack.decode(facts, type=FileFacts) for key, facts in rows}
    return found
