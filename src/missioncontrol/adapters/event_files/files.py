"""Event files of this machine, and their rows as plain values by column, with the progress."""

import csv
import gzip
import io
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec

from missioncontrol.adapters.event_files import writer
from missioncontrol.adapters.event_files.mapping import Reader, completed
from missioncontrol.domain.errors import Rejected
from missioncontrol.extras import require_extra
from missioncontrol.ports.event_files import Fault, FileKind, Mapping, Page
from missioncontrol.ports.warehouse import Captured, StoredEvent

LINE_MAX = 8 * 1024 * 1024
HEAD_ROWS = 1_000
"""Rows from which column names and unique columns are determined."""
KINDS: dict[str, FileKind] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
Row = tuple[dict[str, Any] | None, str, float]
"""Values by column, or None and the fault of the row; and the share of the file read so far."""
_object = msgspec.json.Decoder(dict[str, Any]).decode
PAGE_ROWS = 5_000


class LocalEventFiles:
    """Reads and writes event files; see `EventFiles`."""

    def __init__(self, is_bot: Callable[[str], bool] = lambda _: False) -> None:
        """`is_bot` says whether a user agent is that of a bot."""
        self._is_bot = is_bot

    def kind(self, path: Path) -> FileKind:
        return kind_of(path)

    def mapping(self, path: Path, mapping: Mapping) -> Mapping:
        return completed(mapping, columns_of(path))

    def read(self, path: Path, mapping: Mapping, *, source: str, received: int) -> Iterator[Page]:
        whole = self.mapping(path, mapping)
        reader = Reader(whole, source=source, received=received, is_bot=self._is_bot)
        events: list[Captured] = []
        faults: list[Fault] = []
        number, share = 0, 0.0
        with closing(read_rows(path)) as read:
            for number, (values, wrong, share) in enumerate(read, 1):
                if values is None:
                    faults.append(Fault(number, wrong))
                else:
                    try:
                        events.append(reader.event(values, number))
                    except ValueError as error:
                        faults.append(Fault(number, str(error)))
                if number % PAGE_ROWS == 0:
                    yield Page(events, faults, number, share)
                    events, faults = [], []
        yield Page(events, faults, number, 1.0)

    def write(self, path: Path, kind: FileKind, pages: Iterable[list[StoredEvent]]) -> int:
        return writer.write(path, kind, pages)

    def written(self, kind: FileKind, pages: Iterable[list[StoredEvent]]) -> Iterator[bytes]:
        return writer.written(kind, pages)


def kind_of(path: Path) -> FileKind:
    name = path.name.lower().removesuffix(".gz")
    for end, kind in KINDS.items():
        if name.endswith(end):
            return kind
    raise Rejected(
        "import.unknown_kind",
        f"{path.name[:200]!r} is not the name of an event file.",
        hint="Its name ends in .jsonl, .csv or .parquet; .gz may follow.",
    )


def columns_of(path: Path) -> dict[str, bool]:
    """Return the columns, and whether each has unique values in the first rows.

    Raises:
        Rejected: `import.unreadable`.
    """
    seen: dict[str, set[str]] = {}
    repeating: set[str] = set()
    faults: list[str] = []
    with closing(read_rows(path)) as read:
        for values, wrong, _ in islice(read, HEAD_ROWS):
            faults += [wrong] if values is None else []
            for name, value in (values or {}).items():
                known = seen.setdefault(name, set())
                text = str(value)
                if text in known:
                    repeating.add(name)
                known.add(text)
    if not seen:
        # Without a readable row no column is known.
        why = f"row 1: {faults[0]}" if faults else "it has no rows"
        raise _unreadable(path, ValueError(why))
    return {name: name not in repeating for name in seen}


def read_rows(path: Path) -> Generator[Row, None, None]:
    """Return the rows of a file in their order.

    Raises:
        Rejected: `import.unknown_kind`, `import.unreadable`.
    """
    kind = kind_of(path)
    try:
        if kind == "parquet":
            yield from _parquet(path)
        elif kind == "csv":
            yield from _csv(path)
        else:
            yield from _json_lines(path)
    except (OSError, EOFError, UnicodeError) as error:
        raise _unreadable(path, error) from None


def _json_lines(path: Path) -> Iterator[Row]:
    with _opened(path) as (lines, share):
        while line := lines.readline(LINE_MAX):
            if len(line) == LINE_MAX and not line.endswith(b"\n"):
                raise _unreadable(path, ValueError(f"a line is longer than {LINE_MAX} bytes"))
            if not line.strip():
                continue
            try:
                yield _object(line), "", share()
            except (msgspec.MsgspecError, UnicodeError) as error:
                yield None, f"not a JSON object: {error}", share()


def _csv(path: Path) -> Iterator[Row]:
    with _opened(path) as (lines, share):
        # An invalid byte makes its row faulty instead of ending the file.
        text = io.TextIOWrapper(lines, "utf-8-sig", errors="surrogateescape", newline="")
        first = text.readline(LINE_MAX)
        if not first.strip():
            raise _unreadable(path, ValueError("it has no header"))
        mark = max(",;\t|", key=first.count)
        read = csv.reader(text, delimiter=mark)
        head = next(csv.reader([first], delimiter=mark))
        while True:
            try:
                values = next(read)
            except StopIteration:
                return
            except csv.Error as error:
                yield None, f"not CSV: {error}", share()
                continue
            if values:
                yield *_cells(head, values), share()


def _cells(head: list[str], values: list[str]) -> tuple[dict[str, Any] | None, str]:
    if len(values) != len(head):
        return None, f"{len(values)} cells where the header has {len(head)}"
    if not "".join(values).isascii():
        try:
            "".join(values).encode()
        except UnicodeEncodeError:
            return None, "it is not UTF-8"
    return {name: value for name, value in zip(head, values, strict=True) if value}, ""


def _parquet(path: Path) -> Iterator[Row]:
    # DuckDB is slow to import, and only Parquet needs it.
    require_extra("analytics", "Reading Parquet", "duckdb")
    import duckdb

    with closing(duckdb.connect(config={"memory_limit": "300MB"})) as connection:
        try:
            # Escaped, because DuckDB takes `*`, `?`, `[` and `{` for a pattern of many files.
            values = {"path": _escaped_path(path)}
            [(total,)] = connection.execute(
                "SELECT count(*) FROM read_parquet($path)", values
            ).fetchall()
            connection.execute(_selecting(connection, values), values)
            names = [each[0] for each in connection.description or ()]
            count = 0
            while found := connection.fetchmany(2_000):
                for row in found:
                    count += 1
                    cells = zip(names, row, strict=True)
                    yield (
                        {name: value for name, value in cells if value is not None},
                        "",
                        count / total,
                    )
        except duckdb.Error as error:
            raise _unreadable(path, error) from None


def _selecting(connection: Any, values: dict[str, str]) -> str:
    """Return a SELECT of all columns, with timestamps with a zone as ISO 8601 text."""
    connection.execute("SET TimeZone = 'UTC'")
    columns = connection.execute("DESCRIBE SELECT * FROM read_parquet($path)", values).fetchall()
    columns_sql = []
    for name, kind, *_ in columns:
        quoted = '"' + name.replace('"', '""') + '"'
        if kind == "TIMESTAMP WITH TIME ZONE":
            quoted = f"strftime({quoted}, '%Y-%m-%dT%H:%M:%S.%fZ') AS {quoted}"
        columns_sql.append(quoted)
    return f"SELECT {', '.join(columns_sql)} FROM read_parquet($path)"  # noqa: S608 - quoted above


def _escaped_path(path: Path) -> str:
    text = str(path.absolute())
    return "".join(f"[{letter}]" if letter in "*?[{" else letter for letter in text)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], Any]]:
    """Open a file, compressed or not; also return a function for the share read so far."""
    with path.open("rb") as raw:
        size = max(1, path.stat().st_size)
        is_packed = path.name.lower().endswith(".gz")
        lines: Any = gzip.GzipFile(fileobj=raw) if is_packed else raw
        yield lines, lambda: min(1.0, raw.tell() / size)


def _unreadable(path: Path, error: Exception) -> Rejected:
    message = error.strerror if isinstance(error, OSError) else ""
    reason = (message or str(error) or type(error).__name__).splitlines()[0][:300]
    return Rejected("import.unreadable", f"{path} can't be read: {reason}.")
