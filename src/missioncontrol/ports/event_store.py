"""The event log: what happened, in order, never changed."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from missioncontrol.domain.envelope import Recorded


class NewEvent(msgspec.Struct, frozen=True, gc=False):
    """An event that has no place in the log yet."""

    type: str
    schema: int
    body: bytes
    time: int  # microseconds since the epoch
    actor: str
    on_behalf: str
    cause: int
    correlation: str


class Append(msgspec.Struct, frozen=True, gc=False):
    """Events for the end of one stream, if it is still as long as expected."""

    stream: str
    expected: int  # version of the stream's last event; 0 for a new stream
    events: Sequence[NewEvent]


class Head(msgspec.Struct, frozen=True):
    """The end of the log."""

    position: int
    hash: bytes


class EventStore(Protocol):
    """Keeps the log.

    Whatever reads shows whole appends, once they are durable, and raises `Corrupt` (`log.damaged`)
    where the log can't be made out, or `Unavailable` (`log.unreadable`) where it can't be now.
    """

    async def append(self, appends: Sequence[Append]) -> Head:
        """Write every stream's events or none, durably, and return the new end of the log.

        Raises:
            Conflict: `log.conflict`, where a stream is not at the version that its `Append`
                expects; it names the stream and both versions. Nothing was written.
            Rejected: `log.unstorable`, naming an event that no file can hold. Nothing was written.
            Unavailable: `log.unwritable`, where the disk refused. Nothing was written.
        """
        ...

    async def read_stream(
        self, stream: str, *, after: int = 0, limit: int = 1000
    ) -> list[Recorded]:
        """Return at most `limit` events of one stream, in order, from version `after + 1` on."""
        ...

    async def read(self, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """Return at most `limit` events of the log, in order, from position `after + 1` on."""
        ...

    async def head(self) -> Head:
        """Return the end of the log; position 0 and 32 zero bytes while it is empty."""
        ...

    async def protections(self) -> list[str]:
        """Name what should protect the stored events but is missing."""
        ...
