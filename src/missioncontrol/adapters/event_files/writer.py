"""Writes events as JSON lines, CSV and Parquet."""

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.domain.errors import Unavailable
from missioncontrol.extras import require_extra
from missioncontrol.ports.event_files import FIELDS, FileKind
from missioncontrol.ports.warehouse import Captured, StoredEvent

if TYPE_CHECKING:
    from arro3.core import Table

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PIECE = 1 << 20

_encode = msgspec.json.Encoder().encode


def row(event: Captured) -> dict[str, Any]:
    """Return the fields of an event by name, without empty ones."""
    found: dict[str, Any] = {
        "id": event.id,
        "name": event.name,
        "happened": _moment(event.happened),
        "received": _moment(event.received),
        "source": event.source,
        "user": event.user,
        "anonymous": event.anonymous,
        "session": event.session,
        "alias": event.alias,
        "group": event.group,
        "is_bot": event.is_bot,
        "properties": event.properties,
        "person": event.person,
        "once": event.once,
    }
    return {name: value for name, value in found.items() if value or name == "name"}


def json_lines(pages: Iterable[list[StoredEvent]]) -> Iterator[bytes]:
    """Yield the lines of each page."""
    for page in pages:
        yield b"".join(_line(each.event) for each in page)


def _line(event: Captured) -> bytes:
    cells = {
        name: msgspec.Raw(value) if isinstance(value, bytes) else value
        for name, value in row(event).items()
    }
    return _encode(cells) + b"\n"


GIVEN = ("id", "name", "happened", "received", "source")
COLUMNS = (*GIVEN, *(each for each in FIELDS[4:] if each != "agent"))


def csv_lines(pages: Iterable[list[StoredEvent]]) -> Iterator[bytes]:
    """Yield the header, and the lines of each page; objects are JSON."""
    yield _csv([COLUMNS])
    for page in pages:
        yield _csv([_cells(each.event) for each in page])


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _cells(event: Captured) -> list[str]:
    found = row(event)
    return [_cell(found.get(name, "")) for name in COLUMNS]


def _cell(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return "true" if value is True else str(value)


CREATE_EVENTS = """
CREATE TABLE events (id VARCHAR, name VARCHAR, happened TIMESTAMPTZ, received TIMESTAMPTZ,
  source VARCHAR, "user" VARCHAR, anonymous VARCHAR, session VARCHAR, alias VARCHAR,
  "group" VARCHAR, is_bot BOOLEAN, properties JSON, person JSON, once JSON)
"""
INSERT_EVENTS = """
INSERT INTO events SELECT id, name, make_timestamp(happened) AT TIME ZONE 'UTC',
  make_timestamp(received) AT TIME ZONE 'UTC', source, nullif(who, ''), nullif(anonymous, ''),
  nullif(session, ''), nullif(alias, ''), nullif(grouped, ''), is_bot, decode(properties)::JSON,
  nullif(decode(person), '')::JSON, nullif(decode(once), '')::JSON
FROM incoming
"""


def parquet(path: Path, pages: Iterable[list[StoredEvent]]) -> int:
    """Write events into a file, through a temporary database beside it; return how many."""
    # DuckDB and Arrow are slow to import, and only Parquet needs them.
    require_extra("analytics", "Writing Parquet", "duckdb", "arro3.core")
    import duckdb

    count = 0
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
        waiting = str(Path(folder) / "waiting.duckdb")
        with closing(duckdb.connect(waiting, config={"memory_limit": "300MB"})) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(CREATE_EVENTS)
            for page in pages:
                connection.register("incoming", _arrow_table([each.event for each in page]))
                connection.execute(INSERT_EVENTS)
                connection.unregister("incoming")
                count += len(page)
            made = Path(folder) / "events.parquet"
            target = str(made).replace("'", "''")
            connection.execute(f"COPY events TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        made.chmod(0o600)
        made.replace(path)
    return count


def _arrow_table(events: Sequence[Captured]) -> "Table":
    from arro3.core import Array, DataType, Table

    text, whole, binary = DataType.utf8(), DataType.int64(), DataType.binary()
    found = {
        "id": Array([each.id for each in events], type=text),
        "name": Array([each.name for each in events], type=text),
        "happened": Array([each.happened for each in events], type=whole),
        "received": Array([each.received for each in events], type=whole),
        "source": Array([each.source for each in events], type=text),
        "who": Array([each.user for each in events], type=text),
        "anonymous": Array([each.anonymous for each in events], type=text),
        "session": Array([each.session for each in events], type=text),
        "alias": Array([each.alias for each in events], type=text),
        "grouped": Array([each.group for each in events], type=text),
        "is_bot": Array([each.is_bot for each in events], type=DataType.bool()),
        "properties": Array([each.properties for each in events], type=binary),
        "person": Array([each.person for each in events], type=binary),
        "once": Array([each.once for each in events], type=binary),
    }
    return Table.from_arrays(list(found.values()), names=list(found))


def write(path: Path, kind: FileKind, pages: Iterable[list[StoredEvent]]) -> int:
    """Write events to a file, which replaces an existing one once complete; return how many."""
    new = path.with_name(f".{path.name}.new")
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        count = _write(new, kind, pages)
        new.replace(path)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from None
    finally:
        new.unlink(missing_ok=True)
    return count


def _write(path: Path, kind: FileKind, pages: Iterable[list[StoredEvent]]) -> int:
    if kind == "parquet":
        return parquet(path, pages)
    count = 0

    def counted() -> Iterator[list[StoredEvent]]:
        nonlocal count
        for page in pages:
            count += len(page)
            yield page

    with path.open("wb") as file:
        file.writelines(LINES[kind](counted()))
    return count


def written(kind: FileKind, pages: Iterable[list[StoredEvent]]) -> Iterator[bytes]:
    if kind != "parquet":
        yield from LINES[kind](pages)
        return
    with tempfile.TemporaryDirectory(prefix="mission-export-") as folder:
        path = Path(folder) / "events.parquet"
        parquet(path, pages)
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


LINES: dict[FileKind, Callable[[Iterable[list[StoredEvent]]], Iterator[bytes]]] = {
    "jsonl": json_lines,
    "csv": csv_lines,
}


def _moment(micros: int) -> str:
    return (EPOCH + timedelta(microseconds=micros)).isoformat().replace("+00:00", "Z")


def _unwritable(path: Path, reason: str) -> Unavailable:
    return Unavailable("export.unwritable", f"{path} can't be written: {reason}.")
