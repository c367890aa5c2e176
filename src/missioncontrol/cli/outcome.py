"""What is printed when a run has ended."""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from missioncontrol.application.views import view_of
from missioncontrol.cli import closing_lines, exit_codes, formatters
from missioncontrol.cli.current_status import current_status
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.formatters import wrapped
from missioncontrol.cli.names import board
from missioncontrol.cli.open_home import opened
from missioncontrol.cli.output import columns, note, print_bytes, print_json, print_text
from missioncontrol.cli.places import home_of
from missioncontrol.cli.results import completion, outputs_of, record_of, report
from missioncontrol.documents.record import MissionRecord
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.run.states import Failed, Run, Succeeded
from missioncontrol.domain.status import WORDS
from missioncontrol.domain.visible import visible


def print_plan(arguments: argparse.Namespace, name: str, run: Run, *, as_json: bool) -> int:
    """Print the plan that a run made: exactly the plan on standard output, the rest beside it."""
    state = run.states[PLAN_STEP]
    if not isinstance(state, Succeeded):
        reason = state.failure if isinstance(state, Failed) else None
        sentence = f"{reason.reason} {reason.hint}".rstrip() if reason else "The run was cancelled."
        note(f"mission: no plan: {visible(sentence)}\n")
        return exit_codes.OF_STATUS[run.status]
    reading = opened(arguments)
    try:
        wanted = "plan.json" if as_json else "plan.md"
        digest = next(ref.digest for ref in state.work.artifacts if ref.name == wanted)
        content = reading.artifacts.get(digest)
    finally:
        reading.close()
    if as_json or not sys.stdout.isatty():
        print_bytes(content if content.endswith(b"\n") else content + b"\n")
    else:
        _show_markdown(content.decode())
    where = closing_lines.given_place(arguments)
    note(f"Stored as {run.mission}, {name}. Carry it out: mission execute {name}{where}\n")
    return exit_codes.SUCCEEDED


def _show_markdown(content: str) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(visible(content)))


def _open(record: MissionRecord) -> str:
    """Say what keeps a mission that succeeded from being completed."""
    is_checked = record.status == "succeeded" and record.tasks
    lacking = completion(record)["lacking"] if is_checked else ""
    return lacking


def print_outcome(arguments: argparse.Namespace, name: str, run: Run, *, as_json: bool) -> int:
    """Write the report, and say how the run ended and where the report is."""
    from missioncontrol.documents.report import outcome_sentence

    reading = opened(arguments)
    try:
        path = home_of(arguments).reports / f"{name}.html"
        content = report(reading, name, "html")
        with whole_file(str(path), option="the report") as file:
            file.write(content)
        record = record_of(reading, name)
        standing = asyncio.run(current_status(reading, run))
        rows = asyncio.run(board(reading.tables, reading.store))
        builders = closing_lines.builders_of(rows.listed("agent", is_open=True))
    finally:
        reading.close()
    word = standing.get("mission_status", run.status)
    if as_json:
        line = {"mission": run.mission, "run": name, "status": run.status, "report": str(path)}
        print_json({**line, "mission_status": word, **completion(record)})
    else:
        usage = view_of(run)["usage"]
        head = wrapped(outcome_sentence(record), columns())
        pairs = (
            ("status", _standing(standing, word)),
            ("why", _why(run)),
            ("places", closing_lines.change_line(record.plan)),
            ("tests", closing_lines.tests_line(record)),
            ("first", closing_lines.first_criterion(record)),
            ("ask", closing_lines.question(record)),
            ("changes", _changed(record)),
            ("open", "" if word == "ready_to_build" else _open(record)),
            ("cost", formatters.used(usage) if usage.get("input_tokens") or usage["cost"] else ""),
            ("report", str(path)),
            ("next", _next(arguments, record, builders, standing["action"])),
        )
        text = "\n".join([*head, *closing_lines.lines(pairs)])
        print_text(f"\n{text}\n")
    return exit_codes.OF_STATUS[run.status]


def _next(
    arguments: argparse.Namespace, record: MissionRecord, builders: list[str], action: str
) -> str:
    """Return the command that goes on, as it works where this one was typed."""
    programs, where = closing_lines.installed(os.environ), closing_lines.given_place(arguments)
    # A path of a server leads nowhere here.
    here = record.repository if "server" in arguments else str(Path.cwd())
    return closing_lines.next_command(
        record, builders, programs, action, where=where, directory=here
    )


def _standing(standing: dict[str, Any], word: str) -> str:
    """Return how a mission stands, and why."""
    reason = f": {standing['reason']}" if standing["reason"] else ""
    return f"{WORDS[word]}{reason}"


def _why(run: Run) -> str:
    """Return why the first step failed that did, and what to do about it."""
    failures = (each.failure for each in run.states.values() if isinstance(each, Failed))
    first = next(failures, None)
    return f"{first.reason} {first.hint}".rstrip() if first else ""


def _changed(record: MissionRecord) -> str:
    """Return a line on what an agent changed, where one has."""
    from missioncontrol.documents.report_data import Reading as Read

    found = Read(record).changes
    if found is None or found.exhibit is None:
        return ""
    count = len(found.files) + found.files_left_out
    files = "1 file" if count == 1 else f"{count:,} files"
    lines = f"+{found.added:,} -{found.deleted:,}"
    return f"{files}, {lines} · mission runs artifacts {record.run} --output DIR"


def print_run(arguments: argparse.Namespace, name: str, run: Run, *, as_json: bool) -> int:
    """Say how a run of a workflow ended, or what it waits for."""
    view = view_of(run)
    is_left, standing = (False, {}) if run.is_settled else _left(arguments, name, run)
    view |= standing
    if as_json:
        answer = {"run": name, "status": view["status"], "outputs": outputs_of(run)}
        print_json({**answer, **standing, **_waits(run)})
    else:
        lines = formatters.ending_lines(name, view, outputs_of(run), columns(), is_left=is_left)
        print_text("".join(f"{line}\n" for line in lines))
    return exit_codes.OF_STATUS.get(run.status, exit_codes.WAITING)


def _left(arguments: argparse.Namespace, name: str, run: Run) -> tuple[bool, dict[str, Any]]:
    """Return whether no engine works on a run that has not ended, and how it stands."""
    reading = opened(arguments)
    try:
        holder = reading.home.holder()
        standing = asyncio.run(current_status(reading, run))
    finally:
        reading.close()
    return holder is None or not holder.may_work_on(name), standing


def _waits(run: Run) -> dict[str, Any]:
    """Return what a person has to decide before the run goes on."""
    if run.is_settled:
        return {}
    held = [{"step": key, "approval": state.approval} for key, state in run.held.items()]
    return {"approvals": held, "halt": run.halt}
