"""Counts the messages in a body before it is read: two bytes of it may become three hundred."""

import re
from collections.abc import Mapping
from typing import Any

Fields = Mapping[int, Any]
"""The fields of a message that hold messages, with theirs. Values hold values: the types loop."""

_VALUE: dict[int, Fields] = {}
_NAMED: Fields = {2: _VALUE}  # KeyValue
_VALUE.update({5: {1: _VALUE}, 6: {1: _NAMED}})  # AnyValue: a list of values, or of named ones
_RESOURCE: Fields = {1: _NAMED, 3: {}}
_SCOPE: Fields = {3: _NAMED}
_SPAN: Fields = {9: _NAMED, 11: {3: _NAMED}, 13: {4: _NAMED}, 15: {}}
_RECORD: Fields = {5: _VALUE, 6: _NAMED}
TRACES: Fields = {1: {1: _RESOURCE, 2: {1: _SCOPE, 2: _SPAN}}}
LOGS: Fields = {1: {1: _RESOURCE, 2: {1: _SCOPE, 2: _RECORD}}}

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


def json_is_heavy(body: bytes, most: int) -> bool:
    """Whether a JSON text has more objects and lists than `most`; those in strings are none."""
    return _opened(body) > most and _opened(_STRING.sub(b"", body)) > most


def _opened(body: bytes) -> int:
    return body.count(b"{") + body.count(b"[")


def protobuf_is_heavy(body: bytes, fields: Fields, most: int) -> bool:
    """Whether a protocol buffer has more messages than `most`.

    What can't be read ends the count: the parser will report it.
    """
    count = 0
    open_: list[tuple[int, int, Fields]] = [(0, len(body), fields)]
    try:
        while open_:
            at, end, known = open_.pop()
            while at < end:
                tag, at = _varint(body, at)
                size, at = _size(body, at, tag & 7)
                inner = known.get(tag >> 3)
                if inner is not None:
                    count += 1
                    if count > most:
                        return True
                    open_.append((at, min(at + size, end), inner))
                at += size
    except (IndexError, ValueError):
        return False
    return False


def _size(body: bytes, at: int, kind: int) -> tuple[int, int]:
    """Return how long a field of a kind of the wire format is, and where it begins.

    Raises:
        ValueError: it is of no kind that there is.
        IndexError: the body ends before that.
    """
    match kind:
        case 2:
            return _varint(body, at)
        case 0:
            return 0, _varint(body, at)[1]
        case 1:
            return 8, at
        case 5:
            return 4, at
    raise ValueError(kind)


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """Return a number and where it ends."""
    byte = body[at]
    if byte < 0x80:
        return byte, at + 1
    found = shift = 0
    while shift < 70:
        byte = body[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found, at
        shift += 7
    raise ValueError(found)
