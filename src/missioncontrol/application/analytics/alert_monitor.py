"""Watches products: what changed in them becomes alerts, without anybody asking."""

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
"""After a console began: people come first."""

_log = logging.getLogger(__name__)

Tell = Callable[[FindingsTaken], Awaitable[None]]


class AlertMonitor:
    """Looks at each product every ten minutes, where something came in or a day has ended."""

    def __init__(self, house: AnalyticsContainer, alerts: AlertReader, tell: Tell) -> None:
        """`tell` lets the office take what was found."""
        self._house = house
        self._alerts = alerts
        self._tell = tell

    async def go_on(self) -> None:
        """Watch until somebody cancels this."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - the next look may do without it
                _log.warning("products are not watched: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> int:
        """Look at every product once; return of how many there was news.

        What goes wrong with one is logged, and keeps nobody from looking at the others.

        Raises:
            Unavailable: the warehouse can't be opened.
        """
        if not await self._house.is_there():
            return 0
        news = 0
        inspector = await self._house.inspector()
        for product in await self._house.products.all():
            try:
                news += await self._looked_at(product.slug, inspector)
            except MissionControlError as error:
                _log.warning("product %s is not watched: %s", product.slug, error)
        return news

    async def _looked_at(self, product: str, inspector: Inspector) -> bool:
        found = await inspector.found(product)
        readings = tuple(map(reading, found.findings[: alerting.READINGS_MAX]))
        known = {each.id: each for each in await self._alerts.all(product)}
        # The office is asked only where it would say something: each asking is recorded.
        if not alerting.decide(TakeReadings(product, readings), Alerts(known), 0.0):
            return False
        await self._tell(FindingsTaken(product, readings))
        return True
