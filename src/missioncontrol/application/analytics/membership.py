"""The members of saved cohorts, recomputed when a question needs them and they may differ."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.detection.metrics import HISTORY_DAYS
from missioncontrol.analytics.member_list import each_once, people_of
from missioncontrol.analytics.questions import AnyQuestion, Cell, Segment
from missioncontrol.application.analytics.measures import measure_of
from missioncontrol.application.analytics.products import ProductReader
from missioncontrol.domain.cohorts import Cohort
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.warehouse import Statement, Warehouse

SECONDS = 60.0
"""How long members stay valid while no event arrives: conditions count back from now."""

RunBlocking = Callable[[Callable[[], Any]], Awaitable[Any]]


class Membership:
    """Keeps the warehouse's rows of saved cohorts in step with their definitions."""

    def __init__(
        self, warehouse: Warehouse, products: ProductReader, clock: Clock, aside: RunBlocking
    ) -> None:
        """`aside` runs blocking work on a thread."""
        self._warehouse = warehouse
        self._products = products
        self._clock = clock
        self._aside = aside
        self._turn = asyncio.Lock()
        self._known: dict[tuple[str, str], tuple[Cohort, float, int]] = {}

    async def bring_up(
        self, product: Product, cohorts: Sequence[str], setting: Setting, position: int
    ) -> bool:
        """Bring the members of cohorts up to date as of `setting`; return whether any changed.

        At the same position the members stay as they are.

        Raises:
            NotFound: `cohort.unknown`.
        """
        has_changed = False
        async with self._turn:
            for name in dict.fromkeys(cohorts):
                cohort = await self._products.cohort(product.slug, name)
                if self._is_due(product, cohort, position):
                    has_changed = True
                    await self._recompute(product, cohort, setting, position)
        return has_changed

    def _is_due(self, product: Product, cohort: Cohort, position: int) -> bool:
        known, since, then = self._known.get((product.slug, cohort.id), (None, 0.0, -1))
        if known != cohort or then != position:
            return True
        return not cohort.is_fixed and self._clock.now() - since >= SECONDS

    async def _recompute(
        self, product: Product, cohort: Cohort, setting: Setting, position: int
    ) -> None:
        name, statement = cohort.id, statement_of(product, cohort, setting)
        # The position is from before the query: an event that arrives meanwhile may be missing,
        # so the cohort is due again. Saving the same people does not change the position.
        await self._aside(lambda: self._warehouse.save_cohort(product.slug, name, statement))
        self._known[(product.slug, name)] = (cohort, self._clock.now(), position)


def statement_of(product: Product, cohort: Cohort, setting: Setting) -> Statement:
    """Return the statement of a cohort's people, each once."""
    if not cohort.is_fixed:
        return people_of(msgspec.convert(cohort.segment, Segment), product.slug, setting)
    question: AnyQuestion = msgspec.convert(cohort.question, AnyQuestion)
    moment = datetime.fromisoformat(cohort.as_of).astimezone(UTC).replace(tzinfo=None)
    then = msgspec.structs.replace(setting, as_of=moment)
    cell = msgspec.convert(cohort.cell, Cell)
    return each_once(measure_of(type(question)).members(question, cell, then))


async def is_behavioral(reader: ProductReader, product: str, segment: Segment, today: date) -> bool:
    """Whether a segment selects people by recent behavior, itself or by a saved cohort.

    Raises:
        NotFound: `product.unknown`, `cohort.unknown`.
    """
    cohorts = [await reader.cohort(product, each) for each in segment.cohorts]
    return bool(segment.did) or any(_selects_behavior(each, today) for each in cohorts)


def _selects_behavior(cohort: Cohort, today: date) -> bool:
    if not cohort.is_fixed:
        return bool(msgspec.convert(cohort.segment, Segment).did)
    # The people behind a count did what it counts, up to that moment. Only a moment before all
    # compared days leaves them free to do more or less on each of these days.
    chosen = datetime.fromisoformat(cohort.as_of).astimezone(UTC).date()
    return chosen >= today - timedelta(days=HISTORY_DAYS)
