"""Pages for all workspaces of a console: the home, signing in, the emergency stop of several."""

import secrets
from typing import Annotated, Any

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect

from missioncontrol.application.asks import StopAll
from missioncontrol.domain.errors import MissionControlError, NotFound, Unavailable
from missioncontrol.domain.principal import Asking
from missioncontrol.domain.workspace import is_name
from missioncontrol.interfaces.api.problems import answer_with
from missioncontrol.interfaces.base_path import PREFIX
from missioncontrol.interfaces.request import AGENT_MAX
from missioncontrol.interfaces.sign_in.guard import needs, permitted
from missioncontrol.interfaces.sign_in.masking import unmasked
from missioncontrol.interfaces.sign_in.origins import FIRST_PAGE, home_page
from missioncontrol.interfaces.sign_in.people import Caller
from missioncontrol.interfaces.sign_in.refusals import bad_csrf, wrong_link
from missioncontrol.interfaces.web.assets import HANDLERS as ASSETS
from missioncontrol.interfaces.web.pages.login import session_cookie
from missioncontrol.interfaces.web.rendering import fragment, is_part, page, problem_page
from missioncontrol.interfaces.web.workspaces_view import Note, is_owner, page_values
from missioncontrol.interfaces.workspaces import SignedIn, WorkspaceRouter
from missioncontrol.operations.user import NAME_WORKSPACE
from missioncontrol.operations.workspace import ARCHIVE, CREATE, RESTORE

AnyRequest = Request[None, Any, Any]
PAGE: dict[str, Any] = {"include_in_schema": False, **needs("nothing")}
TEMPLATE = "workspaces/home.html"
DONE = {
    "rename": "renamed",
    "archive": "archived; no data is deleted, and you can open it again here",
    "restore": "opens within seconds",
}
CSRF = "csrf-"
"""Before the name of a workspace: what its session has to send with a change."""

Text = Annotated[str, QueryParameter(max_length=200)]


@get(["/", "/w"], **PAGE)
async def show_home(request: AnyRequest) -> Response[Any]:
    """Show how each workspace stands in which the person is signed in."""
    mine = await _mine(request)
    if "sign-in" in request.query_params or not mine:
        return _form(request)
    values = await page_values(_router(request), mine)
    if is_part(request):
        return fragment(request, TEMPLATE, "now", **values)
    return page(request, TEMPLATE, title="Workspaces", area="", **values, notes=())


@get("/sign-in", **PAGE)
async def choose_workspace(request: AnyRequest, workspace: Text = "") -> Response[Any]:
    """Lead to the sign-in of a workspace that a person names; no page lists them for strangers."""
    if not workspace:
        return _form(request)
    name = workspace.strip().lower()
    if not is_name(name):
        return _form(request, f"{name[:40]} can't be the name of a workspace.", status=400)
    return Redirect(f"{PREFIX}{name}/sign-in", status_code=303)


@get("/sign-in/link", **PAGE)
async def follow_link(request: AnyRequest, token: FromQuery[str] = "") -> Response[Any]:
    """Sign the owner in to all workspaces, once, by the link that `mission up` prints."""
    headers = request.headers
    is_looked_ahead = "prefetch" in headers.get("sec-purpose", headers.get("purpose", ""))
    if is_looked_ahead or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return _link(request, token)
    return await _by_link(request, token)


@post("/sign-in/link", status_code=200, **PAGE)
async def use_link(request: AnyRequest) -> Response[Any]:
    """Do what following a link does, after the user confirmed it."""
    return await _by_link(request, str((await request.form()).get("token", "")))


@post("/stop", status_code=200, **PAGE)
async def stop_all(request: AnyRequest) -> Response[Any]:
    """End all work in each workspace where the person may; the form proves each session.

    Raises:
        Forbidden: `request.forged`, where it proves none.
    """
    form = await request.form()
    proven = [each for each in await _proven(request) if each.principal.may("stop")]
    if not proven:
        raise bad_csrf()
    ask = msgspec.to_builtins(StopAll(str(form.get("reason", "")).strip()))
    notes = []
    for each in proven:
        try:
            await _submit(request, each, StopAll.__name__, ask)
        except MissionControlError as refusal:
            notes.append(Note("bad", f"{each.workspace.name} was not stopped: {refusal}"))
    return await _changed(request, notes)


@post("/workspaces", status_code=200, **PAGE)
async def create_workspace(request: AnyRequest) -> Response[Any]:
    """Create a workspace for the owner of the root, and show the invitation of its first admin."""
    form = await request.form()
    given = {key: str(form.get(key, "")).strip() for key in ("name", "person")}
    by = await _owned(request)
    if by is None:
        raise bad_csrf()
    try:
        answer = await _submit(request, by, CREATE.name, given)
    except MissionControlError as refusal:
        return await _changed(request, [Note("bad", f"No workspace was created: {refusal}")])
    name, invitation = answer["name"], answer.get("invitation")
    text = f"The workspace {name} is created, and opens within seconds."
    link = f"{home_page(request)}{PREFIX}{name}/sign-in/invited?token={invitation}"
    return await _changed(request, [Note("ok", text, link if invitation else "")])


@post("/workspaces/{name:str}/{change:str}", status_code=200, **PAGE)
async def change_workspace(
    request: AnyRequest, name: FromPath[str], change: FromPath[str]
) -> Response[Any]:
    """Archive, restore or rename a workspace.

    Raises:
        NotFound: `request.unknown`.
        Forbidden: `request.forged`, also where a session may not do it.
    """
    title = str((await request.form()).get("title", "")).strip()
    match change:
        case "rename":
            by, verb, given = await _admin_of(request, name), NAME_WORKSPACE.name, {"name": title}
        case "archive":
            by, verb, given = await _owned(request, but=name), ARCHIVE.name, {"name": name}
        case "restore":
            by, verb, given = await _owned(request), RESTORE.name, {"name": name}
        case _:
            raise NotFound("request.unknown", "There is no such page.")
    if by is None:
        raise bad_csrf()
    try:
        await _submit(request, by, verb, given)
    except MissionControlError as refusal:
        return await _changed(request, [Note("bad", str(refusal))])
    return await _changed(request, [Note("ok", f"{name}: {DONE[change]}.")])


@get(["/w/{name:str}", "/w/{name:str}/{rest:path}"], **PAGE)
async def lead(request: AnyRequest, name: FromPath[str]) -> Response[Any]:
    """Lead to the first page of a workspace.

    Raises:
        NotFound: `workspace.unknown`.
        Unavailable: `workspace.unavailable`.
    """
    router = _router(request)
    if name in router.served:
        return Redirect(f"{PREFIX}{name}/", status_code=303)
    if name in router.faults:
        raise Unavailable(
            "workspace.unavailable",
            f"The workspace {name} is not open.",
            hint="It may be starting. If it stays so, the output of `mission up` has the reason.",
        )
    raise NotFound("workspace.unknown", "There is no such workspace.")


def application(router: WorkspaceRouter) -> Litestar:
    """Return the application of the pages for all workspaces."""
    return Litestar(
        [
            *(show_home, choose_workspace, follow_link, use_link, stop_all, lead),
            *(create_workspace, change_workspace),
            *ASSETS,
        ],
        guards=[permitted],
        state=State({"workspaces": router}),
        exception_handlers={Exception: answer_with(problem_page)},
        openapi_config=None,
        logging_config=None,
    )


def _router(request: AnyRequest) -> WorkspaceRouter:
    found: WorkspaceRouter = request.app.state.workspaces
    return found


def _caller(request: AnyRequest) -> Caller:
    found: Caller = request.state.caller
    return found


async def _mine(request: AnyRequest) -> list[SignedIn]:
    return await _router(request).signed_in(request.cookies, _caller(request))


def _form(request: AnyRequest, error: str = "", *, status: int = 200) -> Response[Any]:
    template = "workspaces/sign_in.html"
    return page(request, template, title="Sign in", area="", status=status, error=error)


def _link(request: AnyRequest, token: str, error: str = "") -> Response[Any]:
    status, values = (401, {"token": "", "error": error}) if error else (200, {"error": ""})
    shown = {"token": token, **values, "next": FIRST_PAGE}
    return page(request, "sign_in/link.html", title="Sign in", area="", status=status, **shown)


async def _by_link(request: AnyRequest, token: str) -> Response[Any]:
    found = [
        session_cookie(request, each.console.people, signed_in)
        for each in _router(request).served.values()
        if (signed_in := each.console.people.by_shared_link(token, _caller(request))) is not None
    ]
    if found or await _mine(request):
        return Redirect(PREFIX, status_code=303, cookies=found)
    return _link(request, "", str(wrong_link()))


async def _changed(request: AnyRequest, notes: list[Note]) -> Response[Any]:
    """Return the page as it is after a change."""
    values = await page_values(_router(request), await _mine(request))
    return page(request, TEMPLATE, title="Workspaces", area="", **values, notes=notes)


async def _owned(request: AnyRequest, *, but: str = "") -> SignedIn | None:
    """Return a proven session of the owner; where there is a choice, not the one in `but`."""
    found = [each for each in await _proven(request) if is_owner(each)]
    return next((each for each in found if each.workspace.name != but), next(iter(found), None))


async def _admin_of(request: AnyRequest, name: str) -> SignedIn | None:
    """Return a proven session of an admin of a workspace."""
    found = [each for each in await _proven(request) if each.workspace.name == name]
    return next((each for each in found if each.principal.may("administer")), None)


async def _proven(request: AnyRequest) -> list[SignedIn]:
    """Return the sessions of the sender that the form proves."""
    form = await request.form()
    return [each for each in await _mine(request) if _is_proven(each, form)]


def _is_proven(signed_in: SignedIn, form: Any) -> bool:
    given = unmasked(str(form.get(CSRF + signed_in.workspace.name, "")))
    wanted = signed_in.workspace.console.people.csrf(signed_in.secret)
    return secrets.compare_digest(given.encode(), wanted.encode())


async def _submit(
    request: AnyRequest, signed_in: SignedIn, verb: str, arguments: dict[str, Any]
) -> Any:
    """Have the engine of a workspace do something for the person of a session.

    Raises:
        MissionControlError: as the engine refuses it.
    """
    workspace, who, _ = signed_in
    caller = _caller(request)
    asking = Asking(
        secrets.token_hex(16),
        tuple(sorted(who.permissions)),
        who.way,
        who.credential,
        caller.address,
        caller.agent[:AGENT_MAX],
    )
    answer = await workspace.console.line.ask(verb, arguments, who.actor, asking)
    await workspace.console.present.catch_up()
    return answer
