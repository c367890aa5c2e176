"""The protocol of the warehouse's socket: length-prefixed MessagePack messages."""

import socket
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from missioncontrol.domain.errors import (
    Conflict,
    Corrupt,
    MissionControlError,
    NotFound,
    Rejected,
    Unavailable,
)
from missioncontrol.ports.warehouse import Captured, Full, NoRoom, Policy

MESSAGE_MAX = 512 * 1024 * 1024
HEAD = struct.Struct(">Q")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
MICROSECOND = timedelta(microseconds=1)

MOMENT, DAY, TIME, SPAN, NUMBER, NAME, LOCAL, WIDE = range(1, 9)

KINDS: dict[str, type[MissionControlError]] = {
    kind.__name__: kind for kind in (Rejected, Conflict, NotFound, Unavailable, Corrupt, NoRoom)
}


class Request(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """A call of one method of the `Warehouse` port; each method uses some of the fields."""

    verb: str
    product: str = ""
    batch: tuple[Captured, ...] = ()
    sql: str = ""
    parameters: Any = None
    name: str = ""  # an id of a person, or of a cohort, or a name of a note
    policy: Policy | None = None
    after: int = 0
    limit: int = 0
    moment: datetime | None = None
    text: str = ""  # of a note, or the name of a removal


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error of the called method."""

    kind: str
    code: str
    reason: str
    hint: str = ""
    waiting: int = 0
    retry_after: float = 0.0


class Response(msgspec.Struct, frozen=True):
    """The result of a call, or its error."""

    value: Any = None
    refused: Refusal | None = None


encode = msgspec.msgpack.Encoder().encode


def _ext(code: int, data: memoryview) -> Any:
    return _unpacked(code, bytes(data))


decode_request = msgspec.msgpack.Decoder(Request, ext_hook=_ext).decode
decode_response = msgspec.msgpack.Decoder(Response, ext_hook=_ext).decode


def packed(value: Any) -> Any:
    """Return a value of DuckDB in a form that MessagePack carries without loss.

    Raises:
        Rejected: `analytics.unfit`: a value of another type.
    """
    if isinstance(value, bool | str | float | bytes | None):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else _extended(WIDE, str(value))
    if isinstance(value, list | tuple | set | frozenset):
        return [packed(each) for each in value]
    if isinstance(value, dict):
        return {packed(key): packed(each) for key, each in value.items()}
    return _packed_rare(value)


def _packed_rare(value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return _extended(MOMENT, str((value - EPOCH) // MICROSECOND))
        return _extended(LOCAL, value.isoformat())
    if isinstance(value, date):
        return _extended(DAY, value.isoformat())
    if isinstance(value, time):
        return _extended(TIME, value.isoformat())
    if isinstance(value, timedelta):
        return _extended(SPAN, str(value // MICROSECOND))
    if isinstance(value, Decimal):
        return _extended(NUMBER, str(value))
    if isinstance(value, UUID):
        return _extended(NAME, str(value))
    raise Rejected("analytics.unfit", f"A {type(value).__name__} can't be sent to the warehouse.")


def _extended(code: int, text: str) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(code, text.encode())


def _unpacked(code: int, data: bytes) -> Any:
    text = data.decode()
    if code not in READ:
        raise ValueError(f"There is no type {code}.")
    return READ[code](text)


READ: dict[int, Callable[[str], Any]] = {
    MOMENT: lambda text: EPOCH + int(text) * MICROSECOND,
    DAY: date.fromisoformat,
    TIME: time.fromisoformat,
    SPAN: lambda text: int(text) * MICROSECOND,
    NUMBER: Decimal,
    NAME: UUID,
    LOCAL: datetime.fromisoformat,
    WIDE: int,
}


def refusal_of(error: MissionControlError) -> Refusal:
    """Return an error as it is sent."""
    if isinstance(error, Full):
        return Refusal(
            "Full",
            error.code,
            error.reason,
            error.hint,
            waiting=error.waiting,
            retry_after=error.retry_after,
        )
    kind = next((name for name, each in KINDS.items() if isinstance(error, each)), "Unavailable")
    return Refusal(kind, error.code, error.reason, error.hint)


def error_of(refused: Refusal) -> MissionControlError:
    """Return the error that was sent."""
    if refused.kind == "Full":
        return Full(refused.waiting, retry_after=refused.retry_after)
    kind = KINDS.get(refused.kind, Unavailable)
    return kind(refused.code, refused.reason, hint=refused.hint)


def send(connection: socket.socket, message: bytes) -> None:
    """Send a whole message.

    Raises:
        Rejected: `analytics.too_much`: it is longer than `MESSAGE_MAX`.
    """
    if len(message) > MESSAGE_MAX:
        raise Rejected("analytics.too_much", f"{len(message)} bytes are too much at once.")
    connection.sendall(HEAD.pack(len(message)))
    connection.sendall(message)


def receive(connection: socket.socket) -> bytes | None:
    """Return the next message, or None where the other side has ended.

    Raises:
        OSError: the connection broke, or its data is not a message.
    """
    head = _exactly(connection, HEAD.size)
    if head is None:
        return None
    [length] = HEAD.unpack(head)
    if length > MESSAGE_MAX:
        raise ConnectionError(f"The message has {length} bytes, more than {MESSAGE_MAX}.")
    message = _exactly(connection, length)
    if message is None:
        raise ConnectionError("The connection ended within a message.")
    return message


def _exactly(connection: socket.socket, length: int) -> bytes | None:
    """Return exactly `length` bytes, or None where the other side ends before the first."""
    parts = bytearray(length)
    view, count = memoryview(parts), 0
    while count < length:
        more = connection.recv_into(view[count:])
        if not more:
            if count:
                raise ConnectionError("The connection ended within a message.")
            return None
        count += more
    return bytes(parts)
