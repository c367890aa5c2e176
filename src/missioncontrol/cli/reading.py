"""The verbs that only look: list, runs, show, replay."""

import argparse
import asyncio
from typing import Any

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.application.brakes import brake_on, closed_to, who_said_so
from missioncontrol.application.views import run_and_view
from missioncontrol.cli import sheets
from missioncontrol.cli.desk import operation_of
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.names import board
from missioncontrol.cli.opened import AnyReading, opened
from missioncontrol.cli.output import colour, columns, say, say_exactly, say_json
from missioncontrol.cli.replay_sheets import Sheet
from missioncontrol.cli.results import about, completion, outputs_of, record_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.read_tables import MissionRow, RunRow
from missioncontrol.projections.board import Board


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
    reading = open_home(arguments)
    try:
        rows = asyncio.run(board(reading.tables, reading.store))
        newest = _newest_missions(reading, rows, arguments.limit)
        if arguments.json:
            say_json(newest)
            return SUCCEEDED
        _say_what_is_planned(reading, rows, newest)
        has_runs = bool(rows.runs or reading.tables.runs(limit=1))
    finally:
        reading.close()
    if not newest:
        say("No missions yet. `mission run GOAL --repo PATH` begins one.\n")
        say("`mission runs` names the runs of workflows.\n" if has_runs else "")
    for state, line in sheets.mission_lines(newest, columns()):
        say(line.replace(state, colour(state, sheets.colour_of(state)), 1) + "\n")
    if any(row.status == "interrupted" for row in newest):
        say("`mission resume RUN` takes an interrupted run up again.\n")
    return SUCCEEDED


def _say_what_is_planned(reading: AnyReading, rows: Board, missions: list[MissionRow]) -> None:
    """Call a run that made a plan and nothing else what a person would call it."""
    for row in missions:
        run = rows.runs.get(row.run) or reading.tables.run(row.run)
        if row.status == "succeeded" and row.tasks and run is not None and run.steps == 1:
            row.status = "planned"


def _newest_missions(reading: AnyReading, rows: Board, limit: int) -> list[MissionRow]:
    missions = {row.id: row for row in reading.tables.missions(limit=limit)}
    missions.update(rows.missions)
    newest = sorted(missions.values(), key=lambda row: row.id, reverse=True)[:limit]
    holder = reading.home.holder()
    for row in newest:
        if row.status == "running" and not (holder and holder.may_work_on(row.run)):
            row.status = "interrupted"
    return newest


def list_runs(arguments: argparse.Namespace) -> int:
    """Print the runs of the home, newest first; of one workflow where it is named."""
    if not 1 <= arguments.limit <= 1000:
        raise Rejected("list.bad_limit", f"--limit is {arguments.limit}; it must be 1 to 1000.")
    reading = open_home(arguments)
    try:
        rows = asyncio.run(board(reading.tables, reading.store))
        found = _newest_runs(reading, rows, arguments.workflow, arguments.limit)
        held_up = [] if arguments.json else _stage_lines(reading)
    finally:
        reading.close()
    if arguments.json:
        say_json(found)
        return SUCCEEDED
    say("".join(f"{line}\n" for line in held_up))
    for state, line in sheets.run_lines(found, columns()):
        say(line.replace(state, colour(state, sheets.colour_of(state)), 1) + "\n")
    if not found:
        say("No runs. `mission workflow run NAME` begins one.\n")
    return SUCCEEDED


def _stage_lines(reading: AnyReading) -> list[str]:
    """Return what holds all work up, if anything does."""
    present = asyncio.run(operation_of(reading.store))
    if present.stage == "all":
        return []
    return sheets.stage_lines(present, asyncio.run(who_said_so(reading.store)), columns())


def _newest_runs(
    reading: AnyReading, rows: Board, workflow: str | None, limit: int
) -> list[RunRow]:
    """Return the newest runs, page by page until there are enough."""
    found = {row.id: row for row in rows.runs.values()}
    before = ""
    while page := reading.tables.runs(before=before, limit=1000):
        for row in page:
            found.setdefault(row.id, row)
        before = page[-1].id
        chosen = [row for row in found.values() if workflow in (None, row.workflow)]
        if len(chosen) >= limit:
            break
    chosen = [row for row in found.values() if workflow in (None, row.workflow)]
    newest = sorted(chosen, key=lambda row: row.id, reverse=True)[:limit]
    asked = {row.run for row in rows.listed("approval", is_open=True)}
    holder = reading.home.holder()
    for row in newest:
        if row.status == "queued" and row.id in asked:
            row.status = "waiting"  # Its first step waits for a person.
        elif row.status == "running" and not (holder and holder.may_work_on(row.id)):
            row.status = "waiting" if row.id in asked else "interrupted"
    return newest


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
    if not view["mission"]:
        view["outputs"] = outputs_of(state)
    elif arguments.json and at is None:
        view |= completion(record_of(reading, run))
    if arguments.json:
        # It is whole and plain already, and going through it once more takes as long as printing.
        say_exactly(msgspec.json.encode(view) + b"\n")
        return SUCCEEDED
    holder = reading.home.holder()
    is_held = holder is not None and holder.may_work_on(run)
    is_left = at is None and view["ended"] is None and not is_held
    is_plan = view["status"] == "succeeded" and view["inputs"].get("execute") is False
    # Nothing was broken off where it waits for a person, or where a limit keeps it from going on.
    is_broken_off = is_left and view["status"] not in ("waiting", "halted")
    held_up = [] if at is not None or state.is_settled else _held_up(reading, state, is_held)
    status = "interrupted" if is_broken_off else "planned" if is_plan else view["status"]
    if at is None and view["mission"] and _is_completed(reading, view["mission"], run):
        status = "completed"
    _say_view(view, status, sheet)
    say("".join(f"\n{line}" for line in held_up) + ("\n" if held_up else ""))
    if is_left:
        once = " once somebody has decided" if view["status"] == "waiting" else ""
        say(f"\n`mission resume {run}` takes it up again{once}.\n")
    return SUCCEEDED


def _is_completed(reading: AnyReading, mission: str, run: str) -> bool:
    """Whether nothing of a mission was lacking after this run, which is its newest one."""
    rows = asyncio.run(board(reading.tables, reading.store))
    row = rows.mission(mission)
    return row is not None and (row.status, row.run) == ("completed", run)


def _held_up(reading: AnyReading, run: Run, is_held: bool) -> list[str]:
    """Return what keeps a run that has not ended from going on, where that is nothing of its own.

    A rate limit counts only where an engine works on it: else that is what it waits for.
    """
    lines = _stage_lines(reading)
    if lines or not is_held:
        return lines
    present = asyncio.run(operation_of(reading.store))
    brake = asyncio.run(brake_on(reading.store, run, present, SystemClock().now()))
    if brake is not None:
        return sheets.brake_lines(brake, columns())
    lives: list[AgentLife] = asyncio.run(board(reading.tables, reading.store)).listed("agent")
    return sheets.agent_lines(closed_to(run, lives), columns())


def _say_view(view: dict[str, Any], status: str, sheet: Sheet | None) -> None:
    width = columns()
    title, *facts = sheets.run_head(view, status, width)
    facts += sheet.run_lines(view) if sheet is not None else []
    facts += sheets.output_lines(view.get("outputs") or {}, width, 9)
    say(colour(title, "1") + "\n" + "".join(f"{line}\n" for line in facts) + "\n")
    room = min(max(len(step["step"]) for step in view["steps"]), max(width - 30, 12))
    gone = sheets.gone_on_from(view["steps"])
    for step in sheets.in_families(view["steps"]):
        is_gone = step["step"] in gone
        kind = "gone on from" if is_gone else step["state"]
        mark, code = sheets.MARKS.get(kind, sheets.ELSE)
        head, told = sheets.step_lines(step, room, width, is_gone=is_gone)
        told += sheet.step_lines(step) if sheet is not None else []
        say(f"{colour(mark, code)} {head}\n" + "".join(f"{line}\n" for line in told))
    if sheet is not None:
        _say_rest(view, sheet)


def _say_rest(view: dict[str, Any], sheet: Sheet) -> None:
    """Print what people were asked and said, and where all is that had no room."""
    lines = sheet.approval_lines(view["approvals"])
    lines[:0] = ["", "approvals"] if lines else []
    if sheet.is_cut:
        lines += ["", "Long values are cut here; `--json` has all of them."]
    say("".join(f"{line}\n" for line in lines))
