"""Links to reports as a resource of the API: each shows one report to any holder of it."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.queries.shares import ShareView, shares
from missioncontrol.application.shares import SHARES, STREAM, ShareAsked
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.share import NOTE_MAX, SECONDS_MAX, SECONDS_MIN, SECONDS_USUAL
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, page_of

AnyRequest = Request[Principal, Any, Any]
Because = Annotated[str, QueryParameter(max_length=2_000, description="Why, for the record.")]
OfRun = Annotated[str, QueryParameter(max_length=100, description="Only those of this run.")]
Seconds = Annotated[float, msgspec.Meta(ge=SECONDS_MIN, le=SECONDS_MAX)]


class NewShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request for a link."""

    run: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    seconds: Seconds = SECONDS_USUAL  # that it holds
    note: Annotated[str, msgspec.Meta(max_length=NOTE_MAX)] = ""  # for whom or what


class ShareShown(msgspec.Struct, frozen=True):
    """A new link. Its path is shown this once."""

    id: str
    mission: str
    run: str
    path: str | None  # on this server; None where the same request was answered before
    until: float  # seconds since the epoch


@get("/shares", summary="List links to reports", **needs("read"))
async def list_shares(
    console: NamedDependency[Console],
    run: OfRun = "",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[ShareView]:
    """Return the valid links, the newest first, without the secrets that make them usable."""
    known = await console.present.find(SHARES, STREAM)
    found = shares(known, console.instruments.clock.now(), run=run)
    return page_of(found, cursor, limit, lambda it: (it.made, it.id), float, str, falling=True)


@post(
    "/shares",
    summary="Share a report",
    response_headers=[
        ResponseHeader(name="Location", documentation_only=True, description="Where it is revoked.")
    ],
    **needs("operate"),
)
async def share_report(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[NewShare]
) -> Response[ShareShown]:
    """Return a link that shows the report of a run that has ended, as it stands now.

    Any holder of the link may view it, without signing in, until it ends or is revoked; nothing
    else is
    reached with it.
    """
    ask = ShareAsked("new", data.run, seconds=data.seconds, note=data.note)
    answer = await console.ask(request, ask)
    token = answer.get("token")
    path = f"/shared/{token}" if token else None
    shown = ShareShown(answer["id"], answer["mission"], answer["run"], path, answer["until"])
    headers = {"location": f"/api/v1/shares/{shown.id}", "cache-control": "no-store"}
    return Response(shown, status_code=201, headers=headers)


@delete("/shares/{share:str}", summary="Revoke a link to a report", **needs("operate"))
async def revoke_share(
    request: AnyRequest,
    console: NamedDependency[Console],
    share: FromPath[str],
    reason: Because = "",
) -> None:
    """Revoke a link: it shows nothing any more."""
    await console.ask(request, ShareAsked("revoke", share=share, reason=reason))


HANDLERS: list[Any] = [list_shares, share_report, revoke_share]
