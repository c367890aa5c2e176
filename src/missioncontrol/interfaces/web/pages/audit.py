"""The pages of the area audit, and what a search through everything found."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from missioncontrol.application.present import Present
from missioncontrol.application.queries import audit, events
from missioncontrol.application.queries.audit import HeadsView, RequestList, RunList
from missioncontrol.application.queries.search import search_everything
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.events import Time, Words, query_of
from missioncontrol.interfaces.api.search import Asked
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.live import Text
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.pages.events import EventFilters, Position
from missioncontrol.interfaces.web.rendering import fragment, is_part, page

AnyRequest = Request[Principal, Any, Any]

ROWS = 50
REQUESTS = 20
NO_RUNS = RunList([], 0, 1, 0, 0)


@get("/audit", include_in_schema=False, **needs("audit"))
async def audit_page(
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
) -> Response[str]:
    """Show whether the record is whole, who asked for what, and what a search through it finds."""
    filters = EventFilters(text, type, actor, workflow, agent, run, since, until)
    fault, runs, found = "", NO_RUNS, events.EventList([], 0, 0, 0)
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
        if filters.is_set:
            runs = await audit.runs_with(console.archive, query, limit=ROWS)
            found = await events.list_events(
                console.present, console.archive, query, before=before or None, limit=ROWS
            )
    except Rejected as refused:
        fault = f"{refused.reason} {refused.hint}".strip()
    heads, heads_fault = await _heads(console)
    values: dict[str, Any] = {
        "filters": filters,
        "fault": fault,
        "runs": runs,
        "found": found,
        "before": before,
        "verification": console.verifying.now,
        "heads": heads,
        "heads_fault": heads_fault,
        "requests": await _requests(console),
        "log": console.present.position,
    }
    if is_part(request) and request.headers.get("hx-target", "").endswith("verification"):
        return fragment(request, "audit/page.html", "verification", **values)
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
    values: dict[str, Any] = {"verification": console.verifying.now, "log": present.position}
    answer = fragment(request, "audit/page.html", "verification", **values)
    if console.verifying.now.state != "running":
        answer.headers["HX-Refresh"] = "true"  # What the page opens with is different now.
    return answer


@post("/audit/verify", status_code=200, include_in_schema=False, **needs("audit"))
async def verify_now(
    request: AnyRequest, console: NamedDependency[Console], present: NamedDependency[Present]
) -> Response[str]:
    """Begin to walk over the log."""
    console.verifying.begin(request.user.actor, present.position)
    values: dict[str, Any] = {"verification": console.verifying.now, "log": present.position}
    return fragment(request, "audit/page.html", "verification", **values)


@get("/search", include_in_schema=False, **needs("read"))
async def search_page(
    request: AnyRequest, console: NamedDependency[Console], q: Asked = ""
) -> Response[str]:
    """Show everything that has these words in its name, and the events that say them."""
    found = await search_everything(console.present, console.archive, q)
    return page(request, "search/page.html", title="Search", area="", q=q, found=found)


HANDLERS: list[Any] = [audit_page, verification_part, verify_now, search_page]
