"""Removing people, and everything: written down first, done, and written down as done."""

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import Any

import msgspec

from missioncontrol.application.analytics.alerts import stream_of
from missioncontrol.application.analytics.analyst import Analyst
from missioncontrol.application.analytics.personal_ids import finder, named_in, refuse_named, texts
from missioncontrol.application.analytics.product_service import RemovalAsked, new_forgetting
from missioncontrol.application.analytics.products import (
    STREAM,
    ProductReader,
    digests_of,
    saved_stream,
)
from missioncontrol.domain.digest import DigestWritten
from missioncontrol.domain.errors import MissionControlError, NotFound, Unavailable
from missioncontrol.domain.product.states import Product
from missioncontrol.domain.register import NAMES, Event
from missioncontrol.ports.warehouse import Forgotten

Tell = Callable[[RemovalAsked], Awaitable[Any]]
"""Asks the office, in the name of whoever wants it, and returns its answer."""


NOBODY = Forgotten(0, ())


class Removed(msgspec.Struct, frozen=True):
    """What is gone."""

    product: str
    events: int
    ids: int = 0  # of a person, that are not taken again
    forgetting: str = ""  # under which the log tells of it
    named_in: tuple[str, ...] = ()  # what is saved that still has an id of theirs
    in_log: tuple[str, ...] = ()  # entries of the log that have one: nothing can be taken out of it


async def forget(
    analyst: Analyst, product: str, person: str, tell: Tell, *, reason: str = ""
) -> Removed:
    """Remove a person by any id of theirs; the log says that somebody was, and never who.

    It is confirmed when no file of the store holds a word of theirs any more. The store knows whom
    it means, by a digest, before the log says that it is begun: where this breaks off, `finish`
    does the rest.

    Raises:
        NotFound: `product.unknown`, `analytics.unknown_person`.
        Rejected: `product.built_in`, `analytics.names_person` where the reason says who it is.
        Unavailable: as `Warehouse.tidy`, such as on a full disk.
    """
    known = await analyst.products.find(product)
    refuse_named(person, reason)
    name = await _begun(analyst, known.slug, person, tell, reason)
    try:
        gone = await analyst.aside(lambda: analyst.warehouse.forget(known.slug, person, name))
    except NotFound:
        await _confirm(analyst, known.slug, name, NOBODY, tell)
        raise
    await _wipe(analyst)
    await _confirm(analyst, known.slug, name, gone, tell)
    shelf = analyst.products
    saved = await shelf.cohorts(known.slug), await shelf.dashboards(known.slug)
    named = named_in(known, *saved, gone.ids)
    entries = await said_in_log(shelf, known.slug, gone.ids)
    return Removed(known.slug, gone.events, gone.ids_count, name, named, entries)


async def finish(analyst: Analyst, product: Product, tell: Tell) -> None:
    """Finish the removals of a product that were begun and broke off, whoever is at them too.

    The log says of each once that it is done. Of one that the store knows nothing of, nothing is
    left to do: it was cleared since, or an earlier release began it, which kept nobody in mind.

    Raises:
        Unavailable: as `Warehouse.tidy`.
    """
    if not product.forgetting:
        return
    done: dict[str, Forgotten] = {}
    for name in product.forgetting:
        done[name] = await analyst.aside(_resuming(analyst, product.slug, name))
    await _wipe(analyst)
    for name, gone in done.items():
        await _confirm(analyst, product.slug, name, gone, tell)


def _resuming(analyst: Analyst, product: str, name: str) -> Callable[[], Forgotten]:
    return lambda: analyst.warehouse.resume(product, name) or NOBODY


async def _begun(analyst: Analyst, product: str, person: str, tell: Tell, reason: str) -> str:
    """Let the store know whom a removal means, and then the log that it is begun."""
    name, store = new_forgetting(), analyst.warehouse
    await analyst.aside(lambda: store.intend(product, name, person))
    try:
        await tell(RemovalAsked("forget", product, name, reason=reason))
    except Unavailable:
        raise  # The log may say it: what the store knows of it is wanted then.
    except MissionControlError:
        await analyst.aside(lambda: store.settled(product, name))
        raise
    return name


async def _confirm(analyst: Analyst, product: str, name: str, gone: Forgotten, tell: Tell) -> None:
    """Let the log say that a removal is done, unless it does already."""
    try:
        await tell(RemovalAsked("forgotten", product, name, gone.events, gone.ids_count))
    except NotFound as error:
        if error.code != "product.no_forgetting":
            raise
    await analyst.aside(lambda: analyst.warehouse.settled(product, name))


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


TOLD_MAX = 20
"""Entries that are told one by one."""


async def said_in_log(shelf: ProductReader, product: str, ids: Collection[str]) -> tuple[str, ...]:
    """Return the entries about a product that have one of these ids in them, each once.

    Looked through are its settings and sources, what was saved of it, its alerts with their notes,
    and its digests.
    """
    names_one = finder(ids)
    found: dict[str, None] = {}
    for stream in (STREAM, saved_stream(product), stream_of(product), digests_of(product)):
        async for event, moment in shelf.said(stream):
            told = msgspec.to_builtins(event)
            if told.pop("product", product) != product:
                continue
            # Digests are Markdown, which has a backslash before what it would take for its own.
            if any(names_one(each) or names_one(each.replace("\\", "")) for each in texts(told)):
                found[_entry(event, moment)] = None
    entries = list(found)
    more = len(entries) - TOLD_MAX
    return (*entries[:TOLD_MAX], *([f"{more} more entries"] if more > 0 else []))


def _entry(event: Event, moment: float) -> str:
    """Return what people call an entry: `source_revoked of 2026-11-03`."""
    name, _ = NAMES[type(event)]
    entry = f"{name} of {datetime.fromtimestamp(moment, UTC).date()}"
    if isinstance(event, DigestWritten):
        return f"{entry}, with digest.md and digest.json of run {event.run}"
    return entry
