"""The pages of the area events."""

from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from missioncontrol.application.present import Present
from missioncontrol.application.queries import events
from missioncontrol.application.search_query import TEXT_MAX
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.register import NAMES
from missioncontrol.interfaces.api.events import POSITION_MAX, Time, query_of
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.live import Text
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page
from missioncontrol.interfaces.web.values import json_rows

AnyRequest = Request[Principal, Any, Any]

ROWS = 50
TYPES = sorted(name for name, _ in NAMES.values())

Words = Annotated[str, QueryParameter(max_length=TEXT_MAX)]
Position = Annotated[int, QueryParameter(ge=0, le=POSITION_MAX)]


class EventFilters(msgspec.Struct, frozen=True):
    """What the address of the feed says."""

    text: str
    type: str
    actor: str
    workflow: str
    agent: str
    run: str
    since: str
    until: str

    @property
    def is_set(self) -> bool:
        """Whether not every event is shown."""
        return any(msgspec.structs.astuple(self))


@get("/events", include_in_schema=False, **needs("read"))
async def feed_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    text: Words = "",
    type: Text = "",  # noqa: A002 - what the address calls it
    actor: Text = "",
    workflow: Text = "",
    agent: Text = "",
    run: Text = "",
    since: Time = "",
    until: Time = "",
    before: Position = 0,
    upto: Position = 0,
    hold: FromQuery[bool] = False,
) -> Response[Any]:
    """Show the events as they come; `upto` holds the list still at a position, `hold` at now."""
    if hold:
        return moved(request, _held(request, console.present.position))
    filters = EventFilters(text, type, actor, workflow, agent, run, since, until)
    head = console.present.position
    fault, found = "", events.EventList([], 0, head, head)
    try:
        query = query_of(
            console.instruments.now,
            text=text,
            kind=type,
            actor=actor,
            workflow=workflow,
            agent=agent,
            run=run,
            since=since,
            until=until,
        )
        start = before or (upto + 1 if upto else None)
        found = await events.list_events(
            console.present, console.archive, query, before=start, limit=ROWS
        )
    except Rejected as refused:
        fault = f"{refused.reason} {refused.hint}".strip()
    values: dict[str, Any] = {
        "filters": filters,
        "found": found,
        "fault": fault,
        "before": before,
        "upto": upto,
        "head": head,
        "newer": max(0, head - upto) if upto else 0,
        "types": TYPES,
        "part": is_part(request),
    }
    if is_part(request) and not before:
        return fragment(request, "events/feed.html", "rows", **values)
    return page(request, "events/feed.html", title="Events", area="events", **values)


def _held(request: AnyRequest, position: int) -> str:
    """Return the same address, with the list held still."""
    asked = [pair for pair in parse_qsl(request.url.query) if pair[0] not in ("hold", "upto")]
    return f"/events?{urlencode([*asked, ('upto', position)])}"


@get("/events/{position:int}", include_in_schema=False, **needs("read"))
async def event_page(
    request: AnyRequest, present: NamedDependency[Present], position: FromPath[int]
) -> Response[str]:
    """Show all that the log holds of one event; in the drawer of the feed where that asks."""
    detail = await events.event_detail(present, min(max(position, 1), POSITION_MAX))
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
