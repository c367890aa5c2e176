"""Read access to products in the log: by slug, by write key, and their saved objects."""

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.domain import cohorts as saving
from missioncontrol.domain import digest as digest_log
from missioncontrol.domain.cohorts import (
    NOTHING_SAVED,
    Cohort,
    Dashboard,
    Saved,
    SavedCommand,
    SavedEvent,
    unknown_cohort,
    unknown_dashboard,
)
from missioncontrol.domain.digest import DigestCommand, DigestEvent, Digests
from missioncontrol.domain.product.commands import ProductCommand
from missioncontrol.domain.product.decide import decide, unknown, unknown_source
from missioncontrol.domain.product.events import ProductEvent
from missioncontrol.domain.product.evolve import evolve
from missioncontrol.domain.product.states import NO_PRODUCTS, OWN, Product, Products
from missioncontrol.domain.register import Event, decode
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.warehouse import Policy

STREAM = "products"
SAVED_PREFIX = "saved-"
DIGESTS_PREFIX = "digests-"
KEY_MARK = "mcw_"
KEY_MAX = 200
READ_AT_ONCE = 1_000

PRODUCTS: Concept[Products, ProductCommand, ProductEvent] = Concept(decide, evolve, unknown)
DIGESTS: Concept[Digests, DigestCommand, DigestEvent] = Concept(
    digest_log.decide,
    digest_log.evolve,
    lambda stream: digest_log.unknown(stream.removeprefix(DIGESTS_PREFIX)),
)
SAVED: Concept[Saved, SavedCommand, SavedEvent] = Concept(
    saving.decide, saving.evolve, lambda stream: unknown(stream.removeprefix(SAVED_PREFIX))
)

Find = Callable[[Concept[Any, Any, Any], str], Awaitable[Any]]
"""Returns the state of a stream, None where it does not exist; as `Present.find`."""


def digests_of(product: str) -> str:
    """Return the stream of a product's digests."""
    return f"{DIGESTS_PREFIX}{product}"


class Keyed(msgspec.Struct, frozen=True):
    """The source that owns a write key."""

    product: str
    source: str  # its id
    is_internal: bool
    kind: str


class ProductReader:
    """Reads the current state of products from the log."""

    def __init__(self, find: Find, store: EventStore | None = None) -> None:
        """`find` reads the state of a stream, `store` its events."""
        self._find = find
        self._store = store
        self._keyed: tuple[Products | None, dict[str, Keyed]] = (None, {})

    async def all(self) -> list[Product]:
        """Return all products by name, the built-in one last."""
        found = (await self._products()).products.values()
        return sorted(found, key=lambda each: (each.slug == OWN, each.name.casefold(), each.slug))

    async def find(self, slug: str) -> Product:
        """Return a product.

        Raises:
            NotFound: `product.unknown`.
        """
        found = (await self._products()).products.get(slug)
        if found is None:
            raise unknown(slug)
        return found

    async def source(self, key: str) -> Keyed | None:
        """Return the source of a write key; None where no active source has it.

        The lookup is by digest, so that its time reveals nothing about any key.
        """
        known, by_digest = self._keyed
        products = await self._products()
        if products is not known:
            by_digest = _by_digest(products)
            self._keyed = (products, by_digest)
        if not 0 < len(key) <= KEY_MAX:
            return None
        wanted = digest(key)
        found = by_digest.get(wanted)
        return found if hmac.compare_digest(wanted, wanted if found else "0" * 64) else None

    async def cohorts(self, product: str) -> list[Cohort]:
        """Return the saved cohorts of a product, by name.

        Raises:
            NotFound: `product.unknown`.
        """
        found = (await self._saved(product)).cohorts.values()
        return sorted(found, key=lambda each: (each.name.casefold(), each.id))

    async def cohort(self, product: str, cohort: str) -> Cohort:
        """Return a saved cohort.

        Raises:
            NotFound: `product.unknown`, `cohort.unknown`.
        """
        found = (await self._saved(product)).cohorts.get(cohort)
        if found is None:
            raise unknown_cohort(product, cohort)
        return found

    async def digests(self, product: str) -> Digests | None:
        """Return the digests of a product; None where there are none."""
        found: Digests | None = await self._find(DIGESTS, digests_of(product))
        return found

    async def dashboards(self, product: str) -> list[Dashboard]:
        """Return the dashboards of a product, by name.

        Raises:
            NotFound: `product.unknown`.
        """
        found = (await self._saved(product)).dashboards.values()
        return sorted(found, key=lambda each: (each.name.casefold(), each.id))

    async def dashboard(self, product: str, dashboard: str) -> Dashboard:
        """Return a dashboard.

        Raises:
            NotFound: `product.unknown`, `dashboard.unknown`.
        """
        found = (await self._saved(product)).dashboards.get(dashboard)
        if found is None:
            raise unknown_dashboard(product, dashboard)
        return found

    async def history(self, stream: str) -> AsyncIterator[tuple[Event, float]]:
        """Yield the events of a stream with their times (seconds since the epoch)."""
        after = 0
        while self._store is not None:
            rows = await self._store.read_stream(stream, after=after, limit=READ_AT_ONCE)
            for row in rows:
                yield decode(row.type, row.schema, row.body), row.time / 1_000_000
                after = row.version
            if len(rows) < READ_AT_ONCE:
                return

    async def _products(self) -> Products:
        found: Products | None = await self._find(PRODUCTS, STREAM)
        return found or NO_PRODUCTS

    async def _saved(self, product: str) -> Saved:
        await self.find(product)
        found: Saved | None = await self._find(SAVED, saved_stream(product))
        return found or NOTHING_SAVED


def saved_stream(product: str) -> str:
    """Return the stream of a product's saved objects."""
    return SAVED_PREFIX + product


def policy_of(product: Product) -> Policy:
    """Return the counting policy of a product for the warehouse."""
    excluded = product.exclusions
    internal = tuple(each.id for each in product.sources.values() if each.is_internal)
    public = tuple(each.id for each in product.sources.values() if each.kind == "browser")
    days = product.retention_days or None
    limits = product.limits
    limits_ = (limits.events_max, limits.megabytes_max * 1_000_000)
    counts = (excluded.bots, internal, excluded.people, excluded.properties)
    return Policy(*counts, days, public, *limits_)


def new_key() -> str:
    """Return a random write key."""
    return KEY_MARK + secrets.token_urlsafe(24)


def digest(key: str) -> str:
    """Return the digest of a key; the key itself is never stored."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def source_of(product: Product, source: str) -> None:
    """Refuse a source that does not belong to a product.

    Raises:
        NotFound: `source.unknown`.
    """
    if source not in product.sources:
        raise unknown_source(product.slug, source)


def _by_digest(products: Products) -> dict[str, Keyed]:
    return {
        source.digest: Keyed(product.slug, source.id, source.is_internal, source.kind)
        for product in products.products.values()
        for source in product.sources.values()
        if source.digest and not source.is_revoked
    }
