"""Events of the log: filtered lists of them, and one with what led to it and what followed."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from missioncontrol.application.archive import Archive
from missioncontrol.application.read_model import Present
from missioncontrol.application.redaction import shown
from missioncontrol.application.search import Event, Found, Search, fits
from missioncontrol.documents.event_words import sentence, sentence_data
from missioncontrol.domain.envelope import GENESIS, Recorded, is_chained
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.read_tables import RunChoice
from missioncontrol.ports.search_index import Query

FOLLOWERS_LOOKED_AT = 1_000
FOLLOWERS_MAX = 50
LOOKED_AT_ONCE = 500
LOOKED_THROUGH_MAX = 5_000
"""Events of one stream that are looked at for one page; then the page says that it was cut."""

RUNS_MAX = 20
"""Runs of a mission whose events are shown with its own, the newest."""


class EventItem(msgspec.Struct, frozen=True):
    """An event in a list."""

    position: int
    time: float  # seconds since the epoch
    type: str
    stream: str
    version: int  # its place in its stream
    actor: str
    on_behalf: str
    says: str  # in a sentence; empty where it says nothing that its type does not
    run: str = ""  # what it belongs to, where that is known
    workflow: str = ""
    agent: str = ""


class EventList(msgspec.Struct, frozen=True):
    """A page of events."""

    items: list[EventItem]
    next: int  # position to go on from; 0 where there are no more
    indexed: int  # position up to which was looked
    log: int  # position of the last event
    is_cut: bool = False  # time was over: what is older than `next` was not looked at


class EventDetail(msgspec.Struct, frozen=True):
    """All that the log holds of one event."""

    event: EventItem
    schema: int  # version of the shape of its data
    correlation: str
    body: str  # its data as JSON, exactly as hashed
    hash: str  # SHA-256, hexadecimal
    previous_hash: str  # of the event before it, which it is chained to
    is_chained: bool  # whether the hash is right after that one
    cause: EventItem | None  # that led to it
    followers: list[EventItem]  # that it led to, as far as was looked
    followers_looked_at: int  # events after it that were looked at
    previous_in_stream: int  # positions of its neighbours in its stream; 0 where there is none
    next_in_stream: int


ANY = Query()


async def list_events(
    present: Present,
    archive: Archive,
    query: Query,
    *,
    stream: str = "",
    mission: str = "",
    before: int | None = None,
    limit: int = 50,
) -> EventList:
    """Return at most `limit` events that fit, older than position `before`, newest first.

    `stream` and `mission` leave only those of one stream, or of a mission and its runs.

    Raises:
        Rejected: `search.two_places`, for a stream along with what it may belong to.
    """
    if stream:
        return await events_of_stream(present, stream, query, before=before, limit=limit)
    if mission:
        return await _of_mission(present, archive, mission, query, before=before, limit=limit)
    if query == ANY:
        return await _newest(present, before, limit)
    return await _indexed(archive, query, before=before, limit=limit)


async def _indexed(archive: Archive, query: Query, *, before: int | None, limit: int) -> EventList:
    async def look(search: Search) -> Found:
        return await search.events(query, before=before, limit=limit, read=_event_data)

    found = await archive.search(look)
    items = [_of_found(event) for event in found.events]
    return EventList(items, found.next, found.reach.indexed, found.reach.log, found.is_cut)


async def _of_mission(
    present: Present,
    archive: Archive,
    mission: str,
    query: Query,
    *,
    before: int | None,
    limit: int,
) -> EventList:
    """Return the events of a mission and of its newest runs, together."""
    runs = present.board.chosen_runs(RunChoice(mission=mission), before="", limit=RUNS_MAX)
    parts = [
        await _indexed(archive, replace(query, run=run.id), before=before, limit=limit)
        for run in runs
        if query.run in ("", run.id)
    ]
    if not (query.run or query.workflow or query.agent):
        parts.append(await events_of_stream(present, mission, query, before=before, limit=limit))
    head = (await present.store.head()).position
    # Each part was looked through down to its `next`; what is older of the others comes later.
    end = max((part.next for part in parts), default=0)
    every = {item.position: item for part in parts for item in part.items}
    known = [every[position] for position in sorted(every, reverse=True) if position >= end]
    after = known[limit - 1].position if len(known) > limit else end
    indexed = min((part.indexed for part in parts), default=head)
    return EventList(known[:limit], after, indexed, head, any(part.is_cut for part in parts))


async def list_after(present: Present, after: int, limit: int = 50) -> EventList:
    """Return at most `limit` events after a position, oldest first."""
    rows = await present.store.read(after=after, limit=limit)
    head = (await present.store.head()).position
    last = rows[-1].position if rows else after
    return EventList([item_of(row) for row in rows], last if last < head else 0, head, head)


async def events_of_stream(
    present: Present, stream: str, query: Query, *, before: int | None = None, limit: int = 50
) -> EventList:
    """Return at most `limit` events of one stream that fit, newest first.

    Raises:
        Rejected: `search.two_places`.
    """
    if query.run or query.workflow or query.agent:
        raise Rejected(
            "search.two_places",
            f"The events of {stream!r} all belong to the same run, workflow and agent.",
            hint="Ask for a stream, or for a run, a workflow or an agent.",
        )
    store = present.store
    head = (await store.head()).position
    version = await _versions_before(store, stream, before or head + 1)
    items: list[EventItem] = []
    looked = last = 0
    while version and len(items) <= limit and looked < LOOKED_THROUGH_MAX:
        after = max(0, version - LOOKED_AT_ONCE)
        rows = await store.read_stream(stream, after=after, limit=version - after)
        items += [item_of(row) for row in reversed(rows) if fits(row, query)]
        looked, version = looked + len(rows), after
        last = rows[0].position if rows else 0
    is_cut = bool(version) and len(items) <= limit
    shown = items[:limit]
    after = last if is_cut else shown[-1].position if len(items) > limit else 0
    return EventList(shown, after, head, head, is_cut)


async def _versions_before(store: EventStore, stream: str, position: int) -> int:
    """Return how many events of a stream are older than `position`; both grow together."""

    async def is_older(version: int) -> bool:
        rows = await store.read_stream(stream, after=version - 1, limit=1)
        return bool(rows) and rows[0].position < position

    high = 1
    while await is_older(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if await is_older(middle):
            low = middle
        else:
            high = middle
    return low


async def _newest(present: Present, before: int | None, limit: int) -> EventList:
    head = (await present.store.head()).position
    end = min(before - 1 if before else head, head)  # Positions have no gaps.
    first = max(0, end - limit)
    rows = await present.store.read(after=first, limit=end - first) if end > first else []
    items = [item_of(row) for row in reversed(rows)]
    return EventList(items, first + 1 if first else 0, head, head)


async def event_detail(present: Present, position: int, *, exact: bool) -> EventDetail:
    """Return an event, what it is chained to, and what it belongs to.

    `exact` shows also what is for auditors.

    Raises:
        NotFound: `event.unknown`.
    """
    store = present.store
    rows = await store.read(after=max(position - 2, 0), limit=2)
    row = next((row for row in rows if row.position == position), None)
    if row is None:
        raise NotFound("event.unknown", f"The log has no event {position}.")
    before = rows[0].hash if rows[0].position < position else GENESIS
    cause = await _at(present, row.cause)
    later = await store.read(after=position, limit=FOLLOWERS_LOOKED_AT)
    neighbours = await store.read_stream(row.stream, after=max(row.version - 2, 0), limit=3)
    return EventDetail(
        item_of(row),
        row.schema,
        row.correlation,
        shown(row, exact=exact).body.decode("utf-8", "replace"),
        row.hash.hex(),
        before.hex(),
        is_chained(row, before),
        item_of(cause) if cause is not None else None,
        [item_of(each) for each in later if each.cause == position][:FOLLOWERS_MAX],
        len(later),
        _neighbour(neighbours, row.version - 1),
        _neighbour(neighbours, row.version + 1),
    )


async def _at(present: Present, position: int) -> Recorded | None:
    rows = await present.store.read(after=position - 1, limit=1) if position else []
    return rows[0] if rows and rows[0].position == position else None


def _neighbour(rows: Sequence[Recorded], version: int) -> int:
    return next((row.position for row in rows if row.version == version), 0)


def item_of(row: Recorded) -> EventItem:
    """Return an event as lists show it; what it belongs to is known as far as its stream says."""
    return EventItem(
        row.position,
        row.time / 1_000_000,
        row.type,
        row.stream,
        row.version,
        row.actor,
        row.on_behalf,
        sentence(row.type, _event_data(row)),
        row.stream if row.stream.startswith("run-") else "",
    )


def _event_data(row: Recorded) -> Any:
    return sentence_data(row.type, row.body)


def _of_found(event: Event) -> EventItem:
    return EventItem(
        event.position,
        event.time,
        event.type,
        event.stream,
        event.version,
        event.actor,
        event.on_behalf,
        sentence(event.type, event.data),
        event.run,
        event.workflow,
        event.agent,
    )
