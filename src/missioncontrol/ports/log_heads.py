"""Signed statements about the end of the log, stored outside of it."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from missioncontrol.ports.event_store import Head


class SignedHead(msgspec.Struct, frozen=True):
    """At `time` the log ended at `position` with `hash`."""

    position: int
    hash: str  # hexadecimal
    time: str  # ISO 8601, UTC
    key: str  # the public key, hexadecimal
    signature: str  # Ed25519 over the other fields, hexadecimal


class ExternalHeads(msgspec.Struct, frozen=True):
    """Heads that are stored outside of the data directory."""

    source: str  # where, as people call it
    heads: Sequence[SignedHead]
    read: float  # when they were read, in seconds since the epoch
    fault: str = ""  # why they prove nothing, in a sentence


class Heads(Protocol):
    """Keeps signed heads."""

    def sign(self, head: Head, time: float) -> SignedHead:
        """Sign `head`, keep the statement and return it.

        Raises:
            Unavailable: `heads.bad_key`, where the key can't be used.
        """
        ...

    def ready(self) -> None:
        """Find out whether statements can be signed.

        Raises:
            Unavailable: `heads.bad_key`.
        """
        ...

    def newest(self) -> SignedHead | None:
        """Return the last stored statement, if there is one that can be read."""
        ...

    def all(self) -> list[SignedHead]:
        """Return the stored statements, oldest first.

        Raises:
            Corrupt: `heads.bad_signature`, `heads.other_key` or `heads.malformed`, naming the line.
        """
        ...


class HeadsTarget(Protocol):
    """A place outside of the data directory that heads are sent to."""

    name: str
    """As people call it, without secrets."""

    async def newest(self) -> SignedHead | None:
        """Return the last head that the target has, if it has one.

        Raises:
            OSError: it can't be reached.
        """
        ...

    async def send(self, heads: Sequence[SignedHead]) -> None:
        """Add `heads` to what the target has; it may get one twice.

        Raises:
            OSError: it did not take them.
        """
        ...


class HeadsSent(msgspec.Struct, frozen=True):
    """How far a target received the heads."""

    target: str
    newest: SignedHead | None = None  # that it has accepted
    failing_since: float = 0.0  # seconds since the epoch; 0 while it takes what it is sent
    trouble: str = ""


class SentStore(Protocol):
    """Stores how far a target received the heads."""

    def load(self) -> HeadsSent | None:
        """Return the stored state of this target."""
        ...

    def keep(self, sent: HeadsSent) -> None:
        """Replace it.

        Raises:
            OSError: it can't be written.
        """
        ...
