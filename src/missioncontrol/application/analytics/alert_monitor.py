"""Monitors all products in the background and turns changes into alerts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from missioncontrol.analytics.narrative import reading
from missioncontrol.application.analytics.alerts import AlertReader, FindingsTaken
from missioncontrol.application.analytics.container import AnalyticsContainer
from missioncontrol.application.analytics.inspector import Inspector
from missioncontrol.domain import alert as alerting
from missioncontrol.domain.alert import Alerts, TakeReadings
from missioncontrol.domain.errors import MissionControlError

LOOK_SECONDS = 600.0
FIRST_SECONDS = 20.0
"""Delay after the console starts, so that its first pages come first."""

_log = logging.getLogger(__name__)

Submit = Callable[[FindingsTaken], Awaitable[None]]


class AlertMonitor:
    """Inspects each product every ten minutes; unchanged ones cost a cache lookup."""

    def __init__(self, container: AnalyticsContainer, alerts: AlertReader, submit: Submit) -> None:
        """`submit` hands findings in as a command."""
        self._container = container
        self._alerts = alerts
        self._submit = submit

    async def run(self) -> None:
        """Inspect all products periodically until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - the next round may succeed
                _log.warning("Products can't be monitored: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> int:
        """Inspect every product once; return how many had new findings.

        A product that fails is logged, and the others go on.

        Raises:
            Unavailable: the warehouse can't be opened.
        """
        if not await self._container.is_there():
            return 0
        news = 0
        inspector = await self._container.inspector()
        for product in await self._container.products.all():
            try:
                news += await self._inspect(product.slug, inspector)
            except MissionControlError as error:
                _log.warning("Product %s can't be monitored: %s", product.slug, error)
        return news

    async def _inspect(self, product: str, inspector: Inspector) -> bool:
        found = await inspector.found(product)
        readings = tuple(map(reading, found.findings[: alerting.READINGS_MAX]))
        known = {each.id: each for each in await self._alerts.all(product)}
        # Each command is recorded, so one that would change nothing is not submitted.
        if not alerting.decide(TakeReadings(product, readings), Alerts(known), 0.0):
            return False
        await self._submit(FindingsTaken(product, readings))
        return True
