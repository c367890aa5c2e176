"""The index of what is remembered in an SQLite file of its own, with full text (FTS5)."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.memory_indexes.file import (
    identity,
    opened,
    replaced,
    turn_of,
    unwritable,
)
from missioncontrol.adapters.queries import queries
from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.memory import PLANNED, Amendment, Item, amended
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.memory_index import Hit, Listed, Matched, Wanted

# What is known of a thing that was seen more than once.


def confirmed(known: Item, harvested: Item) -> Item:
    """Return what is known of a thing after it was harvested once more; the newest words hold."""
    if harvested.confirmed < known.confirmed:
        known, harvested = harvested, known
    return _joined(harvested, known)


def whole(harvested: Item | None, logged: Item | None) -> Item:
    """Return a thing as runs left it and the log of decisions has it.

    A person's judgement outweighs what a plan stated, also where that is harvested later. The
    two are stored separately, so that it does not matter in which portions the log was read.
    """
    if harvested is None or logged is None:
        only = harvested or logged
        assert only is not None, "an item comes from somewhere"
        return only
    if (_is_judged(logged), logged.confirmed) >= (_is_judged(harvested), harvested.confirmed):
        return _joined(logged, harvested)
    return _joined(harvested, logged)


def _joined(first: Item, second: Item) -> Item:
    """Return the first with what only the second says.

    The log of decisions does not say of which repository, and maybe about which files, a plan was.
    """
    return msgspec.structs.replace(
        first,
        created=min(first.created, second.created),
        seen=first.seen + second.seen,
        repository=first.repository or second.repository,
        files=first.files or second.files,
    )


def _is_judged(item: Item) -> bool:
    return item.kind == "decision" and PLANNED not in item.tags


# The words that items are indexed and asked by: prose, paths and the parts of identifiers.

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_IDENTIFIER = re.compile(r"\b\w*[a-z0-9][A-Z]\w*\b|\b[A-Z]{2,}[a-z]\w*\b")
_MARKED = re.compile("\x01([^\x01\x02]*)\x02")
MARKS = str.maketrans("", "", "\x01\x02")


def indexed(text: str) -> str:
    """Return `text` with the parts of its identifiers behind it: `SessionInterface` says session.

    The tokenizer of SQLite parts words at `_`, `/` and `.` by itself.
    """
    plain = text.translate(MARKS)
    parts = [part for word in _IDENTIFIER.findall(plain) for part in _PARTS.findall(word)]
    return f"{plain}\n{' '.join(dict.fromkeys(parts))}" if parts else plain


def match_of(words: Sequence[str]) -> str:
    """Return the expression that finds what says any of `words`; nothing in them is an operator."""
    quoted = ("".join(c if c.isprintable() and c != '"' else " " for c in word) for word in words)
    return " OR ".join(f'"{word.strip()}"' for word in quoted if any(map(str.isalnum, word)))


def marked(text: str) -> tuple[str, ...]:
    """Return the words between marks, each once, in lower case."""
    return tuple(dict.fromkeys(word.lower() for word in _MARKED.findall(text)))


FIELDS = ("title", "text", "files", "tags")
WEIGHTS = (1.0, 0.5, 2.0, 2.0)
"""What a word weighs in each field; fitted on change histories (`make bench ONLY=memory`)."""

BEST_FOR_EACH = 8
"""Candidates for each requested item: so many match by words, and the best are chosen."""

_PACKAGE = "missioncontrol.adapters.memory_indexes"
_SQL = queries(_PACKAGE, "queries.sql")
_encode = msgspec.json.Encoder().encode
_item = msgspec.json.Decoder(Item).decode
_amendment = msgspec.json.Decoder(Amendment).decode


class SqliteMemoryIndex:
    """Keeps the index in the file at `path`, its owner's alone; in memory for None."""

    def __init__(self, path: Path | None, *, weights: Sequence[float] = WEIGHTS) -> None:
        """Open the file, and make it where it is missing, damaged, or of another release.

        Raises:
            Unavailable: `memory.unwritable`.
        """
        self._path = path
        self._weights = ", ".join(f"{float(weight):g}" for weight in weights)
        self._is_mine = False  # whether this one has the turn, and may put a new file there
        self._connection = opened(path)
        self._identity = identity(path)

    # Following.

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """See `MemoryIndex.turn`; the lock is the operating system's and ends with the process."""
        if self._path is None:
            yield True
            return
        with turn_of(self._path) as mine:
            self._is_mine = mine
            try:
                if mine:
                    self._refresh()
                    with self._looking():
                        self._wipe_what_is_owed()
                yield mine
            finally:
                self._is_mine = False

    def reached(self) -> Head:
        """See `MemoryIndex.reached`."""
        self._refresh()
        with self._looking():
            return Head(*self._connection.execute(_SQL["reached"]).fetchone())

    def clear(self) -> None:
        """See `MemoryIndex.clear`."""
        self._connection.close()
        self._connection = replaced(self._path)
        self._identity = identity(self._path)

    def take(
        self,
        harvested: Sequence[Item],
        amended: Sequence[Amendment],
        head: Head,
        *,
        logged: Sequence[Item] = (),
    ) -> None:
        """See `MemoryIndex.take`."""
        with self._looking():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for item in harvested:
                    known, in_log = self._parts(item.id)
                    seen = confirmed(known, item) if known is not None else item
                    self._put(seen, in_log, self._find_amendment(item.id))
                for item in logged:
                    known, _ = self._parts(item.id)
                    self._put(known, item, self._find_amendment(item.id))
                for amendment in amended:
                    self._amend(amendment)
                if any(amendment.is_forgotten for amendment in amended):
                    self._connection.execute(_SQL["owe_wiping"])
                self._connection.execute(_SQL["reach"], (head.position, head.hash))
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    with suppress(sqlite3.Error):
                        self._connection.execute("ROLLBACK")
            self._wipe_what_is_owed()

    def _parts(self, name: str) -> tuple[Item | None, Item | None]:
        """Return an item as it was harvested, and as the log of decisions has it."""
        row = self._connection.execute(_SQL["item"], (name,)).fetchone()
        if row is None:
            return None, None
        harvested, logged = (_item(part) if part is not None else None for part in row[1:3])
        return harvested, logged

    def _amend(self, amendment: Amendment) -> None:
        self._connection.execute(_SQL["amend"], (amendment.item, _encode(amendment)))
        row = self._connection.execute(_SQL["item"], (amendment.item,)).fetchone()
        if row is None:
            return
        if amendment.is_forgotten:
            self._drop(row[0])
            self._connection.execute(_SQL["drop"], (row[0],))
        else:
            self._put(*self._parts(amendment.item), amendment)

    def _put(self, harvested: Item | None, logged: Item | None, change: Amendment | None) -> None:
        item = amended(whole(harvested, logged), change)
        if item is None:
            return
        row = (
            item.id,
            item.kind,
            item.repository,
            item.source.mission,
            item.confirmed,
            item.expires,
            _encode(harvested) if harvested is not None else None,
            _encode(logged) if logged is not None else None,
            _encode(item),
        )
        [number] = self._connection.execute(_SQL["put"], row).fetchone()
        self._drop(number)
        texts = (item.title, item.text, "\n".join(item.files), "\n".join(item.tags))
        self._connection.execute(_SQL["put_words"], (number, *map(indexed, texts)))
        named = [(item.repository, path, number) for path in item.files]
        self._connection.executemany(_SQL["put_file"], named)
        self._connection.executemany(_SQL["put_tag"], [(tag, number) for tag in item.tags])

    def _drop(self, number: int) -> None:
        """Delete all that an item is found by."""
        for name in ("drop_words", "drop_files", "drop_tags"):
            self._connection.execute(_SQL[name], (number,))

    def _wipe_what_is_owed(self) -> None:
        if self._connection.execute(_SQL["unwiped"]).fetchone()[0]:
            self._wipe()

    def _wipe(self) -> None:
        """Leave nothing of what was forgotten in any page of the file.

        While another connection reads, old pages stay; then the next turn does it.
        """
        self._connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            self._connection.execute(_SQL["wiped"])

    # Looking.

    def item(self, name: str) -> Item | None:
        """See `MemoryIndex.item`."""
        with self._looking():
            row = self._connection.execute(_SQL["item"], (name,)).fetchone()
            return _item(row[3]) if row else None

    def amendment(self, name: str) -> Amendment | None:
        """See `MemoryIndex.amendment`."""
        with self._looking():
            return self._find_amendment(name)

    def _find_amendment(self, name: str) -> Amendment | None:
        row = self._connection.execute(_SQL["amendment"], (name,)).fetchone()
        return _amendment(row[0]) if row else None

    def silenced(self, *, now: float, limit: int) -> list[str]:
        """See `MemoryIndex.silenced`."""
        with self._looking():
            rows = self._connection.execute(_SQL["amendments"])
            amendments = (_amendment(body) for (body,) in rows)
            return list(islice((each.item for each in amendments if each.silences(now)), limit))

    def find(self, name: str, *, limit: int = 2) -> list[str]:
        """See `MemoryIndex.find`."""
        with self._looking():
            rows = self._connection.execute(_SQL["find"], (name, name + "\U0010ffff", limit))
            return [found for (found,) in rows]

    def search(self, words: Sequence[str], wanted: Wanted, *, now: float, limit: int) -> list[Hit]:
        """See `MemoryIndex.search`."""
        match = match_of(words)
        if not match:
            return []
        where, values = _where(wanted, now)
        most = limit * BEST_FOR_EACH
        values |= {"match": match, "limit": limit, "most": most}
        with self._looking():
            rows = self._rows("search_best", where, values)
            # Where what is not wanted took their places, or the last of them has equals that were
            # cut off, all are looked at.
            is_all = bool(rows) and rows[0][2] < most
            if not is_all and (len(rows) < limit or rows[-1][1] <= rows[-1][3]):
                rows = self._rows("search", where, values)
            return [Hit(_item(row[0]), row[1]) for row in rows]

    def _rows(self, name: str, where: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        sql = _SQL[name].format(weights=self._weights, wanted=where)
        return self._connection.execute(sql, values).fetchall()

    def matched(self, words: Sequence[str], names: Sequence[str]) -> dict[str, Matched]:
        """See `MemoryIndex.matched`."""
        match = match_of(words)
        if not match or not names:
            return {}
        given = (match, msgspec.json.encode(list(names)).decode())
        with self._looking():
            rows = self._connection.execute(_SQL["matched"], given).fetchall()
        return {row[0]: _matched(row[1:]) for row in rows}

    def listed(
        self, wanted: Wanted, *, now: float, before: tuple[float, str] | None, limit: int
    ) -> list[Item]:
        """See `MemoryIndex.listed`."""
        at, after = before or (None, "")
        where, values = _where(wanted, now)
        sql = _SQL["listed"].format(wanted=where)
        place = {"at": at, "after": after, "limit": limit}
        with self._looking():
            return [_item(body) for (body,) in self._connection.execute(sql, values | place)]

    def counts(self, *, now: float) -> list[Listed]:
        """See `MemoryIndex.counts`."""
        with self._looking():
            found = self._connection.execute(_SQL["counts"], {"now": now})
            return [Listed(*row) for row in found]

    def near(self, item: Item, *, now: float, limit: int) -> list[Item]:
        """See `MemoryIndex.near`."""
        with self._looking():
            row = self._connection.execute(_SQL["item"], (item.id,)).fetchone()
            values = {
                "number": row[0] if row else 0,
                "mission": item.source.mission,
                "now": now,
                "limit": limit,
            }
            return [_item(body) for body, _ in self._connection.execute(_SQL["near"], values)]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _refresh(self) -> None:
        """Open the file again if another process has put a new one in its place."""
        if self._path is not None and identity(self._path) != self._identity:
            self._connection.close()
            self._connection = opened(self._path, is_mine=self._is_mine)
            self._identity = identity(self._path)

    @contextmanager
    def _looking(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise unwritable(self._path, error) from None
        except (sqlite3.DatabaseError, msgspec.DecodeError, TypeError) as error:
            raise Corrupt(
                "memory.damaged",
                f"The memory index {str(self._path or 'in memory')!r} is damaged: {error}.",
                hint="Delete it: it is built again from the record.",
            ) from None


def _where(wanted: Wanted, now: float) -> tuple[str, dict[str, Any]]:
    parts, values = ["1"], {"now": now}
    if not wanted.with_expired:
        parts.append("(expires = 0 OR expires > :now)")
    if wanted.kind:
        parts.append("kind = :kind")
    if wanted.repository is not None:
        parts.append("repository = :repository")
    if wanted.tag:
        parts.append("items.number IN (SELECT number FROM tags WHERE tag = :tag)")
    if wanted.file:
        parts.append("items.number IN (SELECT number FROM files WHERE path = :file)")
    given = msgspec.structs.asdict(wanted)
    return " AND ".join(parts), values | given


def _matched(texts: Sequence[str]) -> Matched:
    found = {field: marked(text) for field, text in zip(FIELDS, texts, strict=True)}
    return {field: words for field, words in found.items() if words}
