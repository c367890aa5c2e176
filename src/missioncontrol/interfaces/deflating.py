"""A stream of messages by `deflate`, where each message is packed once for all who are sent it.

What is packed refers to nothing before it, so it is right at any place of any stream. Five hundred
viewers of a run are sent the same bytes, a fifth of what they were, at the price of packing one.
"""

import zlib
from functools import lru_cache
from typing import NamedTuple

BEGIN = b"\x78\x9c"
"""The head of every stream (RFC 1950)."""

_LAST_BLOCK = b"\x03\x00"
_LEVEL = 3
_BASE = 65_521  # of Adler-32
CACHED_MAX = 32
CACHED_BYTES_MAX = 1024 * 1024
"""A message that is longer is packed again for each who is sent it."""


class Packed(NamedTuple):
    """A message as it stands in a stream."""

    content: bytes
    adler: int  # of the message alone
    length: int  # of the message as it was


def packed(message: bytes) -> Packed:
    """Return `message` as a part of a stream; one that was packed just now is not packed again."""
    return _pack_cached(message) if len(message) <= CACHED_BYTES_MAX else _pack(message)


def _pack(message: bytes) -> Packed:
    packer = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    content = packer.compress(message) + packer.flush(zlib.Z_SYNC_FLUSH)
    return Packed(content, zlib.adler32(message), len(message))


_pack_cached = lru_cache(CACHED_MAX)(_pack)


class Deflated:
    """One stream, as far as it was sent."""

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self._adler = 1

    def part(self, message: bytes) -> bytes:
        """Return what is sent for a message."""
        found = packed(message)
        self._adler = _joined(self._adler, found.adler, found.length)
        return found.content

    def end(self) -> bytes:
        """Return what ends the stream, with the checksum of all of it."""
        return _LAST_BLOCK + self._adler.to_bytes(4, "big")


def _joined(first: int, second: int, length: int) -> int:
    """Return the Adler-32 of two texts one after the other, the second of that length."""
    low, low_2 = first & 0xFFFF, second & 0xFFFF
    high = (first >> 16) + (second >> 16) + length * (low - 1)
    return (high % _BASE) << 16 | (low + low_2 - 1) % _BASE
