"""Queries of events: one of them in full."""

import msgspec

from missioncontrol.application.queries import events
from missioncontrol.application.queries.events import EventDetail
from missioncontrol.application.reader import Reader
from missioncontrol.declarations import EVERYWHERE, ItemQuery, Query, Target
from missioncontrol.domain.errors import NotFound

POSITION_MAX = 2**53


class EventPosition(msgspec.Struct, frozen=True):
    """Which event is meant."""

    position: int


async def event(reader: Reader, _: str, asked: EventPosition) -> EventDetail:
    """Return an event as its reader may see it.

    Raises:
        NotFound: `event.unknown`.
    """
    position = asked.position
    if not 1 <= position <= POSITION_MAX:
        raise NotFound("event.unknown", f"The log has no event {position}.")
    return await events.event_detail(reader.present, position, exact=reader.who.may("audit"))


GET = ItemQuery(
    name="event.get",
    title="Get an event",
    text="Return all that the log holds of one event: its exact data, its hash, what led to it.\n\n"
    "Who may not audit reads `(for auditors)` in place of addresses of people and webhooks.",
    target=Target(noun="event", path="/events", help="the log", is_single=True, resource="events"),
    path="{position:int}",
    options=EventPosition,
    source=lambda reader: reader,
    find=event,
    returns=EventDetail,
    surfaces=EVERYWHERE - {"cli"},  # `mission audit search` finds events by what they say.
)

QUERIES: tuple[Query, ...] = (GET,)
