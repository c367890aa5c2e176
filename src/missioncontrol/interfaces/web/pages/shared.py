"""The report of one run, for holders of a link to it: without signing in, and nothing else."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.reports import SAFE, shared_paper
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.sign_in.people import Caller

HEADERS = {
    **SAFE,
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


@get("/shared/{token:str}", include_in_schema=False, **needs("nothing"))
async def show_shared(
    request: Request[Principal | None, Any, Any],
    console: NamedDependency[Console],
    token: FromPath[str],
) -> Response[bytes]:
    """Show the report as it stood when it was shared."""
    caller: Caller = request.state.caller
    share = await console.people.shared(token, caller)
    made = await shared_paper(console.present, share)
    return Response(made.content, headers=HEADERS, media_type=made.media_type)


HANDLERS: list[Any] = [show_shared]
