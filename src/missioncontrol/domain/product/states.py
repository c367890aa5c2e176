"""What is true of products now."""

from typing import Any

import msgspec

from missioncontrol.domain.product.events import Kind, Weekday

OWN = "mission-control"
"""The product that every home has: its own log, read as events of the people who use it."""


class Source(msgspec.Struct, frozen=True):
    """Where events come from."""

    id: str
    name: str
    kind: Kind
    digest: str  # SHA-256 of its write key; "" where it has none
    added: float  # seconds since the epoch
    is_internal: bool = False  # its events count in no measure
    is_revoked: bool = False


class Exclusions(msgspec.Struct, frozen=True):
    """What counts in no measure, besides internal sources."""

    bots: bool = True
    people: tuple[str, ...] = ()  # ids, `*` for any letters, `?` for one
    properties: tuple[tuple[str, str], ...] = ()  # of people, with the value that leaves them out


class KeyMeasures(msgspec.Struct, frozen=True):
    """The measures of how a product does; empty ones have the values of the definitions."""

    activation: tuple[dict[str, Any], ...] = ()
    activated_at: int = 0
    actions: tuple[str, ...] = ()
    active: str = ""


class Limits(msgspec.Struct, frozen=True):
    """How much is accepted. There is always a bound: these are the defaults."""

    events_per_second: int = 100_000  # of each source
    events_max: int = 100_000_000  # that are stored
    megabytes_max: int = 50_000  # of what they and their people tell


class Product(msgspec.Struct, frozen=True):
    """A product whose use is measured."""

    slug: str
    name: str
    zone: str = "UTC"
    week_starts: Weekday = "monday"
    retention_days: int = 0
    exclusions: Exclusions = Exclusions()
    measures: KeyMeasures = KeyMeasures()
    limits: Limits = Limits()
    sources: dict[str, Source] = {}
    added: float = 0.0  # seconds since the epoch
    forgotten: int = 0  # people
    forgetting: tuple[str, ...] = ()  # removals that are not confirmed yet

    @property
    def is_own(self) -> bool:
        """Whether its events are read from the log of this home; none come from outside."""
        return self.slug == OWN


class Products(msgspec.Struct, frozen=True):
    """All of them, by slug."""

    products: dict[str, Product]


NO_PRODUCTS = Products({OWN: Product(OWN, "Mission Control")})
"""Before anybody has added one."""
