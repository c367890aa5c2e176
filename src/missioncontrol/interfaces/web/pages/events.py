"""The pages of the area events."""

from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from missioncontrol.application.queries import events
from missioncontrol.application.read_model import Present
from missioncontrol.application.redaction import not_guessed
from missioncontrol.application.search_query import actor_of
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.register import NAMES
from missioncontrol.interfaces.api.events import EVENTS, EventsAsked
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.formats import event_name
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page
from missioncontrol.interfaces.web.values import json_rows
from missioncontrol.queries.event import POSITION_MAX

AnyRequest = Request[Principal, Any, Any]

ROWS = 50
TYPES = [(name, event_name(name)) for name in sorted(name for name, _ in NAMES.values())]

Position = Annotated[int, QueryParameter(ge=0, le=POSITION_MAX)]


@get("/events", include_in_schema=False, dependencies=EVENTS, **needs("read"))
async def feed_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    chosen: NamedDependency[EventsAsked],
    before: Position = 0,
    upto: Position = 0,
    hold: FromQuery[bool] = False,
) -> Response[Any]:
    """Show the events as they come; `upto` holds the list still at a position, `hold` at now."""
    if hold:
        return moved(request, _held(request, console.present.position))
    head = console.present.position
    fault, found, newer = "", events.EventList([], 0, head, head), 0
    try:
        found = await _found(request, console, chosen, before or (upto + 1 if upto else None))
        newer = await _newer(request, console, chosen, upto) if upto and not before else 0
    except (Rejected, Unavailable) as refused:
        fault = f"{refused.reason} {refused.hint}".strip()
    values: dict[str, Any] = {
        "filters": chosen,
        "found": found,
        "fault": fault,
        "before": before,
        "upto": upto,
        "head": head,
        "newer": newer,
        "types": TYPES,
        "heard": _stream_filters(chosen),
        "part": is_part(request),
    }
    if is_part(request) and not before:
        return fragment(request, "events/feed.html", "rows", **values)
    return page(request, "events/feed.html", title="Events", area="events", **values)


async def _found(
    request: AnyRequest, console: Console, chosen: EventsAsked, before: int | None
) -> events.EventList:
    found = await events.list_events(
        console.present,
        console.archive,
        chosen.query(console.instruments.now),
        stream=chosen.stream,
        mission=chosen.mission,
        before=before,
        limit=ROWS,
    )
    items = not_guessed(found.items, chosen.text, exact=request.user.may("audit"))
    return msgspec.structs.replace(found, items=items)


async def _newer(request: AnyRequest, console: Console, chosen: EventsAsked, upto: int) -> int:
    """Return how many events that fit came after `upto`; of chosen ones a page of them at most."""
    if not chosen.is_set:
        return max(0, console.present.position - upto)
    newest = await _found(request, console, chosen, None)
    return sum(item.position > upto for item in newest.items)


def _stream_filters(chosen: EventsAsked) -> str:
    """Return the filters that the live stream knows too; by the others the page asks itself."""
    known = {
        "run": chosen.run,
        "stream": chosen.stream,
        "type": chosen.type,
        "actor": actor_of(chosen.actor),
        "agent": chosen.agent,
    }
    return urlencode({name: value for name, value in known.items() if value})


def _held(request: AnyRequest, position: int) -> str:
    """Return the same address, with the list held still."""
    asked = [pair for pair in parse_qsl(request.url.query) if pair[0] not in ("hold", "upto")]
    return f"/events?{urlencode([*asked, ('upto', position)])}"


@get("/events/{position:int}", include_in_schema=False, **needs("read"))
async def event_page(
    request: AnyRequest, present: NamedDependency[Present], position: FromPath[int]
) -> Response[str]:
    """Show all that the log holds of one event; in the drawer of the feed where that asks."""
    detail = await events.event_detail(
        present, min(max(position, 1), POSITION_MAX), exact=request.user.may("audit")
    )
    values: dict[str, Any] = {"detail": detail, "shown": _readable(detail.body)}
    if is_part(request):
        return fragment(request, "events/event.html", "drawer", **values)
    return page(request, "events/event.html", title=f"Event {position}", area="events", **values)


def _readable(body: str) -> str:
    """Return the data with its lines broken; as it is where it is no JSON."""
    try:
        return json_rows(msgspec.json.decode(body))
    except (msgspec.DecodeError, RecursionError):
        return body


HANDLERS: list[Any] = [feed_page, event_page]
