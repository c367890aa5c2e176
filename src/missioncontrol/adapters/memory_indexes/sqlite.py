"""The index of what is known in an SQLite file of its own, with full text (FTS5)."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from missioncontrol.adapters.memory_indexes.merged_items import confirmed, whole
from missioncontrol.adapters.memory_indexes.passages import IS_ITEM, PassageTables
from missioncontrol.adapters.queries import queries
from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.memory import Amendment, Item, amended
from missioncontrol.knowledge.passages import passage_of_item
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.knowledge_index import Candidate, Choice, Kind, Passage, Use
from missioncontrol.ports.memory_index import NOTHING_ELSE, ItemCandidate, Listed, Taken, Wanted

_PACKAGE = "missioncontrol.adapters.memory_indexes"
_SQL = queries(_PACKAGE, "queries.sql")
_encode = msgspec.json.Encoder().encode
_item = msgspec.json.Decoder(Item).decode
_amendment = msgspec.json.Decoder(Amendment).decode


class SqliteMemoryIndex:
    """Keeps the index in the file at `path`, its owner's alone; in memory for None."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, and make it where it is missing, damaged, or of another release.

        Raises:
            Unavailable: `memory.unwritable`.
        """
        self._path = path
        self._is_mine = False  # whether this one has the turn, and may put a new file there
        self._connection = opened(path)
        self._identity = identity(path)
        self._passages = PassageTables(lambda: self._connection)

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
        others: Taken = NOTHING_ELSE,
    ) -> None:
        """See `MemoryIndex.take`."""
        with self._storing():
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
            self._store_others(others)
            self._connection.execute(_SQL["reach"], (head.position, head.hash))

    def take_outside(self, signature: str, sources: Mapping[str, Sequence[Passage]]) -> None:
        """See `MemoryIndex.take_outside`."""
        with self._storing():
            for (source,) in self._connection.execute(_SQL["templates"]).fetchall():
                self._passages.drop(source)
            self._store_others(Taken(sources))
            self._connection.execute(_SQL["look_outside"], (signature,))

    def _store_others(self, others: Taken) -> None:
        for source, passages in others.sources.items():
            self._passages.replace(source, passages)
        rows = [(item, use.mission, use.title, use.time) for item, use in others.uses]
        self._connection.executemany(_SQL["put_use"], rows)

    @contextmanager
    def _storing(self) -> Iterator[None]:
        """Write all or nothing."""
        with self._looking():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._passages.save()
                self._connection.execute("COMMIT")
            finally:
                self._passages.forget()
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
            self._drop(amendment.item)
        else:
            self._put(*self._parts(amendment.item), amendment)

    def _put(self, harvested: Item | None, logged: Item | None, change: Amendment | None) -> None:
        item = amended(whole(harvested, logged), change)
        if item is None:
            return
        self._drop(item.id)
        passage = passage_of_item(item, is_listed=logged is None)
        [number] = self._passages.replace(item.id, [passage])
        row = (
            number,
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
        self._connection.execute(_SQL["put"], row)
        named = [(item.repository, path, number) for path in item.files]
        self._connection.executemany(_SQL["put_file"], named)
        self._connection.executemany(_SQL["put_tag"], [(tag, number) for tag in item.tags])

    def _drop(self, item: str) -> None:
        """Delete an item with all that it is found by."""
        for number in self._passages.drop(item):
            for name in ("drop_files", "drop_tags", "drop"):
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

    def item_candidates(
        self, terms: Mapping[str, int], wanted: Wanted, *, now: float, limit: int
    ) -> list[ItemCandidate]:
        """See `MemoryIndex.item_candidates`."""
        where, values = _where(wanted, now)
        joined = "CROSS JOIN items ON items.number = words.rowid"
        with self._looking():
            numbers = self._passages.best(terms, [IS_ITEM], limit, joined, where, values)
            rows = self._passages.items(numbers)
            return [ItemCandidate(_item(body), tuple(fields)) for body, *fields in rows]

    # Passages.

    def outside(self) -> str:
        """See `MemoryIndex.outside`."""
        with self._looking():
            return str(self._connection.execute(_SQL["outside"]).fetchone()[0])

    def sizes(self) -> tuple[int, int]:
        """See `KnowledgeIndex.sizes`."""
        with self._looking():
            return self._passages.sizes()

    def counts(self, terms: Iterable[str]) -> Mapping[str, int]:
        """See `KnowledgeIndex.counts`."""
        with self._looking():
            return self._passages.counts(terms)

    def beginning(self, start: str, *, limit: int) -> list[str]:
        """See `KnowledgeIndex.beginning`."""
        with self._looking():
            return self._passages.beginning(start, limit=limit)

    def near_terms(self, term: str) -> list[str]:
        """See `KnowledgeIndex.near_terms`."""
        with self._looking():
            return self._passages.near_terms(term)

    def candidates(
        self, terms: Mapping[str, int], choice: Choice, *, now: float, each: int
    ) -> list[Candidate]:
        """See `KnowledgeIndex.candidates`."""
        with self._looking():
            return self._passages.candidates(terms, choice, now=now, each=each)

    def newest(self, choice: Choice, *, now: float, limit: int) -> list[Passage]:
        """See `KnowledgeIndex.newest`."""
        with self._looking():
            return self._passages.newest(choice, now=now, limit=limit)

    def source(self, name: str) -> list[Passage]:
        """See `KnowledgeIndex.source`."""
        with self._looking():
            return self._passages.source(name)

    def kinds(self) -> Mapping[Kind, int]:
        """See `KnowledgeIndex.kinds`."""
        with self._looking():
            return self._passages.kinds()

    def uses(self, items: Sequence[str]) -> Mapping[str, list[Use]]:
        """See `KnowledgeIndex.uses`."""
        with self._looking():
            return self._passages.uses(items)

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

    def item_counts(self, *, now: float) -> list[Listed]:
        """See `MemoryIndex.item_counts`."""
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
