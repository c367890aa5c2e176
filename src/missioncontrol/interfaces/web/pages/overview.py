"""Home: what needs the person, what runs, what is stuck and what frees it, health and spend."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from litestar import Request, Response, get
from litestar.di import NamedDependency

from missioncontrol.application.analytics.products import ProductReader
from missioncontrol.application.inbox.items import InboxItem
from missioncontrol.application.inbox.reader import items_of
from missioncontrol.application.inbox.reader import needs as needed_of
from missioncontrol.application.queries import missions
from missioncontrol.application.queries.overview import Overview, Point, overview
from missioncontrol.application.workload import hours_of
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.lifecycle.agent_count import AgentCount
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.status import MISSION_OPEN
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.cockpit_bar import AddressParameters, bar_of
from missioncontrol.interfaces.web.flow_view import Cell, bars
from missioncontrol.interfaces.web.home_view import (
    AGENTS_SHOWN,
    CAUSES_SHOWN,
    AgentNow,
    agents_now,
    causes,
    spend_of,
)
from missioncontrol.interfaces.web.inbox_view import ICONS
from missioncontrol.interfaces.web.pages.cockpit import alerts_of, events_of, figures_of
from missioncontrol.interfaces.web.pages.missions import parts_of
from missioncontrol.interfaces.web.rendering import fragment, is_part, page, prepare

AnyRequest = Request[Principal, Any, Any]
TEMPLATE = "overview/page.html"
NEEDED_SHOWN, MISSIONS_SHOWN, FIGURES_SHOWN = 6, 6, 4
FIGURES_SECONDS = 300.0
"""For so long the figures of a product are shown again: events of a page don't change them."""

FREE_ASK, FREE_BAD = 0.15, 0.05
"""Shares of free disk: below the first a person should look; below the second work stops."""


class Lane(NamedTuple):
    """What an agent did in the last 24 hours."""

    cells: list[Cell]
    text: str


_figures: "WeakKeyDictionary[ProductReader, tuple[float, dict[str, Any]]]" = WeakKeyDictionary()


@get("/", include_in_schema=False, before_request=prepare, **needs("read"))
async def show_overview(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show what needs a person, what runs, what is stuck, and what it costs."""
    now = formats.now()
    needed, others = await inbox_of(console, request.user)
    found = await overview(
        console.present,
        console.instruments,
        now,
        needed=len(needed),
        others=others,
        is_engine_there=console.line.is_open,
    )
    disk = await asyncio.to_thread(_disk, console.home)
    known = _figures.get(console.analytics.products)
    agents = agents_now(console.present, console.instruments)
    stuck = causes(found, needed, console.present, request.user, agents)
    values: dict[str, Any] = {
        "found": found,
        "health": (*found.health, disk),
        "agents": agents[:AGENTS_SHOWN],
        "lanes": _lanes(console, agents[:AGENTS_SHOWN], now),
        "count_agents": AgentCount(found.measures.agents),
        "causes": stuck[:CAUSES_SHOWN],
        "stuck_count": len(stuck),
        "needed": needed[:NEEDED_SHOWN],
        "needed_count": len(needed),
        "icon_of": ICONS,
        "spend": spend_of(found.measures.hours, found.today, now),
        "missions": _missions(console),
        "mission_counts": missions.around(console.present).counts,
        "parts_of": parts_of,
        "product": known[1] if known and now - known[0] < FIGURES_SECONDS else None,
        **_words(found, needed, others),
    }
    if is_part(request):
        return fragment(request, TEMPLATE, "now", **values)
    return page(request, TEMPLATE, title="Home", area="home", **values)


@get("/home/product", include_in_schema=False, **needs("read"))
async def show_product(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show the key figures and the open alerts of the product that Product opens."""
    products, now = console.analytics.products, formats.now()
    bar = await bar_of(products, AddressParameters({}), console.shelf.clock.now())
    found: dict[str, Any] = {"name": bar.product.name, "cards": [], "open": 0, "error": None}
    try:
        if bar.product.is_own or await events_of(console, bar):
            found["cards"] = (await figures_of(console, bar))["cards"][:FIGURES_SHOWN]
            alerts = await alerts_of(console, bar)
            found["open"] = sum(each.state == "open" for each in alerts)
    except MissionControlError as error:
        found["error"] = error
    _figures[products] = (now, found)
    return fragment(request, TEMPLATE, "product_health", product=found)


async def inbox_of(console: Console, who: Principal) -> tuple[list[InboxItem], int]:
    """Return what needs a person, in the order of the inbox, and how much waits on others."""
    await console.present.catch_up()
    items = await items_of(console.present, console.owner, who, console.now)
    return needed_of(items), sum(each.state == "open" and each.group == "others" for each in items)


def _lanes(console: Console, shown: Sequence[AgentNow], now: float) -> dict[str, Lane]:
    """Return what agents did in the last 24 hours, as bars and in words."""
    found = hours_of(console.instruments, [each.name for each in shown], now)
    return {
        name: Lane(
            bars(hours, 1),
            f"{formats.span(sum(each.seconds for each in hours))} at work in 24 hours, "
            f"{sum(each.done for each in hours)} done, {sum(each.failed for each in hours)} failed",
        )
        for name, hours in found.items()
    }


def _missions(console: Console) -> list[missions.MissionLine]:
    """Return the newest missions that have not ended, then those that are planned."""
    lines, _ = missions.missions(console.present, missions.MissionChoice(), limit=50)
    going = [
        each for each in lines if each.status in MISSION_OPEN or each.status == "ready_to_build"
    ]
    planned = [each for each in lines if each.status == "planned"]
    return [*going, *planned][:MISSIONS_SHOWN]


def _words(found: Overview, needed: Sequence[InboxItem], others: int) -> dict[str, Any]:
    """Return the second lines of the figures."""
    blocking = [each for each in needed if each.group == "now"]
    oldest = min((each.since for each in needed), default=0.0)
    waiting = f"{formats.count(others, 'item')} on others" if others else "nothing open"
    forecast = found.today.forecast
    wait = f"the oldest has waited {formats.span(max(formats.now() - oldest, 0.0))}"
    verb = "blocks" if len(blocking) == 1 else "block"
    return {
        "oldest_wait": f"{len(blocking)} {verb} work; {wait}" if needed else waiting,
        "fleet": ", ".join(
            f"{number} {status}"
            for status, number in found.measures.agents.items()
            if status != "active"
        ),
        "forecast": f"{formats.money(found.today.reserved.cost)} reserved"
        + (f"; forecast {formats.money(forecast)} by 24:00" if forecast is not None else ""),
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


HANDLERS: list[Any] = [show_overview, show_product]
