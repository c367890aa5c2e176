"""Searches the log: brings the index up to date, asks it, and reads what it found from the log."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import Corrupt, Rejected, Unavailable
from missioncontrol.ports.event_store import EventStore, Head
from missioncontrol.ports.search_index import (
    FIELDS,
    Field,
    Hit,
    Query,
    RunHits,
    SearchIndex,
    data_of,
    folded,
    texts_in,
    words,
)

READ_AT_ONCE = 4_096
FOLLOW_AT_ONCE = 256
"""Events indexed on the side, while nothing else is to be done; a few milliseconds."""

WAIT_SECONDS = 1.0
"""How long a search waits for another process that brings the index up to date."""

LOOK_SECONDS = 0.02
SECONDS_MAX = 2.0
"""After this time a search ends with what it has. A million events take a tenth of it at most."""

LIMIT_MAX = 1_000

Progress = Callable[[int, int], None]
"""Called now and then with the number of events in the index, and in the log."""

T = TypeVar("T")


class Reach(msgspec.Struct, frozen=True):
    """How much of the log a search looked at."""

    indexed: int  # position up to which the index knows the log
    log: int  # position of the last event when the search began
    reason: str = ""  # why the index goes no further; empty where it is up to date


class Event(msgspec.Struct, frozen=True):
    """An event that was found, with what it belongs to."""

    position: int
    time: float  # seconds since the epoch
    stream: str
    version: int
    type: str
    actor: str
    on_behalf: str
    correlation: str
    run: str
    workflow: str
    agent: str
    data: Any


class Found(msgspec.Struct, frozen=True):
    """A page of events, newest first."""

    events: list[Event]
    next: int  # ask on with `before` at this position; 0 where there is nothing older
    is_cut: bool  # time was over: what is older than `next` was not looked at
    reach: Reach


class FoundRuns(msgspec.Struct, frozen=True):
    """A page of runs that have such events, the one with the newest first."""

    runs: list[RunHits]
    next: int  # ask on with `before` at this position; 0 where there are no more
    counted_from: int  # time was over where it is not 1: older events were not counted
    reach: Reach


class Search:
    """The log of one home and its index."""

    def __init__(
        self,
        store: EventStore,
        index: SearchIndex,
        *,
        progress: Progress = lambda indexed, log: None,
    ) -> None:
        """`progress` is called while the index is brought up to date."""
        self._store = store
        self._index = index
        self._progress = progress

    async def events(
        self,
        query: Query,
        *,
        before: int | None = None,
        limit: int = 50,
        read: Callable[[Recorded], Any] = data_of,
    ) -> Found:
        """Return at most `limit` events that fit, older than position `before`, newest first.

        `read` returns what is wanted of an event's data.

        Raises:
            Rejected: `search.bad_limit` or `search.bad_position`.
            Unavailable: `search.busy`, where another process is rebuilding the index.
            Corrupt: `log.damaged`.
        """
        _refuse_bad_page(before, limit)

        async def look() -> Found:
            reach = await self.bring_up()
            page = self._index.search(query, before=before, limit=limit, seconds_max=SECONDS_MAX)
            events = [await self._event(hit, query, read) for hit in page.hits]
            return Found(events, page.next, page.is_cut, reach)

        return await self._mended(look)

    async def runs(self, query: Query, *, before: int | None = None, limit: int = 50) -> FoundRuns:
        """Return at most `limit` runs with events that fit, and how many each has.

        `before` leaves out runs whose newest such event is not older.

        Raises:
            Rejected, Unavailable, Corrupt: see `events`.
        """
        _refuse_bad_page(before, limit)

        async def look() -> FoundRuns:
            reach = await self.bring_up()
            page = self._index.runs(query, before=before, limit=limit, seconds_max=SECONDS_MAX)
            return FoundRuns(page.runs, page.next, page.counted_from, reach)

        return await self._mended(look)

    async def _mended(self, look: Callable[[], Awaitable[T]]) -> T:
        """Look, and where the index turns out to be damaged, rebuild it and look again."""
        try:
            return await look()
        except Corrupt as error:
            if error.code != "search.damaged":
                raise
        with self._index.turn() as mine:
            if not mine:
                raise _busy()
            self._index.clear()
        return await look()

    async def _event(self, hit: Hit, query: Query, read: Callable[[Recorded], Any]) -> Event:
        rows = await self._store.read(after=hit.position - 1, limit=1)
        if not rows or rows[0].position != hit.position or not fits(rows[0], query):
            raise Corrupt("search.damaged", f"The search index is wrong about {hit.position}.")
        row = rows[0]
        return Event(
            row.position,
            row.time / 1_000_000,
            row.stream,
            row.version,
            row.type,
            row.actor,
            row.on_behalf,
            row.correlation,
            hit.run,
            hit.workflow,
            hit.agent,
            read(row),
        )

    async def bring_up(self) -> Reach:
        """Index what the log has had since the last time, or wait a moment for who is doing that.

        Raises:
            Unavailable: `search.busy`, where the index is of another log and can't be rebuilt.
        """
        head = await self._store.head()
        waited_until = time.monotonic() + WAIT_SECONDS
        while not await self._is_up_to(head):
            reason = ""
            try:
                with self._index.turn() as mine:
                    if mine:
                        await self._index_up_to(head)
                        break
            except Unavailable as error:
                reason = error.reason
            if reason or time.monotonic() > waited_until:
                return await self._stale(head, reason)
            await asyncio.sleep(LOOK_SECONDS)
        return Reach(self._index.reached().position, head.position)

    async def _stale(self, head: Head, reason: str) -> Reach:
        """Say how far the index goes; one of another log is of no use at all."""
        if not await self._is_of_this_log():
            raise _busy(reason)
        busy = "Another process is bringing it up to date."
        return Reach(self._index.reached().position, head.position, reason or busy)

    async def _is_up_to(self, head: Head) -> bool:
        return self._index.reached().position >= head.position and await self._is_of_this_log()

    async def _is_of_this_log(self) -> bool:
        """Whether the last event that the index knows is the one that the log has there."""
        reached = self._index.reached()
        if not reached.position:
            return True
        rows = await self._store.read(after=reached.position - 1, limit=1)
        return bool(rows) and rows[0].hash == reached.hash

    async def _index_up_to(self, head: Head) -> None:
        if not await self._is_of_this_log():
            self._index.clear()
        position = self._index.reached().position
        while position < head.position and (
            rows := await self._store.read(after=position, limit=READ_AT_ONCE)
        ):
            self._index.follow(rows)
            position = rows[-1].position
            self._progress(position, head.position)

    async def follow(self, *, limit: int = FOLLOW_AT_ONCE) -> bool:
        """Take a few more events into the index, unless another process does so.

        Returns whether there may be more to take in.

        Raises:
            Unavailable: `search.unwritable`, or the log can't be read now.
            Corrupt: `search.damaged`, which the next search mends, or `log.damaged`.
        """
        with self._index.turn() as mine:
            if not mine:
                return False
            if not await self._is_of_this_log():
                self._index.clear()
            rows = await self._store.read(after=self._index.reached().position, limit=limit)
            self._index.follow(rows)
            return len(rows) == limit

    def strangers(self, query: Query) -> dict[str, list[str]]:
        """Return what `query` asks for that no event has, each with the names that there are."""
        asked = {field: getattr(query, field) for field in FIELDS}
        return {
            field: self._index.names(field)
            for field, name in asked.items()
            if name and not self._index.search(_only(field, name), **_ONE).hits
        }


_ONE: dict[str, Any] = {"before": None, "limit": 1, "seconds_max": SECONDS_MAX}


def _only(field: Field, name: str) -> Query:
    return msgspec.structs.replace(Query(), **{field: name})


def _busy(reason: str = "") -> Unavailable:
    return Unavailable(
        "search.busy",
        reason or "Another process is rebuilding the search index.",
        hint="Try again in a moment.",
    )


def _refuse_bad_page(before: int | None, limit: int) -> None:
    if not 1 <= limit <= LIMIT_MAX:
        raise Rejected("search.bad_limit", f"The limit is {limit}; it must be 1 to {LIMIT_MAX}.")
    if before is not None and before < 1:
        raise Rejected("search.bad_position", f"{before} is no position; they begin at 1.")


def fits(event: Recorded, query: Query) -> bool:
    """Whether the log itself says what the index was asked for."""
    text = folded("\n".join(texts_in(data_of(event)))) if query.text else ""
    return (
        query.kind in ("", event.type)
        and query.actor in ("", event.actor)
        and (query.since is None or query.since <= event.time)
        and (query.until is None or event.time < query.until)
        and all(word in text for word in words(query.text))
    )
