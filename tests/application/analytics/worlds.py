"""A log in memory, a desk that decides, and an analyst over a warehouse in memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse
from missioncontrol.analytics.event_discovery import oldest_query
from missioncontrol.analytics.questions import Funnel, Pattern, Range, Step
from missioncontrol.application.analytics.analyst import Analyst
from missioncontrol.application.analytics.product_service import ProductService
from missioncontrol.application.analytics.products import ProductReader
from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal, fold
from missioncontrol.domain.cohorts import SavedCommand
from missioncontrol.domain.product.commands import (
    AddProduct,
    AddSource,
    FinishRemoval,
    RemovalCommand,
    RenewSourceKey,
    SettingCommand,
    SourceCommand,
)
from missioncontrol.ports.warehouse import Captured, Statement
from tests.application.parts import StandingClock

ACTOR = "user:alice"
DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
WEEK = Range(date(2026, 11, 17), date(2026, 11, 23))


def event(person: str, name: str, hours: float = 0.0, **about: Any) -> Captured:
    """Return what a person did, so many hours after noon."""
    at = int((NOON + hours * 3_600) * 1_000_000)
    known: dict[str, Any] = {"id": f"{person}-{name}-{hours}", "source": "web", "received": at}
    properties = msgspec.json.encode(about.pop("properties", {}))
    return Captured(
        **{**known, **about}, name=name, happened=at, user=person, properties=properties
    )


FUNNEL = Funnel(
    product="shop",
    range=WEEK,
    steps=(Step(Pattern("signup")), Step(Pattern("order"), 86_400.0)),
)


class CountedWarehouse(DuckDbWarehouse):
    """Remembers what it was asked, but for the first day of the data."""

    def __init__(self) -> None:
        super().__init__(None, threads=1)
        self.asked: list[Statement] = []

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        if statement != oldest_query("shop"):
            self.asked.append(statement)
        return super().rows(statement)


class World:
    """What the tests work with."""

    def __init__(self) -> None:
        self.clock = StandingClock()
        self.clock.time = NOON + 3 * 86_400
        self.journal = Journal(MemoryEventStore(), self.clock)
        self.desk = ProductService(self.journal)
        self.shelf = ProductReader(self.find, self.journal.store)
        self.warehouse = CountedWarehouse()
        self.analyst = Analyst(self.warehouse, self.shelf, self.clock)

    async def find(self, concept: Concept[Any, Any, Any], stream: str) -> Any:
        await self.journal.commit()
        state, _ = await fold(self.journal.store, concept, stream)
        return state

    def keep(self, *events: Captured) -> None:
        self.warehouse.store("shop", events)

    async def do(self, command: Any) -> Any:
        """Give a command to the method of the service that takes it."""
        methods: tuple[tuple[Any, Any], ...] = (
            (AddProduct | SettingCommand, self.desk.change),
            (AddSource | RenewSourceKey, self.desk.new_key),
            (SourceCommand, self.desk.source),
            (FinishRemoval, self.desk.finish),
            (RemovalCommand, self.desk.removal),
            (SavedCommand, self.desk.save),
        )
        found = next(method for kinds, method in methods if isinstance(command, kinds))
        return await found(command, actor=ACTOR)

    async def add(self, *commands: SettingCommand) -> None:
        for each in (AddProduct("shop", "Web shop"), *commands):
            await self.do(each)


@asynccontextmanager
async def world(events: Sequence[Captured] = ()) -> AsyncIterator[World]:
    """Give out a world with a shop, and these events in it."""
    made = World()
    try:
        await made.add()
        if events:
            made.keep(*events)
        yield made
    finally:
        made.analyst.close()
        made.warehouse.close()
