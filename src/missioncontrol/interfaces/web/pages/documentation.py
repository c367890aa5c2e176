"""The pages of the API: all that can be asked for, by resource, each with its shapes."""

import asyncio
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import FromPath, QueryParameter

from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.reference import fitting, operation, resources
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.sign_in.origins import home_page
from missioncontrol.interfaces.web.rendering import page

AnyRequest = Request[Principal, Any, Any]
Words = Annotated[str, QueryParameter(max_length=200)]


@get("/api", include_in_schema=False, **needs("read"))
async def api_page(request: AnyRequest, q: Words = "") -> Response[str]:
    """Show all operations, or those in which the words stand."""
    found = await asyncio.to_thread(resources, request.app.state.version)
    chosen = fitting(found, q) if q.strip() else list(found)
    everything = [each for resource in found for each in resource.operations]
    return page(
        request,
        "api/list.html",
        title="API",
        area="api",
        resources=chosen,
        q=q,
        total=len(everything),
        allowed=sum(_may(request, each.needs) for each in everything),
        kinds=len(found),
        home=home_page(request),
    )


def _may(request: AnyRequest, needed: Any) -> bool:
    return needed in ("nothing", "sign_in") or request.user.may(needed)


@get("/api/operations/{name:str}", include_in_schema=False, **needs("read"))
async def operation_page(request: AnyRequest, name: FromPath[str]) -> Response[str]:
    """Show one operation: its parameters, its body, what comes back, and how to ask for it."""
    found = await asyncio.to_thread(operation, request.app.state.version, name)
    return page(
        request,
        "api/operation.html",
        title=found.summary,
        area="api",
        found=found,
        is_allowed=_may(request, found.needs),
        command=found.curl(home_page(request)),
    )


HANDLERS: list[Any] = [api_page, operation_page]
