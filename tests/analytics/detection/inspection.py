"""A seeded product in a warehouse in memory, and what is found in it."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse
from missioncontrol.analytics.answers import AnyAnswer
from missioncontrol.analytics.calendar import Setting, weeks_between
from missioncontrol.analytics.demo_data import events
from missioncontrol.analytics.detection.findings import Figure, Finding
from missioncontrol.analytics.detection.pipeline import find_changes
from missioncontrol.analytics.kpis import Kpi, kpi_of, kpi_questions
from missioncontrol.analytics.questions import AnyQuestion, Range
from missioncontrol.analytics.summary import PARTS, Summary
from missioncontrol.application.analytics.measures import measure_of, stamp_of
from missioncontrol.domain.alert import Quoted, Reading
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.warehouse import Statement
from tests.analytics.detection.quotation import value_of

SHOP = Product("shop", "Shop")
MORNING = datetime(2026, 11, 23, 9, 30, tzinfo=UTC).replace(tzinfo=None)
BATCH = 50_000


class Inspection:
    """A product and who asks about it."""

    def __init__(self, warehouse: DuckDbWarehouse) -> None:
        self.warehouse = warehouse
        self.setting = Setting(MORNING)
        self._answers: dict[tuple[AnyQuestion, str], AnyAnswer] = {}

    def answer(self, question: AnyQuestion, as_of: str = "") -> AnyAnswer:
        key = (question, as_of)
        if key not in self._answers:  # Nothing comes in between.
            self._answers[key] = self._answered(question, as_of)
        return self._answers[key]

    def _answered(self, question: AnyQuestion, as_of: str) -> AnyAnswer:
        kind, setting = type(question), self.setting
        if as_of:
            moment = datetime.fromisoformat(as_of).astimezone(UTC).replace(tzinfo=None)
            setting = Setting(moment)
        return measure_of(kind).answer(
            question, setting, self.warehouse.rows, definition=stamp_of(kind), position=0
        )

    def kpis(self, range_: Range) -> list[Kpi]:
        """Return the key figures, those of the days before as of as many weeks before."""
        found, weeks = [], weeks_between(range_)
        for each in kpi_questions(SHOP, range_):
            then = f"{(MORNING - weeks).isoformat()}Z"
            before = self.answer(each.before, then) if each.before is not None else None
            found.append(kpi_of(each, self.answer(each.question), before))
        return found

    def findings(self, *, is_sliced: bool = True) -> tuple[Finding, ...]:
        async def ask(question: AnyQuestion) -> AnyAnswer:
            return self.answer(question)

        async def rows(statement: Statement) -> list[tuple[Any, ...]]:
            return self.warehouse.rows(statement)

        return asyncio.run(find_changes(SHOP, self.setting, ask, rows, is_sliced=is_sliced))


@contextmanager
def seeded(seed: int, *, users: int, days: int, anomalies: bool) -> Iterator[Inspection]:
    warehouse = DuckDbWarehouse(None, threads=1)
    try:
        found = events(seed, days, users, until=MORNING, anomalies=anomalies)
        while batch := list(islice(found, BATCH)):
            warehouse.store(SHOP.slug, batch)
        yield Inspection(warehouse)
    finally:
        warehouse.close()


def misquoted(
    texts: Iterable[Summary | Reading], answer: Callable[[AnyQuestion, str], AnyAnswer], as_of: str
) -> list[Quoted]:
    """Return the numbers of texts that are not what their questions say now."""

    async def ask(question: AnyQuestion, moment: str) -> AnyAnswer:
        return answer(question, moment)

    async def wrong() -> list[Quoted]:
        found = []
        for each in (figure for text in texts for figure in quoted_in(text)):
            known = await value_of(each, ask, as_of)
            if known is None or abs(known - each.value) > 1e-9 * max(1.0, abs(known)):
                found.append(each)
        return found

    return asyncio.run(wrong())


def quoted_in(text: Summary | Reading) -> list[Quoted]:
    """Return every number that stands in a text."""
    if isinstance(text, Reading):
        return [*text.figures]
    points = [point for name in PARTS for point in getattr(text, name)]
    return [*text.verdict.figures, *(figure for point in points for figure in point.figures)]


def figures(finding: Finding) -> list[Figure]:
    """Return every number of a finding that says where it stands."""
    own = [finding.observed, finding.expected, finding.low, finding.high, finding.volume]
    also = [figure for each in finding.also for figure in (each.observed, each.expected)]
    slices = [figure for each in finding.slices for figure in (each.now, each.before)]
    return [*own, *also, *slices]
