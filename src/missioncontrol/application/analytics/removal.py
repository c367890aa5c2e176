"""Removing people, and everything: written down first, done, and written down as done."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from missioncontrol.application.analytics.analyst import Analyst
from missioncontrol.application.analytics.desk import RemovalAsked
from missioncontrol.application.analytics.naming import named_in, refuse_named
from missioncontrol.domain.errors import NotFound

Tell = Callable[[RemovalAsked], Awaitable[Any]]
"""Asks the office, in the name of whoever wants it, and returns its answer."""


class Removed(msgspec.Struct, frozen=True):
    """What is gone."""

    product: str
    events: int
    ids: int = 0  # of a person, that are not taken again
    forgetting: str = ""  # under which the log tells of it
    named_in: tuple[str, ...] = ()  # what was saved that still has an id of theirs, and so the log


async def forget(
    analyst: Analyst, product: str, person: str, tell: Tell, *, reason: str = ""
) -> Removed:
    """Remove a person by any id of theirs; the log says that somebody was, and never who.

    It is confirmed when no file of the store holds a word of theirs any more. Where this breaks
    off, the log says that it was begun; to ask again, or to open the store again, finishes it.

    Raises:
        NotFound: `product.unknown`, `analytics.unknown_person`.
        Rejected: `product.built_in`, `analytics.names_person` where the reason says who it is.
        Unavailable: as `Warehouse.tidy`, such as on a full disk.
    """
    known = await analyst.products.find(product)
    refuse_named(person, reason)
    begun = await tell(RemovalAsked("forget", known.slug, reason=reason))
    name = begun["forgetting"]
    try:
        gone = await analyst.aside(lambda: analyst.warehouse.forget(known.slug, person))
    except NotFound:
        await tell(RemovalAsked("forgotten", known.slug, name))
        raise
    await _wipe(analyst)
    events, ids = gone.events, len(gone.ids)
    await tell(RemovalAsked("forgotten", known.slug, name, events, ids))
    shelf = analyst.products
    saved = await shelf.cohorts(known.slug), await shelf.dashboards(known.slug)
    return Removed(known.slug, events, ids, name, named_in(known, *saved, gone.ids))


async def clear(analyst: Analyst, product: str, tell: Tell, *, reason: str = "") -> Removed:
    """Remove all events and people of a product.

    Raises:
        NotFound: `product.unknown`.
        Rejected: `product.built_in`.
        Unavailable: as `Warehouse.tidy`.
    """
    known = await analyst.products.find(product)
    await tell(RemovalAsked("clear", known.slug, reason=reason))
    events = await analyst.aside(lambda: analyst.warehouse.clear(known.slug))
    await _wipe(analyst)
    return Removed(known.slug, events)


async def _wipe(analyst: Analyst) -> None:
    """Leave no trace of what was removed in any file."""
    now = datetime.fromtimestamp(analyst.clock.now(), UTC)
    await analyst.aside(lambda: analyst.warehouse.tidy(now))
