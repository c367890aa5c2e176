"""Signed statements about the end of the log, kept outside of it."""

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
        """Return the last statement that was kept, if there is one that can be read."""
        ...

    def all(self) -> list[SignedHead]:
        """Return the statements kept, oldest first.

        Raises:
            Corrupt: `heads.bad_signature`, `heads.other_key` or `heads.malformed`, naming the line.
        """
        ...
