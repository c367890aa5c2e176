"""Pages for all workspaces of a console: the home, signing in, the emergency stop of several."""

import secrets
from typing import Annotated, Any

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect

from missioncontrol.application.asks import StopAll
from missioncontrol.application.inbox.reader import count_of
from missioncontrol.application.queries.shell import SHOWN_MAX, shell_of
from missioncontrol.domain.errors import MissionControlError, NotFound, Unavailable
from missioncontrol.domain.principal import Asking
from missioncontrol.domain.status import OPEN
from missioncontrol.domain.workspace import is_name
from missioncontrol.interfaces.api.problems import answer_with
from missioncontrol.interfaces.base_path import PREFIX
from missioncontrol.interfaces.request import AGENT_MAX
from missioncontrol.interfaces.sign_in.guard import needs, permitted
from missioncontrol.interfaces.sign_in.masking import masked, unmasked
from missioncontrol.interfaces.sign_in.origins import FIRST_PAGE
from missioncontrol.interfaces.sign_in.people import Caller
from missioncontrol.interfaces.sign_in.refusals import bad_csrf, wrong_link
from missioncontrol.interfaces.web.assets import HANDLERS as ASSETS
from missioncontrol.interfaces.web.pages.login import session_cookie
from missioncontrol.interfaces.web.rendering import fragment, is_part, page, problem_page
from missioncontrol.interfaces.workspaces import SignedIn, WorkspaceRouter

AnyRequest = Request[None, Any, Any]
PAGE: dict[str, Any] = {"include_in_schema": False, **needs("nothing")}
TEMPLATE = "workspaces/home.html"
SHOWN_NAMES = 2
CSRF = "csrf-"
"""Before the name of a workspace: what its session has to send with a change."""

STAGES = {
    "stopped": "Everything is stopped",
    "paused": "Paused: no steps start",
    "drain": "Draining: only started work continues",
}
Text = Annotated[str, QueryParameter(max_length=200)]


class Row(msgspec.Struct, frozen=True):
    """One workspace as a person may see it; counts are at most `SHOWN_MAX`."""

    name: str
    href: str
    user: str
    csrf: str  # "" where the person may not stop work there
    status: str = "No permission to read it"
    tone: str = "held"
    command: str = ""  # starts an engine that is down
    is_read: bool = False
    is_stopped: bool = False
    needs: int = 0  # items that need the person
    runs: int = 0  # that have not ended
    stuck: int = 0
    spent: int = 0  # today, in micro-dollars
    cap: int | None = None


@get(["/", "/w"], **PAGE)
async def show_home(request: AnyRequest) -> Response[Any]:
    """Show how each workspace stands in which the person is signed in."""
    mine = await _mine(request)
    if "sign-in" in request.query_params or not mine:
        return _form(request)
    rows = [await _row(each) for each in mine]
    values: dict[str, Any] = {"rows": rows, "verdict": _verdict(rows), "most": SHOWN_MAX - 1}
    if is_part(request):
        return fragment(request, TEMPLATE, "now", **values)
    return page(request, TEMPLATE, title="Workspaces", area="", **values, stopped=())


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
    proven = [each for each in await _mine(request) if _is_proven(each, form)]
    if not proven:
        raise bad_csrf()
    reason = str(form.get("reason", "")).strip()
    stopped = [await _stop(request, each, reason) for each in proven]
    rows = [await _row(each) for each in await _mine(request)]
    values: dict[str, Any] = {
        "rows": rows,
        "verdict": _verdict(rows),
        "most": SHOWN_MAX - 1,
        "stopped": stopped,
    }
    return page(request, TEMPLATE, title="Workspaces", area="", **values)


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
        [show_home, choose_workspace, follow_link, use_link, stop_all, lead, *ASSETS],
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


async def _row(signed_in: SignedIn) -> Row:
    """Return how a workspace stands. What is broken in one does not hide the others."""
    workspace, who, secret = signed_in
    csrf = masked(workspace.console.people.csrf(secret)) if who.may("stop") else ""
    row = Row(workspace.name, f"{workspace.base}/", who.name, csrf)
    if not who.may("read"):
        return row
    try:
        return await _read(row, signed_in)
    except Exception as error:  # noqa: BLE001 - the edge: a damaged log is reported in its row
        reason = str(error) if isinstance(error, MissionControlError) else type(error).__name__
        return msgspec.structs.replace(row, status=f"Can't be read: {reason}", tone="bad")


async def _read(row: Row, signed_in: SignedIn) -> Row:
    console, who = signed_in.workspace.console, signed_in.principal
    shell = await shell_of(console.present, console.instruments)
    needed = await count_of(console.present, console.owner, who, console.now)
    counts = console.present.statuses.counts()
    stuck = len(console.present.statuses.stuck())
    status, tone = "Accepting work", "ok"
    if not console.line.is_open:
        status, tone = "The engine is down", "bad"
    elif shell.stage != "all":
        status, tone = STAGES[shell.stage], "bad" if shell.stage == "stopped" else "held"
    elif stuck:
        status, tone = f"{stuck} stuck", "bad"
    return msgspec.structs.replace(
        row,
        status=status,
        tone=tone,
        command="" if console.line.is_open else console.line.start,
        is_stopped=shell.stage == "stopped",
        is_read=True,
        needs=min(needed, SHOWN_MAX),
        runs=min(sum(counts.get(status, 0) for status in OPEN), SHOWN_MAX),
        stuck=min(stuck, SHOWN_MAX),
        spent=shell.spent,
        cap=shell.cap,
    )


def _verdict(rows: list[Row]) -> str:
    """Return how all stand, in a sentence or two."""
    down = [row.name for row in rows if row.command]
    stopped = [row.name for row in rows if row.is_stopped]
    needed, stuck = sum(row.needs for row in rows), sum(row.stuck for row in rows)
    parts = []
    if down:
        parts.append(f"{_named(down)} {'has' if len(down) == 1 else 'have'} no engine at work.")
    if stopped:
        parts.append(f"Everything is stopped in {_named(stopped)}.")
    if needed:
        parts.append(f"{needed} {'item needs' if needed == 1 else 'items need'} you.")
    if stuck:
        parts.append(f"{stuck} {'run is' if stuck == 1 else 'runs are'} stuck.")
    return " ".join(parts) or "Nothing needs you."


def _named(names: list[str]) -> str:
    """Return a few names, and how many more there are."""
    if len(names) <= SHOWN_NAMES:
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1} more workspaces"


def _is_proven(signed_in: SignedIn, form: Any) -> bool:
    given = unmasked(str(form.get(CSRF + signed_in.workspace.name, "")))
    wanted = signed_in.workspace.console.people.csrf(signed_in.secret)
    return signed_in.principal.may("stop") and secrets.compare_digest(
        given.encode(), wanted.encode()
    )


async def _stop(request: AnyRequest, signed_in: SignedIn, reason: str) -> tuple[str, str]:
    """Stop all work in one workspace; return its name, and why it was refused or ""."""
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
    ask = msgspec.to_builtins(StopAll(reason))
    try:
        await workspace.console.line.ask(StopAll.__name__, ask, who.actor, asking)
    except MissionControlError as refusal:
        return workspace.name, str(refusal)
    return workspace.name, ""
