"""`mission runs trace`: from the goal to the evidence, its gaps, and waivers of them."""

import argparse
import os
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.application.tracing import TraceAsked
from missioncontrol.cli import trace_formatters
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.open_home import AnyReading
from missioncontrol.cli.output import columns, print_json, print_text
from missioncontrol.cli.results import about, record_of
from missioncontrol.documents.exhibits import readable
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.traceability.check import trace_check
from missioncontrol.documents.traceability.report import summarize_check, summarize_trace
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.visible import visible

PLAN_BYTES_MAX = 32 * 1024 * 1024


def trace(arguments: argparse.Namespace) -> int:
    """Do what `mission runs trace` was asked for."""
    if arguments.trace in ("show", "check"):
        look = _check if arguments.trace == "check" else _show
        return about(arguments, lambda reading, run: look(arguments, reading, run))
    return _change(arguments)


def _check(arguments: argparse.Namespace, reading: AnyReading, run: str) -> int:
    record = record_of(reading, run)
    found = trace_check(record, _plan(arguments))
    broken = _broken(record, reading)
    is_clean = found.is_clean and not broken
    if arguments.json:
        fields: dict[str, Any] = msgspec.to_builtins(summarize_check(record, found))
        print_json({**fields, "is_clean": is_clean, "broken_artifacts": broken})
    else:
        print_text(
            "".join(f"{line}\n" for line in trace_formatters.check_lines(record, found, broken))
        )
    return SUCCEEDED if is_clean else FAILED


def _show(arguments: argparse.Namespace, reading: AnyReading, run: str) -> int:
    record = record_of(reading, run)
    plan = _plan(arguments)
    found = trace_check(record, plan)
    if plan is not None:
        record = msgspec.structs.replace(record, plan=plan)
    if arguments.of:
        print_text(
            "".join(f"{line}\n" for line in trace_formatters.of_lines(record, found, arguments.of))
        )
    elif arguments.json:
        print_json(summarize_trace(record, found))
    else:
        lines = trace_formatters.matrix_lines(record, found, columns())
        print_text("".join(f"{line}\n" for line in lines))
    return SUCCEEDED


def _change(arguments: argparse.Namespace) -> int:
    desk = Desk(arguments, os.environ)
    try:
        about(arguments, lambda _, run: _name_whole(arguments, run))
        answer: dict[str, Any] = desk.deliver(_parse_request(arguments))
    finally:
        desk.close()
    if arguments.json:
        print_json(answer)
    else:
        print_text(
            "".join(f"{line}\n" for line in trace_formatters.answer_lines(arguments.trace, answer))
        )
    return SUCCEEDED


def _name_whole(arguments: argparse.Namespace, run: str) -> int:
    """Put the whole id of the run in place of its beginning."""
    arguments.run = run
    return 0


def _parse_request(arguments: argparse.Namespace) -> TraceAsked:
    if arguments.trace == "assign":
        return TraceAsked("assign", arguments.run, arguments.risk, arguments.owner)
    if arguments.trace == "scope":
        files, why = tuple(arguments.files), arguments.reason
        return TraceAsked("scope", arguments.run, arguments.task, why, files=files)
    return TraceAsked(arguments.trace, arguments.run, arguments.gap, arguments.reason)


def _plan(arguments: argparse.Namespace) -> Plan | None:
    """Return the plan in the file that is to be looked at, if one is named.

    Raises:
        Rejected: `plan.unreadable`.
    """
    if not arguments.plan:
        return None
    try:
        with Path(arguments.plan).open("rb") as file:
            data = file.read(PLAN_BYTES_MAX + 1)
    except OSError as error:
        raise _no_plan(arguments.plan, f"can't be read: {error.strerror}") from None
    if len(data) > PLAN_BYTES_MAX:
        raise _no_plan(arguments.plan, f"has more than {PLAN_BYTES_MAX:,} bytes")
    try:
        return msgspec.json.decode(data, type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_plan(arguments.plan, f"holds no plan: {error}") from None


def _no_plan(name: str, why: str) -> Rejected:
    return Rejected(
        "plan.unreadable",
        f"{name[:200]!r} {why}.",
        hint="Give the plan.json of a mission: `mission runs artifacts RUN --output DIR`.",
    )


def _broken(record: MissionRecord, reading: AnyReading) -> list[dict[str, str]]:
    """Return the artifacts that are not there any more as they were checked."""
    broken = []
    for one in record.tasks:
        for artifact in one.work.artifacts:
            _, fault = readable(artifact, reading.artifacts.get)
            if fault:
                finding = {"task": one.task.key, "artifact": artifact.name, "fault": visible(fault)}
                broken.append(finding)
    return broken
