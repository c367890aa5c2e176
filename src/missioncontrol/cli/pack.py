"""`mission runs pack`: prints what is needed to do a mission's work, or one task of it."""

import argparse
import asyncio

from missioncontrol.application.checkout import reader_of
from missioncontrol.application.journal import fold_run
from missioncontrol.application.queries.packs import Form
from missioncontrol.application.queries.packs import pack as pack_of
from missioncontrol.application.queries.packs import packs as packs_of
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.open_home import AnyReading
from missioncontrol.cli.output import note, print_bytes, print_json, print_text
from missioncontrol.cli.results import about, record_of
from missioncontrol.documents.pack import packed
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.visible import visible


def pack(arguments: argparse.Namespace) -> int:
    """Print a pack, write it to a file, or name those that there are."""
    form: Form = "json" if arguments.json else "md"

    def look(reading: AnyReading, run: str) -> int:
        state, _ = asyncio.run(fold_run(reading.store, run))
        if arguments.list:
            return _list(state, as_json=arguments.json)
        found = pack_of(state, arguments.task, form)
        content = reading.artifacts.get(found.digest)
        record = record_of(reading, run)
        source = reader_of(record.repository)
        content = packed(record.rescoped, content, form, arguments.task, source)
        if arguments.output is None:
            print_bytes(content)
            return SUCCEEDED
        with whole_file(arguments.output) as file:
            file.write(content)
        note(f"{visible(found.name)} written to {visible(arguments.output)}.\n")
        return SUCCEEDED

    return about(arguments, look)


def _list(run: Run, *, as_json: bool) -> int:
    found = packs_of(run)
    if as_json:
        print_json(
            [{"task": key, "name": row.name, "size": row.size} for key, row in found.items()]
        )
        return SUCCEEDED
    for key, row in found.items():
        print_text(f"{visible(key or '(the whole mission)')}  {visible(row.title)}\n")
    return SUCCEEDED
