"""What notifications have sent and are to send, and how mail is sent."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from missioncontrol.ports.deliveries import Answered


class Notice(msgspec.Struct, frozen=True):
    """An item that a notification is to tell of."""

    item: str
    since: float  # of the item; a later one is news
    attempts: int = 0
    due: float = 0.0  # seconds since the epoch


class NoticeStatus(msgspec.Struct, frozen=True):
    """How a notification fares."""

    sent: int = 0  # messages in all
    waiting: int = 0  # items
    failed: int = 0  # items that could not be sent
    last: float = 0.0  # when a message was sent; 0 while none was
    trouble: str = ""  # of the last attempt


class NoticeStore(Protocol):
    """Keeps addresses and what is to be sent; one process opens it."""

    def names(self) -> list[str]:
        """Return the notifications that something is known of."""
        ...

    def address(self, name: str) -> str:
        """Return where its messages go; empty where that is not known."""
        ...

    def keep_address(self, name: str, address: str) -> None:
        """Send there from now on."""
        ...

    def seen(self, name: str) -> dict[str, float] | None:
        """Return the items it knows, with since when each stood so; None before it began."""
        ...

    def note(
        self, name: str, gone: Sequence[str], new: Sequence[Notice], *, is_first: bool = False
    ) -> None:
        """Forget the items that are gone, and make new ones due; the first are known, not due."""
        ...

    def due(self, name: str, now: float) -> list[Notice]:
        """Return what is due."""
        ...

    def sent(self, name: str, items: Sequence[str], now: float) -> None:
        """Note that one message named these items."""
        ...

    def failed(self, name: str, notices: Sequence[Notice], trouble: str) -> None:
        """Keep when each is tried again; one that is due never is not."""
        ...

    def status(self, name: str) -> NoticeStatus:
        """Return how a notification fares."""
        ...

    def forget(self, name: str) -> None:
        """Throw everything about it away."""
        ...


class Pusher(Protocol):
    """Sends messages to browsers."""

    def public_key(self) -> str:
        """Return the key by which browsers know who sends, in base64url."""
        ...

    async def send(self, subscription: str, message: bytes, contact: str) -> Answered:
        """Send one message; whatever goes wrong is in the answer. `contact` is our address."""
        ...


class Mailer(Protocol):
    """Sends mail."""

    async def send(self, to: str, subject: str, text: str) -> Answered:
        """Send one message; whatever goes wrong is in the answer."""
        ...
