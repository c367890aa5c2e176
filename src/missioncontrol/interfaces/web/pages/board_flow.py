"""Flow and Workload: other views of the work items of the board."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import flow_view as view
from missioncontrol.interfaces.web.pages.board import TABS, words
from missioncontrol.interfaces.web.rendering import fragment, is_part, page
from missioncontrol.interfaces.web.roadmap_view import day_of
from missioncontrol.queries import board_views as views

AnyRequest = Request[Principal, Any, Any]
FLOW, WORKLOAD = "board/flow.html", "board/workload.html"


@get("/board/flow", include_in_schema=False, **needs("read"))
async def flow_page(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show the time in each stage, what waits for what, and how many items are where each day."""
    found = await views.flow(console.reader(request.user), "")
    values: dict[str, Any] = {
        "flow": found,
        "verdict": view.flow_verdict(found),
        "chart": view.flow_chart(found),
        "longest": max((each.p90 for each in found.stages), default=0.0) or 1.0,
        "day_of": day_of,
        "stage_sum": sum(each.seconds for each in found.stages),
        "wait_sum": sum(each.seconds for each in found.waits),
        "waits": [(each, *view.freed_by(each)) for each in found.waits],
        "board_tabs": TABS,
        "tab": "/board/flow",
        **words(),
    }
    if is_part(request):
        return fragment(request, FLOW, "now", **values)
    return page(request, FLOW, title="Flow", area="board", **values)


@get("/board/workload", include_in_schema=False, **needs("read"))
async def workload_page(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show what agents and people have to do: now, in their queues, and in the last 24 hours."""
    found = await views.workload(console.reader(request.user), "")
    names = sorted(each.name for each in (*found.agents, *found.people) if each.name)
    values: dict[str, Any] = {
        "load": found,
        "chart": view.capacity_chart(found),
        "strip": view.strip,
        "names": names,
        "total": view.total_of(found.agents),
        "verdict": view.load_verdict(found),
        "board_tabs": TABS,
        "tab": "/board/workload",
        **words(),
    }
    if is_part(request):
        return fragment(request, WORKLOAD, "now", **values)
    return page(request, WORKLOAD, title="Workload", area="board", **values)


HANDLERS: list[Any] = [workload_page, flow_page]
