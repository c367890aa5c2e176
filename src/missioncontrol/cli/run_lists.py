"""The verbs that only look: list, runs, show, replay."""

import argparse
import asyncio
import os
from typing import Any

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.application.blockers import find_rate_limit_hit, find_stage_actor
from missioncontrol.application.operations import operation_of
from missioncontrol.application.queries.runs import RunItem, status_fields
from missioncontrol.application.statuses import Statuses
from missioncontrol.application.views import run_and_view
from missioncontrol.cli import declarations, formatters
from missioncontrol.cli.current_status import current_status, statuses_now
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.names import board
from missioncontrol.cli.open_home import AnyReading, opened
from missioncontrol.cli.output import colour, columns, print_bytes, print_json, print_text
from missioncontrol.cli.replay_formatters import Sheet
from missioncontrol.cli.results import about, completion, outputs_of, record_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.status import MISSION_WORDS, WORDS, Status
from missioncontrol.ports.read_tables import MissionRow
from missioncontrol.projections.run_index import Board
from missioncontrol.queries.run import LIST

PAGE = 1_000
"""Rows of missions that are read at once."""


def open_home(arguments: argparse.Namespace) -> AnyReading:
    """Open the chosen home for reading.

    Raises:
        NotFound: `home.empty`.
    """
    return opened(arguments)


def list_missions(arguments: argparse.Namespace) -> int:
    """Print the missions of the home, newest first."""
    if not 1 <= arguments.limit <= 1000:
        raise Rejected("list.bad_limit", f"--limit is {arguments.limit}; it must be 1 to 1000.")
    _refuse_status(arguments.status)
    reading = open_home(arguments)
    try:
        rows = asyncio.run(board(reading.tables, reading.store))
        statuses = asyncio.run(statuses_now(reading, rows))
        listed = _missions(reading, rows, statuses, arguments)
        has_runs = bool(rows.runs or reading.tables.runs(limit=1))
    finally:
        reading.close()
    if arguments.json:
        print_json(
            [{**msgspec.structs.asdict(row), **status_fields(found)} for row, found in listed]
        )
        return SUCCEEDED
    if not listed:
        none = "No mission is like this." if arguments.status else "No missions yet."
        print_text(f"{none} `mission run GOAL --repo PATH` begins one.\n")
        print_text("`mission runs` names the runs of workflows.\n" if has_runs else "")
    for state, line in formatters.mission_lines(listed, columns()):
        word = WORDS[state].lower()
        print_text(line.replace(word, colour(word, formatters.colour_of(state)), 1) + "\n")
    for line in formatters.status_lines([found for _, found in listed], columns()):
        print_text(f"{line}\n")
    return SUCCEEDED


def _missions(
    reading: AnyReading, rows: Board, statuses: Statuses, arguments: argparse.Namespace
) -> list[tuple[MissionRow, Status]]:
    """Return the newest missions with their statuses, page by page until there are enough."""
    found = dict(rows.missions)
    before = ""
    while True:
        page = reading.tables.missions(before=before, limit=PAGE)
        for row in page:
            found.setdefault(row.id, row)
        newest = sorted(found.values(), key=lambda row: row.id, reverse=True)
        listed = [(row, statuses.of_mission(row)) for row in newest]
        chosen = [each for each in listed if arguments.status in (None, each[1].word)]
        if len(page) < PAGE or len(chosen) >= arguments.limit:
            return chosen[: arguments.limit]
        before = page[-1].id


def _refuse_status(status: str | None) -> None:
    """Refuse a status that no mission has.

    Raises:
        Rejected: `list.bad_status`.
    """
    if status not in (None, *MISSION_WORDS):
        raise Rejected(
            "list.bad_status",
            f"--status is {str(status)[:60]!r}.",
            hint=f"A mission is {', '.join(MISSION_WORDS)}.",
        )


def declared(arguments: argparse.Namespace) -> int:
    """Run a declared command of runs; the list of runs has a form of its own."""
    return list_runs(arguments) if arguments.declared == LIST.name else declarations.run(arguments)


def list_runs(arguments: argparse.Namespace) -> int:
    """Print the runs of the home, newest first, with what holds all work up and why some stand."""
    desk = Desk(arguments, os.environ)
    try:
        given = declarations.given_by(arguments, desk, LIST)
        found = declarations.rows_of(desk, LIST, given, limit=arguments.limit)
        held_up = [] if arguments.json else _stage_lines(desk.reading)
    finally:
        desk.close()
    if arguments.json:
        print_json(msgspec.to_builtins(found))
        return SUCCEEDED
    listed = [(row, _shown(row)) for row in found]
    print_text("".join(f"{line}\n" for line in held_up))
    for state, line in formatters.run_lines(listed, columns()):
        print_text(line.replace(state, colour(state, formatters.colour_of(state)), 1) + "\n")
    for line in formatters.status_lines([status for _, status in listed], columns()):
        print_text(f"{line}\n")
    if not found:
        print_text(f"{'No run is like this.' if given else 'No runs.'} {LIST.terminal.empty}\n")
    return SUCCEEDED


def _shown(row: RunItem) -> Status:
    """Return how a run stands for people: a run that ended well, as the mission it speaks for."""
    word = row.mission_status if row.status == "succeeded" else ""
    return Status(word or row.status, row.reason, row.action, row.waiting_on, row.waiting_since)


def _stage_lines(reading: AnyReading) -> list[str]:
    """Return what holds all work up, if anything does."""
    present = asyncio.run(operation_of(reading.store))
    if present.stage == "all":
        return []
    return formatters.stage_lines(present, asyncio.run(find_stage_actor(reading.store)), columns())


def show(arguments: argparse.Namespace) -> int:
    """Print a run and its tasks as they are now."""
    return about(arguments, lambda reading, run: _print_view(reading, run, arguments))


def replay(arguments: argparse.Namespace) -> int:
    """Print a run and its tasks as they were at a position of the log."""
    if arguments.at is not None and arguments.at < 1:
        raise Rejected("replay.bad_position", f"--at is {arguments.at}; positions begin at 1.")

    def look(reading: AnyReading, run: str) -> int:
        if arguments.at is not None:
            asyncio.run(_refuse_position(reading, run, arguments.at))
        sheet = Sheet(columns())
        return _print_view(reading, run, arguments, arguments.at, sheet)

    return about(arguments, look)


async def _refuse_position(reading: AnyReading, run: str, at: int) -> None:
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


def _print_view(
    reading: AnyReading,
    run: str,
    arguments: argparse.Namespace,
    at: int | None = None,
    sheet: Sheet | None = None,
) -> int:
    """Print a run at a position, by default now; with a `sheet` also what each step was given."""
    state, view = asyncio.run(run_and_view(reading.store, run, at=at))
    if at is None:
        view |= asyncio.run(current_status(reading, state))
    if not view["mission"]:
        view["outputs"] = outputs_of(state)
    elif arguments.json and at is None:
        view |= completion(record_of(reading, run))
    if arguments.json:
        # It is whole and plain already, and going through it once more takes as long as printing.
        print_bytes(msgspec.json.encode(view) + b"\n")
        return SUCCEEDED
    is_left = at is None and view["ended"] is None and _is_left(reading, run)
    status = view.get("mission_status") or view["status"]
    _print_run_view(view, status, sheet)
    held_up = [] if at is not None or state.is_settled else _held_up(reading, state, is_left)
    print_text("".join(f"\n{line}" for line in held_up) + ("\n" if held_up else ""))
    if is_left:
        once = " after a decision" if view["status"] == "waiting" else ""
        print_text(f"\n`mission runs resume {run}` takes it up again{once}.\n")
    return SUCCEEDED


def _is_left(reading: AnyReading, run: str) -> bool:
    """Whether no engine works on a run."""
    holder = reading.home.holder()
    return holder is None or not holder.may_work_on(run)


def _held_up(reading: AnyReading, run: Run, is_left: bool) -> list[str]:
    """Return which rate limit keeps a run from going on, where an engine works on it."""
    lines = _stage_lines(reading)
    if lines or is_left:
        return lines
    present = asyncio.run(operation_of(reading.store))
    brake = asyncio.run(find_rate_limit_hit(reading.store, run, present, SystemClock().now()))
    return formatters.rate_limit_lines(brake, columns()) if brake is not None else []


def _print_run_view(view: dict[str, Any], status: str, sheet: Sheet | None) -> None:
    width = columns()
    title, *facts = formatters.run_head(view, status, width)
    facts += sheet.run_lines(view) if sheet is not None else []
    facts += formatters.output_lines(view.get("outputs") or {}, width, 9)
    print_text(colour(title, "1") + "\n" + "".join(f"{line}\n" for line in facts) + "\n")
    room = min(max(len(step["step"]) for step in view["steps"]), max(width - 30, 12))
    gone = formatters.gone_on_from(view["steps"])
    for step in formatters.in_families(view["steps"]):
        is_gone = step["step"] in gone
        kind = "gone on from" if is_gone else step["state"]
        mark, code = formatters.MARKS.get(kind, formatters.ELSE)
        head, lines = formatters.step_lines(step, room, width, is_gone=is_gone)
        lines += sheet.step_lines(step) if sheet is not None else []
        print_text(f"{colour(mark, code)} {head}\n" + "".join(f"{line}\n" for line in lines))
    if sheet is not None:
        _print_rest(view, sheet)


def _print_rest(view: dict[str, Any], sheet: Sheet) -> None:
    """Print the approvals and their answers, and where all is that had no room."""
    lines = sheet.approval_lines(view["approvals"])
    lines[:0] = ["", "approvals"] if lines else []
    if sheet.is_cut:
        lines += ["", "Long values are cut here; `--json` has all of them."]
    print_text("".join(f"{line}\n" for line in lines))
