"""Who is in a saved cohort: worked out when somebody asks by it, and not more often than needed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from missioncontrol.analytics.detection.metrics import HISTORY_DAYS
from missioncontrol.analytics.member_list import each_once, people_of
from missioncontrol.analytics.questions import AnyQuestion, Cell, Segment
from missioncontrol.analytics.setting import Setting
from missioncontrol.application.analytics.measures import measure_of
from missioncontrol.application.analytics.products import ProductReader
from missioncontrol.domain.product.states import Product
from missioncontrol.domain.saved import Cohort
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.warehouse import Statement, Warehouse

SECONDS = 60.0
"""So long a cohort stays who it is where nothing comes in: conditions count back from now."""

Aside = Callable[[Callable[[], Any]], Awaitable[Any]]


class Membership:
    """Keeps the warehouse's rows of saved cohorts as their definitions say."""

    def __init__(
        self, warehouse: Warehouse, products: ProductReader, clock: Clock, aside: Aside
    ) -> None:
        """`aside` does what blocks. Nothing is known of any cohort yet."""
        self._warehouse = warehouse
        self._products = products
        self._clock = clock
        self._aside = aside
        self._turn = asyncio.Lock()
        self._known: dict[tuple[str, str], tuple[Cohort, float, int]] = {}

    async def bring_up(
        self, product: Product, cohorts: Sequence[str], setting: Setting, position: int
    ) -> bool:
        """Let these be who they are as of `setting`; return whether any was worked out anew.

        Whoever asks again at the same position, gets those of then.

        Raises:
            NotFound: `cohort.unknown`.
        """
        is_anew = False
        async with self._turn:
            for name in dict.fromkeys(cohorts):
                cohort = await self._products.cohort(product.slug, name)
                if self._is_due(product, cohort, position):
                    is_anew = True
                    await self._work_out(product, cohort, setting, position)
        return is_anew

    def _is_due(self, product: Product, cohort: Cohort, position: int) -> bool:
        known, since, then = self._known.get((product.slug, cohort.id), (None, 0.0, -1))
        if known != cohort or then != position:
            return True
        return not cohort.is_fixed and self._clock.now() - since >= SECONDS

    async def _work_out(
        self, product: Product, cohort: Cohort, setting: Setting, position: int
    ) -> None:
        name, statement = cohort.id, statement_of(product, cohort, setting)
        # The position is from before: what comes in meanwhile may be in it or not, so it is due
        # again, as it is once after a change of its own; the same people change nothing.
        await self._aside(lambda: self._warehouse.save_cohort(product.slug, name, statement))
        self._known[(product.slug, name)] = (cohort, self._clock.now(), position)


def statement_of(product: Product, cohort: Cohort, setting: Setting) -> Statement:
    """Return the statement of whom a cohort means, each person once."""
    if not cohort.is_fixed:
        return people_of(msgspec.convert(cohort.segment, Segment), product.slug, setting)
    question: AnyQuestion = msgspec.convert(cohort.question, AnyQuestion)
    moment = datetime.fromisoformat(cohort.as_of).astimezone(UTC).replace(tzinfo=None)
    then = msgspec.structs.replace(setting, as_of=moment)
    cell = msgspec.convert(cohort.cell, Cell)
    return each_once(measure_of(type(question)).members(question, cell, then))


async def is_behavioral(shelf: ProductReader, product: str, segment: Segment, today: date) -> bool:
    """Whether a segment says what people did lately, itself or by a saved cohort.

    Raises:
        NotFound: `product.unknown`, `cohort.unknown`.
    """
    cohorts = [await shelf.cohort(product, each) for each in segment.cohorts]
    return bool(segment.did) or any(_is_of_deeds(each, today) for each in cohorts)


def _is_of_deeds(cohort: Cohort, today: date) -> bool:
    if not cohort.is_fixed:
        return bool(msgspec.convert(cohort.segment, Segment).did)
    # Whoever was behind a count did what it counts, up to that moment. Where that was before all
    # the days that are compared, they have been free to do more or less on each of these.
    chosen = datetime.fromisoformat(cohort.as_of).astimezone(UTC).date()
    return chosen >= today - timedelta(days=HISTORY_DAYS)
