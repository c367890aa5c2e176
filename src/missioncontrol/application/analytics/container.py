"""The analytics of one home: nothing of the warehouse is opened before somebody asks for it."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Protocol

from missioncontrol.application.analytics.analyst import Analyst
from missioncontrol.application.analytics.event_transfer import exported_pages
from missioncontrol.application.analytics.inspector import Inspector
from missioncontrol.application.analytics.products import ProductReader
from missioncontrol.application.analytics.removal import Tell, finish
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.event_files import EventFiles, FileKind
from missioncontrol.ports.warehouse import Used, Warehouse

TEND_SECONDS = 3_600.0
"""Events that are kept long enough stay at most so much longer."""

_log = logging.getLogger(__name__)


class OpenWarehouse(Warehouse, Protocol):
    """A warehouse that somebody has to close."""

    def close(self) -> None:
        """Let go of its file, or of the line to who owns it."""
        ...


class AnalyticsContainer:
    """Products at once, and the warehouse with its analyst once somebody needs them."""

    def __init__(
        self,
        products: ProductReader,
        clock: Clock,
        open_warehouse: Callable[[], OpenWarehouse],
        exists: Callable[[], bool],
    ) -> None:
        """`open_warehouse` may take a while, and is called at most once, on a thread.

        `exists` says whether anything was ever stored there.
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
        """Called with the analyst when there is one, before anybody asks it."""
        self.tell: Tell | None = None
        """Lets the log say that a removal is done which broke off; set where somebody may."""
        self.files: Callable[[], EventFiles] | None = None  # set where files of events are made

    @property
    def is_open(self) -> bool:
        """Whether somebody has asked for the warehouse yet."""
        return self._analyst is not None

    async def analyst(self) -> Analyst:
        """Return who answers questions; its `warehouse` is the store.

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
        """Return who looks for what stands out.

        Raises:
            Unavailable: as `analyst`.
        """
        analyst = await self.analyst()
        if self._inspector is None:
            self._inspector = Inspector(analyst, self.clock)
        return self._inspector

    async def exported(self, product: str, kind: FileKind) -> Iterator[bytes]:
        """Return all events of a product as a file, piece by piece; the pieces block.

        Raises:
            NotFound: `product.unknown`.
            Unavailable: `analytics.unavailable`.
        """
        known = await self.products.find(product)
        analyst = await self.analyst()
        assert self.files is not None
        return self.files().written(kind, exported_pages(analyst.warehouse, known.slug))

    async def used(self, product: str) -> Used:
        """Return how much is stored of a product; nothing is opened where nothing ever was.

        Raises:
            Unavailable: as `analyst`.
        """
        if not await self.is_there():
            return Used(0, 0)
        analyst = await self.analyst()
        return await analyst.aside(lambda: analyst.warehouse.used(product))

    async def is_there(self) -> bool:
        """Whether anything was ever stored."""
        return self.is_open or await asyncio.to_thread(self._exists)

    async def tend(self) -> None:
        """Keep the warehouse as the products want it, every hour, until somebody cancels this.

        Where nothing was ever stored, nothing is opened.
        """
        while True:
            try:
                await self.tidy()
            except MissionControlError as error:
                _log.warning("the events of products are not tended: %s", error)
            await asyncio.sleep(TEND_SECONDS)

    async def tidy(self) -> None:
        """Keep the warehouse as the products want it: what is too old goes, also from its files.

        Removals of people that broke off are finished first.

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
        if self.tell is None:
            return
        try:
            await finish(analyst, product, self.tell)
        except MissionControlError as error:  # Whoever can't write it down leaves it to the next.
            _log.warning("removals of %s are not finished: %s", product.slug, error)

    def close(self) -> None:
        """Let go of the warehouse, where it was opened."""
        if self._analyst is not None:
            self._analyst.close()
        if self._warehouse is not None:
            self._warehouse.close()
        self._analyst = self._warehouse = None
