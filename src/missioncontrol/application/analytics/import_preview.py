"""Exact counts for a dry run of an import, in bounded memory.

To find ids that occur twice in a file, all ids are sorted: 16 bytes of each row go to disk in
sorted runs, which are merged in the end.
"""

import tempfile
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from heapq import merge
from itertools import groupby
from typing import IO, Self

BUFFERED_ROWS_MAX = 65_536
ROW_BYTES = 16
KEY_BYTES = 8
PIECE_BYTES = 256 * ROW_BYTES
"""Bytes read from each run at once: 100 million rows are 1,526 runs, which take 6 MiB."""


class ImportPreview:
    """Counts the rows of a file whose event ids the warehouse does not know."""

    def __init__(self) -> None:
        """Start empty; a file is created once there are `BUFFERED_ROWS_MAX` rows."""
        self._buffer: list[bytes] = []
        self._runs: list[int] = []  # the rows of each
        self._file: IO[bytes] | None = None
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, id_: str, *, is_refused: bool) -> None:
        """Add the next row: the id of its event, and whether the warehouse would refuse it if new.

        Raises:
            OSError: the disk is full.
        """
        key = blake2b(id_.encode(), digest_size=KEY_BYTES).digest()
        place = self._rows << 1 | is_refused
        self._buffer.append(key + place.to_bytes(ROW_BYTES - KEY_BYTES))
        self._rows += 1
        if len(self._buffer) >= BUFFERED_ROWS_MAX:
            self._spill()

    def totals(self) -> tuple[int, int, int]:
        """Return how many rows are new, duplicates of earlier rows, and refused."""
        new = duplicates = refused = 0
        self._buffer.sort()
        rows = merge(self._buffer, *map(self._run, range(len(self._runs))))
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

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `__exit__` closes it
        self._buffer.sort()
        self._file.writelines(self._buffer)
        self._runs.append(len(self._buffer))
        self._buffer.clear()

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
