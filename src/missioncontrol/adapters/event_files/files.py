"""Event files of this machine."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from missioncontrol.adapters.event_files import writer
from missioncontrol.adapters.event_files.mapping import Reader, completed
from missioncontrol.adapters.event_files.rows import columns_of, kind_of, rows
from missioncontrol.ports.event_files import Fault, FileKind, Mapping, Page
from missioncontrol.ports.warehouse import Captured, StoredEvent

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
        with closing(rows(path)) as read:
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
