"""What webhooks received and are to receive, and how it is sent to an address."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Delivery(msgspec.Struct, frozen=True):
    """An event that a webhook is to receive, or that could not be delivered."""

    hook: str
    position: int  # of the event in the log
    attempts: int = 0
    due: float = 0.0  # seconds since the epoch
    status: int = 0  # what the address answered last; 0 where it did not
    trouble: str = ""  # in a sentence
    is_dead: bool = False  # no further tries, unless a person asks for one


class DeliveryStatus(msgspec.Struct, frozen=True):
    """How a webhook fares."""

    position: int  # of the log, up to which it was looked through
    delivered: int  # events in all
    waiting: int
    dead: int
    last: float  # when something was delivered; 0 while nothing was


class DeliveryStore(Protocol):
    """Keeps what is to be delivered; one process opens it.

    Nothing is left out: what is due is written in the transaction that moves the place.
    """

    def names(self) -> list[str]:
        """Return the webhooks that something is known of."""
        ...

    def secret(self, hook: str) -> str:
        """Return what messages are signed with; empty where there is none."""
        ...

    def keep_secret(self, hook: str, secret: str) -> None:
        """Sign with `secret` from now on."""
        ...

    def place(self, hook: str) -> int | None:
        """Return up to which position the log was looked through; None for an unknown webhook."""
        ...

    def queue(self, hook: str, positions: Sequence[int], place: int) -> None:
        """Make these events due, and record that the log was searched up to `place`."""
        ...

    def due(self, hook: str, now: float, *, limit: int = 100) -> list[Delivery]:
        """Return the deliveries that are due to a webhook now, the longest due first."""
        ...

    def next_due(self) -> float | None:
        """Return when something is to be tried next; None where nothing waits."""
        ...

    def delivered(self, delivery: Delivery, now: float) -> None:
        """Count it, and forget it."""
        ...

    def failed(self, delivery: Delivery) -> None:
        """Keep how it stands now."""
        ...

    def dead(self, hook: str, *, before: int | None = None, limit: int = 50) -> list[Delivery]:
        """Return the dead deliveries, the newest first, older than position `before`."""
        ...

    def again(self, hook: str, position: int | None, now: float) -> int:
        """Make one dead delivery, or all of them, due once more; return how many."""
        ...

    def status(self, hook: str) -> DeliveryStatus:
        """Return how a webhook fares."""
        ...

    def forget(self, hook: str) -> None:
        """Throw everything about it away."""
        ...


class Answered(msgspec.Struct, frozen=True):
    """What came of telling an address something."""

    status: int  # 0 where nothing was answered
    trouble: str = ""  # empty where it took it

    @property
    def is_taken(self) -> bool:
        """Whether the address has it now."""
        return not self.trouble


class Sender(Protocol):
    """Tells an address something."""

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Answered:
        """POST `body`; whatever goes wrong is in the answer."""
        ...
