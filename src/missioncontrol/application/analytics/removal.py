"""Removal of a person, or of all events: recorded in the log, carried out, recorded as done.

The log can't lose an entry, because each one seals those before it. Entries that name the removed
person therefore stay, and the answer lists them together with the files made of them.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import Any

import msgspec

from missioncontrol.application.analytics.alerts import stream_of
from missioncontrol.application.analytics.analyst import Analyst
from missioncontrol.application.analytics.personal_ids import (
    id_matcher,
    objects_naming,
    refuse_named,
    strings_in,
)
from missioncontrol.application.analytics.product_service import new_removal_id
from missioncontrol.application.analytics.products import (
    STREAM,
    ProductReader,
    digests_of,
    saved_stream,
)
from missioncontrol.domain.digest import DigestWritten
from missioncontrol.domain.errors import MissionControlError, NotFound, Unavailable
from missioncontrol.domain.product.commands import (
    BeginForgetting,
    ClearEvents,
    ConfirmForgotten,
    RemovalCommand,
)
from missioncontrol.domain.product.states import Product
from missioncontrol.domain.register import NAMES, Event
from missioncontrol.ports.warehouse import Forgotten

Submit = Callable[[RemovalCommand], Awaitable[Any]]
"""Submits a command in the caller's name."""

NOTHING = Forgotten(0, ())


class Removed(msgspec.Struct, frozen=True):
    """The result of a removal."""

    product: str
    events: int
    ids: int = 0  # of the person; events with them are refused from now on
    forgetting: str = ""  # id of the removal in the log
    named_in: tuple[str, ...] = ()  # settings and saved objects that still hold an id of theirs
    in_log: tuple[str, ...] = ()  # log entries that hold one, which can't be removed


async def forget(
    analyst: Analyst, product: str, person: str, submit: Submit, *, reason: str = ""
) -> Removed:
    """Remove a person by any of their ids; the log records the removal, never the person.

    The removal is confirmed once no file of the warehouse holds any of their data. The warehouse
    stores a digest of the id before the log records the start, so that `finish` can complete a
    removal that was interrupted.

    Raises:
        NotFound: `product.unknown`, `analytics.unknown_person`.
        Rejected: `product.built_in`, `analytics.names_person` where the reason names the person.
        Unavailable: as `Warehouse.tidy`, such as on a full disk.
    """
    found = await analyst.products.find(product)
    refuse_named(person, reason)
    name = await _begin(analyst, found.slug, person, submit, reason)
    try:
        gone = await analyst.aside(lambda: analyst.warehouse.forget(found.slug, person, name))
    except NotFound:
        await _confirm(analyst, found.slug, name, NOTHING, submit)
        raise
    await _wipe(analyst)
    await _confirm(analyst, found.slug, name, gone, submit)
    reader = analyst.products
    saved = await reader.cohorts(found.slug), await reader.dashboards(found.slug)
    named = objects_naming(found, *saved, gone.ids)
    entries = await entries_naming(reader, found.slug, gone.ids)
    return Removed(found.slug, gone.events, gone.ids_count, name, named, entries)


async def finish(analyst: Analyst, product: Product, submit: Submit) -> None:
    """Complete the interrupted removals of a product, also while another process does the same.

    The log records the end of each once. A removal that the warehouse does not know needs no work:
    the product was cleared since, or an earlier release began it, which stored no digest.

    Raises:
        Unavailable: as `Warehouse.tidy`.
    """
    if not product.forgetting:
        return
    done: dict[str, Forgotten] = {}
    for name in product.forgetting:
        done[name] = await analyst.aside(_resume(analyst, product.slug, name))
    await _wipe(analyst)
    for name, gone in done.items():
        await _confirm(analyst, product.slug, name, gone, submit)


def _resume(analyst: Analyst, product: str, name: str) -> Callable[[], Forgotten]:
    return lambda: analyst.warehouse.resume(product, name) or NOTHING


async def _begin(analyst: Analyst, product: str, person: str, submit: Submit, reason: str) -> str:
    """Store the person's digest in the warehouse, then record the start in the log."""
    name, store = new_removal_id(), analyst.warehouse
    await analyst.aside(lambda: store.intend(product, name, person))
    try:
        await submit(BeginForgetting(product, name, reason))
    except Unavailable:
        raise  # The log may have recorded it: keep the digest for `finish`.
    except MissionControlError:
        await analyst.aside(lambda: store.settled(product, name))
        raise
    return name


async def _confirm(
    analyst: Analyst, product: str, name: str, gone: Forgotten, submit: Submit
) -> None:
    """Record in the log that a removal is done, unless it says so already."""
    try:
        await submit(ConfirmForgotten(product, name, gone.events, gone.ids_count))
    except NotFound as error:
        if error.code != "product.no_forgetting":
            raise
    await analyst.aside(lambda: analyst.warehouse.settled(product, name))


async def clear(analyst: Analyst, product: str, submit: Submit, *, reason: str = "") -> Removed:
    """Remove all events and people of a product.

    Raises:
        NotFound: `product.unknown`.
        Rejected: `product.built_in`.
        Unavailable: as `Warehouse.tidy`.
    """
    found = await analyst.products.find(product)
    await submit(ClearEvents(found.slug, reason))
    events = await analyst.aside(lambda: analyst.warehouse.clear(found.slug))
    await _wipe(analyst)
    return Removed(found.slug, events)


async def _wipe(analyst: Analyst) -> None:
    """Rewrite the files so that no free page holds removed data."""
    now = datetime.fromtimestamp(analyst.clock.now(), UTC)
    await analyst.aside(lambda: analyst.warehouse.tidy(now))


ENTRIES_MAX = 20
"""Entries listed one by one."""


async def entries_naming(
    reader: ProductReader, product: str, ids: Collection[str]
) -> tuple[str, ...]:
    """Return the log entries about a product that hold one of these ids, each once.

    The search covers settings and sources, saved objects, alerts with their notes, and digests.
    """
    names_one = id_matcher(ids)
    found: dict[str, None] = {}
    for stream in (STREAM, saved_stream(product), stream_of(product), digests_of(product)):
        async for event, moment in reader.history(stream):
            fields = msgspec.to_builtins(event)
            if fields.pop("product", product) != product:
                continue
            # Digests are Markdown, in which special characters are escaped by a backslash.
            if any(
                names_one(each) or names_one(each.replace("\\", "")) for each in strings_in(fields)
            ):
                found[_entry(event, moment)] = None
    entries = list(found)
    more = len(entries) - ENTRIES_MAX
    return (*entries[:ENTRIES_MAX], *([f"{more} more entries"] if more > 0 else []))


def _entry(event: Event, moment: float) -> str:
    """Return the name and day of an entry: `source_revoked of 2026-11-03`."""
    name, _ = NAMES[type(event)]
    entry = f"{name} of {datetime.fromtimestamp(moment, UTC).date()}"
    if isinstance(event, DigestWritten):
        return f"{entry}, with digest.md and digest.json of run {event.run}"
    return entry
