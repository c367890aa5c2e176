"""The pages of agents: how each stands and what it did, one of them in full, and what steers it."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter, URLEncodedBody

from missioncontrol.application.agents import AgentAsked
from missioncontrol.application.queries import agents as queries
from missioncontrol.application.queries.agents import AgentView
from missioncontrol.application.queries.measures import health
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.agents import detail, turn
from missioncontrol.interfaces.api.elevations import of_agent
from missioncontrol.interfaces.api.operation import operation_now
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.pages.agent_sessions import listed
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
View = Literal["table", "cards"]
Words = Annotated[str, QueryParameter(max_length=200)]

TROUBLED = ("failed", "blocked", "lost")
LIST = "agents/list.html"
ONE = "agents/agent.html"


@get("/agents", include_in_schema=False, **needs("read"))
async def list_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    view: FromQuery[View] = "table",
    q: Words = "",
    status: Words = "",
) -> Response[str]:
    """Show all agents, as a table or as cards."""
    now = console.instruments.now
    found = await queries.agents(console.present, console.instruments, now)
    values: dict[str, Any] = {
        "agents": [each for each in found if _fits(each, q, status)],
        "view": view,
        "q": q,
        "chosen": status,
    }
    if is_part(request) and not request.headers.get("hx-target", "").endswith("agents-now"):
        return fragment(request, LIST, "rows", **values)
    values |= {
        "verdict": verdict(found),
        "health": await health(console.present, console.instruments, now),
        "operation": await operation_now(console.present),
        "sessions": await listed(request, console),
    }
    if is_part(request):
        return fragment(request, LIST, "now", **values)
    return page(request, LIST, title="Agents", area="agents", **values)


def _fits(agent: AgentView, q: str, status: str) -> bool:
    text = f"{agent.name} {agent.kind} {agent.model} {' '.join(agent.capabilities)}".lower()
    return q.lower() in text and status in ("", agent.status)


def verdict(found: list[AgentView]) -> str:
    """Return in a sentence how the agents stand."""
    active = sum(each.status == "active" for each in found)
    troubled = [each for each in found if each.status in TROUBLED]
    ready = sum(each.status == "idle" for each in found)
    busy = f"{active} of {len(found)} agents {'works' if active == 1 else 'work'}"
    if not active:
        busy = (
            f"{ready} of {len(found)} agents {'is' if ready == 1 else 'are'} ready, none works now"
        )
    held = sum(len(each.stuck) for each in found)
    if held:
        names = ", ".join(f"{each.name} is {each.status}" for each in found if each.stuck)
        return f"{busy}. {names}, and {formats.count(held, 'run is', 'runs are')} stuck."
    if not troubled:
        return f"{busy}. None is in trouble."
    names = ", ".join(f"{each.name} is {each.status}" for each in troubled[:2])
    more = f", and {len(troubled) - 2} more are in trouble" if len(troubled) > 2 else ""
    return f"{busy}. {names}{more}."


@get("/agents/{name:str}", include_in_schema=False, **needs("read"))
async def agent_page(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[str]:
    """Show one agent: how it stands, what it did, what steers it, and its life so far."""
    found = await detail(console, name)
    values: dict[str, Any] = {
        "agent": found.agent,
        "detail": found,
        "elevations": of_agent(request, console, name),
        "declared": msgspec.json.format(
            msgspec.json.encode(_without_empty(found.declared)), indent=2
        ).decode(),
    }
    if is_part(request):
        return fragment(request, ONE, "standing", **values)
    return page(request, ONE, title=name, area="agents", **values)


def _without_empty(declared: dict[str, Any]) -> dict[str, Any]:
    """Return what is declared without what is empty: it is shown, and nothing follows from it."""
    return {key: value for key, value in declared.items() if value not in ("", None, [], {}, 0)}


@get("/agents/new", include_in_schema=False, **needs("govern"))
async def new_page(request: AnyRequest) -> Response[str]:
    """Show the form for an agent."""
    return page(request, "agents/new.html", title="New agent", area="agents")


@post("/agents/new", include_in_schema=False, status_code=200, **needs("govern"))
async def add(request: AnyRequest, console: NamedDependency[Console], data: Form) -> Response[Any]:
    """Declare an agent, and check that it works."""
    name = data.get("name", "").strip()
    declared = console.instruments.declare(name, parse_agent(data))
    ask = AgentAsked("add", name, data.get("reason", ""), declared, start=data.get("start") == "on")
    await console.ask(request, ask)
    return moved(request, f"/agents/{quote(name, safe='')}")


def parse_agent(data: dict[str, str]) -> dict[str, Any]:
    """Return what a form says of an agent, in the words of the file of agents.

    Raises:
        Rejected: `agent.malformed`.
    """
    entry: dict[str, Any] = {
        name: text
        for name in ("kind", "model", "description")
        if (text := data.get(name, "").strip())
    }
    if capabilities := data.get("capabilities", "").replace(",", " ").split():
        entry["capabilities"] = capabilities
    if scale := data.get("scale", "").strip():
        entry["scale"] = int(scale) if scale.isdecimal() else scale
    if settings := data.get("settings", "").strip():
        try:
            entry["settings"] = msgspec.json.decode(settings, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Rejected(
                "agent.malformed",
                f"The settings are not a JSON object: {error}.",
                hint='Write them as {"program": "codex"}.',
            ) from None
    return entry


@post("/agents/{name:str}/{verb:str}", include_in_schema=False, status_code=200, **needs("govern"))
async def steer(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    verb: FromPath[Literal["start", "stop", "restart", "drain", "scale", "remove"]],
    data: Form,
) -> Response[Any]:
    """Start or stop an agent, or change how much it works on at once."""
    reason = data.get("reason", "").strip()
    if verb in ("drain", "restart") and data.get("within"):
        seconds = _seconds(data["within"])
        ask = AgentAsked(verb, name, reason, seconds_max=seconds)
    elif verb == "scale":
        ask = AgentAsked("scale", name, reason, scale=_scale(data.get("scale", "")))
    else:
        ask = AgentAsked(verb, name, reason)
    await turn(console, request, ask)
    return moved(request, "/agents" if verb == "remove" else f"/agents/{quote(name, safe='')}")


def _seconds(text: str) -> float:
    seconds = seconds_of(text)
    if isinstance(seconds, str):
        raise Rejected("agent.bad_time", f"{text[:40]!r} is no time.", hint=seconds)
    return seconds


def _scale(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise Rejected(
            "agent.bad_scale",
            f"{text[:40]!r} is not a number of attempts.",
            hint="Enter a number, for example 4.",
        )
    return int(text)


HANDLERS: list[Any] = [list_page, new_page, add, agent_page, steer]
