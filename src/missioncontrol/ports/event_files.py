"""Files of events: read with a mapping, row by row, and written."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from missioncontrol.ports.warehouse import Captured, StoredEvent

FileKind = Literal["jsonl", "csv", "parquet"]

FIELDS = (
    "id",
    "name",
    "happened",
    "received",
    "user",
    "anonymous",
    "session",
    "alias",
    "group",
    "is_bot",
    "agent",
    "properties",
    "person",
    "once",
)
"""What of an event a column may give; `properties`, `person` and `once` are objects.

`agent`, a user agent, is not stored: it says whether a bot did it, as `is_bot` does.
"""


class Mapping(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which column gives what; all others become properties of the event.

    In `fields`, a column may be the way to a place within an object, as `context.ip`, and `=text`
    is that text in each row; `=` is nothing. Without an id an event gets one from its row: the same
    file again stores nothing twice.
    """

    fields: dict[str, str] = {}  # field to column; those that are missing are guessed by their name
    person: dict[str, str] = {}  # property of the person to column
    zone: str = "UTC"  # of moments that name none
    others: bool = True  # whether other columns become properties


class Fault(msgspec.Struct, frozen=True):
    """A row that is no event, and why."""

    row: int  # from 1; the head of a CSV file is none
    reason: str


class Page(msgspec.Struct, frozen=True):
    """Some rows of a file."""

    events: list[Captured]
    faults: list[Fault]
    rows: int  # that were read up to here
    share: float  # of the file: from 0 to 1


class EventFiles(Protocol):
    """Reads and writes files of events. All of it blocks."""

    def kind(self, path: Path) -> FileKind:
        """Return what a file is, by its name; `.gz` may follow.

        Raises:
            Rejected: `import.unknown_kind`.
        """
        ...

    def mapping(self, path: Path, mapping: Mapping) -> Mapping:
        """Return the mapping with what its columns' names tell.

        Raises:
            Rejected: `import.unreadable`, `import.unknown_column`, `import.unmapped`.
        """
        ...

    def read(self, path: Path, mapping: Mapping, *, source: str, received: int) -> Iterator[Page]:
        """Read events that come in now, at `received` (microseconds), by `source`.

        Raises:
            Rejected: as `mapping`.
        """
        ...

    def write(self, path: Path, kind: FileKind, pages: Iterable[list[StoredEvent]]) -> int:
        """Write events, in a file of its owner's alone; return how many.

        Raises:
            Unavailable: `export.unwritable`.
        """
        ...

    def written(self, kind: FileKind, pages: Iterable[list[StoredEvent]]) -> Iterator[bytes]:
        """Return the same as bytes, piece by piece; Parquet in one piece when all is there."""
        ...
