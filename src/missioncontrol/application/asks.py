"""What a home can be asked for: the words of the office that no service of its own has."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from missioncontrol.application.budgets import CapChange
from missioncontrol.application.missions import Goal
from missioncontrol.domain.operation import Stage
from missioncontrol.domain.step import Amount

PROGRAMS_OWN = "function"
"""The agent whose steps are functions of a program: only that program can carry them out."""


CONCURRENCY_MAX = 64
"""Steps of one mission that may be at work at once."""

STEP_MAX = 2_000
"""Characters of the key of a step."""

Seconds = Annotated[float, msgspec.Meta(gt=0)]


class OnBehalfCommand(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an agent at work may ask for too."""

    on_behalf: str = ""  # the person for whom an agent asks


class BeginMission(OnBehalfCommand, frozen=True):
    """Plan a goal, and carry the plan out if `execute`."""

    goal: Goal
    execute: bool
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=CONCURRENCY_MAX)]
    plan_seconds_max: Seconds
    task_seconds_max: Seconds
    builder: str = ""  # the agent that changes the code; empty where that is handed over
    budget: Amount | None = None  # the most that the run may use


class BeginRun(OnBehalfCommand, frozen=True, omit_defaults=True):
    """Begin a run of a saved workflow."""

    workflow: Annotated[str, Meta(min_length=1, max_length=300, description="Its name.")]
    version: Annotated[int, Meta(ge=1)] | None = None  # by default the newest
    # Texts for inputs of other types are read as those types ask; paths are absolute.
    inputs: Annotated[dict[str, Any], Meta(description="What the run is given, by name.")] = {}


class ForkRun(OnBehalfCommand, frozen=True, omit_defaults=True):
    """Begin a run at a step of another one."""

    run: str
    step: Annotated[
        str, Meta(min_length=1, max_length=STEP_MAX, description="Where the new run begins.")
    ]
    inputs: Annotated[
        dict[str, Any], Meta(description="Inputs that replace those of the run, by name.")
    ] = {}


class RetryRun(OnBehalfCommand, frozen=True, omit_defaults=True):
    """Do a part of a run again."""

    run: str
    step: Annotated[
        str,
        Meta(
            max_length=STEP_MAX,
            description="With all that follows; by default what did not end well.",
        ),
    ] = ""


class CarryOut(OnBehalfCommand, frozen=True):
    """Do what a run of a mission has planned."""

    run: str


class BuildMission(msgspec.Struct, frozen=True):
    """Have an agent build what the plan of a mission leaves to a builder."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    builder: Annotated[
        str, msgspec.Meta(min_length=1, max_length=300, description="The agent that changes code.")
    ]


class MissionNow(msgspec.Struct, frozen=True):
    """A mission, and the run that was begun for it."""

    mission: str
    run: str
    status: str  # of the run


class MissionCommand(OnBehalfCommand, frozen=True, omit_defaults=True):
    """A request to change a mission by its newest run."""

    id: str


class RunMission(MissionCommand, frozen=True):
    """Carry out a mission that was only to be planned."""


class CancelMission(MissionCommand, frozen=True, omit_defaults=True):
    """End the newest run of a mission."""

    reason: Annotated[str, msgspec.Meta(max_length=2_000, description="Kept in the log.")] = ""


class ResumeMission(MissionCommand, frozen=True):
    """Take the newest run of a mission up again."""


class RetryMission(MissionCommand, frozen=True, omit_defaults=True):
    """Do a task of a mission again, with all that follows from it."""

    task: Annotated[
        str,
        msgspec.Meta(max_length=2_000, description="Its key; by default all that did not succeed."),
    ] = ""


class ForkMission(MissionCommand, frozen=True):
    """Begin a run of a mission at one of its tasks; results before that stay."""

    task: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000, description="Its key.")]


class ResumeRun(OnBehalfCommand, frozen=True):
    """Take a run up again."""

    run: str


class RaiseCaps(msgspec.Struct, frozen=True):
    """Change the caps that keep a run from going on, and take it up again; no agent asks for it."""

    run: str
    changes: tuple[CapChange, ...]


class CancelRun(OnBehalfCommand, frozen=True):
    """End a run."""

    run: str
    reason: Annotated[str, Meta(max_length=2_000, description="Stored permanently.")] = ""


class StartedRun(msgspec.Struct, frozen=True):
    """A run that has just come into being, or goes on."""

    run: str
    status: str
    mission: str = ""


class RunCancelled(msgspec.Struct, frozen=True):
    """A run that is to end."""

    run: str
    status: str


class SaveWorkflow(msgspec.Struct, frozen=True, omit_defaults=True):
    """Save the text of a workflow file."""

    text: str
    file: str  # its name, for faults
    base: int | None = None  # the newest version that its writer knew, 0 for none; None: whatever
    always: bool = False  # also where a version says the same already


class StopAll(OnBehalfCommand, frozen=True):
    """The emergency stop."""

    reason: str


class StartAll(msgspec.Struct, frozen=True, omit_defaults=True):
    """Go on as far as a stage allows."""

    stage: Stage
    reason: str = ""


class ChangeLimit(msgspec.Struct, frozen=True, omit_defaults=True):
    """Bound how often something starts; without a number the bound is removed."""

    kind: Literal["agent", "actor", "workspace"]
    name: str
    reason: str
    starts: int | None = None
    seconds: float = 60.0
