"""Output in an SQLite file of its own, with a full-text index."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from missioncontrol.adapters.output_stores.line_filter import fits
from missioncontrol.adapters.output_stores.line_lookup import Finding, threes_in
from missioncontrol.adapters.private_files import private
from missioncontrol.adapters.queries import queries
from missioncontrol.ports.output_store import LinePage, LineQuery, OutputLine, RunOutput, StoredLine

LINES_MAX = 200_000
"""Lines stored of one run; later ones are counted."""

MESSAGE_MAX = 16_384
"""Characters stored of one line."""

_PACKAGE = "missioncontrol.adapters.output_stores"
_SQL = queries(_PACKAGE, "queries.sql")


class SqliteOutputStore:
    """Keeps output in the file at `path`.

    Written without waiting for the disk (synchronous=NORMAL): after a power cut the last lines may
    be missing, which the log of events never is.
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        """Open the file, and make it where it is missing and `writable`."""
        self._path = path
        self._connection: sqlite3.Connection | None = None
        if writable:
            self._connection = sqlite3.connect(private(path), isolation_level=None, timeout=10)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._make_ready(self._connection)
        self._counts: dict[str, list[int]] = {}

    def _make_ready(self, connection: sqlite3.Connection) -> None:
        """Make what is missing; in a large file of an earlier release that takes some seconds."""
        is_measured = connection.execute(_SQL["is_measured"]).fetchone()[0]
        connection.executescript(files(_PACKAGE).joinpath("schema.sql").read_text("utf-8"))
        if not is_measured:
            connection.execute(_SQL["measure"])
        if not _knows_agents(connection):
            connection.execute(_SQL["add_agent"])
        connection.executescript(files(_PACKAGE).joinpath("indexes.sql").read_text("utf-8"))

    def _reader(self) -> sqlite3.Connection | None:
        """Return the open file; a reader may be there before there is anything to read."""
        if self._connection is None and self._path.exists() and self._path.stat().st_size:
            # The thread that closes it may not be the one that read it.
            self._connection = sqlite3.connect(
                self._path, isolation_level=None, timeout=10, check_same_thread=False
            )
            if not _knows_agents(self._connection):
                self._connection.execute(_SQL["view_without_agents"])
        return self._connection

    def write(self, lines: Sequence[OutputLine]) -> None:
        """See `OutputStore.write`."""
        assert self._connection is not None
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            grown: dict[str, int] = {}
            for line in lines:
                grown[line.run] = grown.get(line.run, 0) + self._write(line)
            self._connection.executemany(_SQL["grow"], grown.items())
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._counts.clear()
            raise

    def _write(self, line: OutputLine) -> int:
        """Store or count a line; return how many bytes of text are stored of it."""
        assert self._connection is not None
        counts = self._counts.get(line.run)
        if counts is None:
            counts = self._counts[line.run] = list(self._stored_counts(line.run))
        # After the first line of a run that is left out, no later line is stored either.
        counts[0 if counts[0] < LINES_MAX and not counts[1] else 1] += 1
        message = _storable(line.message[:MESSAGE_MAX]) if counts[1] == 0 else ""
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
                    message,
                    line.agent,
                ),
            )
        self._connection.execute(
            _SQL["count"],
            (line.run, *counts),
        )
        return len(message.encode())

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
        connection = self._reader()
        if connection is None:
            return
        question = " ".join(threes_in(words))
        query, values = ("search", (question, run)) if question else ("newest", (run,))
        for row in connection.execute(_SQL[query], values):
            yield OutputLine(*row)

    def last(self) -> int:
        """See `OutputStore.last`."""
        rows = self._rows(_SQL["last"], ())
        return int(rows[0][0] or 0) if rows else 0

    def tail(self, *, after: int, run: str = "", limit: int = 1000) -> list[StoredLine]:
        """See `OutputStore.tail`."""
        if run:
            rows = self._rows(_SQL["tail_of_run"], (run, after, limit))
        else:
            rows = self._rows(_SQL["tail"], (after, limit))
        return [StoredLine(number, OutputLine(*line)) for number, *line in reversed(rows)]

    def find(
        self, query: LineQuery, *, oldest: bool = False, limit: int = 200, seconds_max: float = 2.0
    ) -> LinePage:
        """See `OutputStore.find`."""
        connection = self._reader()
        if connection is None:
            return LinePage([])
        statement, values = Finding(connection).statement(query, oldest=oldest, limit=limit + 1)
        until = time.monotonic() + seconds_max
        found: list[StoredLine] = []
        looked_to = 0
        for number, *columns in connection.execute(statement, values):
            stored = StoredLine(number, OutputLine(*columns))
            if fits(stored, query):
                found.append(stored)
                if len(found) > limit:
                    break
            if query.text and time.monotonic() > until:
                looked_to = number
                break
        shown = found[:limit]
        return LinePage(
            shown if oldest else shown[::-1], len(found) > limit or bool(looked_to), looked_to
        )

    def stored_bytes(self) -> int:
        """See `ShortenedOutput.stored_bytes`."""
        rows = self._rows(_SQL["kept_bytes"], ())
        return int(rows[0][0] or 0) if rows else 0

    def runs(self) -> Iterator[RunOutput]:
        """See `ShortenedOutput.runs`."""
        after = ""
        while rows := self._rows(_SQL["runs"], (after,)):
            yield from (RunOutput(*row) for row in rows)
            after = rows[-1][0]

    def newest_run(self) -> str:
        """See `ShortenedOutput.newest_run`."""
        rows = self._rows(_SQL["newest_run"], ())
        return str(rows[0][0]) if rows else ""

    def remove(self, run: str, *, limit: int = 500) -> int:
        """See `ShortenedOutput.remove`."""
        assert self._connection is not None
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            rows = self._rows(_SQL["first_lines"], (run, limit))
            self._connection.executemany(_SQL["remove"], [(number,) for number, _ in rows])
            self._connection.execute(_SQL["grow"], (run, -sum(size for _, size in rows)))
            self._connection.execute(_SQL["uncount"], (run, len(rows)))
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._counts.pop(run, None)
        return len(rows)

    def written(self, run: str) -> int:
        """See `OutputStore.written`."""
        return self._stored_counts(run)[0]

    def left_out(self, run: str) -> int:
        """See `OutputStore.left_out`."""
        return self._stored_counts(run)[1]

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        connection = self._reader()
        return [] if connection is None else connection.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()


def _storable(text: str) -> str:
    """Return `text` with a question mark for each half character, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def _knows_agents(connection: sqlite3.Connection) -> bool:
    columns = [name for (name,) in connection.execute(_SQL["columns"])]
    return not columns or "agent" in columns
