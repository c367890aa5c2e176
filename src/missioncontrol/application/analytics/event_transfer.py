"""Import of events from a file, and pages of events for an export."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from missioncontrol.application.analytics.import_preview import ImportPreview
from missioncontrol.ports.event_files import EventFiles, Fault, Mapping, Page
from missioncontrol.ports.warehouse import Captured, StoredEvent, Warehouse

FAULTS_MAX = 100
NAMES_MAX = 1_000
SAMPLES_MAX = 3
PAGE = 10_000


class ImportReport(msgspec.Struct, frozen=True):
    """The result of an import, or of its dry run."""

    rows: int
    events: int  # rows that are events
    new: int  # events that this import stores, or would store
    stored: int  # 0 for a dry run
    duplicates: int  # whose ids are stored, or occur in an earlier row
    refused: int
    ahead: int  # events dated in the future: they count from then on
    faults: tuple[Fault, ...]  # the first `FAULTS_MAX`
    faulty: int  # rows that are not events
    names: dict[str, int]  # occurrences of each name, most frequent first
    samples: tuple[Captured, ...]  # the first events as stored
    mapping: Mapping  # complete, with guessed columns


class Progress(msgspec.Struct, frozen=True):
    """How much of a file has been read."""

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
    """Store the events of a file, or only count them; a second import stores nothing twice.

    Raises:
        Rejected: as `EventFiles.read`.
        Unavailable: as `Warehouse.store`.
    """
    whole = files.mapping(path, mapping)
    with ImportPreview() as preview:
        tally = _Tally(warehouse, product, received, preview if is_dry else None)
        for page in files.read(path, whole, source=source, received=received):
            tally.add(page)
            on_progress(Progress(page.rows, page.share, tally.faulty))
        return tally.report(whole)


class _Tally:
    """The counts of a file so far."""

    def __init__(
        self, warehouse: Warehouse, product: str, received: int, preview: ImportPreview | None
    ) -> None:
        self._warehouse = warehouse
        self._product = product
        self._received = received
        self._preview = preview  # of a dry run
        self._rows = self._events = self._new = self._duplicates = self._refused = self._ahead = 0
        self.faulty = 0
        self._faults: list[Fault] = []
        self._samples: list[Captured] = []
        self._names: Counter[str] = Counter()

    def add(self, page: Page) -> None:
        """Store the events of a page, or only count them."""
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
        if self._preview is not None:
            self._preview_events(events, self._preview)
            return
        stored = self._warehouse.store(self._product, events)
        self._new += stored.stored
        self._duplicates += stored.duplicates
        self._refused += stored.refused

    def _preview_events(self, events: list[Captured], preview: ImportPreview) -> None:
        found = self._warehouse.foresee(self._product, events)
        known, refused = frozenset(found.known), frozenset(found.refused)
        for place, event in enumerate(events):
            if place in known:
                self._duplicates += 1
            else:
                preview.add(event.id, is_refused=place in refused)

    def report(self, mapping: Mapping) -> ImportReport:
        """Return the counts of the whole file."""
        if self._preview is not None:
            self._new, again, self._refused = self._preview.totals()
            self._duplicates += again
        return ImportReport(
            self._rows,
            self._events,
            self._new,
            0 if self._preview is not None else self._new,
            self._duplicates,
            self._refused,
            self._ahead,
            tuple(self._faults),
            self.faulty,
            dict(self._names.most_common()),
            tuple(self._samples),
            mapping,
        )


def exported_pages(
    warehouse: Warehouse, product: str, *, after: int = 0
) -> Iterator[list[StoredEvent]]:
    """Yield all events of a product in the order received, a page at a time."""
    while page := warehouse.exported(product, after=after, limit=PAGE):
        yield page
        after = page[-1].seq
