"""Accepts events: whose they are, which parts are stored, and when they are on disk."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import msgspec

from missioncontrol.application.analytics.container import AnalyticsContainer
from missioncontrol.application.analytics.products import Keyed
from missioncontrol.interfaces.capture.batches import EVENT_BYTES_MAX
from missioncontrol.interfaces.capture.faults import (
    Fault,
    TooFast,
    TooMuch,
    Unfit,
    UnknownKey,
)
from missioncontrol.interfaces.capture.ids import MadeIds
from missioncontrol.interfaces.capture.origin import Origin
from missioncontrol.ports.warehouse import Captured, Stored, Warehouse

# How fast a source may send: a bucket for each, which fills again as time passes.

BURST_SECONDS = 10.0
"""So long a source that was silent may send everything at once."""


class Rates:
    """Counts whole requests, never single events; all of it is on one thread.

    A request is accepted as long as anything is left, and may leave a negative balance: so the
    largest one passes, and what it took too much is waited for before the next.
    """

    def __init__(self) -> None:
        """Every bucket is full at first."""
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, source: tuple[str, str], events: int, per_second: int, now: float) -> float:
        """Take so many events out of a source's bucket; return 0.0, or the seconds to wait first.

        There are no more buckets than sources with a key.
        """
        most = per_second * BURST_SECONDS
        level, at = self._levels.get(source, (most, now))
        level = min(most, level + max(0.0, now - at) * per_second)
        if level <= 0.0:
            self._levels[source] = (level, now)
            return (1.0 - level) / per_second
        self._levels[source] = (level - events, now)
        return 0.0


HELD_MAX = 64 * 1024 * 1024
"""Bytes of requests that are received at once."""

NONE_STORED = Stored(0, 0, 0)
EventReader = Callable[[Any, Origin], Captured]


class AcceptedEvents(msgspec.Struct):
    """What became of the events of one request."""

    stored: Stored
    faults: list[Fault]
    ids: list[str]  # of those that are stored, in their order


class Intake:
    """What all requests have in common."""

    def __init__(self, house: AnalyticsContainer) -> None:
        """Nothing is opened before the first event with a key that is known."""
        self.house = house
        self._held = 0
        self._rates = Rates()

    def hold(self, size: int) -> None:
        """Take note that so many bytes are held, or less where `size` is below 0.

        Raises:
            TooMuch: `capture.busy`.
        """
        if size > 0 and self._held and self._held + size > HELD_MAX:
            raise TooMuch("capture.busy", "Too much comes in at once.", hint="Try again in 1 s.")
        self._held += size

    def received(self) -> int:
        """Return the moment, in microseconds."""
        return int(self.house.clock.now() * 1_000_000)

    async def source(self, key: str) -> Keyed:
        """Return whose key it is.

        Raises:
            UnknownKey: `capture.unknown_key`.
        """
        found = await self.house.products.source(key)
        if found is None:
            raise UnknownKey
        return found

    async def take(
        self,
        keyed: Keyed,
        events: Sequence[Any],
        convert: EventReader,
        *,
        received: int,
        sent: int | None,
        agent: str,
    ) -> AcceptedEvents:
        """Store events; those that are accepted are on disk when this returns.

        Args:
            keyed: whose they are.
            events: as they were read, each or why it can't be.
            convert: converts an event to its stored form.
            received: when they came.
            sent: when they were sent, by the clock of their sender.
            agent: the browser that sent them, where one did.

        Raises:
            TooFast: `capture.too_fast`.
            Full: `analytics.full`.
            NoRoom: `analytics.no_room`.
            Unavailable: `analytics.unavailable`.
        """
        product = await self.house.products.find(keyed.product)
        self._refuse_too_fast(keyed, len(events), product.limits.events_per_second)
        analyst = await self.house.analyst()
        await analyst.settle(product)
        origin = Origin(keyed.source, received, sent, agent, MadeIds(received))
        begun, faults, ids = await asyncio.to_thread(
            _start_storing, analyst.warehouse, keyed.product, events, convert, origin
        )
        stored = await asyncio.wrap_future(begun) if begun is not None else NONE_STORED
        return AcceptedEvents(stored, faults, ids)

    def _refuse_too_fast(self, keyed: Keyed, events: int, per_second: int) -> None:
        source, now = (keyed.product, keyed.source), self.house.clock.now()
        wait = self._rates.take(source, events, per_second, now)
        if wait:
            raise TooFast(keyed.product, keyed.source, per_second, retry_after=wait)


def _start_storing(
    warehouse: Warehouse, product: str, events: Sequence[Any], convert: EventReader, origin: Origin
) -> tuple["Future[Stored] | None", list[Fault], list[str]]:
    """Submit the valid events for storage; return a future of the result, and the faults."""
    fit, faults = sorted_out(events, convert, origin)
    begun = warehouse.storing(product, fit) if fit else None
    return begun, faults, [each.id for each in fit]


def sorted_out(
    events: Sequence[Any], convert: EventReader, origin: Origin
) -> tuple[list[Captured], list[Fault]]:
    """Return the valid events in their stored form, and the faults of the others."""
    fit: list[Captured] = []
    faults: list[Fault] = []
    for position, event in enumerate(events):
        try:
            if isinstance(event, Unfit):
                raise event
            fit.append(_not_too_large(convert(event, origin)))
        except Unfit as unfit:
            faults.append(Fault(position, unfit.code, unfit.reason, _id(event)))
        except (ValueError, OverflowError, RecursionError):
            reason = "It holds a number, or is nested so deep, that it can't be stored."
            faults.append(Fault(position, "capture.malformed", reason, _id(event)))
    return fit, faults


def _not_too_large(event: Captured) -> Captured:
    if len(event.properties) > EVENT_BYTES_MAX:
        raise Unfit(
            "capture.too_long",
            f"Its properties have {len(event.properties):,} bytes; {EVENT_BYTES_MAX:,} fit.",
        )
    return event


def _id(event: Any) -> str:
    found = getattr(event, "message_id", None) or getattr(event, "uuid", None)
    return found if isinstance(found, str) else ""
