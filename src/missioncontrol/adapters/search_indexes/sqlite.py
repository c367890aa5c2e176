"""The search index in an SQLite file of its own: newest events as rows, older ones packed."""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from heapq import nlargest
from pathlib import Path

import msgspec

from missioncontrol.adapters.queries import queries
from missioncontrol.adapters.search_indexes import segment as packing
from missioncontrol.adapters.search_indexes.event_owners import Names, number_of
from missioncontrol.adapters.search_indexes.file import BUSY, IndexFile, unwritable
from missioncontrol.adapters.search_indexes.segment import (
    PartCache,
    Row,
    Segment,
    Tail,
    Wanted,
    packed,
)
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import Corrupt, MissionControlError
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.search_index import (
    FIELDS,
    Field,
    Hit,
    Page,
    Query,
    RunHits,
    RunPage,
    data_of,
    folded,
    texts_in,
    words,
)

REFUSALS = (
    *BUSY,
    "SQLITE_FULL",
    "SQLITE_READONLY",
    "SQLITE_CANTOPEN",
    "SQLITE_PERM",
    "SQLITE_IOERR_WRITE",
    "SQLITE_IOERR_FSYNC",
    "SQLITE_IOERR_SHM",
)
"""Prefixes of SQLite's names for errors that don't concern the file; others count as damage."""

ALL_TIME = (-(2**63), 2**63 - 1)
ANYWHERE = 2**63 - 1
NAMED_MAX = 10_000
"""Names at hand by their numbers; a number never gets another name."""

_SQL = queries("missioncontrol.adapters.search_indexes", "queries.sql")

Part = Tail | Segment


class SqliteSearchIndex:
    """Keeps the index in the file at `path`, which is its owner's alone; in memory for None.

    An event's texts are found by any part of any word, also in languages without spaces. What was
    packed is looked through as a whole, so no query is slow because of what its letters are.
    """

    def __init__(self, path: Path | None) -> None:
        """Open the file, and rebuild it where it is missing, damaged, or of another release.

        Raises:
            Unavailable: `search.unwritable`.
        """
        self._file = IndexFile(path)
        self._recall()

    def _recall(self) -> None:
        """Forget what was known of the file; only the file is right."""
        self._names: Names | None = None
        self._known = -1  # the position that the names stand for
        self._tail = (0, 0)  # events and characters in it
        self._part_cache = PartCache()
        self._named: dict[int, str] = {}
        self._newest: tuple[int, list[Row]] = (-1, [])  # the tail at that position of the log

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._file.connection

    def reached(self) -> Head:
        """See `SearchIndex.reached`."""
        self._refresh()
        with self._reading():
            return self._head()

    def _refresh(self) -> None:
        if self._file.refresh():
            self._recall()

    def _head(self) -> Head:
        row = self._connection.execute(_SQL["reached"]).fetchone()
        if row is None:
            raise sqlite3.DatabaseError("it does not say how far it goes")
        return Head(*row)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """See `SearchIndex.turn`."""
        with self._file.turn() as mine:
            if mine:
                self._refresh()
            yield mine

    def clear(self) -> None:
        """See `SearchIndex.clear`."""
        self._recall()
        self._file.replace()

    def follow(self, events: Sequence[Recorded]) -> None:
        """See `SearchIndex.follow`."""
        with self._writing():
            position = self._head().position
            fresh = [event for event in events if event.position > position]
            if not fresh:
                return
            names = self._names_as_of(position)
            self._keep([_row(event, names) for event in fresh])
            names.save()
            last = fresh[-1]
            self._connection.execute(_SQL["reach"], (last.position, last.hash))
            self._known = last.position

    def _names_as_of(self, position: int) -> Names:
        """Return the names; those in memory are valid if no other process has written since."""
        if self._names is None or self._known != position:
            self._names = Names(self._connection)
            self._tail = self._connection.execute(_SQL["tail_size"]).fetchone()
        return self._names

    def _keep(self, rows: list[Row]) -> None:
        """Add rows to the tail, and pack it where it is long enough."""
        events, letters = self._tail
        letters += sum(len(row.text) for row in rows)
        if events + len(rows) >= packing.EVENTS_MAX or letters >= packing.LETTERS_MAX:
            rows = self._pack([*self._tail_rows(), *rows])
            self._connection.execute("DELETE FROM tail")
            events, letters = 0, sum(len(row.text) for row in rows)
        self._connection.executemany(_SQL["add_to_tail"], map(msgspec.structs.astuple, rows))
        self._tail = (events + len(rows), letters)

    def _tail_rows(self) -> list[Row]:
        return [Row(*row) for row in self._connection.execute(_SQL["tail"])]

    def _pack(self, rows: list[Row]) -> list[Row]:
        """Make segments of what is enough for one, and return what is left over."""
        chunk: list[Row] = []
        letters = 0
        for row in rows:
            has_hole = bool(chunk) and row.position != chunk[-1].position + 1  # of the log
            if has_hole or len(chunk) >= packing.EVENTS_MAX or letters >= packing.LETTERS_MAX:
                self._store(chunk)
                chunk, letters = [], 0
            chunk.append(row)
            letters += len(row.text)
        if len(chunk) >= packing.EVENTS_MAX or letters >= packing.LETTERS_MAX:
            self._store(chunk)
            return []
        return chunk

    def _store(self, rows: list[Row]) -> None:
        first = rows[0].position
        times = [row.time for row in rows]
        parts, numbers = packed(rows)
        add = self._connection.executemany
        add(_SQL["add_segment"], [(first, len(rows), min(times), max(times))])
        add(_SQL["add_part"], [(first, part, content) for part, content in parts.items()])
        add(_SQL["mark"], [(number, first) for number in sorted(numbers)])

    def search(self, query: Query, *, before: int | None, limit: int, seconds_max: float) -> Page:
        """See `SearchIndex.search`."""
        end = time.perf_counter() + seconds_max
        hits: list[Hit] = []
        with self._reading():
            wanted = self._wanted(query, before)
            for part in self._parts(wanted):
                positions = part.positions(wanted)
                room = limit - len(hits)
                hits += self._hits(part, positions[::-1][:room])
                if len(positions) > room:
                    return Page(hits, hits[-1].position)
                if part.first > 1 and time.perf_counter() > end:
                    return Page(hits, part.first, is_cut=True)
        return Page(hits)

    def _hits(self, part: Part, positions: Sequence[int]) -> list[Hit]:
        """Return what these events belong to, by name."""
        if not positions:
            return []
        numbers = [part.numbers(field, positions) for field in ("run", "workflow", "agent")]
        return [
            Hit(position, *map(self._name, each))
            for position, each in zip(positions, zip(*numbers, strict=True), strict=True)
        ]

    def _name(self, number: int) -> str:
        if not number:
            return ""
        if number in self._named:
            return self._named[number]
        (name,) = self._connection.execute(_SQL["name"], (number,)).fetchone() or (None,)
        if name is None:
            raise sqlite3.DatabaseError(f"name {number} is missing")
        if len(self._named) >= NAMED_MAX:
            self._named.clear()
        self._named[number] = str(name)
        return str(name)

    def runs(self, query: Query, *, before: int | None, limit: int, seconds_max: float) -> RunPage:
        """See `SearchIndex.runs`."""
        end = time.perf_counter() + seconds_max
        counts: Counter[int] = Counter()
        newest: dict[int, int] = {}
        counted_from = 1
        with self._reading():
            wanted = self._wanted(query, None)
            for part in self._parts(wanted):
                for run, (events, position) in part.tally(wanted).items():
                    counts[run] += events
                    newest.setdefault(run, position)
                if part.first > 1 and time.perf_counter() > end:
                    counted_from = part.first
                    break
            newest.pop(0, None)  # Events of no run.
            latest = ANYWHERE if before is None else before
            ranked = nlargest(limit + 1, ((at, run) for run, at in newest.items() if at < latest))
            runs = [self._run_hits(run, counts[run], at) for at, run in ranked[:limit]]
        return RunPage(runs, runs[-1].newest if len(ranked) > limit else 0, counted_from)

    def _run_hits(self, number: int, events: int, newest: int) -> RunHits:
        run = self._name(number)
        _, workflow, _ = self._connection.execute(_SQL["origin"], (run,)).fetchone() or (0, 0, 0)
        return RunHits(run, self._name(workflow), events, newest)

    def _parts(self, wanted: Wanted) -> Iterator[Part]:
        """Yield the parts of the log that may hold what is wanted, newest first."""
        if not all(wanted.fields.values()):
            return  # Nothing in the log has such a name.
        rows = self._newest_rows()
        if rows and rows[0].position < wanted.before:
            yield Tail(rows)
        marked = [
            {first for (first,) in self._connection.execute(_SQL["marked"], (number,))}
            for number in wanted.fields.values()
        ]
        places = (wanted.before, wanted.since, wanted.until)
        segments = self._connection.execute(_SQL["segments"], places).fetchall()
        for first, events, since, until in segments:
            if all(first in each for each in marked):
                yield Segment(first, events, since, until, self._part, self._part_cache)

    def _newest_rows(self) -> list[Row]:
        """Return the tail; it is read again only where another process has written since."""
        position = self._head().position
        if self._newest[0] != position:
            self._newest = (position, self._tail_rows())
        return self._newest[1]

    def _wanted(self, query: Query, before: int | None) -> Wanted:
        """Return `query` in numbers; a name that the log never had is 0."""
        asked = {field: name for field in FIELDS if (name := getattr(query, field))}
        # A long word is likely to be rare, and the first that is nowhere ends the search.
        each = sorted(words(query.text), key=len, reverse=True)
        return Wanted(
            {field: number_of(self._connection, field, name) for field, name in asked.items()},
            tuple(word.encode("utf-8", "surrogatepass") for word in each),
            ALL_TIME[0] if query.since is None else _within(query.since),
            ALL_TIME[1] if query.until is None else _within(query.until),
            ANYWHERE if before is None else _within(before),
        )

    def _part(self, segment: int, part: str) -> bytes:
        row = self._connection.execute(_SQL["part"], (segment, part)).fetchone()
        if row is None:
            raise sqlite3.DatabaseError(f"segment {segment} has no {part}")
        content: bytes = row[0]
        return content

    def names(self, field: Field, *, limit: int = 1000) -> list[str]:
        """See `SearchIndex.names`."""
        with self._reading():
            return [name for (name,) in self._connection.execute(_SQL["names"], (field, limit))]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Look at one moment of the file, whatever is written meanwhile."""
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self._transaction("BEGIN IMMEDIATE"):
                yield
        except BaseException:
            self._recall()  # What was remembered was not written.
            raise

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        try:
            self._connection.execute(begin)
            yield
            self._connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise self._refusal(error) from None
        finally:
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")

    def _refusal(self, error: sqlite3.DatabaseError) -> MissionControlError:
        if getattr(error, "sqlite_errorname", "").startswith(REFUSALS):
            return unwritable(self._file.path, error)
        return Corrupt(
            "search.damaged",
            f"The search index {str(self._file.path or 'in memory')!r} is damaged: {error}.",
            hint="Delete it: it is built again from the log.",
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _within(value: int) -> int:
    """Return `value`, or the nearest that SQLite can compare."""
    return min(max(value, ALL_TIME[0]), ALL_TIME[1])


def _row(event: Recorded, names: Names) -> Row:
    data = data_of(event)
    run, workflow, agent = names.belonging(event, data)
    return Row(
        event.position,
        event.time,
        names.number("kind", event.type),
        names.number("actor", event.actor),
        workflow,
        agent,
        run,
        folded("\n".join(texts_in(data))),
    )
