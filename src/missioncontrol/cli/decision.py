"""`mission decision`: what was decided and why."""

import argparse
import asyncio
import os
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.decision_folders import decision_files
from missioncontrol.application.decision_files import (
    Import,
    decoded,
    intended,
    with_unread,
)
from missioncontrol.application.decision_views import (
    DecisionChoice,
    DecisionView,
    all_decisions,
    exported,
    line_of,
)
from missioncontrol.application.decisions import (
    DECISIONS,
    STREAM,
    DecisionAsked,
    DecisionsImported,
)
from missioncontrol.application.journal import fold
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.output import colour, columns, note, say, say_json
from missioncontrol.domain.decision import DecisionLog, unknown
from missioncontrol.domain.decision_text import DecisionOption, DecisionText
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.visible import visible
from missioncontrol.projections.planned import PlannedRow

COLOURS = {"accepted": "32", "rejected": "31", "proposed": "33"}
PLANS_MAX = 1_000
"""Missions whose plans are looked at, the newest."""


def decision(arguments: argparse.Namespace) -> int:
    """Do what `mission decision VERB` was asked for."""
    desk = Desk(arguments, os.environ)
    try:
        match arguments.decision:
            case "list":
                return _list(arguments, desk)
            case "show":
                return _show(arguments, desk)
            case "import":
                return _import(arguments, desk)
            case "export":
                return _export(arguments, desk)
        return _change(arguments, desk)
    finally:
        desk.close()


def _read(desk: Desk) -> tuple[DecisionLog | None, list[PlannedRow]]:
    try:
        log, _ = asyncio.run(fold(desk.store, DECISIONS, STREAM))
        return log, desk.board.listed("planned", is_open=True, limit=PLANS_MAX)
    except NotFound as error:
        if error.code != "home.empty":
            raise
        return None, []  # Files can be tried before anything is recorded.


def _list(arguments: argparse.Namespace, desk: Desk) -> int:
    mission = arguments.mission and _mission_of(desk, arguments.mission)
    choice = DecisionChoice(
        arguments.status, arguments.text, mission, file=arguments.file.removeprefix("./")
    )
    everything = all_decisions(*_read(desk))
    found = [each for each in everything if choice.takes(each)]
    if arguments.json:
        say_json([msgspec.to_builtins(line_of(each)) for each in found])
        return SUCCEEDED
    for each in found:
        state = f"{each.status:<10}"
        line = visible(f"{each.id:<6} {state} {each.date}  {each.title}")
        say(_fitting(line).replace(state, colour(state, COLOURS.get(each.status, "2")), 1) + "\n")
    if not found:
        there = f"None of {len(everything)} decisions fits.\n" if everything else ""
        say(there or "No decisions yet. `mission decision record TITLE` puts one into the log.\n")
    return SUCCEEDED


def _fitting(line: str) -> str:
    width = columns()
    return line if len(line) <= width else line[: width - 1] + "…"


def _mission_of(desk: Desk, text: str) -> str:
    run = desk.run(text)
    row = desk.board.run(run)
    return row.mission if row is not None else ""


def _found(desk: Desk, id_: str) -> DecisionView:
    everything = {each.id: each for each in all_decisions(*_read(desk))}
    found = everything.get(id_) or everything.get(id_.upper())
    if found is None:
        raise unknown(id_)
    return found


def _show(arguments: argparse.Namespace, desk: Desk) -> int:
    found = _found(desk, arguments.id)
    if arguments.json:
        say_json(msgspec.to_builtins(found))
        return SUCCEEDED
    say(visible("\n".join(_sheet(found))) + "\n")
    return SUCCEEDED


def _sheet(found: DecisionView) -> list[str]:
    text = found.text
    about = f"{found.status} on {found.date}"
    about += f", by {found.superseded_by}" if found.superseded_by else ""
    lines = [f"{found.id}  {found.title}", f"  {about}"]
    came = {
        "plan": f"from the plan of {found.mission_title or found.mission}",
        "file": found.source,
    }
    lines += [f"  {came[found.origin]}"] if found.origin in came else []
    lines += _part("chosen", [f"{text.choice}{_because(text)}"] if text.choice else [])
    lines += _part("decided", [text.outcome])
    lines += _part("why", [text.context])
    lines += _part("turns on", text.drivers)
    lines += _part("follows", [text.consequences, *(f"+ {each}" for each in text.good)])
    lines += _part("", [f"· {each}" for each in text.neutral])
    lines += _part("gives up", text.bad)
    others = [each for each in text.options if each.title != text.choice]
    lines += _part("instead", [_option_line(each) for each in others])
    lines += _part("is kept", [text.confirmation])
    lines += _part("more", [text.more])
    lines += _part("replaces", found.supersedes)
    lines += _part("decided by", text.decision_makers)
    lines += _part("tasks", found.tasks)
    lines += _part("files", found.files)
    return lines


def _because(text: DecisionText) -> str:
    return f" — {text.reason}" if text.reason else ""


def _option_line(option: DecisionOption) -> str:
    said = [option.description, *(f"+ {each}" for each in option.good)]
    said += [*(f"· {each}" for each in option.neutral), *(f"- {each}" for each in option.bad)]
    return "\n".join([option.title, *filter(None, said)])


def _part(name: str, texts: Sequence[str]) -> list[str]:
    width = max(columns() - 13, 30)
    lines: list[str] = []
    for text in filter(None, texts):
        for line in text.split("\n"):
            lines += textwrap.wrap(line, width, break_on_hyphens=False) or [""]
    return [f"  {name if number == 0 else '':<10} {line}" for number, line in enumerate(lines)]


def _change(arguments: argparse.Namespace, desk: Desk) -> int:
    answer = desk.deliver(_asked(arguments))
    if arguments.json:
        say_json(answer)
    else:
        links = arguments.decision == "link"
        say(visible(f"{answer['id']} is {'linked' if links else answer['status']}.\n"))
    return SUCCEEDED


def _asked(arguments: argparse.Namespace) -> DecisionAsked:
    match arguments.decision:
        case "record":
            return DecisionAsked(
                "record",
                text=_text(arguments),
                status="accepted" if arguments.accepted else "proposed",
                supersedes=tuple(arguments.supersedes),
                tasks=tuple(arguments.task),
                files=tuple(arguments.file),
            )
        case "supersede":
            return DecisionAsked(
                "supersede", arguments.id, by=arguments.by, reason=arguments.reason
            )
        case "link":
            if not (arguments.task or arguments.file):
                raise Rejected(
                    "decision.bad_input",
                    "There is nothing to link it to.",
                    hint="Add `--task MISSION/KEY` or `--file PATH`.",
                )
            verb: Any = "unlink" if arguments.remove else "link"
            tasks, files = tuple(arguments.task), tuple(arguments.file)
            return DecisionAsked(verb, arguments.id, tasks=tasks, files=files)
        case verb:
            return DecisionAsked(verb, arguments.id, reason=arguments.reason)


def _text(arguments: argparse.Namespace) -> DecisionText:
    options = []
    for text in arguments.option:
        title, _, tradeoff = text.partition("=")
        options.append(DecisionOption(title, bad=(tradeoff,) if tradeoff.strip() else ()))
    if arguments.choice and arguments.choice not in [each.title for each in options]:
        options.insert(0, DecisionOption(arguments.choice))
    return DecisionText(
        arguments.title,
        context=arguments.context,
        drivers=tuple(arguments.driver),
        options=tuple(options),
        choice=arguments.choice,
        reason=arguments.reason,
        good=tuple(arguments.good),
        bad=tuple(arguments.bad),
        confirmation=arguments.confirmation,
        more=arguments.more,
        decision_makers=tuple(arguments.by),
    )


def _import(arguments: argparse.Namespace, desk: Desk) -> int:
    there = decision_files(Path(arguments.path))
    base = str(there.base)
    files, unread = decoded(there.files, there.unread)
    if arguments.apply:
        found = msgspec.convert(desk.deliver(DecisionsImported(files, base)), Import)
    else:
        log, _ = _read(desk)
        tried = intended(log or DecisionLog({}), files, base, now=SystemClock().now())
        found = Import(tried.lines)
    found = with_unread(found, unread)
    if arguments.json:
        say_json({"applied": arguments.apply, **msgspec.to_builtins(found)})
    else:
        _say_import(found, is_done=arguments.apply)
    failed = any(line.verdict in ("refused", "unread") for line in found.lines)
    return FAILED if failed else SUCCEEDED


def _say_import(found: Import, *, is_done: bool) -> None:
    for line in found.lines:
        is_none = line.verdict in ("none", "unread")
        about = line.why if is_none else f"{line.id} {line.title} ({line.status})"
        verdict = "no record" if line.verdict == "none" else line.verdict
        say(visible(f"{verdict:<9}  {line.file}: {about}\n"))
        if line.why and not is_none:
            say(visible(f"           {line.why}\n"))
        for odd in line.not_understood:
            kept = "kept under More Information" if odd.kept else "left out"
            say(visible(f"           line {odd.line}: {odd.what} was not understood; {kept}\n"))
    unread = sum(line.verdict == "unread" for line in found.lines)
    if unread:
        note(f"{unread} of {len(found.lines)} files could not be read; the others are read.\n")
    moved = sum(line.verdict in ("new", "changed") for line in found.lines)
    if is_done:
        note(f"{moved} of {len(found.lines)} files changed the log.\n")
    elif moved:
        note(f"Nothing was changed. With --apply, {moved} of {len(found.lines)} files are taken.\n")
    else:
        note("There is nothing to take.\n")


def _export(arguments: argparse.Namespace, desk: Desk) -> int:
    log, rows = _read(desk)
    files = exported(log, rows if arguments.plans else ())
    folder = Path(arguments.output)
    written = _write(folder, files, force=arguments.force)
    if arguments.json:
        say_json({"directory": str(folder), "files": sorted(files), "written": written})
    elif files:
        say(
            visible(f"{len(files)} decisions are in {folder}; {len(written)} files were written.\n")
        )
    else:
        say("The log holds no decision. `--plans` writes those of plans.\n")
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
