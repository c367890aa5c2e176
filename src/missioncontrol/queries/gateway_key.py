"""Queries of keys of the gateway: which hold, and for what."""

import msgspec

from missioncontrol.application.gateway_keys import KEYS, STREAM
from missioncontrol.application.read_model import Present
from missioncontrol.declarations import (
    ALL,
    EVERYWHERE,
    ItemQuery,
    ListQuery,
    NoFilters,
    Query,
    Target,
    Terminal,
)
from missioncontrol.documents.figures import moment
from missioncontrol.domain.gateway_key import NO_KEYS, KeyIssued, KeyRing, unknown


class KeyView(msgspec.Struct, frozen=True):
    """A key that was not revoked, without its secret."""

    name: str
    agent: str  # on whose account calls go; "" for none
    run: str  # likewise
    models: tuple[str, ...]  # that it may call; empty: as policy says
    until: float | None  # seconds since the epoch; None: until it is revoked
    calls_per_minute: int | None  # None: as policy says


async def keys(present: Present, _: NoFilters = ALL) -> list[KeyView]:
    """Return the keys that were not revoked, by name."""
    ring: KeyRing = await present.find(KEYS, STREAM) or NO_KEYS
    return [_view(key) for _, key in sorted(ring.keys.items())]


async def key(present: Present, name: str) -> KeyView:
    """Return one key.

    Raises:
        NotFound: `key.unknown`.
    """
    for each in await keys(present):
        if each.name == name:
            return each
    raise unknown(name)


def _view(key: KeyIssued) -> KeyView:
    return KeyView(
        key.name,
        key.agent,
        key.run,
        key.models,
        key.until or None,
        key.calls_per_minute or None,
    )


def line_of(key: KeyView, _: int = 0) -> list[str]:
    """Return a key as a line of text."""
    about = [f"agent {key.agent}"] if key.agent else []
    about += [f"run {key.run}"] if key.run else []
    about += [f"models {', '.join(key.models)}"] if key.models else []
    about += [f"until {moment(key.until)}"] if key.until else []
    return [f"{key.name}{': ' if about else ''}{', '.join(about)}"]


KEY = Target(
    noun="gateway_key",
    path="/gateway-keys",
    field="name",
    parameter="name",
    metavar="NAME",
    help="by which the key is known, such as laptop",
    command="gateway",
)

LIST = ListQuery(
    name="gateway_key.list",
    title="List keys of the gateway",
    text="Return the keys with which tools call models through the gateway, by name.",
    target=KEY,
    filters=NoFilters,
    find=keys,
    row=KeyView,
    key=lambda row: (row.name,),
    kinds=(str,),
    terminal=Terminal(verb="keys", lines=line_of, empty="No key was issued."),
)

GET = ItemQuery(
    name="gateway_key.get",
    title="A key of the gateway",
    text="Return what a key permits.",
    target=KEY,
    surfaces=EVERYWHERE - {"cli"},  # The list shows all of it.
    find=key,
    returns=KeyView,
)

QUERIES: tuple[Query, ...] = (LIST, GET)
