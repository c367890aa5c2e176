"""`mission decision`: what is declared of decisions, and their files, imported and exported."""

import argparse
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from missioncontrol.adapters.decision_folders import decision_files
from missioncontrol.application.decision_files import (
    DecisionFile,
    Import,
    decoded,
    with_unread,
)
from missioncontrol.cli.declarations import found_here, run
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible
from missioncontrol.operations.decision import IMPORT
from missioncontrol.queries import decision as queries


def decision(arguments: argparse.Namespace) -> int:
    """Do what `mission decision VERB` was asked for."""
    by_hand = {"import": _import, "export": _export}.get(arguments.decision)
    if by_hand is None:
        return run(arguments)
    desk = Desk(arguments, os.environ)
    try:
        return by_hand(arguments, desk)
    finally:
        desk.close()


def _import(arguments: argparse.Namespace, desk: Desk) -> int:
    there = decision_files(Path(arguments.path))
    base = str(there.base)
    files, unread = decoded(there.files, there.unread)
    if arguments.apply:
        found = desk.execute(IMPORT, "", {"files": files, "repository": base})
    else:
        found = _tried(desk, files, base)
    found = with_unread(found, unread)
    if arguments.json:
        print_json({"applied": arguments.apply, **msgspec.to_builtins(found)})
    else:
        _print_import(found, is_done=arguments.apply)
    failed = any(line.verdict in ("refused", "unread") for line in found.lines)
    return FAILED if failed else SUCCEEDED


def _tried(desk: Desk, files: tuple[DecisionFile, ...], base: str) -> Import:
    """Return what importing files would come to; nothing changes."""
    if desk.line is not None:
        body = {"files": files, "repository": base}
        return desk.line.post("/decisions/import", body, Import)
    return found_here(desk, lambda present: queries.tried(present, files, base))


def _files(desk: Desk, *, plans: bool) -> list[DecisionFile]:
    """Return the files of all decisions."""
    if desk.line is not None:
        return desk.line.get("/decisions/export", list[DecisionFile], plans=plans)
    return found_here(desk, lambda present: queries.files(present, plans=plans))


def _print_import(found: Import, *, is_done: bool) -> None:
    for line in found.lines:
        is_none = line.verdict in ("none", "unread")
        about = line.why if is_none else f"{line.id} {line.title} ({line.status})"
        verdict = "no record" if line.verdict == "none" else line.verdict
        print_text(visible(f"{verdict:<9}  {line.file}: {about}\n"))
        if line.why and not is_none:
            print_text(visible(f"           {line.why}\n"))
        for odd in line.not_understood:
            handling = "stored under More Information" if odd.kept else "left out"
            print_text(
                visible(f"           line {odd.line}: {odd.what} was not understood; {handling}\n")
            )
    unread = sum(line.verdict == "unread" for line in found.lines)
    if unread:
        note(f"{unread} of {len(found.lines)} files could not be read; the others are read.\n")
    moved = sum(line.verdict in ("new", "changed") for line in found.lines)
    if is_done:
        note(f"{moved} of {len(found.lines)} files changed the log.\n")
    elif moved:
        note(f"Nothing was changed. --apply imports {moved} of {len(found.lines)} files.\n")
    else:
        note("There is nothing to take.\n")


def _export(arguments: argparse.Namespace, desk: Desk) -> int:
    files = {each.name: each.content for each in _files(desk, plans=arguments.plans)}
    folder = Path(arguments.output)
    written = _write(folder, files, force=arguments.force)
    if arguments.json:
        print_json({"directory": str(folder), "files": sorted(files), "written": written})
    elif files:
        print_text(
            visible(f"{len(files)} decisions are in {folder}; {len(written)} files were written.\n")
        )
    else:
        print_text("The log holds no decision. `--plans` writes those of plans.\n")
    return SUCCEEDED


def _write(folder: Path, files: Mapping[str, str], *, force: bool) -> list[str]:
    """Write what is not there yet; return the names of what was written.

    Raises:
        Rejected: `decision.in_the_way`, before anything is written.
    """
    new = {}
    for name, text in files.items():
        there = folder / name
        if there.is_file() and there.read_text("utf-8", "replace") == text:
            continue
        if os.path.lexists(there) and not force:
            raise Rejected(
                "decision.in_the_way",
                f"{str(there)!r} says something else.",
                hint="Import it first, write elsewhere, or add `--force`.",
            )
        new[name] = text
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in new.items():
        part = folder / f".{name}.part"
        part.write_text(text, "utf-8", newline="\n")
        shutil.move(part, folder / name)
    return sorted(new)
