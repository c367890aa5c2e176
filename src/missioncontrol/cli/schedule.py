"""`mission schedule`: workflows that are started by the clock."""

import argparse
import difflib
import re
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from missioncontrol.application.schedules import Asked, NewSchedule
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import columns, print_json, print_text
from missioncontrol.cli.schedule_formatters import (
    list_lines,
    next_lines,
    past_lines,
    sheet,
    view,
)
from missioncontrol.cli.text import moment
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.schedule.events import Policy
from missioncontrol.domain.visible import visible
from missioncontrol.ports.calendar import Calendar
from missioncontrol.projections.schedules import ScheduleRow, is_open

CATCH_UP = 10
"""Missed slots that run after all where no number is given."""

PREVIEW = 5
EVENTS_MAX = 1_000


class ScheduleDesk(Protocol):
    """What these verbs need of a home, whether or not an engine holds it."""

    def rows(self) -> Sequence[ScheduleRow]:
        """Return all schedules as of now, also those that were removed."""
        ...

    def past(self, name: str, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return events of a schedule in order, from the one after its `after`-th."""
        ...

    def deliver(self, asked: Asked) -> str:
        """Send to `Schedules.take`, and return what it returns once that is on disk."""
        ...


def schedule(
    arguments: argparse.Namespace, desk: ScheduleDesk, calendar: Calendar, *, now: float
) -> int:
    """Do what `mission schedule` was asked for; `now` is in seconds since the epoch."""
    match arguments.schedule:
        case "list":
            return _list(arguments, desk, calendar, now)
        case "show":
            return _show(arguments, desk, calendar, now)
        case "add":
            return _add(arguments, desk, calendar, now)
        case "run":
            return _run(arguments, desk)
    return _change(arguments, desk)


def wanted_of(arguments: argparse.Namespace) -> NewSchedule:
    """Return the schedule that a command line describes.

    Raises:
        Rejected: `schedule.bad_workflow`, `schedule.bad_inputs` or `schedule.bad_policy`.
    """
    workflow, version = _workflow_of(arguments.workflow)
    catch_up = arguments.catch_up
    if catch_up is None:
        catch_up = CATCH_UP if arguments.misfire == "all" else 0
    policy = Policy(
        arguments.misfire,
        catch_up,
        _seconds(arguments.window, "window"),
        arguments.overlap,
        _seconds(arguments.jitter, "jitter"),
    )
    inputs = _inputs_of(arguments.input)
    zone = arguments.timezone.strip()
    return NewSchedule(arguments.name, workflow, arguments.cron, zone, version, inputs, policy)


def _workflow_of(text: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"([^@\s]+)(?:@([1-9][0-9]{0,8}))?", text)
    if found is None:
        raise Rejected(
            "schedule.bad_workflow",
            f"--workflow is {text[:80]!r}.",
            hint="Write the name of a saved workflow, and @ with a version to keep to it: audit@3.",
        )
    name, version = found.groups()
    return name, int(version) if version else None


def _inputs_of(texts: Sequence[str]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals or name in inputs:
            raise Rejected(
                "schedule.bad_inputs",
                f"--input is {text[:60]!r}{', which comes twice' if name in inputs else ''}.",
                hint="Write the name of an input, `=`, and its value, each input once.",
            )
        inputs[name] = value
    return inputs


def _seconds(text: str | None, name: str) -> float:
    if text is None:
        return 0.0
    seconds = seconds_of(text)
    if isinstance(seconds, str):
        raise Rejected("schedule.bad_policy", f"--{name} is {text[:60]!r}.", hint=seconds)
    return seconds


def _add(arguments: argparse.Namespace, desk: ScheduleDesk, calendar: Calendar, now: float) -> int:
    wanted = wanted_of(arguments)
    desk.deliver(Asked("add", wanted.name, arguments.reason, wanted))
    row = _row(desk, wanted.name)
    if arguments.json:
        print_json(view(row, calendar, now, PREVIEW))
        return SUCCEEDED
    print_text(
        visible(f"{row.id} starts {row.workflow}: {calendar.in_words(row.cron)}, {row.zone}.\n")
    )
    for name, value in row.inputs.items():
        if isinstance(value, str) and value != wanted.inputs.get(name, ""):
            text = f"  {name}={value}  (a relative path begins where the schedule is added)"
            print_text(f"{visible(text)}\n")
    print_text("".join(f"{line}\n" for line in next_lines(row, calendar, now, PREVIEW)))
    return SUCCEEDED


def _run(arguments: argparse.Namespace, desk: ScheduleDesk) -> int:
    run = desk.deliver(Asked("run", arguments.name, arguments.reason, force=arguments.force))
    if arguments.json:
        print_json({"schedule": arguments.name, "run": run})
    else:
        print_text(visible(f"{run} was started by hand for {arguments.name}.\n"))
    return SUCCEEDED


def _change(arguments: argparse.Namespace, desk: ScheduleDesk) -> int:
    before = {row.id: (row.status, row.since) for row in desk.rows()}
    desk.deliver(Asked(arguments.schedule, arguments.name, arguments.reason))
    row = _row(desk, arguments.name)
    if arguments.json:
        print_json({"schedule": row.id, "status": row.status})
        return SUCCEEDED
    if before.get(row.id) == (row.status, row.since):
        print_text(visible(f"{row.id} was {row.status} already, since {moment(row.since)}.\n"))
        return SUCCEEDED
    done = {
        "active": "is active again; what came during the pause is skipped",
        "paused": "is paused; runs that have begun go on",
        "removed": "was removed; runs that have begun go on",
    }
    print_text(visible(f"{row.id} {done[row.status]}.\n"))
    return SUCCEEDED


def _list(arguments: argparse.Namespace, desk: ScheduleDesk, calendar: Calendar, now: float) -> int:
    rows = sorted(desk.rows(), key=lambda row: row.id)
    chosen = [row for row in rows if arguments.all or is_open(row)]
    if arguments.json:
        print_json([view(row, calendar, now, 1) for row in chosen])
        return SUCCEEDED
    for row in chosen:
        print_text("".join(f"{line}\n" for line in list_lines(row, calendar, now, columns())))
    if not chosen:
        print_text("Nothing is started by the clock. `mission schedule add --help` tells how.\n")
    return SUCCEEDED


def _show(arguments: argparse.Namespace, desk: ScheduleDesk, calendar: Calendar, now: float) -> int:
    if not 1 <= arguments.limit <= EVENTS_MAX:
        raise Rejected(
            "list.bad_limit", f"--limit is {arguments.limit}; it must be 1 to {EVENTS_MAX:,}."
        )
    row = _row(desk, arguments.name)
    after = max(0, row.events - arguments.limit)
    past = desk.past(row.id, after=after, limit=arguments.limit)
    if arguments.json:
        events = [_plain(event) for event in past]
        print_json({**view(row, calendar, now, PREVIEW), "past": events})
        return SUCCEEDED
    lines = sheet(row, calendar, now, columns())
    lines += next_lines(row, calendar, now, PREVIEW) if row.status == "active" else []
    lines.append("")
    for event in past:
        lines.extend(past_lines(event, columns()))
    print_text("".join(f"{line}\n" for line in lines))
    return SUCCEEDED


def _plain(event: Recorded) -> dict[str, Any]:
    return {
        "position": event.position,
        "time": event.time / 1_000_000,
        "type": event.type,
        "actor": event.actor,
        "data": msgspec.json.decode(event.body),
    }


def _row(desk: ScheduleDesk, name: str) -> ScheduleRow:
    rows = {row.id: row for row in desk.rows()}
    if name in rows:
        return rows[name]
    near = difflib.get_close_matches(name, rows, 1)
    raise NotFound(
        "schedule.unknown",
        f"There is no schedule {name!r} here.",
        hint=f"Did you mean {near[0]}?" if near else "`mission schedule list --all` names them.",
    )
