"""The content of files, by digest: words and names that are read once and kept."""

import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import msgspec

from missioncontrol.specialists.ranking.terms import counted
from missioncontrol.specialists.symbols import symbols

CHARACTERS_MAX = 200_000
"""Text looked at in one file."""
TERMS_MAX = 5_000
"""Words stored of one file, the most frequent; what has more of them is data."""
FACTS_VERSION = 4
"""Counted up whenever the same content would give other facts."""
T = TypeVar("T")
FACTS_VARIABLE = "MISSION_KEPT_FACTS"
"""The variable with the path of the file of facts; without it, nothing is stored."""
CACHED_MAX = 60_000
"""Files' contents stored in all; those longest unused are dropped first."""
WHOLES_MAX, WHOLE_BYTES_MAX = 24, 32 * 1024 * 1024
"""Stored readings of whole repositories, such as their imports, and the bytes of one."""
KEYS_AT_ONCE = 500
WAIT_SECONDS_MAX = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (
    key BLOB PRIMARY KEY, used INTEGER NOT NULL, -- in which reading, counted from 1
    facts BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS wholes (
    key BLOB PRIMARY KEY, used INTEGER NOT NULL, content BLOB NOT NULL
) WITHOUT ROWID;
"""


class FileFacts(msgspec.Struct, frozen=True, array_like=True):
    """The words of one file."""

    length: int  # characters
    counts: dict[str, int]  # stem → times, in the whole text
    names: tuple[tuple[str, int], ...]  # what it defines, with lines from 1, top to bottom

    @property
    def is_whole(self) -> bool:
        """Whether `counts` hold every word of the file; an empty one may not have been read."""
        return 0 < self.length < CHARACTERS_MAX and len(self.counts) < TERMS_MAX


class FactsCache:
    """A file of facts by content key; a damaged one is replaced by an empty one.

    Several processes may use it at once: each write is one short transaction. It only saves
    time: where it cannot be read or written, everything is as if nothing had been stored.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is opened before it is needed; `path` may not exist yet."""
        self._path = path

    def find(self, keys: Iterable[bytes]) -> dict[bytes, FileFacts]:
        """Return the facts stored under `keys`; nothing where it cannot be read."""
        wanted = list(keys)
        if not self._path.exists():
            return {}
        try:
            with closing(self._connect()) as connection:
                return _found(connection, wanted)
        except sqlite3.OperationalError:
            return {}  # Another process holds it for longer than reading the files would need.
        except (sqlite3.DatabaseError, msgspec.DecodeError):
            self._path.unlink(missing_ok=True)
            return {}

    def keep(self, fresh: Mapping[bytes, FileFacts], used: Iterable[bytes]) -> None:
        """Add what is `fresh`, note what was `used`, and drop the oldest beyond the bound."""
        rows = {key: msgspec.msgpack.encode(facts) for key, facts in fresh.items()}
        self._write("facts", "facts", rows, used, CACHED_MAX)

    def find_whole(self, key: bytes, kind: type[T]) -> T | None:
        """Return the reading of a whole repository that is stored under `key`."""
        if not self._path.exists():
            return None
        try:
            with closing(self._connect()) as connection:
                row = connection.execute(
                    "SELECT content FROM wholes WHERE key = ?", (key,)
                ).fetchone()
                return msgspec.msgpack.decode(row[0], type=kind) if row else None
        except (sqlite3.DatabaseError, msgspec.DecodeError):
            return None

    def keep_whole(self, key: bytes, reading: object) -> None:
        """Store the reading of a whole repository, unless it is larger than the bound."""
        content = msgspec.msgpack.encode(reading)
        if len(content) <= WHOLE_BYTES_MAX:
            self._write("wholes", "content", {key: content}, (), WHOLES_MAX)

    def _write(
        self,
        table: str,
        column: str,
        rows: Mapping[bytes, bytes],
        used: Iterable[bytes],
        limit: int,
    ) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # It holds content of the owner's repositories: no other user may ever read it.
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600))
            with closing(self._connect()) as connection:
                connection.executescript(_SCHEMA)
                with connection:
                    _written(connection, table, column, rows, used, limit)
        except (sqlite3.DatabaseError, OSError):
            return

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=WAIT_SECONDS_MAX)


def open_facts_cache() -> FactsCache | None:
    """Return the file of facts that this process was given."""
    path = os.environ.get(FACTS_VARIABLE, "")
    return FactsCache(Path(path)) if path else None


def _written(
    connection: sqlite3.Connection,
    table: str,
    column: str,
    rows: Mapping[bytes, bytes],
    used: Iterable[bytes],
    limit: int,
) -> None:
    connection.execute("BEGIN IMMEDIATE")
    [(now,)] = connection.execute(
        f"SELECT coalesce(max(used), 0) + 1 FROM {table}"  # noqa: S608 - a name of ours
    )
    connection.executemany(
        f"INSERT OR REPLACE INTO {table} (key, used, {column}) VALUES (?, ?, ?)",  # noqa: S608
        [(key, now, content) for key, content in rows.items()],
    )
    connection.executemany(
        f"UPDATE {table} SET used = ? WHERE key = ?",  # noqa: S608
        [(now, key) for key in used],
    )
    connection.execute(
        f"DELETE FROM {table} WHERE key IN"  # noqa: S608
        f" (SELECT key FROM {table} ORDER BY used DESC, key LIMIT -1 OFFSET ?)",
        (limit,),
    )


def _found(connection: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, FileFacts]:
    found: dict[bytes, FileFacts] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = keys[start : start + KEYS_AT_ONCE]
        marks = ",".join("?" * len(some))
        rows = connection.execute(
            f"SELECT key, facts FROM facts WHERE key IN ({marks})",  # noqa: S608 - question marks
            some,
        )
        found |= {key: msgspec.msgpack.decode(facts, type=FileFacts) for key, facts in rows}
    return found


def content_key(text: str, *, is_code: bool) -> bytes:
    """Return what stands for a file's content and for how its facts are made."""
    begin = b"%d %d\n" % (FACTS_VERSION, is_code)
    return blake2b(begin + text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def facts_of(text: str, *, is_code: bool) -> FileFacts:
    """Read one file; definitions are looked for in code only."""
    text = text[:CHARACTERS_MAX]
    counts = counted(text)
    if len(counts) > TERMS_MAX:
        often = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        counts = dict(often[:TERMS_MAX])
    found = symbols(text) if is_code else []
    return FileFacts(len(text), counts, tuple((each.name, each.line) for each in found))
