"""`mission schedule`: what is declared of schedules, a new one, and a run by hand."""

import argparse
import os
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from missioncontrol.cli import declarations
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.schedule.events import Policy
from missioncontrol.domain.visible import visible
from missioncontrol.operations.schedule import ADD, RUN
from missioncontrol.queries.schedule import plain
from missioncontrol.queries.schedule_format import next_lines

CATCH_UP = 10
"""Missed slots that run after all where no number is given."""


def schedule(arguments: argparse.Namespace) -> int:
    """Do what `mission schedule VERB` was asked for."""
    by_hand = {"add": _add, "run": _run}.get(arguments.schedule)
    desk = Desk(arguments, os.environ)
    try:
        if arguments.schedule == "run" and desk.home.holder() is None:
            from missioncontrol.cli import work

            return work.begin_scheduled(arguments)
        code = by_hand(arguments, desk) if by_hand else declarations.run(arguments)
        if arguments.schedule in ("add", "resume") and desk.home.holder() is None:
            note("Nothing starts it yet: `mission up` does, for as long as it works here.\n")
        return code
    finally:
        desk.close()


def given_by(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of the schedule that a command line describes.

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
    return {
        "name": arguments.name,
        "workflow": workflow,
        "cron": arguments.cron,
        "zone": arguments.timezone.strip(),
        "version": version,
        "inputs": _inputs_of(arguments.input),
        "policy": policy,
        "reason": arguments.reason,
    }


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


def _add(arguments: argparse.Namespace, desk: Desk) -> int:
    given = given_by(arguments)
    ADD.build("", given)  # What breaks a bound is refused before a workflow is looked up.
    typed = given["inputs"]
    given["inputs"] = desk.anchored(given["workflow"], given["version"], typed)
    found = declarations.executed(desk, ADD, "", given).schedule
    if arguments.json:
        print_json(plain(found))
        return SUCCEEDED
    lines = [f"{found.id} starts {found.workflow}: {found.words}, {found.zone}."]
    for name, value in found.inputs.items():
        if isinstance(value, str) and value != typed.get(name, ""):
            lines.append(f"  {name}={value}  (a relative path begins where the schedule is added)")
    print_text("".join(f"{visible(line)}\n" for line in (*lines, *next_lines(found))))
    return SUCCEEDED


def _run(arguments: argparse.Namespace, desk: Desk) -> int:
    given = {"reason": arguments.reason, "force": arguments.force}
    started = declarations.executed(desk, RUN, arguments.name, given)
    if arguments.json:
        print_json(msgspec.to_builtins(started))
    else:
        print_text(visible(f"{started.run} was started by hand for {started.schedule}.\n"))
    return SUCCEEDED
