"""The store of a product's events: one process owns it, any number of threads ask it."""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any, Protocol

import msgspec

from missioncontrol.domain.errors import MissionControlError, Unavailable
from missioncontrol.domain.product.states import Limits

LIMITS = Limits()


class Full(Unavailable):
    """More waits to be stored than may wait (`analytics.full`)."""

    def __init__(self, waiting: int, *, retry_after: float) -> None:
        """`retry_after` is the seconds in which what waits now is likely to be stored."""
        super().__init__(
            "analytics.full",
            f"{waiting} events wait to be stored, and no more may wait.",
            hint=f"Send them again in {retry_after:g} s.",
        )
        self.waiting = waiting
        self.retry_after = retry_after


class NoRoom(MissionControlError):
    """More would be stored of a product than may be (`analytics.no_room`)."""

    status = 507


class Captured(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One event as it came in, in the shape in which it is stored.

    `user` is the id by which the product knows a person, `anonymous` that of a device before it
    knows who that is; one of them is there. Both together say that they are one person, unless the
    device already belongs to another user: users become one person by an alias alone, and not by
    one of a public source. Moments are microseconds since the epoch. Without a name nothing
    happened: it only identifies a person.
    """

    id: str  # of the event, set by its sender: a second event of this id is not stored
    name: str
    happened: int  # corrected for the clock of the sender
    received: int
    source: str  # id of the source whose key it came with
    user: str = ""
    anonymous: str = ""
    session: str = ""
    properties: bytes = b"{}"  # a JSON object
    person: bytes = b""  # a JSON object: what is known of the person from now on
    once: bytes = b""  # a JSON object: what is known of the person unless it was known before
    alias: str = ""  # another id of the same person
    group: str = ""  # "type:key" of a group that `person` speaks of, in place of a person
    is_bot: bool = False


class Stored(msgspec.Struct, frozen=True):
    """What became of a batch: its events are on disk."""

    stored: int
    duplicates: int  # their ids were known
    position: int
    refused: int = 0  # of removed people, or older than the retention period


class Foreseen(msgspec.Struct, frozen=True):
    """What would become of a batch: positions in it. All others would be stored."""

    known: tuple[int, ...]  # their ids are known
    refused: tuple[int, ...]  # of removed people, or older than the retention period


class StoredEvent(msgspec.Struct, frozen=True):
    """An event as it is given out again, and its place in the order received."""

    seq: int
    event: Captured


class Statement(msgspec.Struct, frozen=True):
    """A question in SQL, with the values of its `$name` parameters."""

    sql: str
    parameters: dict[str, Any] = {}


class Policy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which events of a product do not count, and how long events are stored."""

    bots: bool = True  # whether what bots do is left out
    sources: tuple[str, ...] = ()  # ids of internal sources
    people: tuple[str, ...] = ()
    """Ids of test people, whatever the case; `*` stands for any letters, `?` for one."""
    properties: tuple[tuple[str, str], ...] = ()  # who has one of these as a property is a tester
    days: int | None = None  # after which an event is removed; None keeps all
    public: tuple[str, ...] = ()
    """Ids of sources whose key everybody can read: nothing of theirs makes two users one.

    An alias is accepted where one of its ids is a device's whose user is not known,
    and a device is a
    user's, where its id has the form that libraries make: another may be a user's of tomorrow.
    """
    events_max: int = LIMITS.events_max  # that are stored
    bytes_max: int = LIMITS.megabytes_max * 1_000_000  # as `Used` counts them


class Used(msgspec.Struct, frozen=True):
    """How much is stored of a product."""

    events: int
    bytes: int  # of their properties, and of what they tell of people; and 100 for each event


EVENT_BYTES = 100
"""About what an event takes beside what it tells."""


class Forgotten(msgspec.Struct, frozen=True):
    """What was removed with a person."""

    events: int
    ids: tuple[str, ...]
    ids_count: int = 0
    """As many as `ids`, also where they were removed before and are no longer reported."""


class Warehouse(Protocol):
    """Blocking, from any thread. Everything raises `Unavailable` (`analytics.unavailable`)."""

    def store(self, product: str, batch: Sequence[Captured]) -> Stored:
        """Keep the events that are new; they are on disk when this returns.

        All of a batch is stored or none of it.

        Raises:
            Full: more waits than may wait.
            NoRoom: with the new events the product would exceed the bounds of its policy.
            Rejected: `analytics.unfit`: what can't be stored, such as invalid JSON properties.
        """
        ...

    def storing(self, product: str, batch: Sequence[Captured]) -> "Future[Stored]":
        """Do as `store` without waiting; `Full` at once, all else by the future."""
        ...

    def foresee(self, product: str, batch: Sequence[Captured]) -> Foreseen:
        """Say what `store` would do with a batch now, were each id in it only once."""
        ...

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Answer a statement that only reads.

        Raises:
            Rejected: `analytics.unfit`: it does more than read, or can't be understood.
            Unavailable: `analytics.slow`: it took longer than a question may; or
                `analytics.too_much`: it needs more memory, or gives more rows, than a question may.
        """
        ...

    def position(self) -> int:
        """Return a number that grows with every change: the same number, the same answers."""
        ...

    def intend(self, product: str, removal: str, person: str) -> None:
        """Keep in mind whom a removal is to mean, by a digest of that id, until `settled`."""
        ...

    def forget(self, product: str, person: str, removal: str = "") -> Forgotten:
        """Remove a person everywhere, by any id of theirs; their ids are not accepted again.

        Of a person removed before, nothing is left to remove, and no error is raised.
        Their words may stand in the store's files until `tidy`, or until it is opened again.
        The result of a `removal` is recorded in the same change.

        Raises:
            NotFound: `analytics.unknown_person`.
        """
        ...

    def resume(self, product: str, removal: str) -> Forgotten | None:
        """Remove whom `intend` named, unless that is done; None where nothing is known of it.

        Where no person has that id, nothing is removed.
        """
        ...

    def settled(self, product: str, removal: str) -> None:
        """Keep a removal in mind no longer."""
        ...

    def settle(self, product: str, policy: Policy) -> None:
        """Apply this policy from now on, also to stored events; cheap if it already applies."""
        ...

    def save_cohort(self, product: str, cohort: str, statement: Statement) -> int:
        """Save as a cohort the people a statement finds (its first column); return how many."""
        ...

    def drop_cohort(self, product: str, cohort: str) -> None:
        """Empty a saved cohort."""
        ...

    def keep_note(self, product: str, name: str, text: str) -> None:
        """Keep what was worked out of the events of a product, in place of what was by that name.

        Statements read it from the table `notes` (product, name, text). It is no change: the
        position stays. All notes of a product go when anything is removed from it.
        """
        ...

    def used(self, product: str) -> Used:
        """Return how much is stored of a product; it costs next to nothing."""
        ...

    def tidy(self, now: datetime) -> int:
        """Remove what is older than the retention period, and last traces of what was removed.

        Returns how many events were removed. To be called every hour or so.
        """
        ...

    def clear(self, product: str) -> int:
        """Remove all of a product: events, people, cohorts, and that anybody was forgotten.

        As after `forget`, the last traces are removed by `tidy`.
        """
        ...

    def exported(self, product: str, *, after: int = 0, limit: int = 10_000) -> list[StoredEvent]:
        """Return stored events of a product, in the order received, after a `seq`.

        None means that there are no more; fewer than `limit` does not.
        """
        ...
