"""Audit as a resource of the API: whether the log is intact, all sign-ins, and its export."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from missioncontrol.application.log_verification import Verification
from missioncontrol.application.queries import audit
from missioncontrol.application.read_model import Present
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.events import RECORD, RecordAsked, position_in
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.ports.search_index import RunHits
from missioncontrol.queries.event import POSITION_MAX
from missioncontrol.surfaces.http import handlers_of
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, cursor_of

After = Annotated[
    int, QueryParameter(ge=0, le=POSITION_MAX, description="Only events after this position.")
]


@get("/audit/runs", summary="Search runs by their events", dependencies=RECORD, **needs("audit"))
async def search_runs(
    console: NamedDependency[Console],
    record: NamedDependency[RecordAsked],
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[RunHits]:
    """Return the runs that have events that fit, each with how many, the newest first."""
    query = record.query(console.instruments.now)
    before = position_in(cursor)
    found = await audit.runs_with(console.archive, query, before=before, limit=limit)
    return Page(found.items, cursor_of(found.next) if found.next else "")


@get("/audit/verification", summary="Get the last verification", **needs("audit"))
async def get_verification(console: NamedDependency[Console]) -> Verification:
    """Return the walk that is at work or was the last one, with the first bad event it found."""
    return console.verifying.now


@post("/audit/verification", summary="Verify the log", status_code=202, **needs("audit"))
async def verify_now(
    request: Request[Principal, Any, Any],
    console: NamedDependency[Console],
    present: NamedDependency[Present],
) -> Verification:
    """Begin to walk over the whole log, unless that is being done; ask again for its result."""
    return console.verifying.begin(request.user.actor, present.position)


@get("/audit/export", summary="Export the log", **needs("audit"))
async def export_log(
    console: NamedDependency[Console], present: NamedDependency[Present], after: After = 0
) -> Stream:
    """Return the log as JSON Lines, each event with all that its hash was made of."""
    events = audit.exported(present, console.archive, after)
    headers = {"Content-Disposition": 'attachment; filename="mission-log.jsonl"'}
    return Stream(events, media_type="application/jsonl", headers=headers)


HANDLERS: list[Any] = [
    search_runs,
    get_verification,
    verify_now,
    *handlers_of("audit"),
    export_log,
]
