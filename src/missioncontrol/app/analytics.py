"""The analytics of a home: products from its log, and the warehouse beside it."""

from typing import Any

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.home import Home
from missioncontrol.application.analytics.container import AnalyticsContainer, OpenWarehouse
from missioncontrol.application.analytics.own_usage import OwnUsage
from missioncontrol.application.analytics.products import Find, ProductReader
from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import fold
from missioncontrol.domain.product.states import OWN
from missioncontrol.ports.event_files import EventFiles
from missioncontrol.ports.event_store import EventStore


def analytics(home: Home, store: EventStore, find: Find | None = None) -> AnalyticsContainer:
    """Return the analytics of a home, with nothing opened yet.

    `find` reads a stream of its log, where the caller caches the content of streams.
    """

    async def folded(concept: Concept[Any, Any, Any], stream: str) -> Any:
        return (await fold(store, concept, stream))[0]

    house = AnalyticsContainer(
        ProductReader(find or folded, store),
        SystemClock(),
        lambda: _opened(home),
        exists=lambda: any(home.analytics.glob("*.duckdb")),
    )
    house.prepare.append(
        lambda analyst: analyst.follow.update({OWN: OwnUsage(store, analyst.warehouse).follow})
    )
    house.files = _files
    return house


def _files() -> EventFiles:
    """Return what reads and writes files of events; imported at the first use."""
    from missioncontrol.adapters.event_files.files import LocalEventFiles

    return LocalEventFiles()


def _opened(home: Home) -> OpenWarehouse:
    """Open the warehouse of a home; only now is anything imported that it needs."""
    from missioncontrol.adapters.warehouses.shared import SharedWarehouse

    return SharedWarehouse(home.analytics)
