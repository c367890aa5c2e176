"""Where the log names somebody in what it was told of a product: that stays, whoever is forgotten.

What is saved now can be saved without an id. What was said once can't be unsaid: each entry of the
log seals those before it. So it is told at least, with the files that were made of it.
"""

from collections.abc import Collection
from datetime import UTC, datetime

import msgspec

from missioncontrol.application.analytics.alerts import stream_of
from missioncontrol.application.analytics.naming import finder, texts
from missioncontrol.application.analytics.products import (
    STREAM,
    ProductShelf,
    digests_of,
    saved_stream,
)
from missioncontrol.domain.digest import DigestWritten
from missioncontrol.domain.register import NAMES, Event

TOLD_MAX = 20
"""Entries that are told one by one."""


async def said_in_log(shelf: ProductShelf, product: str, ids: Collection[str]) -> tuple[str, ...]:
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
