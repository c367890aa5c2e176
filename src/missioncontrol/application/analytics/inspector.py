"""Changes in each product and its executive summary, recomputed when events arrive.

Only complete days count, as of the end of the last one, so results stay the same all day unless
events arrive late.
"""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import msgspec

from missioncontrol.analytics.calendar import Setting, bounds, day_of, start_of, zone_of
from missioncontrol.analytics.definition import stamp
from missioncontrol.analytics.detection.findings import Finding
from missioncontrol.analytics.emptiness import (
    Emptiness,
    conditions,
    has_no_starts,
    met_query,
    of_person,
    silent_since,
    unknown_steps,
    unmet,
)
from missioncontrol.analytics.facts import digest_of
from missioncontrol.analytics.kpis import activation_of
from missioncontrol.analytics.questions import EVERYBODY, Range, Segment, Where
from missioncontrol.analytics.scope import scope_of
from missioncontrol.analytics.summary import Summary, summary
from missioncontrol.application.analytics.analyst import Analyst
from missioncontrol.application.analytics.digests import as_written
from missioncontrol.application.analytics.products import policy_of
from missioncontrol.application.analytics.views import kpis
from missioncontrol.domain import canonical
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.warehouse import Statement

REST_FACTOR = 10.0
"""Pause after an inspection, in multiples of the time it took."""

WAIT_SECONDS_MAX = 0.5
"""A caller waits for an inspection of at most this duration instead of getting an older one."""

INSPECTIONS_MAX = 100
NOTE = "findings"
NOTE_QUERY = "SELECT text FROM notes WHERE product = $product AND name = $name"

DAY = timedelta(days=1)


class InspectionKey(msgspec.Struct, frozen=True):
    """The subject of an inspection: product, segment, last day and settings."""

    product: str
    segment: Segment
    as_of: datetime  # UTC, without an offset: the end of the last day that counts
    settings: str  # digest of all that decides the result, besides the events


class Inspection(msgspec.Struct, frozen=True):
    """The findings of an inspection."""

    findings: tuple[Finding, ...]
    position: int  # of the warehouse
    as_of: datetime  # as `InspectionKey.as_of`
    at: float  # seconds since the epoch
    took: float  # seconds that it took


class StoredInspection(msgspec.Struct, frozen=True):
    """An inspection stored in the warehouse, so that a restarted console has it at once."""

    settings: str
    found: Inspection


class Inspector:
    """Inspects products for changes; concurrent callers share one inspection."""

    def __init__(self, analyst: Analyst, clock: Clock) -> None:
        """Start without inspections."""
        self._analyst = analyst
        self._clock = clock
        self._known: dict[InspectionKey, Inspection] = {}
        self._tasks: dict[InspectionKey, asyncio.Task[Inspection]] = {}
        self._restored: set[str] = set()

    async def found(
        self, product: str, segment: Segment = EVERYBODY, until: date | None = None
    ) -> Inspection:
        """Return the findings as of the end of a day, by default of the last complete one.

        Current settings apply. When events have arrived since, a new inspection starts; where it
        takes long, the caller gets the previous one meanwhile.

        Raises:
            NotFound: `product.unknown`, `cohort.unknown`.
            Unavailable: as the warehouse.
        """
        key, product_state = await self._key(product, segment, until)
        known = self._known.get(key)
        if known is None:
            return await asyncio.shield(self._begin(key, product_state))
        position = await self._analyst.position()
        is_rested = self._clock.now() - known.at > REST_FACTOR * known.took
        if known.position == position or not is_rested:
            return known
        begun = self._begin(key, product_state)
        return await asyncio.shield(begun) if known.took <= WAIT_SECONDS_MAX else known

    async def known(
        self, product: str, segment: Segment = EVERYBODY, until: date | None = None
    ) -> Inspection | None:
        """Return the result of `found` if it is quick, else an earlier inspection, else None.

        The inspection continues in the background for the next caller.

        Raises:
            NotFound, Unavailable: as `found`.
        """
        task = asyncio.ensure_future(self.found(product, segment, until))
        task.add_done_callback(_retrieve_exception)
        # For a large product it never is quick, and its questions yield to those of the page.
        timeout = 0.0 if await self._analyst.is_large(product) else WAIT_SECONDS_MAX
        if (await asyncio.wait({task}, timeout=timeout))[0]:
            return task.result()
        return await self.at_hand(product, segment, until)

    async def at_hand(
        self, product: str, segment: Segment = EVERYBODY, until: date | None = None
    ) -> Inspection | None:
        """Return a stored inspection, of an earlier day where necessary; never start one.

        Raises:
            NotFound: as `found`.
        """
        key, _ = await self._key(product, segment, until)
        if key in self._known:
            return self._known[key]
        if key.as_of != end_of(await self._analyst.setting(product), None):
            return None  # For a day in the past, the inspection of another day is no substitute.
        earlier = (
            known
            for each, known in self._known.items()
            if msgspec.structs.replace(each, as_of=key.as_of) == key
        )
        return max(earlier, key=lambda each: each.as_of, default=None)

    async def summary(
        self,
        product: str,
        range_: Range,
        segment: Segment = EVERYBODY,
        *,
        compared: bool = True,
        waits: bool = True,
    ) -> Summary:
        """Return the executive summary of a product: its changes and key figures.

        It covers the complete days of the range, for the segment alone, in the words of a model
        where one has written about the same facts. Without `waits` the findings are those of
        `known`.

        Raises:
            NotFound, Rejected, Unavailable: as `Analyst.answer`.
        """
        draft = await self.by_rule(product, range_, segment, compared=compared, waits=waits)
        return as_written(draft, await self._analyst.products.digests(product))

    async def by_rule(
        self,
        product: str,
        range_: Range,
        segment: Segment = EVERYBODY,
        *,
        compared: bool = True,
        waits: bool = True,
    ) -> Summary:
        """Return the summary in words that rules make of the facts.

        Raises:
            NotFound, Rejected, Unavailable: as `Analyst.answer`.
        """
        bounds(range_, await self._analyst.setting(product))
        look = self.found if waits else self.known
        found = await look(product, segment, range_.until)
        setting = await self._analyst.setting(product)
        as_of = found.as_of if found else end_of(setting, range_.until)
        last = day_of(as_of, setting) - DAY
        days = Range(range_.since, min(range_.until, last)) if range_.since <= last else None
        figures = []
        if days is not None:
            about = (self._analyst, product, days, segment)
            figures = await kpis(*about, compared=compared, as_of=end_of(setting, None))
        findings = found.findings if found else ()
        lately = [each for each in findings if each.until >= range_.since]
        is_looked_for = not await self._analyst.is_behavioral(product, segment)
        draft = summary(
            product,
            lately,
            figures,
            as_of=as_of.isoformat() + "Z",
            definition=stamp("anomalies"),
            scope=scope_of(
                range_,
                last,
                segment,
                len(findings) - len(lately),
                is_looked_for=is_looked_for,
                data_since=next((each.data_since for each in figures), ""),
            ),
            updated=_moment(found.at) if found else "",
            empty=await self._why_empty(product, range_, segment)
            if has_no_starts(figures)
            else Emptiness(),
            is_past=range_.until < day_of(end_of(setting, None), setting) - DAY,
            is_looked_for=is_looked_for and found is not None,
        )
        return msgspec.structs.replace(
            draft, facts=digest_of(draft), is_looked_for=is_looked_for, is_looking=found is None
        )

    async def _why_empty(self, product: str, range_: Range, segment: Segment) -> Emptiness:
        """Return why no person of a segment started the activation, as far as that is known."""
        for each in conditions(segment):
            if not await self._is_met(product, each):
                by_people = await self._is_met(product, of_person(each))
                return unmet(each, by_people=by_people)
        if segment != EVERYBODY:
            return Emptiness()
        events = await self._analyst.events(product)
        if events.newest is not None and events.newest < range_.since:
            return silent_since(events.newest)
        steps = activation_of(await self._analyst.products.find(product)).steps
        return unknown_steps([each.pattern.event for each in steps], events.names)

    async def _is_met(self, product: str, where: Where) -> bool:
        return any(each for (each,) in await self._analyst.rows(met_query(product, where)))

    async def _key(
        self, product: str, segment: Segment, until: date | None
    ) -> tuple[InspectionKey, Product]:
        setting = await self._analyst.setting(product)
        found = await self._analyst.products.find(product)
        if product not in self._restored:
            await self._restore(product)
        reader = self._analyst.products
        cohorts = [await reader.cohort(product, each) for each in segment.cohorts]
        decides = (found.zone, found.week_starts, found.measures, policy_of(found), cohorts)
        settings = canonical.digest(msgspec.to_builtins((*decides, stamp("anomalies"))))
        return InspectionKey(product, segment, end_of(setting, until), settings), found

    def _begin(self, key: InspectionKey, product: Product) -> "asyncio.Task[Inspection]":
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(self._look(key, product))
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return task

    async def _look(self, key: InspectionKey, product: Product) -> Inspection:
        began = time.monotonic()
        await self._analyst.settle(product)
        position, at = await self._analyst.position(), self._clock.now()
        findings = await self._analyst.findings(product.slug, key.segment, as_of=key.as_of)
        found = Inspection(findings, position, key.as_of, at, time.monotonic() - began)
        self._keep(key, found)
        if key.segment == EVERYBODY:
            await self._store_note(key, found)
        return found

    def _keep(self, key: InspectionKey, found: Inspection) -> None:
        self._known.pop(key, None)
        self._known[key] = found
        if len(self._known) > INSPECTIONS_MAX:
            del self._known[next(iter(self._known))]

    async def _store_note(self, key: InspectionKey, found: Inspection) -> None:
        """Store a slow inspection of the latest day in the warehouse."""
        is_latest = key.as_of == end_of(await self._analyst.setting(key.product), None)
        if not is_latest or found.took <= WAIT_SECONDS_MAX:
            return
        text = msgspec.json.encode(StoredInspection(key.settings, found)).decode()
        warehouse = self._analyst.warehouse
        await self._analyst.aside(lambda: warehouse.keep_note(key.product, NOTE, text))

    async def _restore(self, product: str) -> None:
        """Load the inspection that an earlier process stored."""
        self._restored.add(product)
        warehouse = self._analyst.warehouse
        statement = Statement(NOTE_QUERY, {"product": product, "name": NOTE})
        for (text,) in await self._analyst.aside(lambda: warehouse.rows(statement)):
            with suppress(msgspec.MsgspecError):  # Another release wrote it: inspect again.
                stored = msgspec.json.decode(text, type=StoredInspection)
                key = InspectionKey(product, EVERYBODY, stored.found.as_of, stored.settings)
                self._known.setdefault(key, stored.found)


def end_of(setting: Setting, day: date | None) -> datetime:
    """Return the end of a day of a product, at the latest that of the last complete day."""
    today = day_of(setting.as_of, setting)
    last = today - DAY if day is None else min(day, today - DAY)
    return start_of(last + DAY, zone_of(setting.zone))


def _retrieve_exception(done: "asyncio.Future[Inspection]") -> None:
    """Retrieve the exception of a background task; the next caller gets its own."""
    if not done.cancelled():
        done.exception()


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
