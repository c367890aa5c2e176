"""Output in an SQLite file of its own, with a full-text index."""

import sqlite3
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from missioncontrol.adapters.queries import queries
from missioncontrol.ports.output_store import OutputLine

LINES_MAX = 200_000
"""Lines kept of one run; later ones are counted."""

MESSAGE_MAX = 16_384
"""Characters kept of one line."""

THREES_MAX = 100
"""Threes of letters that one question asks the index for; the lines it finds are read anyway."""

_PACKAGE = "missioncontrol.adapters.output_stores"
_SQL = queries(_PACKAGE, "queries.sql")


class SqliteOutputStore:
    """Keeps output in the file at `path`.

    Written without waiting for the disk (synchronous=NORMAL): after a power cut the last lines may
    be missing, which the log of events never is.
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        """Open the file, and make it where it is missing and `writable`."""
        self._connection: sqlite3.Connection | None = None
        if writable or (path.exists() and path.stat().st_size):
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=10)
        if writable and self._connection is not None:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(
                files(_PACKAGE).joinpath("schema.sql").read_text("utf-8")
            )
        self._counts: dict[str, list[int]] = {}

    def write(self, lines: Sequence[OutputLine]) -> None:
        """See `OutputStore.write`."""
        assert self._connection is not None
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for line in lines:
                self._write(line)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._counts.clear()
            raise

    def _write(self, line: OutputLine) -> None:
        assert self._connection is not None
        counts = self._counts.get(line.run)
        if counts is None:
            counts = self._counts[line.run] = list(self._stored_counts(line.run))
        counts[0 if counts[0] < LINES_MAX else 1] += 1
        if counts[1] == 0:
            self._connection.execute(
                _SQL["insert"],
                (
                    line.run,
                    counts[0],
                    line.step,
                    line.attempt,
                    line.time,
                    line.level,
                    _storable(line.message[:MESSAGE_MAX]),
                ),
            )
        self._connection.execute(
            _SQL["count"],
            (line.run, *counts),
        )

    def _stored_counts(self, run: str) -> tuple[int, int]:
        rows = self._rows(_SQL["counts"], (run,))
        return (rows[0][0], rows[0][1]) if rows else (0, 0)

    def read(
        self, run: str, *, step: str = "", after: int = 0, limit: int = 1000
    ) -> list[OutputLine]:
        """See `OutputStore.read`."""
        return [OutputLine(*row) for row in self._rows(_SQL["read"], (run, after, step, limit))]

    def search(self, text: str, *, run: str = "", limit: int = 100) -> list[OutputLine]:
        """See `OutputStore.search`."""
        # A NUL would end the question to the index early.
        words = _storable(text.replace("\0", " ")).split()
        if not words:
            return []
        lines = self._candidates(words, run)
        folded = [word.lower() for word in words]
        found = (line for line in lines if all(word in line.message.lower() for word in folded))
        return list(islice(found, limit))

    def _candidates(self, words: list[str], run: str) -> Iterator[OutputLine]:
        """Yield lines that may contain `words`, newest first."""
        if self._connection is None:
            return
        question = " ".join(_threes(words))
        query, values = ("search", (question, run)) if question else ("newest", (run,))
        for row in self._connection.execute(_SQL[query], values):
            yield OutputLine(*row)

    def written(self, run: str) -> int:
        """See `OutputStore.written`."""
        return self._stored_counts(run)[0]

    def left_out(self, run: str) -> int:
        """See `OutputStore.left_out`."""
        return self._stored_counts(run)[1]

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        if self._connection is None:
            return []
        return self._connection.execute(query, values).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()


def _storable(text: str) -> str:
    """Return `text` with a question mark for each half character, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def _threes(words: list[str]) -> list[str]:
    """Return letters of `words`, three by three and quoted; a shorter word has none."""
    threes = (word[at : at + 3] for word in words for at in range(0, len(word) - 2, 3))
    quoted = ('"' + three.replace('"', '""') + '"' for three in threes)
    return list(islice(quoted, THREES_MAX))
