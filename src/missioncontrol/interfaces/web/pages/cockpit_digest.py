"""The summary of the cockpit, written down by a run: by the model where one is configured."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, post
from litestar.di import NamedDependency

from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.alerts import begin_digest
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.cockpit_bar import bar_of
from missioncontrol.interfaces.web.rendering import moved

AnyRequest = Request[Principal, Any, Any]


@post("/cockpit/summary", include_in_schema=False, status_code=200, **needs("operate"))
async def write_down(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Begin a run that writes the summary of the bar's days and segment down, and show it."""
    bar = await bar_of(console.analytics.products, request.query_params, console.shelf.clock.now())
    begun = await begin_digest(request, console, bar.product.slug, bar.range, bar.segment)
    return moved(request, f"/runs/{quote(begun.run)}")


HANDLERS: list[Any] = [write_down]
