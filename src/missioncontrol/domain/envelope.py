"""What the log knows about every event besides its data, and the chain that holds them together."""

import hashlib
from typing import Any

import msgspec

GENESIS = bytes(32)
"""The predecessor of the first event."""


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An event in its place in the log."""

    position: int  # 1 for the first, without gaps
    stream: str  # such as `run-…` or `mission-…`
    version: int  # place in its stream, 1 for the first
    type: str  # lasting name, such as `step_succeeded`
    schema: int  # version of the shape of `data`
    time: int  # microseconds since the epoch
    actor: str
    on_behalf: str
    cause: int  # position of the event that led to this one; 0 where nothing in the log did
    correlation: str  # what belongs together: a trace
    body: bytes  # the data as JSON, exactly as hashed
    hash: bytes  # SHA-256, 32 bytes

    @property
    def data(self) -> Any:
        """The data as plain values."""
        return msgspec.json.decode(self.body)


_encode = msgspec.json.Encoder().encode


def chain(
    previous: bytes,
    position: int,
    stream: str,
    version: int,
    kind: str,
    schema: int,
    time: int,
    actor: str,
    on_behalf: str,
    cause: int,
    correlation: str,
    body: bytes,
) -> bytes:
    r"""Return SHA-256(previous ‖ header ‖ "\n" ‖ body), 32 bytes.

    `header` is the JSON array of the ten fields before `body`, without spaces, in the order of
    `Recorded`. It ends where its bracket closes, so no two events have the same bytes.
    """
    header = _encode(
        (position, stream, version, kind, schema, time, actor, on_behalf, cause, correlation)
    )
    return hashlib.sha256(b"%b%b\n%b" % (previous, header, body)).digest()


def is_chained(event: Recorded, previous: bytes) -> bool:
    """Whether `event` carries the hash of its own bytes after `previous`."""
    expected = chain(
        previous,
        event.position,
        event.stream,
        event.version,
        event.type,
        event.schema,
        event.time,
        event.actor,
        event.on_behalf,
        event.cause,
        event.correlation,
        event.body,
    )
    return expected == event.hash
