"""Operations of schedules."""

from types import NoneType
from typing import Any

from missioncontrol.application.queries.schedules import ScheduleDetail
from missioncontrol.application.schedules import Added, ScheduledRun
from missioncontrol.declarations import EVERYWHERE, Body, Operation, Target, Terminal
from missioncontrol.documents.figures import moment
from missioncontrol.domain.schedule.commands import (
    NOTHING_DUE,
    AddSchedule,
    ChangeSchedule,
    PauseSchedule,
    RemoveSchedule,
    ResumeSchedule,
    SkipSlot,
    StartByHand,
)
from missioncontrol.queries.schedule import GET, SCHEDULE

RUN_OF = Target(noun="run", path="/runs", field="run", help="the run that begins")

SHARED: dict[str, Any] = {"permission": "operate", "former": "Asked"}
BY_HAND = EVERYWHERE - {"cli"}
"""The command line has a command of its own: relative paths begin where the user is."""


WHY = Body("ReasonBody", "Why, for the record.")


def _json(found: ScheduleDetail) -> dict[str, Any]:
    return {"schedule": found.schedule.id, "status": found.schedule.status}


def _done(found: ScheduleDetail) -> str:
    now = found.schedule
    rest = "slots before are skipped" if now.status == "active" else "runs that have begun go on"
    return f"{now.id} is {now.status} since {moment(now.since)}; {rest}."


def _gone(name: str) -> dict[str, Any]:
    return {"schedule": name, "status": "removed"}


ADD = Operation(
    **SHARED,
    name="schedule.add",
    title="Add a schedule",
    text="Start a workflow by the clock from now on; its first slot is the next one.",
    command=AddSchedule,
    fixed={"author": ""},
    returns=Added,
    shows=GET,
    surfaces=BY_HAND,
    handle=lambda office, command, actor: office.schedules.add(command, actor=actor),
    creates=SCHEDULE,
    body=Body("Planned", "A schedule to be added."),
)

CHANGE = Operation(
    **SHARED,
    name="schedule.change",
    title="Change a schedule",
    text="Change what a schedule starts, or when, in the name of the user who changes it.",
    command=ChangeSchedule,
    fixed={"author": "", "due": NOTHING_DUE},
    returns=NoneType,
    shows=GET,
    surfaces=BY_HAND,
    handle=lambda office, command, actor: office.schedules.change(command, actor=actor),
    target=SCHEDULE,
    method="PUT",
    unless_changed=GET,
    body=Body("Times", "What is to be started, and when."),
)

PAUSE = Operation(
    **SHARED,
    name="schedule.pause",
    operation_id="schedules_pause",
    title="Pause",
    text="Fire no slot until the schedule is resumed; runs in flight go on.",
    command=PauseSchedule,
    fixed={"due": NOTHING_DUE},
    returns=NoneType,
    shows=GET,
    handle=lambda office, command, actor: office.schedules.steer(command, actor=actor),
    target=SCHEDULE,
    body=WHY,
    terminal=Terminal(done=_done, json=_json),
)

RESUME = Operation(
    **SHARED,
    name="schedule.resume",
    operation_id="schedules_resume",
    title="Resume",
    text="Fire slots again from now on; those that were due during the pause are skipped.",
    command=ResumeSchedule,
    fixed={"due": NOTHING_DUE},
    returns=NoneType,
    shows=GET,
    handle=lambda office, command, actor: office.schedules.steer(command, actor=actor),
    target=SCHEDULE,
    body=WHY,
    terminal=Terminal(done=_done, json=_json),
)

SKIP = Operation(
    **SHARED,
    name="schedule.skip",
    operation_id="schedules_skip",
    title="Skip a slot",
    text="Skip the next slot without a run.",
    command=SkipSlot,
    returns=NoneType,
    shows=GET,
    handle=lambda office, command, actor: office.schedules.skip(command, actor=actor),
    target=SCHEDULE,
    body=Body("Skipped", "The next slot, which is to go by."),
    terminal=Terminal(
        metavars={"slot": "SECONDS"}, done="The next slot of {id} is skipped.", json=_json
    ),
)

RUN = Operation(
    **SHARED,
    name="schedule.run",
    operation_id="run_now",
    title="Run now",
    text="Start a run of it now, also while it is paused.",
    command=StartByHand,
    callers=("reason", "force"),
    returns=ScheduledRun,
    by_agents=True,
    surfaces=BY_HAND,
    handle=lambda office, command, actor: office.schedules.run(command, actor=actor),
    target=SCHEDULE,
    creates=RUN_OF,
    body=Body("ByHand", "A run now."),
)

REMOVE = Operation(
    **SHARED,
    name="schedule.remove",
    operation_id="schedules_remove",
    title="Remove a schedule",
    text="End a schedule. Its runs go on, and what it did stays readable.",
    command=RemoveSchedule,
    fixed={"due": NOTHING_DUE},
    returns=NoneType,
    risk="end",
    handle=lambda office, command, actor: office.schedules.steer(command, actor=actor),
    target=SCHEDULE,
    method="DELETE",
    in_address=True,
    unless_changed=GET,
    terminal=Terminal(done="{id} was removed; runs that have begun go on.", json=_gone),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (ADD, CHANGE, PAUSE, RESUME, SKIP, RUN, REMOVE)
