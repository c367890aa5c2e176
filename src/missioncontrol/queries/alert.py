"""Queries of alerts: changes in the use of a product that stand out."""

import textwrap
from typing import Annotated, Literal

import msgspec

from missioncontrol.analytics.narrative import THIN
from missioncontrol.application.analytics.alerts import AlertReader
from missioncontrol.application.analytics.products import ProductReader
from missioncontrol.application.read_model import Present
from missioncontrol.declarations import (
    SERVED,
    ItemQuery,
    ListQuery,
    Query,
    Switch,
    Target,
    Terminal,
)
from missioncontrol.domain.alert import Alert
from missioncontrol.queries.product import PRODUCT


class AlertFilters(msgspec.Struct, frozen=True):
    """Which alerts of a product are listed."""

    product: str
    state: Annotated[
        Literal["open", "acknowledged", "resolved", "unresolved", ""],
        msgspec.Meta(description="Only those; empty: all."),
    ] = ""


async def alerts(present: Present, wanted: AlertFilters) -> list[Alert]:
    """Return the alerts of a product, the newest first.

    Raises:
        NotFound: `product.unknown`.
    """
    await ProductReader(present.find).find(wanted.product)
    found = [
        each
        for each in await AlertReader(present.find).all(wanted.product)
        if wanted.state in ("", each.state)
        or (wanted.state == "unresolved" and each.state != "resolved")
    ]
    return sorted(found, key=_place)


async def alert(present: Present, id_: str) -> Alert:
    """Return an alert by `PRODUCT/ALERT`.

    Raises:
        NotFound: `alert.unknown`.
    """
    product, _, name = id_.partition("/")
    return await AlertReader(present.find).find(product, name)


def _place(found: Alert) -> tuple[float, str]:
    return -found.opened, found.id


def alert_lines(found: Alert, width: int) -> list[str]:
    """Return an alert as lines of text."""
    note = f": {found.note}" if found.note else ""
    text = textwrap.wrap(found.reading.text.replace(THIN, ","), max(width - 4, 20))
    return [
        f"{found.id}  {found.reading.severity}, {found.state}{note}",
        *(f"    {line}" for line in text),
        *(f"    {mission} sees to it ({run})" for mission, run in found.missions),
    ]


ALERT = Target(
    noun="alert",
    path="/alerts",
    help="one of its alerts",
    field="alert",
    metavar="ALERT",
    command="analytics",
    within=PRODUCT,
)

LIST = ListQuery(
    name="alert.list",
    title="List alerts",
    text="Return the alerts of a product, the newest first.",
    target=ALERT,
    filters=AlertFilters,
    find=alerts,
    row=Alert,
    key=_place,
    kinds=(float, str),
    terminal=Terminal(
        verb="alerts",
        switches={"all": Switch("state", "", "with those that are resolved")},
        build=lambda given: {"state": "unresolved", **given},
        lines=alert_lines,
        empty="No alert is open.",
    ),
)

GET = ItemQuery(
    name="alert.get",
    title="Get an alert",
    text="Return an alert with its narrative; each number in it names its question.",
    surfaces=SERVED | {"mcp"},
    target=ALERT,
    find=alert,
    returns=Alert,
)

QUERIES: tuple[Query, ...] = (LIST, GET)
