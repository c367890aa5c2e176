"""The views of a mission's page that bring values of their own, one module each."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from litestar import Request

from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.web import (
    blueprint_view,
    decisions_view,
    design_view,
    documents_view,
    places_view,
    plan_memory,
    summary_view,
    trace_view,
)

Values = Callable[[Request[Principal, Any, Any], Console, RunReport], Awaitable[dict[str, Any]]]


class View(NamedTuple):
    """One view: its title on the tab, and what its template `missions/<key>.html` is given."""

    title: str
    values: Values


VIEWS: Mapping[str, View] = {
    "plan": View("Plan", plan_memory.values),
    "summary": View("Summary", summary_view.values),
    "design": View("Design", design_view.values),
    "places": View("Places", places_view.values),
    "trace": View("Trace", trace_view.values),
    "decisions": View("Risks and decisions", decisions_view.values),
    "documents": View("Documents", documents_view.values),
    "blueprint": View("Blueprint", blueprint_view.values),
}
"""By key, in no order; `mission_sheet.VIEWS` puts all views in theirs."""


async def values(
    shown: str, request: Request[Principal, Any, Any], console: Console, story: RunReport
) -> dict[str, Any]:
    """Return what the view that is shown needs besides the values of the page."""
    view = VIEWS.get(shown)
    return await view.values(request, console, story) if view else {}
