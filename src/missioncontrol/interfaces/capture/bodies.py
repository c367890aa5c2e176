"""The body of a request: as long as it may be, in time, and unpacked to JSON."""

import asyncio
import binascii
import zlib
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from urllib.parse import unquote_to_bytes

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.interfaces.capture.faults import Malformed, TooSlow, too_large

BYTES_MAX = 8 * 1024 * 1024
"""As it is sent, and unpacked: the largest batches of the libraries have six."""

SECONDS_MAX = 30.0
GZIP = b"\x1f\x8b"
FORM = b"application/x-www-form-urlencoded"
WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""The window bits that state to zlib which header comes first."""


class Unpackable(MissionControlError):
    """It is packed in a way that is not known here."""

    status = 415


async def body_of(stream: AsyncIterator[bytes], hold: Callable[[int], None]) -> bytes:
    """Return a body as it comes in; `hold` receives the length of each part.

    Raises:
        TooLarge: `capture.too_large`.
        TooSlow: `capture.too_slow`.
    """
    parts, size = [], 0
    try:
        async with asyncio.timeout(SECONDS_MAX):
            async for part in stream:
                hold(len(part))
                parts.append(part)
                size += len(part)
                if size > BYTES_MAX:
                    raise too_large("The request", BYTES_MAX)
    except TimeoutError:
        raise TooSlow("capture.too_slow", "The request did not come in time.") from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def unpacked(body: bytes, *, encoding: str, kind: bytes, compression: str) -> bytes:
    """Return the JSON of a body.

    Args:
        body: as it came.
        encoding: its `Content-Encoding`.
        kind: its media type.
        compression: what PostHog's library says in the address of how it packed it.

    Raises:
        Unpackable: `capture.packed`.
        Malformed: `capture.malformed`: it is not packed as it says.
        TooLarge: `capture.too_large`: it would become larger than it may.
    """
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity"):
        if encoding not in WINDOWS:
            raise _unknown(encoding)
        body = _inflated(body, WINDOWS[encoding])
    if kind == FORM or body[:5] == b"data=":
        body, compression = _form(body, compression)
    if compression == "lz64":
        raise _unknown(compression)
    if body[:2] == GZIP:
        return _inflated(body, WINDOWS["gzip"])
    return _plain(body) if compression == "base64" else body


def _form(body: bytes, compression: str) -> tuple[bytes, str]:
    """Return what a form holds in `data`, and how that is packed."""
    if body.lstrip()[:1] in (b"{", b"["):
        raise _no_form("The body is JSON, and its head says that it is a form.")
    fields = dict(each.partition(b"=")[::2] for each in body.split(b"&", 20))
    stated = unquote_to_bytes(fields.get(b"compression", b"")).decode("latin-1")
    if body and b"data" not in fields:
        raise _no_form("The body is a form without `data`.")
    # What stood for a blank in a form stands for itself in base64.
    return _plain(unquote_to_bytes(fields.get(b"data", b""))), stated or compression


def _no_form(reason: str) -> Malformed:
    """Refuse a body with the form type, which programs such as curl send by default."""
    hint = "Send JSON, with Content-Type: application/json."
    return Malformed("capture.malformed", reason, hint=hint)


def _plain(text: bytes) -> bytes:
    """Return what base64 stands for; JSON and gzip stand for themselves."""
    text = text.strip()
    if text[:1] in (b"{", b"[", b"") or text[:2] == GZIP:
        return text
    text = text.replace(b" ", b"+").replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    try:
        return b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("capture.malformed", f"The body is no base64: {error}.") from None


def _inflated(body: bytes, window: int) -> bytes:
    unpacker = zlib.decompressobj(window)
    try:
        content = unpacker.decompress(body, BYTES_MAX + 1)
    except zlib.error as error:
        raise Malformed("capture.malformed", f"The body can't be unpacked: {error}.") from None
    if len(content) > BYTES_MAX:
        raise too_large("What was packed", BYTES_MAX)
    if not unpacker.eof or unpacker.unused_data:
        raise Malformed("capture.malformed", "The packed body does not end where it should.")
    return content


def _unknown(encoding: str) -> Unpackable:
    return Unpackable(
        "capture.packed",
        f"A body packed as {encoding[:40]!r} is not read here.",
        hint="gzip, deflate and base64 are, or nothing at all.",
    )
