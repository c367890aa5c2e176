"""The overview: is everything all right?"""

import asyncio
import shutil
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from missioncontrol.application.queries.overview import Overview, Point, overview
from missioncontrol.domain.lifecycle.agent_count import AgentCount
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.rendering import fragment, is_part, page, prepare

TEMPLATE = "overview/page.html"
FREE_ASK, FREE_BAD = 0.15, 0.05
"""Shares of free disk: below the first a person should look; below the second work stops."""


@get("/", include_in_schema=False, before_request=prepare, **needs("read"))
async def show_overview(
    request: Request[Principal, Any, Any], console: NamedDependency[Console]
) -> Response[str]:
    """Show what waits, what runs, what failed and what it costs."""
    found = await overview(
        console.present,
        console.instruments,
        formats.now(),
        actor=request.user.actor,
        is_engine_there=console.line.is_open,
    )
    disk = await asyncio.to_thread(_disk, console.home)
    values = {"found": found, "health": (*found.health, disk), **_words(found)}
    if is_part(request):
        return fragment(request, TEMPLATE, "now", **values)
    return page(request, TEMPLATE, title="Home", area="home", **values)


def _words(found: Overview) -> dict[str, Any]:
    """Return the second lines of the figures."""
    agents = found.measures.agents
    share = 1 - found.failed_today / found.ended_today if found.ended_today else None
    oldest = min((each.since for each in found.waiting if not each.is_own), default=0.0)
    others = f"{found.own_count} for others" if found.own_count else "nothing"
    forecast = found.today.forecast
    held = formats.money(found.today.reserved.cost)
    return {
        "oldest_wait": f"oldest {formats.span(formats.now() - oldest)}" if oldest else others,
        "fleet": AgentCount(agents).words,
        "success": "none ended" if share is None else f"{formats.percent(share, 1)} did not fail",
        "spend": f"{held} reserved"
        + (f", forecast {formats.money(forecast)}" if forecast is not None else ""),
        "tokens_day": sum(hour.tokens for hour in found.measures.hours),
        "burn": f"{formats.money(found.measures.burn)} in the last hour",
        "clock_minute": lambda at: formats.moment(at).strftime("%H:%M"),
    }


def _disk(home: Path) -> Point:
    """Return how much room the disk of a home has left."""
    usage = shutil.disk_usage(home)
    free = usage.free / usage.total if usage.total else 0.0
    text = f"{formats.size(usage.free)} free, {formats.percent(1 - free)} full"
    if free < FREE_BAD:
        return Point("Disk", "bad", text)
    return Point("Disk", "ask" if free < FREE_ASK else "ok", text)


HANDLERS: list[Any] = [show_overview]
