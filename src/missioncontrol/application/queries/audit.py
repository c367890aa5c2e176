"""What auditors ask: which runs have such events, what was signed, who asked, and all of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from missioncontrol.application.archive import Archive
from missioncontrol.application.audit import line_of
from missioncontrol.application.read_model import Present
from missioncontrol.application.search import Found, FoundRuns, Search
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.request import verb_now
from missioncontrol.ports.log_heads import HeadsSent, SignedHead
from missioncontrol.ports.search_index import Query, RunHits

HEADS_MAX = 500
PORTION = 2_000


class RunList(msgspec.Struct, frozen=True):
    """Runs that have events that fit, the one with the newest first."""

    items: list[RunHits]
    next: int  # position to go on from; 0 where there are no more
    counted_from: int  # events before this position were not counted
    indexed: int
    log: int


class HeadsView(msgspec.Struct, frozen=True):
    """Signed statements about the end of the log."""

    items: list[SignedHead]  # the newest first
    all: int
    keys: list[str]  # that they were signed with
    sent: HeadsSent | None = None  # how far they were sent to their target


class RequestItem(msgspec.Struct, frozen=True):
    """A change that a signed-in user asked for."""

    position: int
    time: float
    actor: str
    verb: str  # what was asked for
    way: str  # how they had signed in
    credential: str
    address: str
    client: str  # what it calls itself


class RequestList(msgspec.Struct, frozen=True):
    """Requests, newest first."""

    items: list[RequestItem]
    next: int


async def runs_with(
    archive: Archive, query: Query, *, before: int | None = None, limit: int = 50
) -> RunList:
    """Return the runs that have events that fit."""

    async def look(search: Search) -> FoundRuns:
        return await search.runs(query, before=before, limit=limit)

    found = await archive.search(look)
    reach = found.reach
    return RunList(found.runs, found.next, found.counted_from, reach.indexed, reach.log)


async def heads(archive: Archive) -> HeadsView:
    """Return what was signed.

    Raises:
        Corrupt: a statement is not right.
    """
    found, sent = await archive.ask(lambda books: (books.heads(), books.sent()))
    keys = list(dict.fromkeys(head.key for head in found))
    return HeadsView(found[::-1][:HEADS_MAX], len(found), keys, sent)


async def requests(
    archive: Archive, *, actor: str = "", before: int | None = None, limit: int = 50
) -> RequestList:
    """Return who asked for changes, from where, and how they had signed in."""
    query = Query(kind="request_taken", actor=actor)

    async def look(search: Search) -> Found:
        return await search.events(query, before=before, limit=limit)

    found = await archive.search(look)
    items = [
        RequestItem(
            event.position,
            event.time,
            event.actor,
            verb_now(_text(event.data, "verb")),
            _text(event.data, "way"),
            _text(event.data, "credential"),
            _text(event.data, "address"),
            _text(event.data, "agent"),
        )
        for event in found.events
    ]
    return RequestList(items, found.next)


def _text(data: Any, name: str) -> str:
    value = data.get(name, "") if isinstance(data, dict) else ""
    return value if isinstance(value, str) else ""


async def exported(present: Present, archive: Archive, after: int = 0) -> AsyncIterator[bytes]:
    """Yield the log as it is now as JSON lines, with all that each hash was made of."""
    end = (await present.store.head()).position
    while after < end:

        def read(books: Any, after: int = after) -> tuple[bytes, int]:
            limit = min(PORTION, end - after)
            rows: list[Recorded] = asyncio.run(books.store.read(after=after, limit=limit))
            return b"".join(map(line_of, rows)), rows[-1].position if rows else end

        lines, after = await archive.ask(read)
        yield lines
