"""Events carried in from a file, and out into one."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from missioncontrol.application.analytics.import_preview import ImportPreview
from missioncontrol.ports.event_files import EventFiles, Fault, Mapping, Page
from missioncontrol.ports.warehouse import Captured, Kept, Warehouse

FAULTS_MAX = 100
NAMES_MAX = 1_000
SAMPLES_MAX = 3
PAGE = 10_000


class ImportReport(msgspec.Struct, frozen=True):
    """What became of a file, or would become of it now."""

    rows: int
    events: int  # rows that are events
    new: int  # events that are stored by this, or would be
    stored: int  # 0 of a dry run
    duplicates: int  # whose ids are known, or are those of a row before
    refused: int
    ahead: int  # events that happen later than now: they count once it is then
    faults: tuple[Fault, ...]  # the first of them
    faulty: int  # how many rows are no event
    names: dict[str, int]  # how often each name occurs, the most frequent first
    samples: tuple[Captured, ...]  # the first events, as they are stored
    mapping: Mapping  # whole: with what was guessed


class Progress(msgspec.Struct, frozen=True):
    """How far a file is read."""

    rows: int
    share: float  # from 0 to 1
    faulty: int


def import_events(
    files: EventFiles,
    warehouse: Warehouse,
    product: str,
    path: Path,
    mapping: Mapping,
    *,
    source: str,
    received: int,
    is_dry: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> ImportReport:
    """Store the events of a file, or only look at it; again stores nothing twice.

    Raises:
        Rejected: as `EventFiles.read`.
        Unavailable: as `Warehouse.store`.
    """
    whole = files.mapping(path, mapping)
    with ImportPreview() as foreseen:
        told = _Told(warehouse, product, received, foreseen if is_dry else None)
        for page in files.read(path, whole, source=source, received=received):
            told.take(page)
            on_progress(Progress(page.rows, page.share, told.faulty))
        return told.carried(whole)


class _Told:
    """What is known of a file so far."""

    def __init__(
        self, warehouse: Warehouse, product: str, received: int, foreseen: ImportPreview | None
    ) -> None:
        self._warehouse = warehouse
        self._product = product
        self._received = received
        self._foreseen = foreseen  # of a dry run
        self._rows = self._events = self._new = self._duplicates = self._refused = self._ahead = 0
        self.faulty = 0
        self._faults: list[Fault] = []
        self._samples: list[Captured] = []
        self._names: Counter[str] = Counter()

    def take(self, page: Page) -> None:
        """Store the events of a page, or only look at them."""
        events = page.events
        self._rows, self.faulty = page.rows, self.faulty + len(page.faults)
        self._events += len(events)
        self._ahead += sum(each.happened > self._received for each in events)
        self._faults += page.faults[: FAULTS_MAX - len(self._faults)]
        self._samples += events[: SAMPLES_MAX - len(self._samples)]
        for event in events:
            if event.name in self._names or len(self._names) < NAMES_MAX:
                self._names[event.name] += 1
        if not events:
            return
        if self._foreseen is not None:
            self._foresee(events, self._foreseen)
            return
        stored = self._warehouse.store(self._product, events)
        self._new += stored.stored
        self._duplicates += stored.duplicates
        self._refused += stored.refused

    def _foresee(self, events: list[Captured], foreseen: ImportPreview) -> None:
        found = self._warehouse.foresee(self._product, events)
        known, refused = frozenset(found.known), frozenset(found.refused)
        for place, event in enumerate(events):
            if place in known:
                self._duplicates += 1
            else:
                foreseen.add(event.id, is_refused=place in refused)

    def carried(self, mapping: Mapping) -> ImportReport:
        """Return all of it."""
        if self._foreseen is not None:
            self._new, again, self._refused = self._foreseen.counted()
            self._duplicates += again
        return ImportReport(
            self._rows,
            self._events,
            self._new,
            0 if self._foreseen is not None else self._new,
            self._duplicates,
            self._refused,
            self._ahead,
            tuple(self._faults),
            self.faulty,
            dict(self._names.most_common()),
            tuple(self._samples),
            mapping,
        )


def exported_pages(warehouse: Warehouse, product: str, *, after: int = 0) -> Iterator[list[Kept]]:
    """Return all events of a product, in the order received, a page at a time."""
    while page := warehouse.exported(product, after=after, limit=PAGE):
        yield page
        after = page[-1].seq
