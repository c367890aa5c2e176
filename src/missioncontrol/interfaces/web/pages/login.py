"""Signing in and out: by a link, a password, an invitation, or a provider."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from missioncontrol.application.access import PROVIDER
from missioncontrol.declarations import Operation
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.principal import Asking, Principal, Way
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.problems import problem_of
from missioncontrol.interfaces.request import AGENT_MAX
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.sign_in.origins import FIRST_PAGE, home_page, local_path, sender
from missioncontrol.interfaces.sign_in.passwords import PASSWORD_MIN, refuse_bad_password
from missioncontrol.interfaces.sign_in.people import SESSION_SECONDS_MAX, Caller, People, SignedIn
from missioncontrol.interfaces.sign_in.providers import PENDING_SECONDS_MAX
from missioncontrol.interfaces.web.rendering import page
from missioncontrol.operations.user import ARRIVE, SET_PASSWORD

AnyRequest = Request[Principal | None, Any, Any]
PAGE: dict[str, Any] = {"include_in_schema": False, **needs("nothing")}

FLOW_PATH = "/sign-in/oidc"

UNPROVEN = frozenset({"oidc.refused", "oidc.not_begun", "oidc.unknown"})
"""Refusals of clients that may not come from a provider. They are not recorded: clients can
have as many as they like, and what is known of those who came would be pushed out by them."""


@get("/sign-in", **PAGE)
async def show_sign_in(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Show the ways to sign in."""
    where = local_path(request.query_params.get("next", ""))
    if request.scope.get("user") is not None:
        return Redirect(where, status_code=303)
    return _form(request, console, where)


@post("/sign-in", status_code=200, **PAGE)
async def sign_in(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Sign a user in by password."""
    form = await _fields(request)
    where = local_path(form.get("next", ""))
    try:
        signed_in = await console.people.by_password(
            form.get("name", ""), form.get("password", ""), _caller(request)
        )
    except MissionControlError as refusal:
        return _form(request, console, where, refusal, form.get("name", ""))
    return _start_session(request, console.people, signed_in, where)


@get("/sign-in/link", **PAGE)
async def follow_link(
    request: AnyRequest, console: NamedDependency[Console], token: FromQuery[str] = ""
) -> Response[Any]:
    """Sign the owner in, once, by the link that `mission up` prints."""
    headers = request.headers
    is_looked_ahead = "prefetch" in headers.get("sec-purpose", headers.get("purpose", ""))
    # A page of another site could sign a visitor in as another user; there the user confirms.
    if is_looked_ahead or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        where = local_path(request.query_params.get("next", ""))
        return _link(request, token=token, next=where)
    return _by_link(request, console, token)


@post("/sign-in/link", status_code=200, **PAGE)
async def use_link(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Do what following a link does, after the user confirmed it."""
    return _by_link(request, console, (await _fields(request)).get("token", ""))


def _by_link(request: AnyRequest, console: Console, token: str) -> Response[Any]:
    try:
        signed_in = console.people.by_link(token, _caller(request))
    except MissionControlError as refusal:
        if request.scope.get("user") is not None:
            return Redirect(
                FIRST_PAGE, status_code=303
            )  # A link that was used by who is in already.
        return _link(request, refusal, token="", next=FIRST_PAGE)
    return _start_session(request, console.people, signed_in, FIRST_PAGE)


@get("/sign-in/invited", **PAGE)
async def show_invitation(
    request: AnyRequest, console: NamedDependency[Console], token: FromQuery[str] = ""
) -> Response[Any]:
    """Show the form in which an invited user chooses a password."""
    try:
        name = await console.people.invited(token)
    except MissionControlError as refusal:
        return _invited(request, "", "", refusal)
    return _invited(request, name, token)


@post("/sign-in/invited", status_code=200, **PAGE)
async def accept_invitation(
    request: AnyRequest, console: NamedDependency[Console]
) -> Response[Any]:
    """Store the password that a user chose, and sign them in."""
    form, people = await _fields(request), console.people
    token, password = form.get("token", ""), form.get("password", "")
    try:
        name = await people.invited(token)
    except MissionControlError as refusal:
        return _invited(request, "", "", refusal)
    try:
        refuse_bad_password(password, form.get("again", ""), name)
        given = SET_PASSWORD.arguments(name, {"invitation": token})
        await _ask(request, console, SET_PASSWORD, given, name, "link", "invitation")
        await people.keep_password(name, password)
    except MissionControlError as refusal:
        return _invited(request, name, token, refusal)
    return _start_session(
        request, people, people.begin(name, "password", _caller(request)), FIRST_PAGE
    )


@get("/sign-in/oidc/{provider:str}", **PAGE)
async def begin_oidc(
    request: AnyRequest, console: NamedDependency[Console], provider: FromPath[str]
) -> Response[Any]:
    """Redirect the user to the provider that vouches for them."""
    where = local_path(request.query_params.get("next", ""))
    try:
        address, browser = await console.people.providers.begin(
            provider, _redirect(request, provider), where, sender(_caller(request).address)
        )
    except MissionControlError as refusal:
        return _form(request, console, where, refusal)
    cookie = _cookie(request, _flow_cookie(console.people), browser, FLOW_PATH, PENDING_SECONDS_MAX)
    return Redirect(address, status_code=303, cookies=[cookie])


@get("/sign-in/oidc/{provider:str}/back", **PAGE)
async def end_oidc(
    request: AnyRequest, console: NamedDependency[Console], provider: FromPath[str]
) -> Response[Any]:
    """Sign in a user for whom a provider vouches."""
    people, query = console.people, request.query_params
    try:
        if "error" in query:
            raise Rejected("oidc.refused", f"The provider returned {query['error'][:80]!r}.")
        browser = request.cookies.get(_flow_cookie(people), "")
        who, where = await people.providers.end(
            provider, query.get("state", ""), query.get("code", ""), browser
        )
        credential = PROVIDER + provider
        given = {each: getattr(who, each) for each in ARRIVE.given.__struct_fields__}
        arguments = ARRIVE.arguments("", given)
        await _ask(request, console, ARRIVE, arguments, who.name, "oidc", credential)
    except MissionControlError as refusal:
        if refusal.code not in UNPROVEN:
            people.note("", "oidc", "refused", _caller(request))
        return _form(request, console, FIRST_PAGE, refusal)
    return _start_session(request, people, people.begin(who.name, "oidc", _caller(request)), where)


@post("/sign-out", status_code=200, **PAGE)
async def sign_out(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """End the caller's session."""
    people = console.people
    secret = request.state.get("session", "")
    if secret:
        people.end(secret, _caller(request))
    request.scope["user"] = None
    answer = page(request, "sign_in/out.html", title="Signed out", area="")
    answer.set_cookie(_cookie(request, people.cookie))
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _form(
    request: AnyRequest,
    console: Console,
    where: str,
    refusal: MissionControlError | None = None,
    name: str = "",
) -> Response[Any]:
    """Return the page of all ways in, with what was wrong about the last try."""
    people, there = console.people, quote(where, safe="")
    return _shown(
        request,
        "sign_in/form.html",
        "Sign in",
        refusal,
        name=name[:200],
        next=where,
        seconds=getattr(refusal, "seconds", 0),
        passwords=bool(people.store.with_password()),
        providers=[(f"{FLOW_PATH}/{key}?next={there}", title) for key, title in people.ways],
    )


def _link(
    request: AnyRequest, refusal: MissionControlError | None = None, **values: Any
) -> Response[Any]:
    return _shown(request, "sign_in/link.html", "Sign in", refusal, **values)


def _invited(
    request: AnyRequest, name: str, token: str, refusal: MissionControlError | None = None
) -> Response[Any]:
    title, least = "Set password", PASSWORD_MIN
    return _shown(
        request, "sign_in/invited.html", title, refusal, name=name, token=token, least=least
    )


def _shown(
    request: AnyRequest,
    template: str,
    title: str,
    refusal: MissionControlError | None,
    **values: Any,
) -> Response[Any]:
    """Return one of the pages at the door, with the status that its refusal has elsewhere."""
    status = problem_of(refusal, request.state.request_id).status if refusal else 200
    context = {"error": str(refusal) if refusal else "", **values}
    found = page(request, template, title=title, area="", status=status, **context)
    found.headers.update(getattr(refusal, "headers", {}))
    return found


async def _ask(
    request: AnyRequest,
    console: Console,
    operation: Operation[Any, Any],
    arguments: dict[str, Any],
    name: str,
    way: Way,
    credential: str,
) -> None:
    """Record through the engine what a user did who is not signed in yet."""
    caller = _caller(request)
    asking = Asking(
        request.state.request_id, (), way, credential, caller.address, caller.agent[:AGENT_MAX]
    )
    await console.line.ask(operation.name, arguments, f"user:{name}", asking)


def _start_session(
    request: AnyRequest, people: People, signed_in: SignedIn, where: str
) -> Response[Any]:
    """Give the browser a session of its own; the one that it came with ends."""
    if old := request.cookies.get(people.cookie):
        people.end(old, _caller(request))
    cookie = session_cookie(request, people, signed_in)
    return Redirect(where, status_code=303, cookies=[cookie])


def session_cookie(request: Request[Any, Any, Any], people: People, signed_in: SignedIn) -> Cookie:
    """Return the cookie of a session that begins."""
    return _cookie(request, people.cookie, signed_in.secret, seconds=SESSION_SECONDS_MAX)


def _cookie(
    request: Request[Any, Any, Any],
    name: str,
    value: str = "",
    path: str = "/",
    seconds: float = 0.0,
) -> Cookie:
    return Cookie(
        name,
        path=path,
        value=value,
        max_age=int(seconds),
        secure=bool(request.state.is_secure),
        httponly=True,
        samesite="lax",  # Not "strict": a link from a message would find the user signed out.
    )


def _flow_cookie(people: People) -> str:
    return f"{people.cookie}-oidc"


def _redirect(request: AnyRequest, provider: str) -> str:
    """Return where a provider sends the browser back to; the gate has looked at the host."""
    return f"{home_page(request)}{FLOW_PATH}/{provider}/back"


def _caller(request: AnyRequest) -> Caller:
    found: Caller = request.state.caller
    return found


async def _fields(request: AnyRequest) -> dict[str, str]:
    return {key: value for key, value in (await request.form()).items() if isinstance(value, str)}


HANDLERS: list[Any] = [
    show_sign_in,
    sign_in,
    follow_link,
    use_link,
    show_invitation,
    accept_invitation,
    begin_oidc,
    end_oidc,
    sign_out,
]
