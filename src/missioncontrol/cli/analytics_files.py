"""Events carried into the warehouse from files and out of it, and a product made up to look at."""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_files.files import LocalEventFiles
from missioncontrol.adapters.server_line import ServerLine
from missioncontrol.adapters.warehouses.shared import SharedWarehouse
from missioncontrol.analytics.calendar import zone_of
from missioncontrol.analytics.demo_data import events as seeded
from missioncontrol.analytics.demo_data import planted
from missioncontrol.application.analytics.event_transfer import (
    ImportReport,
    Progress,
    exported_pages,
    import_events,
)
from missioncontrol.application.analytics.products import policy_of, source_of
from missioncontrol.cli.analytics_places import meant, open_analytics, shelf_of, today_of
from missioncontrol.cli.analytics_questions import pairs
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.output import note, print_bytes, print_json, print_text
from missioncontrol.domain.errors import MissionControlError, NotFound, Rejected
from missioncontrol.domain.product.states import Product
from missioncontrol.domain.visible import visible
from missioncontrol.interfaces.capture.origin import is_bot
from missioncontrol.operations.product import ADD, ADD_SOURCE
from missioncontrol.ports.event_files import FIELDS, FileKind, Mapping
from missioncontrol.ports.warehouse import Captured, Warehouse

BATCH = 10_000
BAR = 30
LOOK_SECONDS = 0.2
FAULTS_SHOWN = 10
IMPORTED, SEEDED = "import", "seed"
"""The source of events that came out of a file without one, and of those that were made up."""


def import_file(arguments: argparse.Namespace, desk: Desk) -> int:
    """Carry the events of a file in, or with `--dry-run` only say what would become of it."""
    product = meant(arguments, desk)
    _refuse_own(product)
    if arguments.source:
        source_of(product, arguments.source)
    mapping = _mapping(arguments, product)
    if not (arguments.dry_run or arguments.source):
        _add_imported(product, desk)
    now = SystemClock().now()
    bar = _Bar()
    with closing(SharedWarehouse(desk.directory.analytics)) as warehouse:
        warehouse.settle(product.slug, policy_of(product))
        report = import_events(
            LocalEventFiles(is_bot),
            warehouse,
            product.slug,
            Path(arguments.file),
            mapping,
            source=arguments.source or IMPORTED,
            received=int(now * 1_000_000),
            is_dry=arguments.dry_run,
            on_progress=lambda progress: bar.show(progress.share, _progress(progress)),
        )
        if not arguments.dry_run:
            warehouse.tidy(datetime.fromtimestamp(now, UTC))
    bar.end()
    if arguments.json:
        print_json(report)
    else:
        print_text(
            "".join(f"{visible(line)}\n" for line in _carried(report, is_dry=arguments.dry_run))
        )
    return FAILED if report.rows and not report.events else SUCCEEDED


def _add_imported(product: Product, desk: Desk) -> None:
    """Add files as a source, which can be made internal, once something comes from one."""
    if IMPORTED not in product.sources:
        with suppress(MissionControlError):  # What is carried in does not hang on it.
            given = {"id": IMPORTED, "name": "Imported files", "kind": "file"}
            desk.execute(ADD_SOURCE, product.slug, given)


def export_file(arguments: argparse.Namespace, desk: Desk) -> int:
    """Write all events of a product in the order received, a page at a time."""
    product = asyncio.run(shelf_of(desk).find(arguments.product))
    files = LocalEventFiles()
    path = None if arguments.output == "-" else Path(arguments.output)
    kind = arguments.format or (files.kind(path) if path is not None else "jsonl")
    if desk.line is not None:
        return _from_there(desk.line, product, kind, path)
    with closing(SharedWarehouse(desk.directory.analytics)) as warehouse:
        found = exported_pages(warehouse, product.slug)
        if path is None:
            for piece in files.written(kind, found):
                print_bytes(piece)
            return SUCCEEDED
        count = files.write(path, kind, found)
    note(f"{count:,} events written to {visible(arguments.output)}.\n")
    return SUCCEEDED


def _from_there(line: ServerLine, product: Product, kind: FileKind, path: Path | None) -> int:
    """Write what a server sends as it comes."""
    at = f"/products/{quote(product.slug, safe='')}/events"
    with ExitStack() as opened:
        answer = opened.enter_context(line.streamed(at, query={"format": kind}))
        file = opened.enter_context(whole_file(str(path))) if path is not None else None
        for piece in answer.iter_bytes():
            if file is None:
                print_bytes(piece)
            else:
                file.write(piece)
    if path is not None:
        note(f"Written to {visible(str(path))}.\n")
    return SUCCEEDED


def seed(arguments: argparse.Namespace, desk: Desk) -> int:
    """Create a product without users that looks as if it had some."""
    slug = arguments.product
    try:
        product = asyncio.run(shelf_of(desk).find(slug))
    except NotFound:
        desk.execute(ADD, "", {"slug": slug, "name": "Sample product"})
        product = asyncio.run(shelf_of(desk).find(slug))
    _refuse_own(product)
    if arguments.reset:
        open_analytics(desk, arguments).clear(slug, "seeded again")
    until = datetime.fromtimestamp(SystemClock().now(), UTC).replace(tzinfo=None)
    made = seeded(
        arguments.seed,
        arguments.days,
        arguments.users,
        until=until,
        anomalies=not arguments.clean,
        source=SEEDED,
    )
    with closing(SharedWarehouse(desk.directory.analytics)) as warehouse:
        counts = _stored(warehouse, slug, made, arguments.days)
    wrong = () if arguments.clean else planted(today_of(product))
    answer = {
        "product": slug,
        **counts,
        "planted": [msgspec.to_builtins(each) for each in wrong],
    }
    if arguments.json:
        print_json(answer)
        return SUCCEEDED
    print_text(
        f"{counts['stored']:,} events of {slug}, {counts['duplicates']:,} were there already.\n"
    )
    for each in wrong:
        print_text(
            f"  planted: {each.metric} {100 * each.effect:+.0f} %, {each.since} to {each.until}\n"
        )
    return SUCCEEDED


def _refuse_own(product: Product) -> None:
    if product.is_own:
        raise Rejected(
            "product.built_in",
            f"The events of {product.slug!r} are read from the log of this home.",
            hint="`mission analytics add-product ID` adds one that takes events.",
        )


def _stored(
    warehouse: Warehouse, product: str, made: Iterable[Captured], days: int
) -> dict[str, Any]:
    bar, stored, duplicates, first = _Bar(), 0, 0, 0
    for batch in _batches(made):
        report = warehouse.store(product, batch)
        stored, duplicates = stored + report.stored, duplicates + report.duplicates
        last = batch[-1].happened
        first = first or last
        bar.show(min((last - first) / (days * 86_400e6), 1.0), f"{stored:,} events")
    bar.end()
    return {"stored": stored, "duplicates": duplicates}


def _batches(made: Iterable[Captured]) -> Iterator[list[Captured]]:
    events = iter(made)
    while batch := list(islice(events, BATCH)):
        yield batch


def _mapping(arguments: argparse.Namespace, product: Product) -> Mapping:
    fields = dict(pairs("--map", arguments.map or []))
    for name in fields:
        if name not in FIELDS:
            raise Rejected(
                "analytics.bad_option",
                f"--map: {name[:60]!r} is nothing that an event has.",
                hint=f"It has {', '.join(FIELDS)}.",
            )
    person = dict(pairs("--person", arguments.person or []))
    zone = arguments.zone or product.zone
    zone_of(zone)
    return Mapping(fields, person, zone, not arguments.only_mapped)


def _carried(report: ImportReport, *, is_dry: bool) -> Iterator[str]:
    mapped = ", ".join(f"{field} from {column}" for field, column in report.mapping.fields.items())
    yield f"read: {mapped or 'nothing'}; times without an offset are of {report.mapping.zone}"
    for name, count in list(report.names.items())[:FAULTS_SHOWN]:
        yield f"    {count:>10,}  {name}"
    for fault in report.faults[:FAULTS_SHOWN]:
        yield f"    row {fault.row:,}: {fault.reason}"
    if report.faulty > FAULTS_SHOWN:
        yield f"    and {report.faulty - FAULTS_SHOWN:,} more rows that are no event"
    yield f"{report.rows:,} rows, {report.events:,} events, {report.faulty:,} rows are none."
    if report.ahead:
        yield f"{report.ahead:,} events happen later than now: they count once it is then."
    refused = ""
    if report.refused:
        refused = f", {report.refused:,} refused: of forgotten people, or past retention"
    known = f"{report.duplicates:,} were there already"
    if report.duplicates and (column := report.mapping.fields.get("id")):
        known = f"{report.duplicates:,} have an id (column {visible(column)}) that is known"
    if is_dry:
        yield f"{report.new:,} events would be stored, {known}{refused}."
        yield "Nothing is stored: this was a dry run."
        return
    yield f"{report.stored:,} events stored, {known}{refused}."


def _progress(progress: Progress) -> str:
    faulty = f", {progress.faulty:,} are no event" if progress.faulty else ""
    return f"{progress.rows:,} rows{faulty}"


class _Bar:
    """How far something is, on a terminal: one line that is redrawn."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._next = 0.0
        self._width = 0

    def show(self, share: float, says: str) -> None:
        """Draw it, not more often than anybody could read."""
        now = time.monotonic()
        if not self._is_shown or now < self._next:
            return
        self._next = now + LOOK_SECONDS
        full = round(BAR * min(max(share, 0.0), 1.0))
        line = f"{'█' * full}{'░' * (BAR - full)} {100 * share:3.0f} %  {says}"
        note("\r" + line.ljust(self._width))
        self._width = len(line)

    def end(self) -> None:
        """Take it away."""
        if self._width:
            note("\r" + " " * self._width + "\r")
