"""What auditors may ask: what was signed, and who asked for changes."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from missioncontrol.application.queries import audit
from missioncontrol.application.queries.audit import HeadsView, RequestItem
from missioncontrol.application.reader import Reader
from missioncontrol.declarations import SERVED, ItemQuery, ListQuery, Portion, Query, Target

POSITION_MAX = 2**53


class RequestFilters(msgspec.Struct, frozen=True):
    """Whose requests are wanted; empty: everyone's."""

    actor: Annotated[str, Meta(max_length=200, description="Who asked.")] = ""


async def requests_after(
    reader: Reader, filters: RequestFilters, place: tuple[Any, ...] | None, limit: int
) -> Portion[RequestItem]:
    """Return requests that are older than the one at `place`, newest first."""
    before = min(max(place[0], 1), POSITION_MAX) if place else None
    found = await audit.requests(reader.archive, actor=filters.actor, before=before, limit=limit)
    return Portion(found.items, (found.next,) if found.next else None)


HEADS = ItemQuery(
    name="audit.heads",
    title="List signed heads",
    text="Return the signed statements about the end of the log, the newest first.",
    permission="audit",
    target=Target(noun="audit", path="/audit/heads", help="the log", is_single=True),
    operation_id="list_heads",
    source=lambda reader: reader,
    find=lambda reader, _: audit.heads(reader.archive),
    returns=HeadsView,
    surfaces=SERVED,
)

REQUESTS = ListQuery(
    name="audit.requests",
    title="List requests",
    text="Return who asked for changes: how they had signed in, from which address, with what.",
    permission="audit",
    target=Target(noun="audit", path="/audit/requests", help="a request", resource="audit"),
    operation_id="list_requests",
    filters=RequestFilters,
    source=lambda reader: reader,
    find_after=requests_after,
    row=RequestItem,
    key=lambda row: (row.position,),
    kinds=(int,),
    surfaces=SERVED,
)

QUERIES: tuple[Query, ...] = (HEADS, REQUESTS)
