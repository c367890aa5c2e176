"""The verbs that hand out what a run left: output, artifacts, export."""

import argparse
import asyncio
import difflib
import os
import re
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from missioncontrol import __version__
from missioncontrol.application.journal import fold_run
from missioncontrol.application.records import EVENTS_MAX, gather
from missioncontrol.application.views import run_view
from missioncontrol.cli import formatters, text
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.names import board, find_run
from missioncontrol.cli.open_home import AnyReading, opened
from missioncontrol.cli.output import columns, note, print_json, print_text
from missioncontrol.documents.record import MissionRecord
from missioncontrol.domain.building import HANDED
from missioncontrol.domain.errors import MissionControlError, NotFound, Rejected
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.visible import visible
from missioncontrol.ports.output_store import OutputLine

RUN_SCHEMA = "missioncontrol.run/1"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold: an entry's own time would say when it was packed."""

TAIL = 200
TAIL_MAX = 200_000
PAGE = 1_000
FOLDER_LETTERS_MAX = 180


def about(arguments: argparse.Namespace, look: Callable[[AnyReading, str], int]) -> int:
    """Open the home, find the run that is meant, and look at it.

    Raises:
        NotFound: `home.empty` or `run.unknown`.
        Rejected: as `find_run`.
    """
    reading = opened(arguments)
    try:
        rows = asyncio.run(board(reading.tables, reading.store))
        return look(reading, find_run(rows, reading.tables, arguments.run))
    finally:
        reading.close()


# What it hands back.


def outputs_of(run: Run) -> dict[str, Any] | None:
    """Return what a run that succeeded hands back; None where it hands back nothing.

    What can't be worked out is left out, and a line on stderr says why.
    """
    if run.status != "succeeded" or not run.outputs:
        return None
    # Expressions take longer to get ready than all the rest.
    from missioncontrol.adapters.expressions.cel import CelExpressions
    from missioncontrol.application.scope import Scopes

    found = Scopes(CelExpressions()).outputs(run)
    for name, error in found.faults.items():
        note(f"mission: output {name} can't be evaluated: {visible(str(error))}\n")
    return found.values


# Output of its steps.


def output(arguments: argparse.Namespace) -> int:
    """Print the last output lines of the steps of a run, or of one of them."""
    if not 1 <= arguments.tail <= TAIL_MAX:
        raise Rejected(
            "output.bad_tail", f"--tail is {arguments.tail}; it must be 1 to {TAIL_MAX:,}."
        )

    def look(reading: AnyReading, run: str) -> int:
        state, _ = asyncio.run(fold_run(reading.store, run))
        steps = _steps_of(state, arguments.step) if arguments.step is not None else None
        lines, is_all = _last_lines(reading, run, steps, arguments.tail)
        if arguments.json:
            print_json([_plain(line) for line in lines])
            return SUCCEEDED
        print_text("".join(f"{line}\n" for line in formatters.log_lines(lines, columns())))
        _note_missing(reading, state, arguments.step, lines=lines, is_all=is_all)
        return SUCCEEDED

    return about(arguments, look)


def _steps_of(run: Run, key: str) -> set[str]:
    """Return the step that is meant, and those that it became.

    Raises:
        NotFound: `step.unknown`.
    """
    found = {each for each in run.steps if each == key or each.startswith(tuple(_within(key)))}
    if key in run.steps:
        return found
    near = difflib.get_close_matches(key, run.steps, 1)
    raise NotFound(
        "step.unknown",
        f"Run {run.id!r} has no step {key[:100]!r}.",
        hint=f"Did you mean {near[0]}?" if near else f"`mission show {run.id}` names its steps.",
    )


def _within(key: str) -> tuple[str, ...]:
    return f"{key}[", f"{key}/", f"{key}#"


def _last_lines(
    reading: AnyReading, run: str, steps: Collection[str] | None, count: int
) -> tuple[list[OutputLine], bool]:
    """Return the last `count` lines, of `steps` where they are given, and whether that is all."""
    found: list[OutputLine] = []
    end = reading.output.written(run)
    while end > 0 and len(found) <= count:
        begin = max(0, end - PAGE)
        page = reading.output.read(run, after=begin, limit=end - begin)
        found[:0] = [line for line in page if steps is None or line.step in steps]
        end = begin
    return found[-count:], len(found) <= count


def _plain(line: OutputLine) -> dict[str, Any]:
    return {
        "step": line.step,
        "attempt": line.attempt,
        "time": line.time / 1_000_000,
        "level": line.level,
        "message": line.message,
    }


def _note_missing(
    reading: AnyReading, run: Run, step: str | None, *, lines: Sequence[OutputLine], is_all: bool
) -> None:
    state = run.states.get(step or "")
    reused_from = getattr(state, "kept_from", "")
    if not lines and reused_from:
        note(f"Its result was reused: `mission runs output {reused_from} {step}` shows it.\n")
    elif not lines:
        who = run.id if step is None else f"{visible(step)} of {run.id}"
        note(f"{who} has no output{'' if run.is_settled else ' yet'}.\n")
    if not is_all:
        note(f"Those are the last {len(lines):,} lines; `--tail N` shows the last N.\n")
    if left_out := reading.output.left_out(run.id):
        note(f"{left_out:,} later lines of the run were counted and not stored.\n")


# Its files.


def artifacts(arguments: argparse.Namespace) -> int:
    """Print what files a run produced and where they lie, or write all of them to a directory."""

    def look(reading: AnyReading, run: str) -> int:
        view = asyncio.run(run_view(reading.store, run))
        found = _files_of(view)
        for file in found:
            file["path"] = str(reading.artifacts.path(file["digest"]))
        if arguments.output is not None:
            _write_files(reading, found, arguments.output)
        if arguments.json:
            print_json(found)
        elif arguments.output is not None:
            count = f"{len(found)} file{'s' if len(found) != 1 else ''}"
            note(f"{count} written to {visible(arguments.output)}.\n")
        else:
            print_text("".join(f"{line}\n" for line in formatters.file_lines(found, columns())))
            print_text(_where(reading, run) if found else f"{run} has produced no files.\n")
        return SUCCEEDED

    return about(arguments, look)


def _files_of(view: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"step": step["step"], **artifact}
        for step in formatters.in_families(view["steps"])
        for artifact in (*step.get("work", {}).get("artifacts", ()), *_handed(step))
    ]


def _handed(step: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for each in step.get("handed", ()):
        yield {**each, "name": f"{HANDED}{each['name']}"}


def _where(reading: AnyReading, run: str) -> str:
    return (
        f"\nThey lie under {visible(str(reading.home.artifacts))} by their digest.\n"
        "  their paths   add --json\n"
        f"  all of them   mission runs artifacts {run} --output DIR\n"
    )


def places_of(files: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return for each file a relative path, STEP/NAME, that every file system takes.

    `packages[0]` becomes `packages.0`, `a/b` becomes `a.b`, and `a#2/b` becomes `a~2.b`. No two
    files have the same place, also where capital letters are no different from small ones.
    """
    folders: dict[str, str] = {}
    used: set[str] = set()
    for step in dict.fromkeys(file["step"] for file in files):
        folder = plain = _folder(step)
        number = 1
        while folder.casefold() in used:
            number += 1
            folder = f"{plain}_{number}"
        used.add(folder.casefold())
        folders[step] = folder
    return [f"{folders[file['step']]}/{_file_name(file['name'])}" for file in files]


def _folder(step: str) -> str:
    name = re.sub(r"\[(\d+)\]", r".\1", step).replace("/", ".").replace("#", "~")
    return re.sub(r"[^\w.~-]|^\.", "_", name)[:FOLDER_LETTERS_MAX] or "_"


def _file_name(name: str) -> str:
    parts = [re.sub(r'[\x00-\x1f\x7f\\:*?"<>|]', "_", part) for part in name.split("/")]
    return "/".join(part for part in parts if part not in ("", ".", "..")) or "_"


def _write_files(reading: AnyReading, found: Sequence[dict[str, Any]], output: str) -> None:
    """Write every file below a directory, or none.

    Raises:
        Rejected: `artifacts.exists` or `export.unwritable`.
        NotFound, Corrupt, Unavailable: as `ArtifactStore.get`.
    """
    targets = [Path(output) / place for place in places_of(found)]
    for target in targets:
        if os.path.lexists(target):
            raise Rejected(
                "artifacts.exists",
                f"{str(target)!r} (--output) is there already; nothing was written.",
                hint="Name another directory, or a new one.",
            )
    for file in found:
        reading.artifacts.get(file["digest"])  # All are whole before the first one is written.
    try:
        Path(output).mkdir(parents=True, exist_ok=True)
        for file, target in zip(found, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as opened:
                opened.write(reading.artifacts.get(file["digest"]))
            file["path"] = str(target)
    except OSError as error:
        raise Rejected(
            "export.unwritable",
            f"{str(error.filename or output)!r} (--output) can't be written: {error.strerror}.",
            hint="Name another directory.",
        ) from None


# All of it.


def export(arguments: argparse.Namespace) -> int:
    """Write the report of a mission's run, or all that is known of a run of a workflow."""

    def look(reading: AnyReading, run: str) -> int:
        state, _ = asyncio.run(fold_run(reading.store, run))
        if state.mission or arguments.format in ("html", "md", "pdf"):
            content = report(reading, run, arguments.format)
            with whole_file(arguments.output) as file:
                file.write(content)
        else:
            known = asyncio.run(_known_of(reading, state))
            with whole_file(arguments.output) as file:
                _write_run(file, reading, known, arguments.format)
        target = Path(arguments.output)
        size = f"{text.size(target.stat().st_size)} written" if target.is_file() else "Written"
        note(f"{size} to {visible(arguments.output)}.\n")
        if state.mission:
            _note_export(arguments, run)
        return SUCCEEDED

    return about(arguments, look)


def _note_export(arguments: argparse.Namespace, run: str) -> None:
    """Record that a report was exported; where that can't be, the report is there anyway."""
    from missioncontrol.application.exports import ExportNoted
    from missioncontrol.cli.desk import Desk

    desk = Desk(arguments, os.environ)
    with closing(desk), suppress(MissionControlError, OSError):
        desk.deliver(ExportNoted(run, arguments.format))


async def _known_of(reading: AnyReading, state: Run) -> dict[str, Any]:
    """Return a run of a workflow with what it hands back and its events, as plain values."""
    view = await run_view(reading.store, state.id)
    events: list[dict[str, Any]] = []
    after = 0
    while len(events) < EVENTS_MAX:
        rows = await reading.store.read_stream(state.id, after=after, limit=PAGE)
        events.extend(
            {
                "position": row.position,
                "time": row.time / 1_000_000,
                "type": row.type,
                "actor": row.actor,
                "data": row.data,
                "hash": row.hash.hex(),
            }
            for row in rows
        )
        if len(rows) < PAGE:
            break
        after = rows[-1].version
    program = f"missioncontrol {__version__}"
    details = {"schema": RUN_SCHEMA, "program": program, **view, "outputs": outputs_of(state)}
    return {**details, "events": events}


def _write_run(file: BinaryIO, reading: AnyReading, known: dict[str, Any], kind: str) -> None:
    if kind == "json":
        file.write(_json(known))
        return
    files = _files_of(known)
    missing = 0
    # Stored, not deflated: compressors differ between machines and would change the bytes.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _pack(archive, "run.json", _json(known))
        for each, place in zip(files, places_of(files), strict=True):
            each["path"] = f"artifacts/{place}"
            try:
                _pack(archive, each["path"], reading.artifacts.get(each["digest"]))
            except MissionControlError as error:
                each["missing"] = str(error)
                missing += 1
        _pack(archive, "files.json", _json(files))
    if missing:
        note(f"mission: {missing} of {len(files)} files are missing; files.json says why.\n")


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _pack(archive: zipfile.ZipFile, path: str, content: bytes) -> None:
    info = zipfile.ZipInfo(path, EPOCH)
    info.create_system = 3  # Unix, whatever this machine is
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)


def report(reading: AnyReading, run: str, kind: str) -> bytes:
    """Return the report of `run` as html, md, pdf, json or zip.

    Raises:
        Rejected: `run.no_mission`, `document.too_large`, `document.unprinted`.
        Unavailable: `document.unprinted_in_time`.
    """
    from missioncontrol.documents import report as documents

    record = record_of(reading, run)
    read = reading.artifacts.get
    match kind:
        case "html":
            return documents.report_html(record, read).encode()
        case "md":
            return documents.report_markdown(record, read).encode()
        case "pdf":
            return documents.report_pdf(record, read)
        case "json":
            return documents.report_json(record)
        case _:
            return documents.report_zip(record, read)


def record_of(reading: AnyReading, run: str) -> MissionRecord:
    """Gather what a report of `run` may say."""
    program = f"missioncontrol {__version__}"
    return asyncio.run(gather(reading.store, reading.output, run, program=program))


def completion(record: MissionRecord) -> dict[str, Any]:
    """Return whether a mission is completed with this run, and else what is lacking, in words."""
    from missioncontrol.documents.traceability.check import trace_check

    lacking = "" if record.is_completed else trace_check(record).lacking
    return {"is_completed": record.is_completed, "lacking": lacking}
