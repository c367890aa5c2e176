"""The page of costs: caps in three parts, how fast money goes, for whom, and where that leads."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from missioncontrol.application.queries import costs as queries
from missioncontrol.application.queries.costs import Costs
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.rendering import fragment, is_part, page

AnyRequest = Request[Principal, Any, Any]
TEMPLATE = "costs/page.html"
NEAR = 0.8


@get("/costs", include_in_schema=False, **needs("read"))
async def costs_page(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show what was spent, what may be, and where that leads."""
    found = await queries.costs(console.present, console.instruments, console.instruments.now)
    values: dict[str, Any] = {"costs": found, "verdict": verdict(found)}
    if is_part(request):
        return fragment(request, TEMPLATE, "body", **values)
    return page(request, TEMPLATE, title="Costs", area="costs", **values)


def verdict(found: Costs) -> str:
    """Return in a sentence how spending stands."""
    today = formats.money(found.today.spent.cost)
    cap = found.today.cap.cost if found.today.cap else None
    spent = f"{today} today" + (f" of {formats.money(cap)}" if cap is not None else "")
    used_up = [each for each in found.caps if _is_used_up(each)]
    passing = [each for each in found.forecasts if each.passes is not None]
    if used_up:
        names = ", ".join(f"{each.scope} {each.name}".strip() for each in used_up[:2])
        return f"{spent}. Nothing is left for {names}."
    if passing:
        window = "day" if passing[0].period == "day" else "month"
        return f"{spent}. At this pace the cap is passed before the {window} ends."
    return f"{spent}. Every cap holds at this pace."


def _is_used_up(cap: queries.CapView) -> bool:
    if cap.left is None or (cap.scope == "run" and not cap.name):
        return False
    return any(left is not None and left <= 0 for left in (cap.left.cost, cap.left.tokens))


HANDLERS: list[Any] = [costs_page]
