"""`mission audit`: is the log whole, and what is in it."""

import argparse
import asyncio
from pathlib import Path
from typing import BinaryIO

from missioncontrol.adapters.signing import read_heads
from missioncontrol.application.audit import Verdict, export, verify
from missioncontrol.bootstrap import Reading
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.output import note, say, say_json
from missioncontrol.cli.places import home_of
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.visible import visible


def audit(arguments: argparse.Namespace) -> int:
    """Do what `mission audit` was asked for."""
    reading = Reading(home_of(arguments))
    try:
        if arguments.audit == "search":
            from missioncontrol.cli.search import search

            return search(reading, arguments)
        return (_verify if arguments.audit == "verify" else _export)(reading, arguments)
    finally:
        reading.close()


def _verify(reading: Reading, arguments: argparse.Namespace) -> int:
    path = reading.home.heads if arguments.heads is None else _heads_file(arguments.heads)
    verdict = asyncio.run(verify(reading.store, read_heads(path), reading.artifacts))
    if arguments.json:
        say_json(verdict)
    else:
        say("".join(f"{line}\n" for line in _sentences(verdict)))
    return SUCCEEDED if verdict.whole else FAILED


def _heads_file(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise NotFound(
            "heads.missing",
            f"There is no file {name!r} (--heads).",
            hint="Name a copy of the `heads.jsonl` of this home.",
        )
    return path


def _sentences(verdict: Verdict) -> list[str]:
    warnings = [f"Warning: {warning}" for warning in verdict.warnings]
    if not verdict.whole:
        return [f"The log is damaged at event {verdict.position}. {verdict.problem}", *warnings]
    whole = (
        f"The log is whole: {verdict.events:,} events in an unbroken chain, "
        f"{verdict.heads} signed heads agree, {verdict.artifacts} artifacts are unchanged."
    )
    return [whole, *warnings]


def _export(reading: Reading, arguments: argparse.Namespace) -> int:
    with whole_file(arguments.output) as file:
        count = asyncio.run(_write(reading, file))
    note(f"{count:,} events written to {visible(arguments.output)}.\n")
    return SUCCEEDED


async def _write(reading: Reading, file: BinaryIO) -> int:
    count = 0
    async for line in export(reading.store):
        file.write(line)
        count += 1
    return count
