"""The pages of the area audit, and what a search through everything found."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from missioncontrol.application.queries import audit, events
from missioncontrol.application.queries.audit import HeadsView, RequestList, RunList
from missioncontrol.application.queries.search import search_everything
from missioncontrol.application.read_model import Present
from missioncontrol.domain.errors import MissionControlError, Rejected, Unavailable
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.events import RECORD, RecordAsked
from missioncontrol.interfaces.api.search import SearchText
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.pages.events import TYPES, Position
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page

AnyRequest = Request[Principal, Any, Any]

ROWS = 50
REQUESTS = 20
NO_RUNS = RunList([], 0, 1, 0, 0)


@get("/audit", include_in_schema=False, dependencies=RECORD, **needs("audit"))
async def audit_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    record: NamedDependency[RecordAsked],
    before: Position = 0,
) -> Response[str]:
    """Show whether the record is whole, who asked for what, and what a search through it finds."""
    fault, runs, found = "", NO_RUNS, events.EventList([], 0, 0, 0)
    try:
        query = record.query(console.instruments.now)
        if record.is_set:
            runs = await audit.runs_with(console.archive, query, limit=ROWS)
            found = await events.list_events(
                console.present, console.archive, query, before=before or None, limit=ROWS
            )
    except (Rejected, Unavailable) as refused:
        fault = f"{refused.reason} {refused.hint}".strip()
    heads, heads_fault = await _heads(console)
    values: dict[str, Any] = {
        "filters": record,
        "fault": fault,
        "runs": runs,
        "found": found,
        "before": before,
        "verification": console.verifying.now,
        "heads": heads,
        "heads_fault": heads_fault,
        "requests": await _requests(console),
        "log": console.present.position,
        "types": TYPES,
        "part": False,
    }
    return page(request, "audit/page.html", title="Audit", area="audit", **values)


async def _heads(console: Console) -> tuple[HeadsView, str]:
    try:
        return await audit.heads(console.archive), ""
    except MissionControlError as error:
        return HeadsView([], 0, []), error.reason


async def _requests(console: Console) -> RequestList:
    try:
        return await audit.requests(console.archive, limit=REQUESTS)
    except MissionControlError:
        return RequestList([], 0)  # The index is being built; the search above says so.


@get("/audit/verification", include_in_schema=False, **needs("audit"))
async def verification_part(
    request: AnyRequest, console: NamedDependency[Console], present: NamedDependency[Present]
) -> Response[str]:
    """Show how far the walk over the log is."""
    return _verification(request, console, present)


@post("/audit/verify", status_code=200, include_in_schema=False, **needs("audit"))
async def verify_now(
    request: AnyRequest, console: NamedDependency[Console], present: NamedDependency[Present]
) -> Response[Any]:
    """Begin to walk over the log."""
    console.verifying.begin(request.user.actor, present.position)
    if not is_part(request):
        return moved(request, "/audit")
    return _verification(request, console, present)


def _verification(request: AnyRequest, console: Console, present: Present) -> Response[str]:
    values: dict[str, Any] = {
        "verification": console.verifying.now,
        "log": present.position,
        "part": True,
    }
    return fragment(request, "audit/page.html", "verification", **values)


@get("/search", include_in_schema=False, **needs("read"))
async def search_page(
    request: AnyRequest, console: NamedDependency[Console], q: SearchText = ""
) -> Response[str]:
    """Show everything that has these words in its name, and the events that say them."""
    found = await search_everything(
        console.present, console.archive, q, exact=request.user.may("audit")
    )
    return page(request, "search/page.html", title="Search", area="search", q=q, found=found)


HANDLERS: list[Any] = [audit_page, verification_part, verify_now, search_page]
