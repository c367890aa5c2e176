"""What would be new of a file that is only looked at: counted exactly, in bounded memory.

Whether an id came before in the same file is known once all of them are in order. So what is needed
of a row, 16 bytes, is put by on disk in sorted runs, and the runs are merged in the end.
"""

import tempfile
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from heapq import merge
from itertools import groupby
from typing import IO, Self

ROWS_HELD_MAX = 65_536
ROW_BYTES = 16
KEY_BYTES = 8
PIECE_BYTES = 256 * ROW_BYTES
"""Of each run so much is read at once: a hundred million rows are 1,526 runs, and 6 MiB of them."""


class ImportPreview:
    """The rows of a file that are events with ids that the store does not know."""

    def __init__(self) -> None:
        """No file is made before there are many rows."""
        self._held: list[bytes] = []
        self._runs: list[int] = []  # the rows of each
        self._file: IO[bytes] | None = None
        self._rows = 0

    def __enter__(self) -> Self:
        """Nothing is to be done."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of what was put by."""
        if self._file is not None:
            self._file.close()

    def add(self, id_: str, *, is_refused: bool) -> None:
        """Take in the next row: the id of its event, and whether it would be refused if new.

        Raises:
            OSError: the disk is full.
        """
        key = blake2b(id_.encode(), digest_size=KEY_BYTES).digest()
        place = self._rows << 1 | is_refused
        self._held.append(key + place.to_bytes(ROW_BYTES - KEY_BYTES))
        self._rows += 1
        if len(self._held) >= ROWS_HELD_MAX:
            self._put_by()

    def counted(self) -> tuple[int, int, int]:
        """Return how many rows would be stored, are of an id that came before, and are refused."""
        new = duplicates = refused = 0
        self._held.sort()
        rows = merge(self._held, *map(self._run, range(len(self._runs))))
        for _, same in groupby(rows, lambda row: row[:KEY_BYTES]):
            is_there = False
            for row in same:  # In the order of the file.
                if is_there:
                    duplicates += 1
                elif row[-1] & 1:
                    refused += 1
                else:
                    new += 1
                    is_there = True
        return new, duplicates, refused

    def _put_by(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `__exit__` closes it
        self._held.sort()
        self._file.writelines(self._held)
        self._runs.append(len(self._held))
        self._held.clear()

    def _run(self, number: int) -> Iterator[bytes]:
        """Yield the rows of a run in their order."""
        assert self._file is not None
        begin = sum(self._runs[:number]) * ROW_BYTES
        end = begin + self._runs[number] * ROW_BYTES
        for at in range(begin, end, PIECE_BYTES):
            self._file.seek(at)
            yield from _rows(self._file.read(min(PIECE_BYTES, end - at)))


def _rows(piece: bytes) -> Iterable[bytes]:
    return (piece[at : at + ROW_BYTES] for at in range(0, len(piece), ROW_BYTES))
