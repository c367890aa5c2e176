"""The pages of wider modes: what an agent could do then, why, who asked, and the answer."""

from typing import Any, Literal
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody

from missioncontrol.application.elevations import ElevationWished
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.elevation import MODES
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.elevations import of_agent, request_elevation, waiting_and_given
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
TEMPLATE, LIST = "agents/elevation.html", "agents/elevations.html"


@get("/elevations", include_in_schema=False, **needs("read"))
async def elevations_page(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show the wider modes that wait for an answer, and those in force."""
    values: dict[str, Any] = {"found": waiting_and_given(request, console)}
    if is_part(request):
        return fragment(request, LIST, "now", **values)
    return page(request, LIST, title="Elevations", area="elevations", **values)


@get("/agents/{name:str}/elevation", include_in_schema=False, **needs("read"))
async def elevation_page(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[str]:
    """Show the wider mode that an agent is to have, or has, with the answer beside it."""
    found = of_agent(request, console, name)
    values: dict[str, Any] = {"agent": name, "elevations": found}
    if is_part(request):
        return fragment(request, TEMPLATE, "standing", **values)
    return page(request, TEMPLATE, title=f"Elevation of {name}", area="elevations", **values)


@post(
    "/agents/{name:str}/elevations",
    include_in_schema=False,
    status_code=200,
    **needs("operate"),
)
async def ask_for_more(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str], data: Form
) -> Response[Any]:
    """Ask for a wider mode; another person has to agree."""
    return await _submit(request, console, parse_elevation(name, data))


def parse_elevation(name: str, data: dict[str, str]) -> ElevationWished:
    """Return what a form asks for.

    Raises:
        Rejected: `elevation.bad_time`.
    """
    seconds = seconds_of(data.get("lasts", "").strip())
    if isinstance(seconds, str):
        raise Rejected(
            "elevation.bad_time", f"{data.get('lasts', '')[:40]!r} is no time.", hint=seconds
        )
    modes = tuple(mode for mode in MODES if data.get(mode) == "on")
    paths = tuple(line.strip() for line in data.get("paths", "").splitlines() if line.strip())
    return ElevationWished("ask", name, data.get("reason", ""), modes, paths, seconds)


@post(
    "/agents/{name:str}/elevations/{elevation:str}/{verb:str}",
    include_in_schema=False,
    status_code=200,
    **needs("approve"),
)
async def answer_elevation(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    elevation: FromPath[str],
    verb: FromPath[Literal["approve", "refuse"]],
    data: Form,
) -> Response[Any]:
    """Approve or refuse what another user asked for."""
    reason = data.get("reason", "").strip()
    return await _submit(request, console, ElevationWished(verb, name, reason, elevation=elevation))


@post(
    "/agents/{name:str}/elevations/{elevation:str}/end",
    include_in_schema=False,
    status_code=200,
    **needs("stop"),
)
async def end_elevation(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    elevation: FromPath[str],
    data: Form,
) -> Response[Any]:
    """End what is in force, or take back what waits."""
    reason = data.get("reason", "").strip()
    return await _submit(
        request, console, ElevationWished("end", name, reason, elevation=elevation)
    )


async def _submit(request: AnyRequest, console: Console, asked: ElevationWished) -> Response[Any]:
    await request_elevation(request, console, asked)
    return moved(request, f"/agents/{quote(asked.name, safe='')}")


HANDLERS: list[Any] = [
    elevations_page,
    elevation_page,
    ask_for_more,
    answer_elevation,
    end_elevation,
]
