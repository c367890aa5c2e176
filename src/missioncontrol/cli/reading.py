"""The verbs that only look: list, show, replay, artifacts, export."""

import argparse
import asyncio
from collections.abc import Callable
from typing import Any

from missioncontrol import __version__
from missioncontrol.application.records import gather
from missioncontrol.application.views import run_view
from missioncontrol.bootstrap import Reading
from missioncontrol.cli import sheets, text
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.names import board, find_run
from missioncontrol.cli.output import colour, columns, note, say, say_json
from missioncontrol.cli.places import home_of
from missioncontrol.documents.record import MissionRecord
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.read_tables import MissionRow
from missioncontrol.projections.board import Board


def open_home(arguments: argparse.Namespace) -> Reading:
    """Open the chosen home for reading.

    Raises:
        NotFound: `home.empty`.
    """
    return Reading(home_of(arguments))


def list_missions(arguments: argparse.Namespace) -> int:
    """Print the missions of the home, newest first."""
    if not 1 <= arguments.limit <= 1000:
        raise Rejected("list.bad_limit", f"--limit is {arguments.limit}; it must be 1 to 1000.")
    reading = open_home(arguments)
    try:
        rows = asyncio.run(board(reading.tables, reading.store))
        newest = _newest_missions(reading, rows, arguments.limit)
        if arguments.json:
            say_json(newest)
            return SUCCEEDED
        _say_what_is_planned(reading, rows, newest)
    finally:
        reading.close()
    if not newest:
        say("No missions yet. `mission run GOAL --repo PATH` begins one.\n")
    for state, line in sheets.mission_lines(newest, columns()):
        say(line.replace(state, colour(state, sheets.colour_of(state)), 1) + "\n")
    if any(row.status == "interrupted" for row in newest):
        say("`mission resume RUN` takes an interrupted run up again.\n")
    return SUCCEEDED


def _say_what_is_planned(reading: Reading, rows: Board, missions: list[MissionRow]) -> None:
    """Call a run that made a plan and nothing else what a person would call it."""
    for row in missions:
        run = rows.runs.get(row.run) or reading.tables.run(row.run)
        if row.status == "succeeded" and row.tasks and run is not None and run.steps == 1:
            row.status = "planned"


def _newest_missions(reading: Reading, rows: Board, limit: int) -> list[MissionRow]:
    missions = {row.id: row for row in reading.tables.missions(limit=limit)}
    missions.update(rows.missions)
    newest = sorted(missions.values(), key=lambda row: row.id, reverse=True)[:limit]
    holder = reading.home.holder()
    for row in newest:
        if row.status == "running" and not (holder and holder.may_work_on(row.run)):
            row.status = "interrupted"
    return newest


def _about(arguments: argparse.Namespace, look: Callable[[Reading, str], int]) -> int:
    """Open the home, find the run that is meant, and look at it."""
    reading = open_home(arguments)
    try:
        rows = asyncio.run(board(reading.tables, reading.store))
        return look(reading, find_run(rows, reading.tables, arguments.run))
    finally:
        reading.close()


def show(arguments: argparse.Namespace) -> int:
    """Print a run and its tasks as they are now."""
    return _about(arguments, lambda reading, run: _print_view(reading, run, arguments, None))


def replay(arguments: argparse.Namespace) -> int:
    """Print a run and its tasks as they were at a position of the log."""
    if arguments.at is not None and arguments.at < 1:
        raise Rejected("replay.bad_position", f"--at is {arguments.at}; positions begin at 1.")

    def look(reading: Reading, run: str) -> int:
        if arguments.at is not None:
            asyncio.run(_refuse_position(reading, run, arguments.at))
        return _print_view(reading, run, arguments, arguments.at)

    return _about(arguments, look)


async def _refuse_position(reading: Reading, run: str, at: int) -> None:
    """Refuse a moment in which the run was not there yet, or that has not come yet."""
    first = await reading.store.read_stream(run, limit=1)
    end = (await reading.store.head()).position
    if first and at < first[0].position:
        begun = first[0].position
        raise Rejected(
            "replay.before_run",
            f"--at is {at}, and run {run!r} begins at position {begun}.",
            hint=f"Give a position from {begun} to {end}.",
        )
    if at > end:
        raise Rejected(
            "replay.after_log",
            f"--at is {at}, and the log ends at position {end}.",
            hint="Without --at, the end is shown.",
        )


def _print_view(reading: Reading, run: str, arguments: argparse.Namespace, at: int | None) -> int:
    view = asyncio.run(run_view(reading.store, run, at=at))
    if arguments.json:
        say_json(view)
        return SUCCEEDED
    holder = reading.home.holder()
    is_held = holder is not None and holder.may_work_on(run)
    is_left = at is None and view["ended"] is None and not is_held
    is_plan = view["status"] == "succeeded" and view["inputs"].get("execute") is False
    _say_view(view, "interrupted" if is_left else "planned" if is_plan else view["status"])
    if is_left:
        say(f"\n`mission resume {run}` takes it up again.\n")
    return SUCCEEDED


def _say_view(view: dict[str, Any], status: str) -> None:
    width = columns()
    title, *facts = sheets.run_head(view, status, width)
    say(colour(title, "1") + "\n" + "".join(f"{line}\n" for line in facts) + "\n")
    room = min(max(len(step["step"]) for step in view["steps"]), max(width - 30, 12))
    for step in view["steps"]:
        mark, code = sheets.MARKS.get(step["state"], sheets.ELSE)
        head, told = sheets.step_lines(step, room, width)
        say(f"{colour(mark, code)} {head}\n" + "".join(f"{line}\n" for line in told))


def artifacts(arguments: argparse.Namespace) -> int:
    """Print what files a run produced, and where they lie."""

    def look(reading: Reading, run: str) -> int:
        view = asyncio.run(run_view(reading.store, run))
        found = [
            {
                "step": step["step"],
                **artifact,
                "path": str(reading.artifacts.path(artifact["digest"])),
            }
            for step in view["steps"]
            for artifact in step.get("work", {}).get("artifacts", ())
        ]
        if arguments.json:
            say_json(found)
            return SUCCEEDED
        say("".join(f"{line}\n" for line in sheets.file_lines(found, columns())))
        say(_where(reading, run) if found else f"{run} has produced no files.\n")
        return SUCCEEDED

    return _about(arguments, look)


def _where(reading: Reading, run: str) -> str:
    return (
        f"\nThey lie under {text.visible(str(reading.home.artifacts))} by their digest.\n"
        "  their paths   add --json\n"
        f"  all of them   mission export {run} --format zip --output FILE.zip\n"
    )


def export(arguments: argparse.Namespace) -> int:
    """Write the report of a run."""

    def look(reading: Reading, run: str) -> int:
        content = report(reading, run, arguments.format)
        with whole_file(arguments.output) as file:
            file.write(content)
        note(f"{text.size(len(content))} written to {text.visible(arguments.output)}.\n")
        return SUCCEEDED

    return _about(arguments, look)


def report(reading: Reading, run: str, kind: str) -> bytes:
    """Return the report of `run` as html, md, json or zip."""
    from missioncontrol.documents import report as documents

    record = record_of(reading, run)
    read = reading.artifacts.get
    match kind:
        case "html":
            return documents.report_html(record, read).encode()
        case "md":
            return documents.report_markdown(record).encode()
        case "json":
            return documents.report_json(record)
        case _:
            return documents.report_zip(record, read)


def record_of(reading: Reading, run: str) -> MissionRecord:
    """Gather what a report of `run` may say."""
    program = f"missioncontrol {__version__}"
    return asyncio.run(gather(reading.store, reading.output, run, program=program))
