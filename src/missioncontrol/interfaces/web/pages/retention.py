"""Settings: what is stored, for how long, and how large it is."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from missioncontrol.application.queries.storage import retention_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import moved, page
from missioncontrol.operations.retention import BOUND_OUTPUT

AnyRequest = Request[Principal, Any, Any]
HOME = "/settings/retention"
GIGA = 1_000_000_000


@get(HOME, include_in_schema=False, **needs("read"))
async def show_retention(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show what lies in the home, and what bounds it."""
    found = await retention_of(console.present, console.home)
    bound = "" if found.output_bytes is None else f"{found.output_bytes / GIGA:g}"
    return page(
        request,
        "settings/retention.html",
        title="Retention · Settings",
        area="settings",
        found=found,
        bound=bound,
    )


@post(HOME, status_code=200, include_in_schema=False, **needs("govern"))
async def bound_output(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Keep so much of what agents say."""
    form = await request.form()
    text = str(form.get("gigabytes", "")).strip()
    reason = str(form.get("reason", ""))
    await console.run(request, BOUND_OUTPUT, bytes=_bytes(text), reason=reason)
    return moved(request, HOME)


def _bytes(text: str) -> int | None:
    if not text:
        return None
    try:
        return int(float(text) * GIGA)
    except (ValueError, OverflowError):
        raise Rejected(
            "retention.bad_bound",
            f"{text[:40]!r} is not a size.",
            hint="Enter gigabytes, for example 2.5.",
        ) from None


HANDLERS: list[Any] = [show_retention, bound_output]
