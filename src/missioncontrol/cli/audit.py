"""`mission audit`: is the log whole, and what is in it."""

import argparse
import asyncio
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.heads_file import read_external_heads, read_heads
from missioncontrol.adapters.home import Home
from missioncontrol.application.audit import export, verify
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED, UNPROVEN
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.open_home import AnyReading, opened
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.visible import visible
from missioncontrol.ports.log_heads import ExternalHeads, SignedHead

STATUS_OF = {"verified": SUCCEEDED, "unproven": UNPROVEN, "broken": FAILED}
HOW_TO_PROVE = (
    "`mission up --heads-to FILE` sends signed heads to a place of their own; `mission audit "
    "verify --heads FILE` verifies the log against them."
)


def audit(arguments: argparse.Namespace) -> int:
    """Do what `mission audit` was asked for."""
    reading = opened(arguments)
    try:
        if arguments.audit == "search":
            from missioncontrol.cli.search import search

            return search(reading, arguments)
        return (_verify if arguments.audit == "verify" else _export)(reading, arguments)
    finally:
        reading.close()


def _verify(reading: AnyReading, arguments: argparse.Namespace) -> int:
    elsewhere = None if arguments.heads is None else _external_heads(reading, arguments.heads)
    found = verify(reading.store, _own_heads(reading), reading.artifacts, elsewhere=elsewhere)
    verdict = asyncio.run(found)
    if arguments.json:
        print_json(verdict)
    else:
        lines = (verdict.summary, *(f"Warning: {warning}" for warning in verdict.warnings))
        print_text("".join(f"{line}\n" for line in lines))
        if verdict.state == "unproven":
            note(f"{HOW_TO_PROVE}\n")
    return STATUS_OF[verdict.state]


def _own_heads(reading: AnyReading) -> list[SignedHead]:
    """Return the heads of the data directory, or of the one that a server has."""
    if isinstance(reading.home, Home):
        return read_heads(reading.home.heads)
    with NamedTemporaryFile(suffix=".jsonl") as copy:
        copy.write(reading.heads())
        copy.flush()
        return read_heads(Path(copy.name))


def _external_heads(reading: AnyReading, name: str) -> ExternalHeads:
    path = Path(name)
    if not path.is_file():
        raise NotFound(
            "heads.missing",
            f"There is no file {name!r} (--heads).",
            hint="Name the file that `mission up --heads-to` writes, or a copy of the "
            "`heads.jsonl` of this data directory that is stored elsewhere.",
        )
    home = reading.home if isinstance(reading.home, Home) else None
    return read_external_heads(path, home, SystemClock().now())


def _export(reading: AnyReading, arguments: argparse.Namespace) -> int:
    with whole_file(arguments.output) as file:
        count = asyncio.run(_write(reading, file))
    note(f"{count:,} events written to {visible(arguments.output)}.\n")
    return SUCCEEDED


async def _write(reading: AnyReading, file: BinaryIO) -> int:
    count = 0
    async for line in export(reading.store):
        file.write(line)
        count += 1
    return count
