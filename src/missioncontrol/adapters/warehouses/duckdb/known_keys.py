"""Which event ids are known: a fraction of a microsecond to ask, and bounded memory.

The keys that came last are in a hash table of a bounded size. All others are in their order, eight
bytes each, in a file that is mapped and has no name: the system lets go of its pages as it likes.
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
AT_HAND_MAX = 1 << 20
"""Bytes of keys for which no file is made."""

HALF = 0xFFFF_FFFF
EDGE_BITS = 16
EDGES = 1 << EDGE_BITS


class _Table:
    """A hash table with open addressing; of a key it keeps the upper half, its place is the lower.

    Two of ten million keys are taken for each other less than once in 10^10 questions; whoever
    asks then looks at the events themselves.
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
    """Return keys of eight bytes that come in pieces.

    Many of them are put by in a file of `folder`; without one all are held.

    Raises:
        OSError: the disk is full.
    """
    held = bytearray()
    rest = iter(pieces)
    for piece in rest:
        held += piece
        if folder is not None and len(held) > AT_HAND_MAX:
            return _mapped(chain([held], rest), folder)
    return memoryview(bytes(held)).cast("q")


def _mapped(pieces: Iterable[bytes | bytearray | memoryview], folder: Path) -> "memoryview[int]":
    with tempfile.TemporaryFile(dir=folder) as file:
        file.writelines(pieces)
        file.flush()
        # The map keeps what the file holds.
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)).cast("q")


class _Sorted:
    """The keys that a file has when it is read, in their order: DuckDB sorts them."""

    def __init__(self, keys: Sequence[int]) -> None:
        self._keys = keys
        # Keys are spread evenly: their upper bits say nearly where they stand.
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
    """Keys of 64 bits, signed and evenly spread, that were seen."""

    def __init__(self, keys: Sequence[int] = ()) -> None:
        """Know these, which stand in their order."""
        self._sorted = _Sorted(keys)
        # The more there are, the more may come before they are put in order with the others again.
        self._last = _Table(min(SLOTS_MAX, _slots(len(keys) // 2)))

    def add(self, keys: Sequence[int]) -> bool:
        """Know these from now on, each added once; False where there is no room for them."""
        if len(keys) > self._last.room:
            return False
        self._last.add(keys)
        return True

    def suspects(self, keys: Iterable[int]) -> list[int]:
        """Return those that are known, and by the rarest chance one that is not."""
        asked = list(keys)
        return [*self._sorted.suspects(asked), *self._last.suspects(asked)]


def _slots(expected: int) -> int:
    return max(SLOTS_MIN, 1 << int(expected / LOAD_MAX).bit_length())
