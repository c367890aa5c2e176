"""Reads what was sent, event by event: one that can't be read does not take the others with it."""

import re
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec

from missioncontrol.interfaces.capture.faults import Malformed, TooLarge, Unfit

# What can be saved of JSON that can't be read as a whole: repaired, or split by position.

SPLIT_BYTES_MAX = 1024 * 1024
"""Bytes; looking for what is wrong in more would keep others waiting."""

_ESCAPE = re.compile(rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})(\\u[dD][c-fC-F][0-9a-fA-F]{2})?|u|.)")
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)
_LONE_LOW = re.compile(rb"u[dD][c-fC-F][0-9a-fA-F]{2}")
REPLACED = rb"\ufffd"


def mended(text: bytes) -> bytes:
    """Return a text without bytes that are no UTF-8, and without halves of pairs of surrogates.

    Browsers make such halves where a program cuts through the middle of an emoji.
    """
    try:
        text.decode()
    except UnicodeDecodeError:
        text = text.decode("utf-8", "replace").encode()
    if b"\\ud" not in text and b"\\uD" not in text:
        return text
    parts, at = [], 0
    for found in _ESCAPE.finditer(text):
        start = found.start()
        is_half = bool(found[1]) and not found[2]
        if is_half or _LONE_LOW.match(text, start + 1):
            parts += [text[at:start], REPLACED]
            at = start + 6
    return b"".join([*parts, text[at:]])


def split_batch(text: bytes) -> tuple[bytes, list[bytes]] | None:
    """Return a text of an object with the list `batch`, emptied, and the elements of that list.

    None where there is no such list, or where it does not end. Nothing else is looked at: whether
    an element can be read is seen when it is.
    """
    if len(text) > SPLIT_BYTES_MAX:
        return None
    tokens = _TOKEN.finditer(text)
    begin = _begin(tokens, text)
    if begin is None:
        return None
    elements, depth, since = [], 1, begin
    for found in tokens:
        token = text[found.start()]
        if token in b"[{":
            depth += 1
        elif token in b"]}":
            depth -= 1
        if depth == 0 or (depth == 1 and token == 0x2C):  # a comma
            elements.append(text[since : found.start()].strip())
            since = found.end()
        if depth == 0:
            empty = elements == [b""]
            return text[:begin] + text[found.start() :], [] if empty else elements
    return None


def _begin(tokens: Iterator[re.Match[bytes]], text: bytes) -> int | None:
    """Return where the first element of the list `batch` begins."""
    depth, is_named = 0, False
    for found in tokens:
        token = text[found.start()]
        if depth == 1 and is_named and token == 0x5B:  # [
            return found.end()
        if token in b"[{":
            depth += 1
        elif token in b"]}":
            depth -= 1
        is_named = found[0] == b'"batch"'
    return None


V = TypeVar("V")
E = TypeVar("E")

EVENTS_MAX = 10_000
PARTS_MAX = 600_000
"""Commas: each is one more thing that is held while it is read."""

OPENED_MAX = 200_000
"""Objects and lists."""

EVENT_BYTES_MAX = 1024 * 1024
"""What the properties of one event may have."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)


class Reader(Generic[V, E]):
    """Reads an envelope with a list `batch` of events."""

    def __init__(self, typed: type[V], loose: type[V], event: type[E]) -> None:
        """`typed` is an envelope of events, `loose` the same one of what is not read yet."""
        self._typed = msgspec.json.Decoder(typed).decode
        self._loose = msgspec.json.Decoder(loose).decode
        self._event = msgspec.json.Decoder(event).decode

    def one(self, text: bytes) -> E:
        """Return a single event.

        Raises:
            Malformed: `capture.malformed`.
            TooLarge: `capture.too_many`.
        """
        refuse_heavy(text)
        try:
            return self._event(text)
        except UNREADABLE:
            pass
        try:
            return self._event(mended(text))
        except UNREADABLE as error:
            raise malformed(error) from None

    def batch(self, text: bytes) -> tuple[V, list[E | Unfit] | None]:
        """Return an envelope and its events, each read or unfit; None where it holds no list.

        Raises:
            Malformed: `capture.malformed`: not even the envelope can be read.
            TooLarge: `capture.too_many`.
        """
        refuse_heavy(text)
        envelope, events = self._read(text)
        if events is not None and len(events) > EVENTS_MAX:
            raise too_many(f"{len(events):,} events")
        return envelope, events

    def _read(self, text: bytes) -> tuple[V, list[E | Unfit] | None]:
        try:
            envelope: Any = self._typed(text)
        except UNREADABLE:
            return self._read_loosely(mended(text))
        return envelope, envelope.batch

    def _read_loosely(self, text: bytes) -> tuple[V, list[E | Unfit] | None]:
        try:
            envelope: Any = self._loose(text)
            parts = envelope.batch
        except UNREADABLE as error:
            apart = split_batch(text)
            if apart is None:
                raise malformed(error) from None
            try:
                envelope, parts = self._loose(apart[0]), apart[1]
            except UNREADABLE as again:
                raise malformed(again) from None
        if parts is None:
            return envelope, None
        if len(parts) > EVENTS_MAX:
            raise too_many(f"{len(parts):,} events")
        return envelope, [self._part(each) for each in parts]

    def _part(self, text: bytes) -> E | Unfit:
        try:
            return self._event(text)
        except UNREADABLE as error:
            return Unfit("capture.malformed", _reason(error))


def refuse_heavy(text: bytes) -> None:
    """Refuse what would take much more memory than its bytes.

    Raises:
        TooLarge: `capture.too_many`.
    """
    if text.count(b",") > PARTS_MAX or text.count(b"{") + text.count(b"[") > OPENED_MAX:
        raise too_many("so many values")


def too_many(what: str) -> TooLarge:
    """Say that there is too much in one request."""
    return TooLarge(
        "capture.too_many",
        f"One request has {what}; {EVENTS_MAX:,} events are accepted at once.",
        hint="Send less at once.",
    )


def malformed(error: Exception) -> Malformed:
    """Say that a body can't be read, and why."""
    return Malformed("capture.malformed", _reason(error), hint="The body is JSON in UTF-8.")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "It is nested too deep."
    text = str(error).rstrip(".")
    return f"It can't be read: {text[:1].lower()}{text[1:300]}."
