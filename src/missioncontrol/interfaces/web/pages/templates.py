"""The page of templates: kinds of missions, what they ask, and the goal that comes of it."""

import asyncio
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from missioncontrol.application.templates import FOLDER, Templates, built_in
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.rendering import page

AnyRequest = Request[Principal, Any, Any]
LIST = "templates/list.html"


@get("/templates", include_in_schema=False, **needs("read"))
async def list_page(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show all templates; an unreadable file of this home is reported with its line."""
    fault = None
    try:
        found = await asyncio.to_thread(Templates(console.home).all)
    except Rejected as error:
        fault, found = error, list(built_in())
    own = sum(each.is_own for each in found)
    extra = f", {own} of this home" if own else ""
    values: dict[str, Any] = {
        "found": found,
        "fault": fault,
        "verdict": f"{formats.count(len(found), 'kind of mission asks', 'kinds of missions ask')} "
        f"what has to be known before they begin{extra}.",
        "folder": str(console.home / FOLDER),
    }
    return page(request, LIST, title="Templates", area="templates", **values)


HANDLERS: list[Any] = [list_page]
