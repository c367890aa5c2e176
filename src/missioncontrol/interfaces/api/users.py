"""Users, sessions and the workspace as resources of the API."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.access import Invited
from missioncontrol.application.queries import access as queries
from missioncontrol.application.queries.access import (
    ArrivalView,
    Me,
    RoleView,
    SessionView,
    WorkspaceView,
)
from missioncontrol.domain.access.commands import Name
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.sign_in.origins import home_page
from missioncontrol.operations.user import INVITE, NAME_WORKSPACE
from missioncontrol.surfaces.conditional import (
    CHANGED,
    KNOWN,
    IfMatch,
    refuse_stale,
    tag_of,
    tagged,
)
from missioncontrol.surfaces.http import handlers_of
from missioncontrol.surfaces.paging import (
    LIMIT,
    Cursor,
    Limit,
    Page,
    cursor_of,
    page_of,
    place_of,
)

AnyRequest = Request[Principal, Any, Any]
Everybody = Annotated[
    bool, QueryParameter(description="Of everybody; it needs the permission `audit`.")
]


class Invitation(msgspec.Struct, frozen=True):
    """A link to choose a password with, once. It is shown this once."""

    name: str
    link: str | None  # None where the same request was answered before
    until: float  # seconds since the epoch


class NewName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people call this workspace."""

    name: Name


@get("/me", summary="Who asks", **needs("sign_in"))
async def get_me(request: AnyRequest, console: NamedDependency[Console]) -> Me:
    """Return the caller: their name, their roles, and what this session or token may do."""
    return queries.me(await console.people.access(), folder_of(console), request.user)


@post(
    "/users/{name:str}/invitation", status_code=201, summary="Invite a user", **needs("administer")
)
async def invite_user(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[Invitation]:
    """Return a link with which a user chooses a password. The one before it is void."""
    made = await console.run(request, INVITE, name)
    link = link_of(request, made) or None
    headers = {"location": f"/api/v1/users/{quote(name, safe='')}", "cache-control": "no-store"}
    return Response(Invitation(name, link, made.until), status_code=201, headers=headers)


def link_of(request: AnyRequest, made: Invited) -> str:
    """Return the link of an invitation; "" where the same request was answered before."""
    if not made.invitation:
        return ""
    return f"{home_page(request)}/sign-in/invited?token={made.invitation}"


@get("/roles", summary="List roles", **needs("read"))
async def list_roles(console: NamedDependency[Console]) -> Page[RoleView]:
    """Return all roles with the permissions that they carry, and how many people have each."""
    people = console.people
    return Page(queries.roles(await people.access(), people.owner, people.now()))


@get("/sessions", summary="List sessions", **needs("sign_in"))
async def list_sessions(
    request: AnyRequest,
    console: NamedDependency[Console],
    everybody: Everybody = False,
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[SessionView]:
    """Return the browsers that one is signed in with, or everybody is; newest use first."""
    is_wide = everybody and request.user.may("audit")
    found = await console.people.sessions("" if is_wide else request.user.name)
    shown = queries.sessions(found, request.user)
    return page_of(shown, cursor, limit, lambda it: (it.seen, it.id), float, str, falling=True)


@delete("/sessions/{session:str}", summary="End a session", **needs("sign_in"))
async def end_session(
    request: AnyRequest, console: NamedDependency[Console], session: FromPath[str]
) -> None:
    """Sign a browser out: one of one's own, or anybody's for an admin."""
    console.people.end_other(session, request.user)


@get("/arrivals", summary="List who came", **needs("audit"))
async def list_arrivals(
    console: NamedDependency[Console], cursor: Cursor = "", limit: Limit = LIMIT
) -> Page[ArrivalView]:
    """Return who signed in, went, or was refused, from where; the last first."""
    place = place_of(cursor, int)
    before = min(max(0, place[0]), 2**62) if place else 0
    found = console.people.store.arrivals(before=before, limit=limit)
    more = cursor_of(found[-1].number) if len(found) == limit and found[-1].number > 1 else ""
    return Page(queries.arrivals(found), more)


@get("/workspace", summary="The workspace", responses=KNOWN, **needs("read"))
async def get_workspace(
    request: AnyRequest, console: NamedDependency[Console]
) -> Response[WorkspaceView]:
    """Return this home as its people know it."""
    view = await workspace_of(console)
    return tagged(request, view, tag_of(view))


@patch("/workspace", summary="Name the workspace", responses=CHANGED, **needs("administer"))
async def name_workspace(
    request: AnyRequest,
    console: NamedDependency[Console],
    data: JSONBody[NewName],
    if_match: IfMatch = "",
) -> Response[WorkspaceView]:
    """Give this home another name; its directory keeps its own."""
    refuse_stale(if_match, tag_of(await workspace_of(console)), "The workspace")
    await console.run(request, NAME_WORKSPACE, name=data.name)
    view = await workspace_of(console)
    return tagged(request, view, tag_of(view))


def folder_of(console: Console) -> str:
    """Return the default name of a workspace."""
    return Path(console.home).resolve().name


async def workspace_of(console: Console) -> WorkspaceView:
    """Return this home as its people know it."""
    people = console.people
    access, titles = await people.access(), [title for _, title in people.ways]
    return queries.workspace(access, people.owner, folder_of(console), titles)


HANDLERS: list[Any] = [
    get_me,
    *handlers_of("user"),
    invite_user,
    list_roles,
    list_sessions,
    end_session,
    list_arrivals,
    get_workspace,
    name_workspace,
]
