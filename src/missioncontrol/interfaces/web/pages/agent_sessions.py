"""The pages of agent sessions: their list on the page of agents, one in full, and its adoption."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody

from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page
from missioncontrol.operations.agent_session import ADOPT
from missioncontrol.queries import agent_session as queries
from missioncontrol.queries.agent_session import AgentSessionView, SessionFilters

Form = URLEncodedBody[dict[str, str]]
AnyRequest = Request[Principal, Any, Any]
ONE = "agents/session.html"


async def listed(request: AnyRequest, console: Console) -> list[AgentSessionView]:
    """Return the sessions that the page of agents shows."""
    return await queries.sessions(console.reader(request.user), SessionFilters())


@get("/agents/sessions/now", include_in_schema=False, **needs("read"))
async def sessions_now(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show the sessions as they are now, for the page of agents."""
    found = await listed(request, console)
    return fragment(request, "agents/list.html", "sessions", sessions=found)


@get("/agents/sessions/{session:str}", include_in_schema=False, **needs("read"))
async def session_page(
    request: AnyRequest, console: NamedDependency[Console], session: FromPath[str]
) -> Response[str]:
    """Show one session: what it does, what it waits for, and what it used."""
    found = await queries.session(console.reader(request.user), session)
    values: dict[str, Any] = {
        "session": found,
        "verdict": _verdict(found, console.now),
        "tasks": queries.tasks_for(console.present, found.directory) if found.can_adopt else [],
    }
    if is_part(request):
        return fragment(request, ONE, "now", **values)
    return page(request, ONE, title=found.name, area="agents", **values)


def _verdict(found: AgentSessionView, now: float) -> str:
    since = formats.span(max(now - found.since, 0.0))
    if found.is_over:
        return f"It {'has ended' if found.status == 'ended' else 'was lost'} {since} ago."
    if found.status == "waiting":
        return f"{found.standing}, since {since}."
    return f"It has worked for {since}."


@post(
    "/agents/sessions/{session:str}/adopt",
    include_in_schema=False,
    status_code=200,
    **needs("operate"),
)
async def adopt(
    request: AnyRequest, console: NamedDependency[Console], session: FromPath[str], data: Form
) -> Response[Any]:
    """Make the session a step of a run, and open that."""
    given = {name: data.get(name, "").strip() for name in ("builder", "instruction", "task")}
    made = await console.run(request, ADOPT, session, **given)
    return moved(request, f"/runs/{made.run}")


HANDLERS: list[Any] = [sessions_now, session_page, adopt]
