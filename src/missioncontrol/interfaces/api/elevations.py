"""Wider modes of agents as resources of the API: asked for, agreed to by another person, ended."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from missioncontrol.application.elevations import ElevationWished
from missioncontrol.application.queries import elevations as queries
from missioncontrol.application.queries.agents import life_of
from missioncontrol.application.queries.elevations import ElevationView
from missioncontrol.domain.elevation import PATHS_MAX, REASON_MAX, Mode
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, cursor_of, place_of

AnyRequest = Request[Principal, Any, Any]
Why = Annotated[str, msgspec.Meta(max_length=REASON_MAX)]
Path = Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]


class WiderMode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request for a wider mode."""

    modes: Annotated[tuple[Mode, ...], msgspec.Meta(max_length=10)]
    reason: Why
    seconds: float  # how long it lasts once a person approves it; at most 24 hours
    paths: Annotated[tuple[Path, ...], msgspec.Meta(max_length=PATHS_MAX)] = ()  # with `outside`


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reason why a person approves, refuses or ends it."""

    reason: Why = ""


@get("/elevations", summary="List wider modes of agents", **needs("read"))
async def list_elevations(
    request: AnyRequest,
    console: NamedDependency[Console],
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[ElevationView]:
    """Return what waits for an answer, what lapses first before others, then what is in force."""
    place = place_of(cursor, bool, float, str)
    found = waiting_and_given(request, console)
    left = [each for each in found if place is None or queries.urgency(each) > place]
    more = cursor_of(*queries.urgency(left[limit - 1])) if len(left) > limit else ""
    return Page(left[:limit], more)


@get("/agents/{name:str}/elevations", summary="Wider modes of an agent", **needs("read"))
async def list_of_agent(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Page[ElevationView]:
    """Return what is asked for, and what is in force: at most one of each."""
    return Page(of_agent(request, console, name))


def waiting_and_given(request: AnyRequest, console: Console) -> list[ElevationView]:
    """Return pending and active elevations, as the signed-in user sees them."""
    return queries.elevations(
        console.present,
        console.shelf.cards(),
        console.instruments.now,
        actor=request.user.actor,
    )


def of_agent(request: AnyRequest, console: Console, name: str) -> list[ElevationView]:
    """Return those of one agent.

    Raises:
        NotFound: `agent.unknown`.
    """
    life = life_of(console.present, console.instruments, name)
    now, actor = console.instruments.now, request.user.actor
    return queries.elevations_of(life, console.shelf.cards(), now, actor)


async def request_elevation(
    request: AnyRequest, console: Console, asked: ElevationWished
) -> Page[ElevationView]:
    """Send a request or decision about a wider mode to the engine; return all elevations.

    Raises:
        NotFound: `agent.unknown`, `elevation.unknown`.
        Rejected: see `domain.lifecycle.elevation_rules`.
    """
    life_of(console.present, console.instruments, asked.name)
    await console.ask(request, asked)
    return Page(of_agent(request, console, asked.name))


@post("/agents/{name:str}/elevations", summary="Ask for a wider mode", **needs("operate"))
async def ask_elevation(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    data: JSONBody[WiderMode],
) -> Page[ElevationView]:
    """Ask for a wider mode of an agent, for at most 24 hours; another person has to agree."""
    asked = ElevationWished("ask", name, data.reason, data.modes, data.paths, data.seconds)
    return await request_elevation(request, console, asked)


ANSWER: Mapping[str, Any] = {"status_code": 200}


@post(
    "/agents/{name:str}/elevations/{elevation:str}/approve",
    summary="Agree to a wider mode",
    **ANSWER,
    **needs("approve"),
)
async def approve_elevation(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    elevation: FromPath[str],
    data: JSONBody[Because],
) -> Page[ElevationView]:
    """Agree, as another person than who asked: attempts that begin from now on have it."""
    asked = ElevationWished("approve", name, data.reason, elevation=elevation)
    return await request_elevation(request, console, asked)


@post(
    "/agents/{name:str}/elevations/{elevation:str}/refuse",
    summary="Refuse a wider mode",
    **ANSWER,
    **needs("approve"),
)
async def refuse_elevation(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    elevation: FromPath[str],
    data: JSONBody[Because],
) -> Page[ElevationView]:
    """Say no: who still needs it asks again."""
    asked = ElevationWished("refuse", name, data.reason, elevation=elevation)
    return await request_elevation(request, console, asked)


@post(
    "/agents/{name:str}/elevations/{elevation:str}/end",
    summary="End a wider mode",
    **ANSWER,
    **needs("stop"),
)
async def end_elevation(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    elevation: FromPath[str],
    data: JSONBody[Because],
) -> Page[ElevationView]:
    """End what is in force, or take back what waits; attempts that have begun go on with it."""
    asked = ElevationWished("end", name, data.reason, elevation=elevation)
    return await request_elevation(request, console, asked)


HANDLERS: list[Any] = [
    list_elevations,
    list_of_agent,
    ask_elevation,
    approve_elevation,
    refuse_elevation,
    end_elevation,
]
