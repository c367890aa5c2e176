"""The verbs about all work at once: up, stop, start, limit."""

import argparse
import asyncio
import os
import signal
from collections.abc import Sequence
from typing import Any

from missioncontrol.application.journal import Entry
from missioncontrol.application.office import ChangeLimit, StartAll, StopAll
from missioncontrol.bootstrap import FUNCTIONS, Holding, holding
from missioncontrol.cli.budget import note_stranger
from missioncontrol.cli.desk import Desk, operation_of
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import note, say, say_json
from missioncontrol.cli.places import settings_of
from missioncontrol.cli.schedule_sheets import alert
from missioncontrol.cli.sheets import STAGES
from missioncontrol.cli.text import moment, visible
from missioncontrol.domain.definition.quantities import duration_in_words, seconds_of
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.operation import EmergencyStopped, Operation, RateLimit, StageEntered
from missioncontrol.domain.run.events import RunCreated, RunHalted, RunSettled, StepHeld
from missioncontrol.domain.schedule.events import ScheduleAlerted
from missioncontrol.interfaces.control import ControlServer

AFTER_A_STOP = ("drain", "paused", "all")
NO_PERSON = ("engine", "python")
"""Actors that the log names without `user:`."""


def up(arguments: argparse.Namespace) -> int:
    """Hold the home and carry out whatever is asked for, until Ctrl-C."""
    return asyncio.run(_serve(arguments))


async def _serve(arguments: argparse.Namespace) -> int:
    async with holding(settings_of(arguments)) as held:
        server = ControlServer(held.office.perform)
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        # Under `nohup`, the end of the terminal is to be ignored.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, ended.set)
        try:
            held.engine.listeners.append(_tell)
            await held.work()
            await held.scheduler.start()
            taken = await _take_up(held)
            held.home.announce(port=await server.open(), token=server.token)
            note(f"Mission Control works in {held.home.root}; Ctrl-C ends it.\n")
            for line in [*taken, STAGES[held.operations.present.stage]]:
                note(f"{visible(line)}\n")
            await asyncio.wait(
                {asyncio.ensure_future(ended.wait()), _death_of(held)},
                return_when=asyncio.FIRST_COMPLETED,
            )
            for trouble in held.troubles:
                note(f"mission: {visible(trouble)}\n")
            if held.engine.failure is not None:
                raise held.engine.failure
        finally:
            await server.close()
    note("Ended; what was at work can go on with the next `mission up`.\n")
    return SUCCEEDED


def _tell(entries: Sequence[Entry]) -> None:
    """Say what somebody who looks after this home wants to hear of, and nothing else."""
    for entry in entries:
        if said := _said(entry):
            line = f"{moment(entry.time / 1_000_000)}  {' '.join(said.split())}"
            note(f"{visible(line)}\n")


def _said(entry: Entry) -> str:
    run = entry.stream
    match entry.event:
        case RunCreated(workflow=name, version=version, schedule=schedule, trigger=trigger):
            how = "by" if trigger == "schedule" else "by hand, for"
            by = f", {how} schedule {schedule}" if schedule else ""
            return f"{run}: {name}{f'@{version}' if version else ''} begins{by}"
        case StepHeld(step=step, approval=approval):
            return f"{run}: {step} waits for a person, {approval}"
        case RunHalted(reason=reason):
            return f"{run} is halted: {reason}"
        case RunSettled(outcome=outcome):
            return f"{run} {'was' if outcome == 'cancelled' else 'has'} {outcome}"
        case ScheduleAlerted():
            return f"{run}: {alert(entry.event)}"
        case EmergencyStopped(reason=reason):
            return f"{STAGES['stopped']} ({reason})"
        case StageEntered(stage=stage, reason=reason):
            return STAGES[stage] + (f" ({reason})" if reason else "")
    return ""


def _death_of(held: Holding) -> "asyncio.Task[None]":
    assert held.engine.committing is not None, "the engine is not open"
    return held.engine.committing


async def _take_up(held: Holding) -> list[str]:
    """Go on with every run that has not ended; return what is to be said about it."""
    taken, left = 0, []
    for run in held.tables.unsettled():
        state = await held.journal.load_run(run)
        if any(step.agent == FUNCTIONS for step in state.steps.values()):
            held.journal.forget(run)
            continue  # Its own program takes it up.
        try:
            await held.approvals.open(each.approval for each in state.held.values())
            if state.halt is None:  # What is halted stays so until somebody resumes it.
                held.execution.resume(run, actor="engine")
            held.engine.adopt(run)
            taken += 1
        except MissionControlError as error:
            left.append(f"{run} was left alone: {error}")
    said = [f"{taken} run{'s' if taken != 1 else ''} taken up."] if taken else []
    schedules = len(held.schedules.agenda)
    said += [f"{schedules} schedule{'s' if schedules != 1 else ''} tended."] if schedules else []
    return [*said, *left]


def stop(arguments: argparse.Namespace) -> int:
    """Stop everything, wherever it works, and let nothing start until `start`."""
    return _change(arguments, StopAll(arguments.reason))


def start(arguments: argparse.Namespace) -> int:
    """Let work go on, as far as a stage allows."""
    return _change(arguments, StartAll(arguments.stage, arguments.reason))


def _change(arguments: argparse.Namespace, ask: StopAll | StartAll) -> int:
    desk = Desk(arguments, os.environ)
    try:
        desk.deliver(ask)
        present = asyncio.run(operation_of(desk.store))
    finally:
        desk.close()
    if arguments.json:
        say_json({"stage": present.stage, "reason": present.reason, "since": present.since})
    else:
        say(f"{STAGES[present.stage]}\n")
        if present.stage != "all":
            others = "|".join(stage for stage in AFTER_A_STOP if stage != present.stage)
            say(f"`mission start --stage {others}` goes on.\n")
    return SUCCEEDED


def limit(arguments: argparse.Namespace) -> int:
    """Set, list or remove rate limits."""
    desk = Desk(arguments, os.environ)
    ask = None if arguments.limit == "list" else _asked(arguments)
    try:
        if ask is not None:
            desk.deliver(ask)
        present = asyncio.run(operation_of(desk.store))
        if ask is not None and ask.kind == "agent" and not arguments.json:
            note_stranger("agent", ask.name, desk.known("agent"))
    finally:
        desk.close()
    if arguments.json:
        say_json(_limits_view(present))
    elif ask is not None:
        changed = present.limits.get((ask.kind, ask.name))
        say(f"{_limit_line(ask.kind, ask.name, changed)}\n")
    else:
        _say_limits(present)
    return SUCCEEDED


def _limits_view(present: Operation) -> dict[str, Any]:
    rows = [
        {"kind": kind, "name": name, "starts": each.starts, "seconds": each.seconds}
        for (kind, name), each in sorted(present.limits.items())
    ]
    return {"stage": present.stage, "limits": rows}


def _say_limits(present: Operation) -> None:
    since = f" In force since {moment(present.since)}" if present.since else ""
    reason = f" ({present.reason})" if present.reason else ""
    say(visible(f"{STAGES[present.stage]}{since}{reason}\n"))
    for (kind, name), each in sorted(present.limits.items()):
        say(f"{_limit_line(kind, name, each)}\n")
    if not present.limits:
        say("No rate limits.\n")


def _limit_line(kind: str, name: str, limit: RateLimit | None) -> str:
    who = visible(f"{kind} {name}".strip())
    if limit is None:
        return f"{who}: no rate limit any more"
    starts = f"{limit.starts:,} start{'s' if limit.starts != 1 else ''}"
    return f"{who}: at most {starts} in {duration_in_words(limit.seconds)}"


def _asked(arguments: argparse.Namespace) -> ChangeLimit:
    kind, name = arguments.kind, arguments.name
    if kind == "actor" and name not in ("", *NO_PERSON) and ":" not in name:
        name = f"user:{name}"  # As the log names people.
    if arguments.limit == "remove":
        return ChangeLimit(kind, name, arguments.reason)
    seconds = seconds_of(arguments.per)
    if isinstance(seconds, str):
        raise Rejected("operation.bad_limit", f"--per is {arguments.per[:40]!r}.", hint=seconds)
    return ChangeLimit(kind, name, arguments.reason, arguments.starts, seconds)
