"""Users, sessions and the workspace as resources of the API."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.access import UserAsked, WorkspaceAsked
from missioncontrol.application.queries import access as queries
from missioncontrol.application.queries.access import (
    ArrivalView,
    Me,
    RoleView,
    SessionView,
    UserView,
    WorkspaceView,
)
from missioncontrol.domain.permission import Role
from missioncontrol.domain.person import person
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.sign_in.origins import home_page
from missioncontrol.surfaces.conditional import (
    CHANGED,
    KNOWN,
    IfMatch,
    refuse_stale,
    tag_of,
    tagged,
)
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
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Roles = Annotated[tuple[Role, ...], msgspec.Meta(max_length=10)]
Because = Annotated[str, QueryParameter(max_length=2_000, description="Why, for the record.")]
Everybody = Annotated[
    bool, QueryParameter(description="Of everybody; it needs the permission `audit`.")
]


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user to add."""

    name: Name
    roles: Roles = ()


class NewRoles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All roles that a user has from now on."""

    roles: Roles


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


@get("/users", summary="List users", **needs("audit"))
async def list_users(
    console: NamedDependency[Console], cursor: Cursor = "", limit: Limit = LIMIT
) -> Page[UserView]:
    """Return all users who may sign in, by name; the owner of the machine comes first."""
    people = console.people
    found = queries.users(await people.access(), people.owner, people.now())
    return page_of(found, cursor, limit, lambda it: (not it.is_owner, person(it.name)), bool, str)


@post(
    "/users",
    summary="Add a user",
    response_headers=[
        ResponseHeader(name="Location", documentation_only=True, description="The user.")
    ],
    **needs("administer"),
)
async def add_user(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[NewUser]
) -> Response[UserView]:
    """Add a user with these roles; they sign in with a password: see their invitation."""
    await console.ask(request, UserAsked("add", data.name, data.roles))
    view = await _view(console, data.name)
    return Response(view, status_code=201, headers={"location": _place(data.name)})


@get("/users/{name:str}", summary="A user", responses=KNOWN, **needs("audit"))
async def get_user(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[UserView]:
    """Return one user."""
    view = await _view(console, name)
    return tagged(request, view, tag_of(view))


@patch("/users/{name:str}", summary="Change roles", responses=CHANGED, **needs("administer"))
async def change_roles(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    data: JSONBody[NewRoles],
    if_match: IfMatch = "",
) -> Response[UserView]:
    """Set exactly these roles of a user.

    No user may change their own roles or grant more than they have; the last admin stays one.
    """
    before = await _view(console, name)
    refuse_stale(if_match, tag_of(before), f"User {before.name!r}")
    await console.ask(request, UserAsked("roles", before.name, data.roles))
    view = await _view(console, name)
    return tagged(request, view, tag_of(view))


@delete("/users/{name:str}", summary="Remove a user", **needs("administer"))
async def remove_user(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    reason: Because = "",
) -> None:
    """Remove a user: their sessions end, and their tokens are void."""
    found = await _view(console, name)
    await console.ask(request, UserAsked("remove", found.name, reason=reason))
    console.people.forget(found.name)


@post(
    "/users/{name:str}/invitation", status_code=201, summary="Invite a user", **needs("administer")
)
async def invite_user(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[Invitation]:
    """Return a link to choose a password with. The one before it is void."""
    answer = await console.ask(request, UserAsked("invite", name))
    secret = answer.get("invitation")
    link = f"{home_page(request)}/sign-in/invited?token={secret}" if secret else None
    headers = {"location": _place(name), "cache-control": "no-store"}
    return Response(Invitation(name, link, answer["until"]), status_code=201, headers=headers)


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
    await console.ask(request, WorkspaceAsked(data.name))
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


def _place(name: str) -> str:
    return f"/api/v1/users/{quote(name, safe='')}"


async def _view(console: Console, name: str) -> UserView:
    people = console.people
    return queries.user(await people.access(), people.owner, name, people.now())


HANDLERS: list[Any] = [
    get_me,
    list_users,
    add_user,
    get_user,
    change_roles,
    remove_user,
    invite_user,
    list_roles,
    list_sessions,
    end_session,
    list_arrivals,
    get_workspace,
    name_workspace,
]
