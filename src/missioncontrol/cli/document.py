"""`mission document`: documents of a mission, written from its record, edited and passed on."""

import argparse
import asyncio
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import msgspec

from missioncontrol.application.decisions import DECISIONS, STREAM
from missioncontrol.application.journal import fold
from missioncontrol.application.queries import documents as queries
from missioncontrol.application.studio import CurrentDocument
from missioncontrol.cli import text
from missioncontrol.cli.declarations import executed
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.cli.results import record_of
from missioncontrol.documents.studio.export import marked_as_draft
from missioncontrol.domain.decision import DecisionLog
from missioncontrol.domain.document import CHARACTERS_MAX, KINDS, TITLES, Dispute, DocumentKind
from missioncontrol.domain.document_kinds import known_kind
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible
from missioncontrol.operations.document import EDIT, SETTLE, WRITE

EXCERPT_MAX = 160
BEFORE_MAX, BEHIND_MIN = 40, 60
"""Of what two texts say alike before they differ, and of what follows."""


def document(arguments: argparse.Namespace) -> int:
    """Do what `mission document` was asked for."""
    desk = Desk(arguments, os.environ)
    act = {
        "list": _list,
        "write": _write,
        "show": _show,
        "edit": _edit,
        "settle": _settle,
        "diff": _diff,
        "export": _export,
    }[arguments.document]
    try:
        return act(arguments, desk, desk.run(arguments.run))
    finally:
        desk.close()


def _list(arguments: argparse.Namespace, desk: Desk, run: str) -> int:
    found = asyncio.run(queries.documents(desk.store, run))
    if arguments.json:
        print_json(msgspec.to_builtins(found))
        return SUCCEEDED
    unkept = "draft" if record_of(desk.reading, run).tasks else "not written yet"
    for each in found:
        state = unkept
        if each.version:
            state = f"version {each.version}, {each.made} by {each.by.removeprefix('user:')}"
            state += _open_words(each.conflicts)
        print_text(f"{each.kind:<14} {each.title:<24} {visible(state)}\n")
    return SUCCEEDED


def _write(arguments: argparse.Namespace, desk: Desk, run: str) -> int:
    wanted: Sequence[DocumentKind] = arguments.kinds or KINDS
    answers = [executed(desk, WRITE, f"{run}/{kind}", {}) for kind in wanted]
    if arguments.json:
        print_json(msgspec.to_builtins(answers))
        return SUCCEEDED
    for each in answers:
        print_text(_news(each, "nothing new to say"))
    return SUCCEEDED


def _show(arguments: argparse.Namespace, desk: Desk, run: str) -> int:
    found = _document(desk, run, arguments.kind, arguments.version)
    if arguments.json:
        print_json(msgspec.to_builtins(found))
        return SUCCEEDED
    print_text(visible(found.text if found.version else marked_as_draft(found.text)))
    if found.version == found.newest:
        _name_conflicts(found.conflicts, run, arguments.kind)
    return SUCCEEDED


def _name_conflicts(conflicts: Sequence[Dispute], run: str, kind: str) -> None:
    for each in conflicts:
        mine, theirs = map(visible, differing(each.mine, each.theirs))
        note(
            f"Conflict {each.id} in “{visible(each.section)}”\n"
            f"  yours: {mine or '(removed)'}\n"
            f"  written now: {theirs or '(not written any more)'}\n"
            f"  decide: mission document settle {run} {kind} {each.id} mine|theirs\n"
        )


def differing(mine: str, theirs: str) -> tuple[str, str]:
    """Return two texts on a line each, cut so that the first difference stands in both."""
    one, other = " ".join(mine.split()), " ".join(theirs.split())
    pairs = enumerate(zip(one, other, strict=False))
    same = next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = 0
    if same + BEHIND_MIN > EXCERPT_MAX:
        start = (one.find(" ", same - BEFORE_MAX, same) + 1) or same - BEFORE_MAX
    return _piece(one, start), _piece(other, start)


def _piece(text: str, start: int) -> str:
    end = start + EXCERPT_MAX
    return f"{'…' if start else ''}{text[start:end]}{'…' if len(text) > end else ''}"


def _edit(arguments: argparse.Namespace, desk: Desk, run: str) -> int:
    if arguments.file is None:
        query = queries.document(desk.store, desk.reading.artifacts, run, arguments.kind)
        found = asyncio.run(query)
        base, written = found.version, _edited(found.text, arguments.kind)
    elif arguments.base is None:
        raise Rejected(
            "document.no_base",
            "--file says what the document is to be, and not which version it was made of.",
            hint=f"Add `--base N`; `mission document list {run}` names the newest.",
        )
    else:
        base, written = arguments.base, _read(arguments.file)
    given = {"text": written, "base": base, "note": arguments.note}
    return _print_answer(arguments, executed(desk, EDIT, f"{run}/{arguments.kind}", given))


def _settle(arguments: argparse.Namespace, desk: Desk, run: str) -> int:
    given = {"conflict": arguments.conflict, "choice": arguments.choice}
    return _print_answer(arguments, executed(desk, SETTLE, f"{run}/{arguments.kind}", given))


def _print_answer(arguments: argparse.Namespace, answer: CurrentDocument) -> int:
    if arguments.json:
        print_json(msgspec.to_builtins(answer))
    else:
        print_text(_news(answer, "nothing was changed"))
    return SUCCEEDED


def _news(answer: CurrentDocument, nothing: str) -> str:
    news = f"version {answer.version}" if answer.is_new else nothing
    return f"{TITLES[known_kind(answer.kind)]}: {news}{_open_words(len(answer.conflicts))}\n"


def _diff(arguments: argparse.Namespace, desk: Desk, run: str) -> int:
    found = asyncio.run(
        queries.difference(
            desk.store,
            desk.reading.artifacts,
            run,
            arguments.kind,
            arguments.older,
            arguments.newer,
        )
    )
    if arguments.json:
        print_json(msgspec.to_builtins(found))
    elif found.diff:
        print_text(visible(found.diff) + "\n")
    else:
        note(f"Versions {found.older} and {found.newer} say the same.\n")
    return SUCCEEDED


def _export(arguments: argparse.Namespace, desk: Desk, run: str) -> int:
    from missioncontrol.documents.studio.export import exported, pictures

    found = _document(desk, run, arguments.kind, arguments.version)
    images = {}
    if arguments.format != "md":
        images = pictures(record_of(desk.reading, run), desk.reading.artifacts.get)
    form, is_draft = arguments.format, not found.version
    content = exported(found.text, found.kind, form, images, is_draft=is_draft)
    with whole_file(arguments.output) as file:
        file.write(content)
    if form == "pdf":
        from missioncontrol.documents.printing.fonts import shapeless

        warning = shapeless(found.text)
        note(f"{warning}\n" if warning else "")
    label = "a draft, " if is_draft else ""
    note(f"{label}{text.size(len(content))} written to {visible(arguments.output)}.\n")
    return SUCCEEDED


def _document(desk: Desk, run: str, kind: str, version: int | None) -> queries.DocumentView:
    async def log() -> DecisionLog | None:
        found: DecisionLog | None = (await fold(desk.store, DECISIONS, STREAM))[0]
        return found

    record, artifacts = record_of(desk.reading, run), desk.reading.artifacts
    return asyncio.run(
        queries.version_or_draft(
            desk.store, artifacts, record, cast(DocumentKind, kind), version, log
        )
    )


def _open_words(count: int) -> str:
    return f", {count} conflict{'s' if count != 1 else ''} to decide" if count else ""


def _read(name: str) -> str:
    try:
        file = sys.stdin.buffer if name == "-" else Path(name).open("rb")  # noqa: SIM115
        with file:
            content = file.read(CHARACTERS_MAX * 4 + 1)
        return content.decode()
    except OSError as error:
        raise Rejected(
            "document.unreadable", f"{name[:200]!r} (--file) can't be read: {error.strerror}."
        ) from None
    except UnicodeDecodeError:
        raise Rejected("document.unreadable", f"{name[:200]!r} (--file) is not UTF-8.") from None


def _edited(before: str, kind: str) -> str:
    """Return a text after the user has edited it in the editor of their environment.

    Raises:
        Rejected: `document.no_editor`.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    if not editor:
        raise Rejected(
            "document.no_editor",
            "Neither VISUAL nor EDITOR names an editor.",
            hint="Set one, or give the text with `--file FILE --base N`.",
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{kind}.md"
        path.write_text(before, encoding="utf-8")
        ended = subprocess.run([*shlex.split(editor), str(path)], check=False)  # noqa: S603 - theirs
        if ended.returncode:
            raise Rejected(
                "document.not_edited",
                f"{editor[:100]!r} ended with exit status {ended.returncode}; nothing was changed.",
            )
        return path.read_text(encoding="utf-8")
