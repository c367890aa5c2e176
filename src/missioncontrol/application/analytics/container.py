"""The analytics of one data directory; the warehouse opens when it is first needed."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Protocol

from missioncontrol.application.analytics.analyst import Analyst
from missioncontrol.application.analytics.event_transfer import exported_pages
from missioncontrol.application.analytics.inspector import Inspector
from missioncontrol.application.analytics.products import ProductReader
from missioncontrol.application.analytics.removal import Submit, finish
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.event_files import EventFiles, FileKind
from missioncontrol.ports.warehouse import Used, Warehouse

TEND_SECONDS = 3_600.0
"""How long an event may stay after its retention period."""

_log = logging.getLogger(__name__)


class OpenWarehouse(Warehouse, Protocol):
    """A warehouse that its user has to close."""

    def close(self) -> None:
        """Close its file, or the connection to the process that owns it."""
        ...


class AnalyticsContainer:
    """Holds the products, and opens the warehouse and its analyst on first use."""

    def __init__(
        self,
        products: ProductReader,
        clock: Clock,
        open_warehouse: Callable[[], OpenWarehouse],
        exists: Callable[[], bool],
    ) -> None:
        """Create a closed container.

        Args:
            products: the products in the log.
            clock: the current time.
            open_warehouse: opens the warehouse; it blocks, and runs at most once, on a thread.
            exists: whether anything was ever stored there.
        """
        self.products = products
        self.clock = clock
        self._open = open_warehouse
        self._exists = exists
        self._turn = asyncio.Lock()
        self._warehouse: OpenWarehouse | None = None
        self._analyst: Analyst | None = None
        self._inspector: Inspector | None = None
        self.prepare: list[Callable[[Analyst], None]] = []
        """Run with the analyst once it is created, before its first question."""
        self.submit_removal: Submit | None = None
        """Records the end of an interrupted removal; set in processes that may do so."""
        self.files: Callable[[], EventFiles] | None = None  # set where event files are written

    @property
    def is_open(self) -> bool:
        """Whether the warehouse has been opened."""
        return self._analyst is not None

    async def analyst(self) -> Analyst:
        """Return the analyst, and open the warehouse where necessary.

        Raises:
            Unavailable: `analytics.unavailable`: the warehouse can't be opened.
        """
        async with self._turn:
            if self._analyst is None:
                warehouse = await asyncio.to_thread(self._open)
                analyst = Analyst(warehouse, self.products, self.clock)
                for each in self.prepare:
                    each(analyst)
                self._warehouse, self._analyst = warehouse, analyst
            return self._analyst

    async def inspector(self) -> Inspector:
        """Return the inspector, which finds changes.

        Raises:
            Unavailable: as `analyst`.
        """
        analyst = await self.analyst()
        if self._inspector is None:
            self._inspector = Inspector(analyst, self.clock)
        return self._inspector

    async def exported(self, product: str, kind: FileKind) -> Iterator[bytes]:
        """Return all events of a product as a file in chunks; to read a chunk blocks.

        Raises:
            NotFound: `product.unknown`.
            Unavailable: `analytics.unavailable`.
        """
        known = await self.products.find(product)
        analyst = await self.analyst()
        assert self.files is not None
        return self.files().written(kind, exported_pages(analyst.warehouse, known.slug))

    async def used(self, product: str) -> Used:
        """Return how much is stored of a product, without creating a warehouse.

        Raises:
            Unavailable: as `analyst`.
        """
        if not await self.is_there():
            return Used(0, 0)
        analyst = await self.analyst()
        return await analyst.aside(lambda: analyst.warehouse.used(product))

    async def is_there(self) -> bool:
        """Whether the warehouse is open, or has a file."""
        return self.is_open or await asyncio.to_thread(self._exists)

    async def tend(self) -> None:
        """Run `tidy` every hour until cancelled."""
        while True:
            try:
                await self.tidy()
            except MissionControlError as error:
                _log.warning("The retention of events failed: %s", error)
            await asyncio.sleep(TEND_SECONDS)

    async def tidy(self) -> None:
        """Apply policies and retention to the warehouse, after completing interrupted removals.

        A warehouse that does not exist is not created.

        Raises:
            Unavailable: as `Warehouse.tidy`.
        """
        if not await self.is_there():
            return
        analyst = await self.analyst()
        for product in await self.products.all():
            await analyst.settle(product)
            await self._finish(analyst, product)
        now = datetime.fromtimestamp(self.clock.now(), UTC).replace(tzinfo=None)
        await analyst.aside(lambda: analyst.warehouse.tidy(now))

    async def _finish(self, analyst: Analyst, product: Product) -> None:
        if self.submit_removal is None:
            return
        try:
            await finish(analyst, product, self.submit_removal)
        except MissionControlError as error:  # The next run tries again.
            _log.warning("The removals of %s are not finished: %s", product.slug, error)

    def close(self) -> None:
        """Close the warehouse, where it was opened."""
        if self._analyst is not None:
            self._analyst.close()
        if self._warehouse is not None:
            self._warehouse.close()
        self._analyst = self._warehouse = None
