"""What stands out in each product, looked for again when something came in since.

All of it is of days that are over, as of the end of the last of them: it reads the same all day,
but where something comes in late.
"""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import msgspec

from missioncontrol.analytics.definition import stamp
from missioncontrol.analytics.detection.finding import Finding
from missioncontrol.analytics.emptiness import (
    Emptiness,
    conditions,
    met_asked,
    nobody_began,
    of_person,
    silent_since,
    unknown_steps,
    unmet,
)
from missioncontrol.analytics.facts import digest_of
from missioncontrol.analytics.kpis import activation_of
from missioncontrol.analytics.questions import EVERYBODY, Range, Segment, Where
from missioncontrol.analytics.scope import scope_of
from missioncontrol.analytics.setting import Setting, bounds, day_of, start_of, zone_of
from missioncontrol.analytics.summary import Summary, summary
from missioncontrol.application.analytics.analyst import Analyst
from missioncontrol.application.analytics.digests import as_written
from missioncontrol.application.analytics.products import policy_of
from missioncontrol.application.analytics.views import kpis
from missioncontrol.domain import canonical
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.warehouse import Statement

RESTS = 10.0
"""After a look that took a second, nothing is looked for again within so many seconds."""

WAITED_SECONDS = 0.5
"""Where looking takes no longer, whoever asks waits for it rather than be told of before."""

KEPT_MAX = 100
NOTE = "findings"
NOTED = "SELECT text FROM notes WHERE product = $product AND name = $name"

DAY = timedelta(days=1)


class InspectionKey(msgspec.Struct, frozen=True):
    """What is looked at: a product and whom of it, up to when, and by which settings."""

    product: str
    segment: Segment
    as_of: datetime  # UTC, without an offset: the end of the last day that is told of
    settings: str  # digest of what decides on what is found, besides the events


class Inspection(msgspec.Struct, frozen=True):
    """What was found in a product, and when."""

    findings: tuple[Finding, ...]
    position: int  # of the warehouse
    as_of: datetime  # as `Asked.as_of`
    at: float  # seconds since the epoch
    took: float  # seconds


class StoredInspection(msgspec.Struct, frozen=True):
    """What is kept beside the events, to be told at once when a console begins again."""

    settings: str
    found: Inspection


class Inspector:
    """Looks for what changed in products; whoever asks meanwhile gets the same answer."""

    def __init__(self, analyst: Analyst, clock: Clock) -> None:
        """Nothing is looked for before somebody asks."""
        self._analyst = analyst
        self._clock = clock
        self._known: dict[InspectionKey, Inspection] = {}
        self._tasks: dict[InspectionKey, asyncio.Task[Inspection]] = {}
        self._recalled: set[str] = set()

    async def found(
        self, product: str, segment: Segment = EVERYBODY, until: date | None = None
    ) -> Inspection:
        """Return what stands out in a product by the end of a day, or of the last that is over.

        By the settings that hold now. Where something has come in since it was looked for, that is
        done again; where it takes long, beside what is told.

        Raises:
            NotFound: `product.unknown`, `cohort.unknown`.
            Unavailable: as the warehouse.
        """
        asked, known_as = await self._asked(product, segment, until)
        known = self._known.get(asked)
        if known is None:
            return await asyncio.shield(self._begin(asked, known_as))
        position = await self._analyst.position()
        is_rested = self._clock.now() - known.at > RESTS * known.took
        if known.position == position or not is_rested:
            return known
        begun = self._begin(asked, known_as)
        return await asyncio.shield(begun) if known.took <= WAITED_SECONDS else known

    async def known(
        self, product: str, segment: Segment = EVERYBODY, until: date | None = None
    ) -> Inspection | None:
        """Return what `found` does where that is quick, else what was found an earlier day.

        None where nobody has looked yet. It goes on meanwhile, and is told to who asks again.

        Raises:
            NotFound, Unavailable: as `found`.
        """
        looking = asyncio.ensure_future(self.found(product, segment, until))
        looking.add_done_callback(_seen)
        # Of a large product it never is quick, and gives way to the page that would wait for it.
        waits = 0.0 if await self._analyst.is_large(product) else WAITED_SECONDS
        if (await asyncio.wait({looking}, timeout=waits))[0]:
            return looking.result()
        return await self.at_hand(product, segment, until)

    async def at_hand(
        self, product: str, segment: Segment = EVERYBODY, until: date | None = None
    ) -> Inspection | None:
        """Return what was found before, on an earlier day where need be; nothing is looked for.

        Raises:
            NotFound: as `found`.
        """
        asked, _ = await self._asked(product, segment, until)
        if asked in self._known:
            return self._known[asked]
        if asked.as_of != end_of(await self._analyst.setting(product), None):
            return None  # Who asks for a day long ago is not told of another one.
        alike = (
            known
            for each, known in self._known.items()
            if msgspec.structs.replace(each, as_of=asked.as_of) == asked
        )
        return max(alike, key=lambda each: each.as_of, default=None)

    async def summary(
        self,
        product: str,
        range_: Range,
        segment: Segment = EVERYBODY,
        *,
        compared: bool = True,
        patient: bool = True,
    ) -> Summary:
        """Return the executive summary of a product: what stands out, beside its key figures.

        It is of the days of the range that are over, of the segment alone. Where a model has
        written of these very facts, it is in these words. Who is not `patient` gets it as far as
        it is `known`.

        Raises:
            NotFound, Rejected, Unavailable: as `Analyst.answer`.
        """
        told = await self.by_rule(product, range_, segment, compared=compared, patient=patient)
        return as_written(told, await self._analyst.products.digests(product))

    async def by_rule(
        self,
        product: str,
        range_: Range,
        segment: Segment = EVERYBODY,
        *,
        compared: bool = True,
        patient: bool = True,
    ) -> Summary:
        """Return the same in the words that are made of the facts alone.

        Raises:
            NotFound, Rejected, Unavailable: as `Analyst.answer`.
        """
        bounds(range_, await self._analyst.setting(product))
        look = self.found if patient else self.known
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
        told = summary(
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
            if nobody_began(figures)
            else Emptiness(),
            is_past=range_.until < day_of(end_of(setting, None), setting) - DAY,
            is_looked_for=is_looked_for and found is not None,
        )
        return msgspec.structs.replace(
            told, facts=digest_of(told), is_looked_for=is_looked_for, is_looking=found is None
        )

    async def _why_empty(self, product: str, range_: Range, segment: Segment) -> Emptiness:
        """Return why nobody of a segment began, as far as that is known."""
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
        return any(each for (each,) in await self._analyst.rows(met_asked(product, where)))

    async def _asked(
        self, product: str, segment: Segment, until: date | None
    ) -> tuple[InspectionKey, Product]:
        setting = await self._analyst.setting(product)
        found = await self._analyst.products.find(product)
        if product not in self._recalled:
            await self._recall(product)
        shelf = self._analyst.products
        cohorts = [await shelf.cohort(product, each) for each in segment.cohorts]
        decides = (found.zone, found.week_starts, found.measures, policy_of(found), cohorts)
        settings = canonical.digest(msgspec.to_builtins((*decides, stamp("anomalies"))))
        return InspectionKey(product, segment, end_of(setting, until), settings), found

    def _begin(self, asked: InspectionKey, product: Product) -> "asyncio.Task[Inspection]":
        task = self._tasks.get(asked)
        if task is None:
            task = self._tasks[asked] = asyncio.create_task(self._look(asked, product))
            task.add_done_callback(lambda _: self._tasks.pop(asked, None))
        return task

    async def _look(self, asked: InspectionKey, product: Product) -> Inspection:
        began = time.monotonic()
        await self._analyst.settle(product)
        position, at = await self._analyst.position(), self._clock.now()
        findings = await self._analyst.findings(product.slug, asked.segment, as_of=asked.as_of)
        found = Inspection(findings, position, asked.as_of, at, time.monotonic() - began)
        self._keep(asked, found)
        if asked.segment == EVERYBODY:
            await self._note(asked, found)
        return found

    def _keep(self, asked: InspectionKey, found: Inspection) -> None:
        self._known.pop(asked, None)
        self._known[asked] = found
        if len(self._known) > KEPT_MAX:
            del self._known[next(iter(self._known))]

    async def _note(self, asked: InspectionKey, found: Inspection) -> None:
        """Keep what took long beside the events, unless something came in or went meanwhile."""
        is_latest = asked.as_of == end_of(await self._analyst.setting(asked.product), None)
        if not is_latest or found.took <= WAITED_SECONDS:
            return
        text = msgspec.json.encode(StoredInspection(asked.settings, found)).decode()
        warehouse = self._analyst.warehouse
        await self._analyst.aside(lambda: warehouse.keep_note(asked.product, NOTE, text))

    async def _recall(self, product: str) -> None:
        """Know again what was found before this process began."""
        self._recalled.add(product)
        warehouse = self._analyst.warehouse
        asked = Statement(NOTED, {"product": product, "name": NOTE})
        for (text,) in await self._analyst.aside(lambda: warehouse.rows(asked)):
            with suppress(msgspec.MsgspecError):  # Another version wrote it: it is found anew.
                noted = msgspec.json.decode(text, type=StoredInspection)
                key = InspectionKey(product, EVERYBODY, noted.found.as_of, noted.settings)
                self._known.setdefault(key, noted.found)


def end_of(setting: Setting, day: date | None) -> datetime:
    """Return when a day of a product ends, or the last one that is over where that is earlier."""
    today = day_of(setting.as_of, setting)
    last = today - DAY if day is None else min(day, today - DAY)
    return start_of(last + DAY, zone_of(setting.zone))


def _seen(done: "asyncio.Future[Inspection]") -> None:
    """Take what went wrong: who asks again is told of it."""
    if not done.cancelled():
        done.exception()


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
