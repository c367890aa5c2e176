"""Settings: who may sign in, with what, and what they may do."""

from typing import Any, cast
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from missioncontrol.application.queries import access as queries
from missioncontrol.application.queries.access import UserView
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import MEANING, Permission, Principal, Role
from missioncontrol.interfaces.api.users import folder_of, link_of, workspace_of
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.sign_in.passwords import PASSWORD_MIN, refuse_bad_password
from missioncontrol.interfaces.sign_in.people import Caller
from missioncontrol.interfaces.web.rendering import answered, moved, page, prepare
from missioncontrol.operations.token import ISSUE, REVOKE
from missioncontrol.operations.user import (
    ADD,
    CHANGE,
    INVITE,
    NAME_WORKSPACE,
    REMOVE,
    SET_PASSWORD,
)
from missioncontrol.surfaces.paging import LIMIT, Cursor, cursor_of, place_of

AnyRequest = Request[Principal, Any, Any]
PAGE: dict[str, Any] = {"include_in_schema": False, "before_request": prepare}
DONE: dict[str, Any] = {"include_in_schema": False, "status_code": 200}
ARRIVALS_SHOWN = 50
DAY = 86_400.0


@get("/settings", **PAGE, **needs("sign_in"))
async def show_settings(request: AnyRequest) -> Response[Any]:
    """Redirect to the first page of settings that the user may see."""
    place = "workspace" if request.user.may("read") else "tokens"
    return Redirect(f"/settings/{place}", status_code=303)


# The workspace and its roles.


@get("/settings/workspace", **PAGE, **needs("read"))
async def show_workspace(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show what this home is called, and whose it is."""
    found = await workspace_of(console)
    values = {"found": found, "folder": folder_of(console)}
    return _page(request, "workspace", "Workspace", **values)


@post("/settings/workspace", **DONE, **needs("administer"))
async def name_workspace(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Give this home another name."""
    await console.run(
        request, NAME_WORKSPACE, name=(await _form_fields(request)).get("name", [""])[0]
    )
    return moved(request, "/settings/workspace")


@get("/settings/roles", **PAGE, **needs("read"))
async def show_roles(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show what each role may do."""
    people = console.people
    found = queries.roles(await people.access(), people.owner, people.now())
    return _page(
        request,
        "roles",
        "Roles",
        verdict=f"{len(found)} roles say what people may do here.",
        roles=found,
        names=[(each.role, "num") for each in found],
        scopes=list(MEANING.items()),
    )


# Users.


@get("/settings/users", **PAGE, **needs("audit"))
async def show_users(
    request: AnyRequest, console: NamedDependency[Console], cursor: Cursor = ""
) -> Response[str]:
    """Show everybody who may sign in."""
    people = console.people
    access, place = await people.access(), place_of(cursor, int)
    found = queries.users(access, people.owner, people.now())
    begin = max(0, place[0]) if place else 0
    return _page(
        request,
        "users",
        "Users",
        verdict=_users_verdict(found),
        users=found[begin : begin + LIMIT],
        total=len(found),
        next=cursor_of(begin + LIMIT) if begin + LIMIT < len(found) else "",
        roles=queries.roles(access, people.owner, people.now()),
    )


def _users_verdict(found: list[UserView]) -> str:
    admins = sum("admin" in each.roles for each in found)
    if len(found) == 1:
        return "You are the only user." if admins else "No user can sign in."
    return f"{len(found)} people may sign in, {admins} of them as admin."


@post("/settings/users", **DONE, **needs("administer"))
async def add_user(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Add a user, and go to their page."""
    form = await _form_fields(request)
    name = form.get("name", [""])[0]
    await console.run(request, ADD, name=name, roles=_roles(form))
    return moved(request, _place(name))


@get("/settings/users/{name:str}", **PAGE, **needs("audit"))
async def show_user(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[str]:
    """Show one user, their sessions and their tokens."""
    people = console.people
    access, now = await people.access(), people.now()
    found = queries.user(access, people.owner, name, now)
    may = ", ".join(found.roles) or "nothing"
    return _page(
        request,
        "user",
        found.name,
        verdict=f"{found.name} is {may} here." if found.roles else f"{found.name} has no role.",
        user=found,
        roles=queries.roles(access, people.owner, now),
        sessions=queries.sessions(await people.sessions(name), request.user),
        tokens=queries.tokens(access, people.store.uses(), now, found.name),
        link="",
        until=0.0,
    )


@post("/settings/users/{name:str}/roles", **DONE, **needs("administer"))
async def change_roles(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[Any]:
    """Set exactly the ticked roles of a user."""
    await console.run(request, CHANGE, name, roles=_roles(await _form_fields(request)))
    return moved(request, _place(name))


@post("/settings/users/{name:str}/invite", **DONE, **needs("administer"))
async def invite_user(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[str]:
    """Show a link to choose a password with."""
    made = await console.run(request, INVITE, name)
    people = console.people
    found = queries.user(await people.access(), people.owner, name, people.now())
    return await answered(
        request,
        "settings/user.html",
        "invitation",
        title=f"Invitation for {found.name}",
        area="settings",
        back=(_place(name), found.name),
        user=found,
        link=link_of(request, made),
        until=made.until,
    )


@post("/settings/users/{name:str}/remove", **DONE, **needs("administer"))
async def remove_user(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[Any]:
    """Remove a user."""
    await console.run(request, REMOVE, name)
    console.people.forget(name)
    return moved(request, "/settings/users")


# Tokens.


@get("/settings/tokens", **PAGE, **needs("sign_in"))
async def show_tokens(
    request: AnyRequest, console: NamedDependency[Console], everybody: FromQuery[bool] = False
) -> Response[str]:
    """Show one's own tokens, or everybody's."""
    people, who = console.people, request.user
    is_wide = everybody and who.may("audit")
    owner = None if is_wide else who.name
    found = queries.tokens(await people.access(), people.store.uses(), people.now(), owner)
    holding = sum(not each.is_over for each in found)
    return _page(
        request,
        "tokens",
        "Tokens",
        verdict=_tokens_verdict(holding, is_wide=is_wide),
        tokens=found,
        everybody=is_wide,
        scopes=[(key, text) for key, text in MEANING.items() if who.may(key)],
        made=None,
    )


def _tokens_verdict(holding: int, *, is_wide: bool) -> str:
    if not holding:
        return "No program acts for anybody." if is_wide else "No program acts for you."
    tokens = "1 token" if holding == 1 else f"{holding} tokens"
    return (
        f"{tokens} of {'everybody' if is_wide else 'yours'} {'holds' if holding == 1 else 'hold'}."
    )


@post("/settings/tokens", **DONE, **needs("sign_in"))
async def issue_token(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Make a token, and show it this once."""
    form = await _form_fields(request)
    scopes = cast("tuple[Permission, ...]", tuple(dict.fromkeys(form.get("scope", ()))))
    days = form.get("days", ["90"])[0]
    seconds = DAY * min(366, int(days)) if days.isdecimal() and int(days[:4]) else DAY
    name = form.get("name", [""])[0]
    made = await console.run(request, ISSUE, name=name, scopes=scopes, seconds=seconds)
    return await answered(
        request,
        "settings/tokens.html",
        "made",
        title="New token",
        area="settings",
        back=("/settings/tokens", "Tokens"),
        made=made,
    )


@post("/settings/tokens/{token:str}/revoke", **DONE, **needs("sign_in"))
async def revoke_token(
    request: AnyRequest, console: NamedDependency[Console], token: FromPath[str]
) -> Response[Any]:
    """Revoke a token."""
    await console.run(request, REVOKE, token)
    return moved(request, "/settings/tokens")


# Sessions and the password.


@get("/settings/sessions", **PAGE, **needs("sign_in"))
async def show_sessions(
    request: AnyRequest, console: NamedDependency[Console], everybody: FromQuery[bool] = False
) -> Response[str]:
    """Show where one is signed in, and to auditors who came."""
    store, who = console.people.store, request.user
    may_audit = who.may("audit")
    is_wide = everybody and may_audit
    found = await console.people.sessions("" if is_wide else who.name)
    browsers = "1 browser" if len(found) == 1 else f"{len(found)} browsers"
    whose = "People are" if is_wide else "You are"
    user = (await console.people.access()).user(who.name)
    return _page(
        request,
        "sessions",
        "Sessions",
        verdict=f"{whose} signed in with {browsers}.",
        sessions=queries.sessions(found, who),
        everybody=is_wide,
        arrivals=queries.arrivals(store.arrivals(limit=ARRIVALS_SHOWN)) if may_audit else [],
        has_password=user is not None and bool(user.password_changed),
        least=PASSWORD_MIN,
    )


@post("/settings/sessions/{session:str}/end", **DONE, **needs("sign_in"))
async def end_session(
    request: AnyRequest, console: NamedDependency[Console], session: FromPath[str]
) -> Response[Any]:
    """Sign a browser out."""
    console.people.end_other(session, request.user)
    return moved(request, "/settings/sessions")


@post("/settings/password", **DONE, **needs("sign_in"))
async def change_password(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Change the caller's password; their other sessions end."""
    form = {key: values[0] for key, values in (await _form_fields(request)).items()}
    who, people = request.user, console.people
    if who.way == "token":
        raise Rejected("password.by_token", "A token cannot set the password of its owner.")
    caller = Caller(who.address, request.headers.get("user-agent", ""))
    await people.refuse_impostor(who.name, form.get("current", ""), caller)
    refuse_bad_password(form.get("password", ""), form.get("again", ""), who.name)
    await console.run(request, SET_PASSWORD, who.name)
    session = who.credential.removeprefix("session-")
    await people.keep_password(who.name, form["password"], but=session)
    return moved(request, "/settings/sessions")


def _page(request: AnyRequest, name: str, title: str, **values: Any) -> Response[str]:
    return page(
        request, f"settings/{name}.html", title=f"{title} · Settings", area="settings", **values
    )


async def _form_fields(request: AnyRequest) -> dict[str, list[str]]:
    """Return the fields of a form; a field may come several times."""
    found: dict[str, list[str]] = {}
    for key, value in (await request.form()).multi_items():
        if isinstance(value, str):
            found.setdefault(key, []).append(value)
    return found


def _roles(form: dict[str, list[str]]) -> tuple[Role, ...]:
    """Return the roles that are ticked; the office refuses what is none."""
    return cast("tuple[Role, ...]", tuple(dict.fromkeys(form.get("role", ()))))


def _place(name: str) -> str:
    return f"/settings/users/{quote(name, safe='')}"


HANDLERS: list[Any] = [
    show_settings,
    show_workspace,
    name_workspace,
    show_roles,
    show_users,
    add_user,
    show_user,
    change_roles,
    invite_user,
    remove_user,
    show_tokens,
    issue_token,
    revoke_token,
    show_sessions,
    end_session,
    change_password,
]
