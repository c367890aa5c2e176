"""Notifications for the person in charge of a home while an engine works there."""

from collections.abc import Iterator, Sequence

from missioncontrol.application.journal import Entry
from missioncontrol.cli.formatters import STAGES
from missioncontrol.cli.text import moment
from missioncontrol.documents.schedule_words import alert
from missioncontrol.domain.approval.events import ApprovalGiven, ApprovalGranted
from missioncontrol.domain.lifecycle.events import AgentFailed, AgentLost, AgentRested
from missioncontrol.domain.operation import EmergencyStopped, StageEntered
from missioncontrol.domain.question import QuestionAsked
from missioncontrol.domain.run.events import (
    RunCreated,
    RunHalted,
    RunSettled,
    StepFailed,
    StepHeld,
    StepReleased,
    StepRevised,
    StepStuck,
)
from missioncontrol.domain.schedule.events import ScheduleAlerted

Tiding = tuple[int, str]
"""When it was, in microseconds since the epoch, and what."""


def notable_events(entries: Sequence[Entry]) -> Iterator[Tiding]:
    """Yield what is worth a line of one commit: what begins, waits, is decided, halts and ends."""
    granted = {e.stream: e.event.by for e in entries if isinstance(e.event, ApprovalGranted)}
    for entry in entries:
        message = _of_run(entry, granted) or _of_others(entry, granted)
        if message:
            yield entry.time, message


def _of_run(entry: Entry, granted: dict[str, tuple[str, ...]]) -> str:
    run = entry.stream
    match entry.event:
        case RunCreated(workflow=name, version=version, schedule=schedule, trigger=trigger):
            how = "by" if trigger == "schedule" else "by hand, for"
            by = f", {how} schedule {schedule}" if schedule else ""
            return f"{run}: {name}{f'@{version}' if version else ''} begins{by}"
        case StepHeld(step=step, approval=approval):
            return f"{run}: {step} waits for a person, {approval}"
        case StepReleased(step=step, approval=approval):
            by = " by " + ", ".join(granted[approval]) if approval in granted else ""
            return f"{run}: {step} is approved{by}, {approval}"
        case StepRevised(step=step, approval=approval, by=who):
            return f"{run}: {step} gets other inputs from {who}, {approval}"
        case StepFailed(step=step, failure=failure) if failure.code.startswith("approval."):
            return f"{run}: {step} will not run. {failure.reason}"
        case StepStuck(step=step, agent=agent, reason=reason):
            return f"{run}: {step} has waited long for agent {agent}. {reason}"
        case RunHalted(reason=reason):
            return f"{run} is halted: {reason}"
        case RunSettled(outcome=outcome):
            return f"{run} {'was' if outcome == 'cancelled' else 'has'} {outcome}"
    return ""


def _of_others(entry: Entry, granted: dict[str, tuple[str, ...]]) -> str:
    match entry.event:
        case ApprovalGiven(by=who) if entry.stream not in granted:
            return f"{entry.stream}: {who} agreed, and others have to as well"
        case QuestionAsked(run=run, step=step, title=title):
            return f"{run}: {step} asks a person: {title}, {entry.stream}"
        case AgentFailed(reason=reason, hint=hint):
            return f"{entry.stream} does not work: {reason} {hint}".rstrip()
        case AgentRested(reason=reason, until=until):
            return f"{entry.stream} rests until {moment(until)}: {reason}"
        case AgentLost(reason=reason):
            return f"{entry.stream} is lost: {reason}"
        case ScheduleAlerted():
            return f"{entry.stream}: {alert(entry.event)}"
        case EmergencyStopped(reason=reason):
            return f"{STAGES['stopped']} ({reason})"
        case StageEntered(stage=stage, reason=reason):
            return STAGES[stage] + (f" ({reason})" if reason else "")
    return ""
