"""What can happen to a product whose use is measured; its people's own events stand elsewhere."""

from typing import Any, Literal

import msgspec

Weekday = Literal["monday", "sunday", "saturday"]
Kind = Literal["browser", "server", "file"]
"""Where a source sends from: a page, whose key everybody can read; a program; a file."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class ProductAdded(Event, frozen=True):
    """Its use can be measured."""

    product: str
    name: str
    zone: str  # of which its days are, as in `Europe/Zurich`
    week_starts: Weekday


class ProductChanged(Event, frozen=True):
    """It is called so, and measured by this calendar, from now on: answers about the past too."""

    product: str
    name: str
    zone: str
    week_starts: Weekday
    retention_days: int  # for its events; 0: for ever


class ExclusionsChanged(Event, frozen=True):
    """These do not count from now on, in no measure, whenever they happened."""

    product: str
    bots: bool
    people: tuple[str, ...]  # ids of test people, `*` for any letters, `?` for one
    properties: tuple[tuple[str, str], ...]  # who has one of these with that value is one, too


class KeyMeasuresChanged(Event, frozen=True):
    """These show how the product does; an empty one has the value of the definitions."""

    product: str
    activation: tuple[dict[str, Any], ...]  # steps of a funnel, as `Step`
    activated_at: int  # the step, from 1, that activates a user; 0: the last of these
    actions: tuple[str, ...]  # names of the events that the product is for
    active: str  # the event that makes a user active


class LimitsChanged(Event, frozen=True):
    """So much is accepted from now on; what is there already stays."""

    product: str
    events_per_second: int  # of each source
    events_max: int  # that are stored
    megabytes_max: int  # of what they and their people tell


class SourceAdded(Event, frozen=True):
    """The holder of its key may send events; only the digest of the key is stored."""

    product: str
    source: str  # its id
    name: str
    kind: Kind
    digest: str  # SHA-256 of the write key, in hexadecimal
    is_internal: bool


class SourceChanged(Event, frozen=True):
    """It is called so; the events of an internal one count in no measure."""

    product: str
    source: str
    name: str
    is_internal: bool


class SourceKeyRenewed(Event, frozen=True):
    """Events come with another key from now on; the one before is void."""

    product: str
    source: str
    digest: str


class SourceRevoked(Event, frozen=True):
    """Nothing more comes from there; what came counts as before."""

    product: str
    source: str
    reason: str


class ForgettingBegun(Event, frozen=True):
    """A user wants a person removed; who it is stands nowhere in the log."""

    product: str
    forgetting: str  # the id of this removal
    reason: str


class PersonForgotten(Event, frozen=True):
    """A person is gone, with all events, ids and properties of theirs."""

    product: str
    forgetting: str
    events: int  # that were removed
    ids: int  # that are not accepted again; 0 where no person was found


class EventsCleared(Event, frozen=True):
    """All events and people of a product are about to be removed, so that it begins again."""

    product: str
    reason: str


ProductEvent = (
    ProductAdded
    | ProductChanged
    | ExclusionsChanged
    | KeyMeasuresChanged
    | LimitsChanged
    | SourceAdded
    | SourceChanged
    | SourceKeyRenewed
    | SourceRevoked
    | ForgettingBegun
    | PersonForgotten
    | EventsCleared
)

EVENTS: dict[type, tuple[str, int]] = {
    ProductAdded: ("product_added", 1),
    ProductChanged: ("product_changed", 1),
    ExclusionsChanged: ("product_exclusions_changed", 1),
    KeyMeasuresChanged: ("product_key_measures_changed", 1),
    LimitsChanged: ("product_limits_changed", 1),
    SourceAdded: ("source_added", 1),
    SourceChanged: ("source_changed", 1),
    SourceKeyRenewed: ("source_key_renewed", 1),
    SourceRevoked: ("source_revoked", 1),
    ForgettingBegun: ("forgetting_begun", 1),
    PersonForgotten: ("person_forgotten", 1),
    EventsCleared: ("events_cleared", 1),
}
"""The lasting name and version of every event."""
