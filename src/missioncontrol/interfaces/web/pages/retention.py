"""Settings: what is kept, for how long, and how much room it takes."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from missioncontrol.application.queries.keeping import kept
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import page


@get("/settings/retention", include_in_schema=False, **needs("read"))
async def show_retention(
    request: Request[Principal, Any, Any], console: NamedDependency[Console]
) -> Response[str]:
    """Show what lies in the home, and what bounds it."""
    found = kept(console.home)
    return page(
        request,
        "settings/retention.html",
        title="Retention · Settings",
        area="settings",
        parts=found,
        total=sum(part.size for part in found),
    )


HANDLERS: list[Any] = [show_retention]
