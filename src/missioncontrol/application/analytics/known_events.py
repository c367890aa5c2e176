"""The events of each product and a first funnel of them, queried once for each position."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import msgspec

from missioncontrol.analytics.calendar import Setting, day_of
from missioncontrol.analytics.event_discovery import (
    lacks_usual,
    names_query,
    newest_query,
    opening_query,
    steps_of,
    usual_query,
)
from missioncontrol.analytics.questions import Step
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.warehouse import Statement

Rows = Callable[[Statement], Awaitable[list[tuple[Any, ...]]]]


class Events(msgspec.Struct, frozen=True):
    """The events of a product."""

    names: tuple[str, ...] = ()  # most frequent first
    newest: date | None = None  # the last day with events, where the recent days have none
    opening: tuple[Step, ...] = ()
    """A first funnel; empty where the activation has events or was configured by a user."""


class KnownEvents:
    """Caches `Events` by product until an event arrives or the day changes."""

    def __init__(self, rows: Rows) -> None:
        """Create an empty cache; `rows` runs a statement."""
        self._rows = rows
        self._known: dict[str, tuple[tuple[Any, ...], asyncio.Future[Events]]] = {}
        self._usual: dict[str, tuple[Any, ...]] = {}  # keys at which the activation had an event

    async def of(self, product: Product, setting: Setting, position: int) -> Events:
        """Return the events of a product as of a position.

        Raises:
            Unavailable: as `Warehouse.rows`.
        """
        key = _key(product, setting, position)
        known = self._known.get(product.slug)
        if known is None or known[0] != key or _has_failed(known[1]):
            known = key, asyncio.ensure_future(self._query(product, setting))
            self._known[product.slug] = known
        return await asyncio.shield(known[1])  # Another caller may wait for the same.

    async def opening(self, product: Product, setting: Setting, position: int) -> tuple[Step, ...]:
        """Return `Events.opening` alone: one event of the activation is cheaper than all names.

        Raises:
            Unavailable: as `Warehouse.rows`.
        """
        key = _key(product, setting, position)
        if self._usual.get(product.slug) == key:
            return ()
        if not product.measures.activation and await self._rows(usual_query(product, setting)):
            self._usual[product.slug] = key
            return ()
        return (await self.of(product, setting, position)).opening

    async def _query(self, product: Product, setting: Setting) -> Events:
        rows = await self._rows(names_query(product.slug, setting))
        silent = None
        if not rows:
            [(newest,)] = await self._rows(newest_query(product.slug, setting))
            if newest is None:
                return Events()
            setting = msgspec.structs.replace(setting, as_of=newest)
            silent = day_of(newest, setting)
            rows = await self._rows(names_query(product.slug, setting))
        names = tuple(str(name) for (name,) in rows)
        if not lacks_usual(product, names):
            return Events(names, silent)
        rows = await self._rows(opening_query(product.slug, setting))
        return Events(names, silent, steps_of(rows))


def _key(product: Product, setting: Setting, position: int) -> tuple[Any, ...]:
    return (position, day_of(setting.as_of, setting), setting.zone, product.measures)


def _has_failed(done: "asyncio.Future[Events]") -> bool:
    return done.done() and (done.cancelled() or done.exception() is not None)
