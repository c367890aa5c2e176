"""Agents as a resource of the API: who does the work, how they stand, and what they did."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.agents import DRAIN_SECONDS, AgentAsked
from missioncontrol.application.queries import agents as queries
from missioncontrol.application.queries.agents import AgentDetail, AgentView
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.conditional import (
    CHANGED,
    KNOWN,
    IfMatch,
    refuse_stale,
    tag_of,
    tagged,
)
from missioncontrol.surfaces.http import handlers_of
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, cursor_of, place_of

AnyRequest = Request[Principal, Any, Any]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Why = Annotated[str, msgspec.Meta(max_length=2_000)]
Because = Annotated[str, QueryParameter(max_length=2_000, description="Why, for the record.")]
Hours = Annotated[
    int, QueryParameter(ge=1, le=24 * 90, description="Over how many hours they are measured.")
]
Wait = Annotated[float, msgspec.Meta(ge=0, le=7 * 86_400)]
Verb = Literal["start", "stop", "restart", "drain", "scale"]


class NewAgent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agent to be declared."""

    name: Name
    declared: dict[str, Any]  # in the words of `agents.toml`: kind, model, settings, limits …
    reason: Why = ""
    start: bool = True  # whether it starts work at once, if its health check passes


class ChangedAgent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agent as it is to be from now on."""

    declared: dict[str, Any]
    reason: Why = ""


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an agent is to begin or end its work."""

    reason: Why = ""


class Ending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an agent is to end its work."""

    reason: Why = ""
    seconds_max: Wait = DRAIN_SECONDS  # after which what it has not ended is interrupted


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much an agent is to work on at once."""

    scale: Annotated[int, msgspec.Meta(ge=1, le=1_000)]
    reason: Why = ""


@get("/agents", summary="List agents", **needs("read"))
async def list_agents(
    console: NamedDependency[Console],
    cursor: Cursor = "",
    limit: Limit = LIMIT,
    hours: Hours = 24,
) -> Page[AgentView]:
    """Return agents by name: how they stand, and what they did in the last hours."""
    place = place_of(cursor, str)
    found = await queries.agents(
        console.present, console.instruments, console.instruments.now, hours=hours
    )
    left = [each for each in found if place is None or each.name > place[0]]
    more = cursor_of(left[limit - 1].name) if len(left) > limit else ""
    return Page(left[:limit], more)


@get("/agents/{name:str}", summary="An agent", responses=KNOWN, **needs("read"))
async def get_agent(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[AgentDetail]:
    """Return how an agent stands, all that is declared of it, what it did, and its life so far."""
    found = await detail(console, name)
    return tagged(request, found, tag_of(found.version, found.agent.measures, found.work))


async def detail(console: Console, name: str) -> AgentDetail:
    """Return an agent as it is now.

    Raises:
        NotFound: `agent.unknown`.
    """
    return await queries.agent_detail(
        console.present,
        console.instruments,
        console.shelf.cards(),
        name,
        console.instruments.now,
    )


@post(
    "/agents",
    summary="Declare an agent",
    response_headers=[ResponseHeader(name="Location", description="The agent", value="")],
    **needs("govern"),
)
async def add_agent(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[NewAgent]
) -> Response[AgentDetail]:
    """Declare an agent with the fields of `agents.toml`, and check that it works."""
    declared = console.instruments.declare(data.name, data.declared)
    ask = AgentAsked("add", data.name, data.reason, declared, start=data.start)
    await console.ask(request, ask)
    where = {"Location": f"/api/v1/agents/{data.name}"}
    return Response(await detail(console, data.name), status_code=201, headers=where)


@put("/agents/{name:str}", summary="Change an agent", responses=CHANGED, **needs("govern"))
async def change_agent(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    data: JSONBody[ChangedAgent],
    if_match: IfMatch = "",
) -> AgentDetail:
    """Replace the declaration of an agent; a working agent restarts with the new one."""
    await _refuse_stale(console, name, if_match)
    queries.life_of(console.present, console.instruments, name)
    declared = console.instruments.declare(name, data.declared)
    ask = AgentAsked("add", name, data.reason, declared, replace=True, start=False)
    await console.ask(request, ask)
    return await detail(console, name)


async def _refuse_stale(console: Console, name: str, if_match: str) -> None:
    if if_match:
        found = await detail(console, name)
        tag = tag_of(found.version, found.agent.measures, found.work)
        refuse_stale(if_match, tag, f"Agent {name!r}")


@delete(
    "/agents/{name:str}",
    status_code=204,
    summary="Remove an agent",
    responses=CHANGED,
    **needs("govern"),
)
async def remove_agent(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    reason: Because = "",
    if_match: IfMatch = "",
) -> None:
    """Remove an agent that is stopped; its past stays in the log."""
    await _refuse_stale(console, name, if_match)
    await turn(console, request, AgentAsked("remove", name, reason))


async def turn(console: Console, request: AnyRequest, ask: AgentAsked) -> None:
    """Start or stop the work of an agent.

    Raises:
        NotFound: `agent.unknown`.
        Rejected: see `domain.lifecycle.decide`.
    """
    queries.life_of(console.present, console.instruments, ask.name)
    await console.ask(request, ask)


Turning = Callable[..., Awaitable[AgentDetail]]


async def turning(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Turning:
    """Return a function that starts or stops the agent and returns its state afterwards."""

    async def ask(verb: Verb, reason: str, **more: Any) -> AgentDetail:
        await turn(console, request, AgentAsked(verb, name, reason, **more))
        return await detail(console, name)

    return ask


TURN: Mapping[str, Any] = {
    "status_code": 200,
    "dependencies": {"turning": Provide(turning)},
    **needs("govern"),
}
"""Options that the routes to start or stop an agent share."""


@post(
    ["/agents/{name:str}/start", "/agents/{name:str}/resume"],
    summary="Start an agent",
    **TURN,
)
async def start_agent(turning: NamedDependency[Turning], data: JSONBody[Turn]) -> AgentDetail:
    """Start an agent, once its health check passes."""
    return await turning("start", data.reason)


@post("/agents/{name:str}/stop", summary="Stop an agent", **TURN)
async def stop_agent(turning: NamedDependency[Turning], data: JSONBody[Turn]) -> AgentDetail:
    """End all that an agent works on; its steps are ready again."""
    return await turning("stop", data.reason)


@post(
    ["/agents/{name:str}/drain", "/agents/{name:str}/pause"],
    summary="Drain an agent",
    **TURN,
)
async def drain_agent(turning: NamedDependency[Turning], data: JSONBody[Ending]) -> AgentDetail:
    """Drain an agent: it finishes its current work and starts nothing new."""
    return await turning("drain", data.reason, seconds_max=data.seconds_max)


@post("/agents/{name:str}/restart", summary="Start an agent again", **TURN)
async def restart_agent(turning: NamedDependency[Turning], data: JSONBody[Ending]) -> AgentDetail:
    """Restart an agent after its current work; its health check runs again."""
    return await turning("restart", data.reason, seconds_max=data.seconds_max)


@post("/agents/{name:str}/scale", summary="Scale an agent", **TURN)
async def scale_agent(turning: NamedDependency[Turning], data: JSONBody[Scale]) -> AgentDetail:
    """Say how many steps an agent works on at once."""
    return await turning("scale", data.reason, scale=data.scale)


HANDLERS: list[Any] = [
    *handlers_of("agent"),
    list_agents,
    get_agent,
    add_agent,
    change_agent,
    remove_agent,
    start_agent,
    stop_agent,
    drain_agent,
    restart_agent,
    scale_agent,
]
