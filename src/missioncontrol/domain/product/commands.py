"""What can be asked of a product; None leaves a value as it is."""

from typing import Any

import msgspec

from missioncontrol.domain.product.events import Kind, Weekday


class AddProduct(msgspec.Struct, frozen=True):
    """Measure the use of a product."""

    product: str
    name: str
    zone: str = "UTC"
    week_starts: Weekday = "monday"


class ChangeProduct(msgspec.Struct, frozen=True):
    """Call it so, measure it by this calendar, keep its events so long."""

    product: str
    name: str | None = None
    zone: str | None = None
    week_starts: Weekday | None = None
    retention_days: int | None = None


class ChangeExclusions(msgspec.Struct, frozen=True):
    """Exclude these from the counts."""

    product: str
    bots: bool | None = None
    people: tuple[str, ...] | None = None
    properties: tuple[tuple[str, str], ...] | None = None


class ChangeKeyMeasures(msgspec.Struct, frozen=True):
    """Tell by these how it does."""

    product: str
    activation: tuple[dict[str, Any], ...] | None = None
    activated_at: int | None = None
    actions: tuple[str, ...] | None = None
    active: str | None = None


class ChangeLimits(msgspec.Struct, frozen=True):
    """Take in so much, so fast, and no more."""

    product: str
    events_per_second: int | None = None
    events_max: int | None = None
    megabytes_max: int | None = None


class AddSource(msgspec.Struct, frozen=True):
    """Add a source, which sends events with a key."""

    product: str
    source: str
    name: str
    kind: Kind
    digest: str
    is_internal: bool = False


class ChangeSource(msgspec.Struct, frozen=True):
    """Rename it, or change whether its events count."""

    product: str
    source: str
    name: str | None = None
    is_internal: bool | None = None


class RenewSourceKey(msgspec.Struct, frozen=True):
    """Replace the key of its events."""

    product: str
    source: str
    digest: str


class RevokeSource(msgspec.Struct, frozen=True):
    """Accept no more events from it."""

    product: str
    source: str
    reason: str = ""


class BeginForgetting(msgspec.Struct, frozen=True):
    """Write down that a person is about to be removed."""

    product: str
    forgetting: str
    reason: str = ""


class ConfirmForgotten(msgspec.Struct, frozen=True):
    """Write down that they are."""

    product: str
    forgetting: str
    events: int
    ids: int


class ClearEvents(msgspec.Struct, frozen=True):
    """Write down that all events of a product are about to be removed."""

    product: str
    reason: str = ""


ProductCommand = (
    AddProduct
    | ChangeProduct
    | ChangeExclusions
    | ChangeKeyMeasures
    | ChangeLimits
    | AddSource
    | ChangeSource
    | RenewSourceKey
    | RevokeSource
    | BeginForgetting
    | ConfirmForgotten
    | ClearEvents
)
