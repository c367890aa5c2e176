"""`mission audit`: is the log whole, and what is in it."""

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from missioncontrol.adapters.home import Home
from missioncontrol.adapters.signing import read_heads
from missioncontrol.application.audit import Verdict, export, verify
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.opened import AnyReading, opened
from missioncontrol.cli.output import note, say, say_json
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.visible import visible


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
    with _heads(reading, arguments.heads) as path:
        verdict = asyncio.run(verify(reading.store, read_heads(path), reading.artifacts))
    if arguments.json:
        say_json(verdict)
    else:
        say("".join(f"{line}\n" for line in _sentences(verdict)))
    return SUCCEEDED if verdict.whole else FAILED


@contextmanager
def _heads(reading: AnyReading, chosen: str | None) -> Iterator[Path]:
    """Give a file of signed heads: the one that is named, the home's, or a copy of a server's."""
    if chosen is not None:
        yield _heads_file(chosen)
    elif isinstance(reading.home, Home):
        yield reading.home.heads
    else:
        with NamedTemporaryFile(suffix=".jsonl") as copy:
            copy.write(reading.heads())
            copy.flush()
            yield Path(copy.name)


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
