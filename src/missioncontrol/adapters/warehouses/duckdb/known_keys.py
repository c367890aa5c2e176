"""The set of known event ids: a lookup takes a fraction of a microsecond, memory is bounded.

The newest keys are in a hash table of bounded size. All others are sorted, eight bytes each, in an
unnamed memory-mapped file, whose pages the system can evict.
"""

import mmap
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

SLOTS_MIN = 1 << 18
SLOTS_MAX = 1 << 24
LOAD_MAX = 0.6
MEMORY_BYTES_MAX = 1 << 20
"""Bytes of keys up to which no file is used."""

HALF = 0xFFFF_FFFF
EDGE_BITS = 16
EDGES = 1 << EDGE_BITS


class _Table:
    """A hash table with open addressing: the lower half of a key gives the slot of the upper half.

    With ten million keys a lookup is wrong less than once in 10^10 times; callers therefore check
    the events themselves.
    """

    def __init__(self, slots: int) -> None:
        self._slots = array("I", [0]) * slots
        self._mask = slots - 1
        self.room = int(slots * LOAD_MAX)

    def add(self, keys: Iterable[int]) -> None:
        slots, mask, count = self._slots, self._mask, 0
        for key in keys:
            place = key & mask
            while slots[place]:
                place = (place + 1) & mask
            slots[place] = key >> 32 & HALF or 1
            count += 1
        self.room -= count

    def suspects(self, keys: Iterable[int]) -> list[int]:
        slots, mask = self._slots, self._mask
        found = []
        for key in keys:
            place = key & mask
            if mark := slots[place]:
                mine = key >> 32 & HALF or 1
                while mark and mark != mine:
                    place = (place + 1) & mask
                    mark = slots[place]
                if mark:
                    found.append(key)
        return found


def spill(pieces: Iterable[bytes | memoryview], folder: Path | None) -> "memoryview[int]":
    """Return the concatenated keys of eight bytes.

    More than `MEMORY_BYTES_MAX` go to a file in `folder`; without a folder all stay in memory.

    Raises:
        OSError: the disk is full.
    """
    held = bytearray()
    rest = iter(pieces)
    for piece in rest:
        held += piece
        if folder is not None and len(held) > MEMORY_BYTES_MAX:
            return _mapped(chain([held], rest), folder)
    return memoryview(bytes(held)).cast("q")


def _mapped(pieces: Iterable[bytes | bytearray | memoryview], folder: Path) -> "memoryview[int]":
    with tempfile.TemporaryFile(dir=folder) as file:
        file.writelines(pieces)
        file.flush()
        # The map outlives the closed file.
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)).cast("q")


class _Sorted:
    """The sorted keys of the file at the time it is read."""

    def __init__(self, keys: Sequence[int]) -> None:
        self._keys = keys
        # Keys are evenly distributed, so their upper bits nearly give their place.
        edges = range(-(1 << 63), (1 << 63) + 1, 1 << (64 - EDGE_BITS))
        self._edges = [bisect_left(keys, edge) for edge in edges]

    def suspects(self, keys: Iterable[int]) -> list[int]:
        known, edges = self._keys, self._edges
        found = []
        for key in keys:
            part = (key >> 64 - EDGE_BITS) + EDGES // 2
            end = edges[part + 1]
            place = bisect_left(known, key, edges[part], end)
            if place < end and known[place] == key:
                found.append(key)
        return found


class KnownKeys:
    """A set of signed 64-bit keys, evenly distributed."""

    def __init__(self, keys: Sequence[int] = ()) -> None:
        """Start with sorted keys."""
        self._sorted = _Sorted(keys)
        # The more keys there are, the longer a new sort takes, so more new ones fit before it.
        self._last = _Table(min(SLOTS_MAX, _slots(len(keys) // 2)))

    def add(self, keys: Sequence[int]) -> bool:
        """Add keys that are not in the set; return False where there is no room for them."""
        if len(keys) > self._last.room:
            return False
        self._last.add(keys)
        return True

    def suspects(self, keys: Iterable[int]) -> list[int]:
        """Return the keys that are probably in the set, with rare false positives."""
        candidates = list(keys)
        return [*self._sorted.suspects(candidates), *self._last.suspects(candidates)]


def _slots(expected: int) -> int:
    return max(SLOTS_MIN, 1 << int(expected / LOAD_MAX).bit_length())
