"""Answers questions about the use of products, with a cache that new events invalidate."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from missioncontrol.analytics import member_list
from missioncontrol.analytics.answers import AnyAnswer, Members
from missioncontrol.analytics.calendar import Setting, day_of
from missioncontrol.analytics.detection.findings import Finding
from missioncontrol.analytics.detection.pipeline import find_changes
from missioncontrol.analytics.event_discovery import oldest_query
from missioncontrol.analytics.questions import (
    EVERYBODY,
    AnyQuestion,
    Cell,
    Segment,
    Step,
    digest,
)
from missioncontrol.application.analytics.answer_cache import AnswerCache
from missioncontrol.application.analytics.known_events import Events, KnownEvents
from missioncontrol.application.analytics.measures import measure_of, stamp_of
from missioncontrol.application.analytics.membership import Membership, is_behavioral
from missioncontrol.application.analytics.products import ProductReader, policy_of
from missioncontrol.application.analytics.query_priority import QueryPriority
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.warehouse import Policy, Statement, Warehouse

THREADS = 4
"""Questions that run at once; others wait."""

AS_OF_SECONDS = 60.0
"""How long an answer as of now stays valid while no event arrives."""

LARGE_EVENTS = 1_000_000
HELD_SECONDS = 10.0
"""How long answers about a product with at least `LARGE_EVENTS` stay valid although events arrive.

At thousands of events a second, each view would scan all events again and slow the ingestion down.
A change of the product's settings takes effect at once.
"""

LIMIT = 50

T = TypeVar("T")

Follow = Callable[[], Awaitable[None]]


class Analyst:
    """Answers questions for pages, API, command line and alerts."""

    def __init__(self, warehouse: Warehouse, products: ProductReader, clock: Clock) -> None:
        """Use an open warehouse; its owner closes it after `close` of this."""
        self.warehouse = warehouse
        self.products = products
        self.clock = clock
        self.follow: dict[str, Follow] = {}  # by product: brings its events up to date
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="analyst")
        self._cache = AnswerCache()
        self._running: dict[tuple[Any, ...], asyncio.Task[AnyAnswer]] = {}
        self._settled: dict[str, Policy] = {}
        self._settling = asyncio.Lock()
        self._priority = QueryPriority(self.position)
        self._as_of: dict[str, tuple[int, float]] = {}  # by slug: position, and since when
        self._held_positions: dict[str, tuple[Product, int, float]] = {}  # by slug
        self._events = KnownEvents(self.rows)
        # By slug: position, policy, and the query of the oldest event.
        self._oldest_events: dict[
            str, tuple[int, Policy, asyncio.Future[list[tuple[Any, ...]]]]
        ] = {}
        self._membership = Membership(warehouse, products, clock, self.aside)

    async def answer(self, question: AnyQuestion, *, as_of: datetime | None = None) -> AnyAnswer:
        """Return the answer as of now, or of an earlier moment (UTC without an offset).

        Raises:
            NotFound: `product.unknown`, `cohort.unknown`.
            Rejected: the question is not valid; the code and the reason say why.
            Unavailable: `analytics.slow` and others of the warehouse.
        """
        with self._priority.foreground():
            return await self._answer(question, as_of)

    async def _answer(self, question: AnyQuestion, as_of: datetime | None) -> AnyAnswer:
        setting, position = await self._ready(question, as_of)
        key = (digest(question), position, setting)
        found = self._cache.get(key)
        if found is not None:
            return found
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._compute(question, setting, position))
            self._running[key] = task
            task.add_done_callback(lambda done: self._store_result(key, done))
        return await asyncio.shield(task)  # Another caller may wait for the same task.

    async def members(
        self,
        question: AnyQuestion,
        cell: Cell,
        *,
        limit: int = LIMIT,
        cursor: str = "",
        as_of: datetime | None = None,
    ) -> Members:
        """Return the people behind one count of an answer, the latest first.

        With the `as_of` of an answer, and while no event has arrived since, their number equals
        the count.

        Raises:
            Rejected: `analytics.bad_cell` where the answer has no such count, `analytics.bad_page`.
            NotFound, Unavailable: as `answer`.
        """
        with self._priority.foreground():
            setting, _ = await self._ready(question, as_of)
            counted = measure_of(type(question)).members(question, cell, setting)
            page = member_list.page(counted, question.product, limit=limit, cursor=cursor or None)
            rows = await self.rows(page)
        return await self.aside(lambda: member_list.members(rows, cursor=cursor or None))

    async def findings(
        self,
        product: str,
        segment: Segment = EVERYBODY,
        *,
        as_of: datetime | None = None,
    ) -> tuple[Finding, ...]:
        """Return what changed in a product, the most severe first, each number with its question.

        Its many questions yield to those of `answer`. A segment that selects people by recent
        behavior has no findings: see `scope.NO_BEHAVIORAL_CHANGES`.

        Raises:
            NotFound, Unavailable: as `answer`.
        """
        known = await self.products.find(product)
        if await self.is_behavioral(product, segment):
            return ()
        await self._refresh(known)
        setting = await self.setting(product, as_of=as_of)

        async def ask(question: AnyQuestion) -> AnyAnswer:
            async with self._priority.background():
                return await self._answer(question, setting.as_of)

        async def rows(statement: Statement) -> list[tuple[Any, ...]]:
            async with self._priority.background():
                return await self.rows(statement)

        return await find_changes(known, setting, ask, rows, segment=segment)

    async def is_behavioral(self, product: str, segment: Segment) -> bool:
        """Whether a segment selects people by recent behavior, so that it can have no findings.

        Raises:
            NotFound: `product.unknown`, `cohort.unknown`.
        """
        setting = await self.setting(product)
        today = day_of(setting.as_of, setting)
        return await is_behavioral(self.products, product, segment, today)

    async def events(self, product: str) -> Events:
        """Return which events a product has, and a first funnel of them.

        Raises:
            NotFound, Unavailable: as `answer`.
        """
        known, setting, position = await self._now_of(product)
        return await self._events.of(known, setting, position)

    async def opening(self, product: str) -> tuple[Step, ...]:
        """Return the steps of a first funnel for a product without events of its activation.

        Raises:
            NotFound, Unavailable: as `answer`.
        """
        known, setting, position = await self._now_of(product)
        return await self._events.opening(known, setting, position)

    async def _now_of(self, product: str) -> tuple[Product, Setting, int]:
        known = await self.products.find(product)
        await self._refresh(known)
        position = await self._answer_position(known)
        return known, await self._setting(known, None, position), position

    async def opened(self, product: str) -> int:
        """Note that a user opens a page of a product; return its number of events.

        For a large product, background questions pause so that those of the page run first.

        Raises:
            Unavailable: as the warehouse.
        """
        events = await self._size(product)
        if events >= LARGE_EVENTS:
            self._priority.expect()
        return events

    async def is_large(self, product: str) -> bool:
        """Whether a product has at least `LARGE_EVENTS`, so that its questions take long.

        Raises:
            Unavailable: as the warehouse.
        """
        return await self._size(product) >= LARGE_EVENTS

    async def _size(self, product: str) -> int:
        return (await self.aside(lambda: self.warehouse.used(product))).events

    async def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Run a statement over the views of the warehouse."""
        return await self.aside(lambda: self.warehouse.rows(statement))

    async def setting(self, product: str, *, as_of: datetime | None = None) -> Setting:
        """Return the calendar of a product, as of now or of an earlier moment.

        Raises:
            NotFound: `product.unknown`.
        """
        known = await self.products.find(product)
        return await self._setting(known, as_of, await self._answer_position(known))

    async def position(self) -> int:
        """Return a number that grows with each change: equal numbers mean equal answers."""
        return await self.aside(self.warehouse.position)

    async def settle(self, product: Product) -> None:
        """Apply the counting policy of a product to the warehouse, where it has changed."""
        policy = policy_of(product)
        async with self._settling:
            if self._settled.get(product.slug) != policy:
                await self.aside(lambda: self.warehouse.settle(product.slug, policy))
                self._settled[product.slug] = policy

    async def aside(self, work: Callable[[], T]) -> T:
        """Run blocking work on one of this analyst's threads, and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """Cancel what runs and stop the threads."""
        for task in self._running.values():
            task.cancel()
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _ready(self, question: AnyQuestion, as_of: datetime | None) -> tuple[Setting, int]:
        """Bring events, policy and cohorts up to date; return the setting and position to use."""
        product = await self.products.find(question.product)
        await self._refresh(product)
        position = await self._answer_position(product)
        if question.segment.cohorts:
            now = await self._setting(product, None, position)
            cohorts = question.segment.cohorts
            if await self._membership.bring_up(product, cohorts, now, position):
                self._held_positions.pop(product.slug, None)
                position = await self._answer_position(product)
        return await self._setting(product, as_of, position), position

    async def _answer_position(self, product: Product) -> int:
        """Return the current position; for a large product one of at most `HELD_SECONDS` ago."""
        events, position = await self.aside(
            lambda: (self.warehouse.used(product.slug).events, self.warehouse.position())
        )
        if events < LARGE_EVENTS:
            return position
        now = self.clock.now()
        known, held, since = self._held_positions.get(product.slug, (None, 0, 0.0))
        if known == product and 0 <= now - since < HELD_SECONDS:
            return held
        self._held_positions[product.slug] = (product, position, now)
        return position

    async def _refresh(self, product: Product) -> None:
        """Bring the counting policy and the events of a product up to date."""
        await self.settle(product)
        if (follow := self.follow.get(product.slug)) is not None:
            await follow()

    async def _setting(self, product: Product, as_of: datetime | None, position: int) -> Setting:
        moment = as_of or self._now(product, position)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        setting = Setting(moment, product.zone, product.week_starts)
        oldest = await self._oldest(product, position)
        begins = day_of(oldest, setting) if oldest is not None else None
        return msgspec.structs.replace(setting, begins=begins)

    async def _oldest(self, product: Product, position: int) -> datetime | None:
        """Return the time of the oldest event that counts at a position."""
        policy = policy_of(product)
        known = self._oldest_events.get(product.slug)
        if known is None or known[:2] != (position, policy):
            asking = asyncio.ensure_future(self.rows(oldest_query(product.slug)))
            known = self._oldest_events[product.slug] = (position, policy, asking)
        try:
            # Several callers may wait for it, and one may be cancelled.
            [(oldest,)] = await asyncio.shield(known[2])
        except Exception:
            self._oldest_events.pop(product.slug, None)  # The next caller tries again.
            raise
        moment: datetime | None = oldest
        return moment

    def _now(self, product: Product, position: int) -> datetime:
        """Return now, or the `as_of` in use where no event arrived and it is recent enough."""
        now = self.clock.now()
        known, since = self._as_of.get(product.slug, (-1, 0.0))
        if known != position or not 0 <= now - since < AS_OF_SECONDS:
            since = now
            self._as_of[product.slug] = (position, since)
        return datetime.fromtimestamp(since, UTC).replace(tzinfo=None)

    async def _compute(self, question: AnyQuestion, setting: Setting, position: int) -> AnyAnswer:
        kind = type(question)
        measure, definition, rows = measure_of(kind), stamp_of(kind), self.warehouse.rows
        return await self.aside(
            lambda: measure.answer(
                question, setting, rows, definition=definition, position=position
            )
        )

    def _store_result(self, key: tuple[Any, ...], done: "asyncio.Task[AnyAnswer]") -> None:
        del self._running[key]
        if not done.cancelled() and done.exception() is None:
            self._cache.keep(key, done.result())
