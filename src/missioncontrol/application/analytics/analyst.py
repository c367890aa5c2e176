"""Answers questions about the use of products: each once, as long as nothing has happened since."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from missioncontrol.analytics import member_list
from missioncontrol.analytics.answers import AnyAnswer, Members
from missioncontrol.analytics.detection.finding import Finding
from missioncontrol.analytics.detection.pipeline import inspected
from missioncontrol.analytics.event_discovery import oldest_asked
from missioncontrol.analytics.questions import (
    EVERYBODY,
    AnyQuestion,
    Cell,
    Segment,
    Step,
    digest,
)
from missioncontrol.analytics.setting import Setting, day_of
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
"""Questions that are answered at once; others wait."""

AS_OF_SECONDS = 60.0
"""So long an answer to a question about now stays good where nothing has come in."""

LARGE_EVENTS = 1_000_000
HELD_SECONDS = 10.0
"""So long answers about a product with more events than that stay good, whatever comes in.

While thousands of events a second come in, each look would read all of them anew, and hold up what
comes in. What people change about the product is seen at once.
"""

LIMIT = 50

T = TypeVar("T")

Follow = Callable[[], Awaitable[None]]


class Analyst:
    """Whoever asks goes through this: pages, API, command line, alerts."""

    def __init__(self, warehouse: Warehouse, products: ProductReader, clock: Clock) -> None:
        """Whoever opened the warehouse closes it, after `close` of this."""
        self.warehouse = warehouse
        self.products = products
        self.clock = clock
        self.follow: dict[str, Follow] = {}  # by product: lets its events be up to date
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="analyst")
        self._kept = AnswerCache()
        self._asked: dict[tuple[Any, ...], asyncio.Task[AnyAnswer]] = {}
        self._settled: dict[str, Policy] = {}
        self._settling = asyncio.Lock()
        self._priority = QueryPriority(self.position)
        self._as_of: dict[str, tuple[int, float]] = {}  # by slug: a position, and when it is now
        self._held: dict[str, tuple[Product, int, float]] = {}  # by slug: as it was, and when
        self._events = KnownEvents(self.rows)
        # By slug: a position, and the oldest event then.
        self._begun: dict[str, tuple[int, Policy, asyncio.Future[list[tuple[Any, ...]]]]] = {}
        self._membership = Membership(warehouse, products, clock, self.aside)

    async def answer(self, question: AnyQuestion, *, as_of: datetime | None = None) -> AnyAnswer:
        """Return the answer, as of now or of a moment before (UTC without an offset).

        Raises:
            NotFound: `product.unknown`, `cohort.unknown`.
            Rejected: the question can't be asked; the code and the reason say why.
            Unavailable: `analytics.slow` and others of the warehouse.
        """
        with self._priority.taken():
            return await self._answer(question, as_of)

    async def _answer(self, question: AnyQuestion, as_of: datetime | None) -> AnyAnswer:
        setting, position = await self._ready(question, as_of)
        key = (digest(question), position, setting)
        found = self._kept.get(key)
        if found is not None:
            return found
        task = self._asked.get(key)
        if task is None:
            task = asyncio.create_task(self._worked_out(question, setting, position))
            self._asked[key] = task
            task.add_done_callback(lambda done: self._keep(key, done))
        return await asyncio.shield(task)  # Somebody else may wait for the same.

    async def members(
        self,
        question: AnyQuestion,
        cell: Cell,
        *,
        limit: int = LIMIT,
        cursor: str = "",
        as_of: datetime | None = None,
    ) -> Members:
        """Return who is behind one count of an answer, the latest first.

        With the `as_of` of an answer, and where nothing has come in since, there are as many as
        the count says.

        Raises:
            Rejected: `analytics.bad_cell` where the answer has no such count, `analytics.bad_page`.
            NotFound, Unavailable: as `answer`.
        """
        with self._priority.taken():
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

        It takes many questions, which give way to those of `answer`. Of people who are chosen by
        what they did lately nothing is told: see `scope.CHOSEN_BY_DEEDS`.

        Raises:
            NotFound, Unavailable: as `answer`.
        """
        known = await self.products.find(product)
        if await self.is_behavioral(product, segment):
            return ()
        await self._bring_up(known)
        setting = await self.setting(product, as_of=as_of)

        async def ask(question: AnyQuestion) -> AnyAnswer:
            async with self._priority.given():
                return await self._answer(question, setting.as_of)

        async def rows(statement: Statement) -> list[tuple[Any, ...]]:
            async with self._priority.given():
                return await self.rows(statement)

        return await inspected(known, setting, ask, rows, segment=segment)

    async def is_behavioral(self, product: str, segment: Segment) -> bool:
        """Whether people are chosen by what they did lately, so that nothing is told of changes.

        Raises:
            NotFound: `product.unknown`, `cohort.unknown`.
        """
        setting = await self.setting(product)
        today = day_of(setting.as_of, setting)
        return await is_behavioral(self.products, product, segment, today)

    async def events(self, product: str) -> Events:
        """Return which events a product has, and what to ask of them first.

        Raises:
            NotFound, Unavailable: as `answer`.
        """
        known, setting, position = await self._now_of(product)
        return await self._events.of(known, setting, position)

    async def opening(self, product: str) -> tuple[Step, ...]:
        """Return what to ask of a product first, in place of an activation that never came.

        Raises:
            NotFound, Unavailable: as `answer`.
        """
        known, setting, position = await self._now_of(product)
        return await self._events.opening(known, setting, position)

    async def _now_of(self, product: str) -> tuple[Product, Setting, int]:
        known = await self.products.find(product)
        await self._bring_up(known)
        position = await self._held_position(known)
        return known, await self._setting(known, None, position), position

    async def opened(self, product: str) -> int:
        """Take note that somebody opens a page of a product; return how many events it has.

        Where they are many, what nobody waits for lets the questions of that page pass.

        Raises:
            Unavailable: as the warehouse.
        """
        events = await self._size(product)
        if events >= LARGE_EVENTS:
            self._priority.expect()
        return events

    async def is_large(self, product: str) -> bool:
        """Whether a product has so many events that its questions take long.

        Raises:
            Unavailable: as the warehouse.
        """
        return await self._size(product) >= LARGE_EVENTS

    async def _size(self, product: str) -> int:
        return (await self.aside(lambda: self.warehouse.used(product))).events

    async def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Answer a statement over the views of the warehouse."""
        return await self.aside(lambda: self.warehouse.rows(statement))

    async def setting(self, product: str, *, as_of: datetime | None = None) -> Setting:
        """Return the calendar of a product, as of now or of a moment before.

        Raises:
            NotFound: `product.unknown`.
        """
        known = await self.products.find(product)
        return await self._setting(known, as_of, await self._held_position(known))

    async def position(self) -> int:
        """Return a number that grows with all that comes in: the same number, the same answers."""
        return await self.aside(self.warehouse.position)

    async def settle(self, product: Product) -> None:
        """Let the warehouse count what the log says that counts."""
        wanted = policy_of(product)
        async with self._settling:
            if self._settled.get(product.slug) != wanted:
                await self.aside(lambda: self.warehouse.settle(product.slug, wanted))
                self._settled[product.slug] = wanted

    async def aside(self, work: Callable[[], T]) -> T:
        """Do what blocks on a thread of ours, and return what came of it."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """Begin nothing more."""
        for task in self._asked.values():
            task.cancel()
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _ready(self, question: AnyQuestion, as_of: datetime | None) -> tuple[Setting, int]:
        """Let everything be as the log says it, and return by what, and where, to answer."""
        product = await self.products.find(question.product)
        await self._bring_up(product)
        position = await self._held_position(product)
        if question.segment.cohorts:
            now = await self._setting(product, None, position)
            cohorts = question.segment.cohorts
            if await self._membership.bring_up(product, cohorts, now, position):
                self._held.pop(product.slug, None)
                position = await self._held_position(product)
        return await self._setting(product, as_of, position), position

    async def _held_position(self, product: Product) -> int:
        """Return where to answer: now, or at most `HELD_SECONDS` ago where much has to be read."""
        events, position = await self.aside(
            lambda: (self.warehouse.used(product.slug).events, self.warehouse.position())
        )
        if events < LARGE_EVENTS:
            return position
        now = self.clock.now()
        known, held, since = self._held.get(product.slug, (None, 0, 0.0))
        if known == product and 0 <= now - since < HELD_SECONDS:
            return held
        self._held[product.slug] = (product, position, now)
        return position

    async def _bring_up(self, product: Product) -> None:
        """Let what counts be as the log says, and the events be those there are by now."""
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
        """Return the moment of the oldest event that counts; what comes in may be older."""
        policy = policy_of(product)
        known = self._begun.get(product.slug)
        if known is None or known[:2] != (position, policy):
            asking = asyncio.ensure_future(self.rows(oldest_asked(product.slug)))
            known = self._begun[product.slug] = (position, policy, asking)
        try:
            # Several may wait for it, and one of them be cancelled.
            [(oldest,)] = await asyncio.shield(known[2])
        except Exception:
            self._begun.pop(product.slug, None)  # asked again next time
            raise
        moment: datetime | None = oldest
        return moment

    def _now(self, product: Product, position: int) -> datetime:
        """Return now, or a moment ago where an answer of then is as good."""
        now = self.clock.now()
        known, since = self._as_of.get(product.slug, (-1, 0.0))
        if known != position or not 0 <= now - since < AS_OF_SECONDS:
            since = now
            self._as_of[product.slug] = (position, since)
        return datetime.fromtimestamp(since, UTC).replace(tzinfo=None)

    async def _worked_out(
        self, question: AnyQuestion, setting: Setting, position: int
    ) -> AnyAnswer:
        kind = type(question)
        measure, definition, rows = measure_of(kind), stamp_of(kind), self.warehouse.rows
        return await self.aside(
            lambda: measure.answer(
                question, setting, rows, definition=definition, position=position
            )
        )

    def _keep(self, key: tuple[Any, ...], done: "asyncio.Task[AnyAnswer]") -> None:
        del self._asked[key]
        if not done.cancelled() and done.exception() is None:
            self._kept.keep(key, done.result())
