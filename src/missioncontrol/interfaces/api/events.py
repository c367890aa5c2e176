"""Events as a resource of the API."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter
from litestar.response import Stream

from missioncontrol.application.feed_listener import Place, place_in
from missioncontrol.application.queries import events
from missioncontrol.application.queries.events import EventItem
from missioncontrol.application.redaction import not_guessed
from missioncontrol.application.search_query import TEXT_MAX, TIMES, actor_of, parse_query
from missioncontrol.application.topics import FEED, EventFilter, Wanted
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.live import After, Text, stream_of
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.ports.search_index import Query
from missioncontrol.queries.event import POSITION_MAX
from missioncontrol.surfaces.http import handlers_of
from missioncontrol.surfaces.paging import (
    LIMIT,
    Cursor,
    Limit,
    Malformed,
    cursor_of,
    place_of,
)

Words = Annotated[
    str,
    QueryParameter(max_length=TEXT_MAX, description="Words that stand in the event's data."),
]
Time = Annotated[str, QueryParameter(max_length=40, description=TIMES)]
Kind = Annotated[
    str, QueryParameter(max_length=200, name="type", description="Such as `step_succeeded`.")
]
Actor = Annotated[
    str,
    QueryParameter(max_length=200, description="Who did it: `alice`, `agent:smith` or `engine`."),
]
Mission = Annotated[
    str, QueryParameter(max_length=200, description="A mission, with its newest runs.")
]


class EventPage(msgspec.Struct, frozen=True):
    """A part of the log."""

    items: list[EventItem]
    next: str  # the cursor of the page after this one; empty where this is the last
    indexed: int  # position up to which the log was looked through
    log: int  # position of its last event
    is_cut: bool  # time was over: go on with `next`


class RecordAsked(msgspec.Struct, frozen=True):
    """What an address asks of the record; what is empty asks for nothing."""

    text: str = ""
    type: str = ""
    actor: str = ""
    workflow: str = ""
    agent: str = ""
    run: str = ""
    since: str = ""
    until: str = ""

    @property
    def is_set(self) -> bool:
        """Whether not every event is wanted."""
        return any(msgspec.structs.astuple(self))

    def query(self, now: float) -> Query:
        """Return it as the index is asked.

        Raises:
            Rejected: `search.empty`, `search.bad_text` or `search.bad_time`.
        """
        return parse_query(
            now,
            text=self.text or None,
            kind=self.type or None,
            actor=actor_of(self.actor) or None,
            workflow=self.workflow or None,
            agent=self.agent or None,
            run=self.run or None,
            since=self.since or None,
            until=self.until or None,
        )


class EventsAsked(RecordAsked, frozen=True):
    """The same, and whose events."""

    mission: str = ""
    stream: str = ""


def parse_record_query(
    text: Words = "",
    kind: Kind = "",
    actor: Actor = "",
    workflow: Text = "",
    agent: Text = "",
    run: Text = "",
    since: Time = "",
    until: Time = "",
) -> RecordAsked:
    """Return what the address asks for."""
    return RecordAsked(text, kind, actor, workflow, agent, run, since, until)


def parse_events_query(
    record: NamedDependency[RecordAsked], mission: Mission = "", stream: Text = ""
) -> EventsAsked:
    """Return what the address asks for, and of which mission or stream."""
    return EventsAsked(**msgspec.structs.asdict(record), mission=mission, stream=stream)


RECORD = {"record": Provide(parse_record_query, sync_to_thread=False)}
EVENTS = {**RECORD, "chosen": Provide(parse_events_query, sync_to_thread=False)}
"""The filters of lists of events, which handlers take as one."""


@get("/events", summary="List events", dependencies=EVENTS, **needs("read"))
async def list_events(
    console: NamedDependency[Console],
    principal: NamedDependency[Principal],
    chosen: NamedDependency[EventsAsked],
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> EventPage:
    """Return the events that fit all of what is asked for, newest first.

    With `mission`, those of a mission and its newest runs; with `stream`, those of one stream.
    """
    found = await events.list_events(
        console.present,
        console.archive,
        chosen.query(console.instruments.now),
        stream=chosen.stream,
        mission=chosen.mission,
        before=position_in(cursor),
        limit=limit,
    )
    after = cursor_of(found.next) if found.next else ""
    items = not_guessed(found.items, chosen.text, exact=principal.may("audit"))
    return EventPage(items, after, found.indexed, found.log, found.is_cut)


def position_in(cursor: str) -> int | None:
    """Return the position from which a list of events goes on; None at its beginning.

    Raises:
        Malformed: `cursor.malformed`.
    """
    place = place_of(cursor, int)
    if place is None:
        return None
    if not 1 <= place[0] <= POSITION_MAX:
        raise Malformed("cursor.malformed", f"{place[0]} is no place in this list.")
    return int(place[0])


@get("/events/stream", summary="Follow the events", **needs("read"))
async def follow_events(
    request: Request[Principal, Any, Any],
    console: NamedDependency[Console],
    run: Text = "",
    stream: Text = "",
    type: Text = "",  # noqa: A002 - what it is called for clients
    actor: Text = "",
    agent: Text = "",
    after: After = None,
) -> Stream:
    """Tell every event as it happens, as server-sent events with CloudEvents in JSON.

    The id of each is its position in the log. Come back with the last one as `Last-Event-ID`, and
    none is missing and none comes twice; or say `after`, 0 for all that ever happened.
    """
    chosen = EventFilter(run, stream, type, actor, agent)
    place = _place(request.headers.get("last-event-id"), after)
    return await stream_of(
        request, console, Wanted((FEED,), chosen, exact=request.user.may("audit")), place
    )


def _place(last: str | None, after: int | None) -> Place | None:
    if last is None:
        return Place(after) if after is not None else None
    found = place_in(last)
    if found is None:
        raise Rejected(
            "live.bad_id",
            f"{last[:40]!a} is no id of an event.",
            hint="Send the id of the last event that arrived, or none.",
        )
    return found


HANDLERS: list[Any] = [list_events, follow_events, *handlers_of("event")]
