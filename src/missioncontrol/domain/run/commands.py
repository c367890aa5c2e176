"""What can be asked of a run."""

from typing import Any, Literal

import msgspec

from missioncontrol.domain.elevation import Elevated
from missioncontrol.domain.finding import Finding
from missioncontrol.domain.run.events import Check, Failure, Outcome, ReusedResult
from missioncontrol.domain.step import Amount, Slot, Step
from missioncontrol.domain.work import ArtifactRef, Usage, Work


class Command(msgspec.Struct, frozen=True, gc=False):
    """The common shape."""


class CreateRun(Command, frozen=True):
    """Bring a run into being; its workflow has been found sound."""

    run: str
    workflow: str
    steps: tuple[Step, ...]
    concurrency: int
    seconds_max: float = 0.0
    inputs: dict[str, Any] = {}
    mission: str = ""
    trigger: Literal["manual", "api", "schedule", "webhook", "agent"] = "manual"
    retry_of: str = ""
    kept: dict[str, ReusedResult] = {}
    version: int = 0
    author: str = ""
    on_behalf: str = ""
    outputs: dict[str, Any] = {}
    budget: Amount | None = None
    schedule: str = ""
    slot: float = 0.0
    fork_of: str = ""
    forked_at: str = ""
    os_user: str = ""


class StartSteps(Command, frozen=True):
    """Give the lease on these steps to new attempts."""

    steps: tuple[str, ...]
    digests: dict[str, str] = {}  # of what will run, for steps that had to be approved
    handed: dict[str, tuple[ArtifactRef, ...]] = {}  # what is given in place of earlier files
    elevated: dict[str, Elevated] = {}  # the wider modes that their agents have now


class ClaimStep(Command, frozen=True):
    """Give a step that asks for a capability and waits for a place to another agent."""

    step: str
    agent: str


class ReportStuck(Command, frozen=True):
    """A step has waited long for an agent that takes no steps."""

    step: str
    reason: str


class ReadyStep(Command, frozen=True):
    """A due step may start with these inputs."""

    step: str
    inputs: dict[str, Any] = {}
    slots: tuple[Slot, ...] = ()


class SkipStep(Command, frozen=True):
    """A due step is not to run."""

    step: str
    reason: str


class HoldStep(Command, frozen=True):
    """A due step is to wait for an approval."""

    step: str
    approval: str
    digest: str
    inputs: dict[str, Any] = {}
    slots: tuple[Slot, ...] = ()


class ReleaseStep(Command, frozen=True):
    """The approval that a step waits for was given."""

    step: str
    approval: str
    digest: str


class ReviseStep(Command, frozen=True):
    """Apply requested changes: the step is due again, with these inputs."""

    step: str
    approval: str
    inputs: dict[str, Any]
    by: str = ""


class ReturnStep(Command, frozen=True):
    """Leave a step out that waits for an approval: a further round mends the findings first."""

    step: str
    approval: str
    reason: str
    findings: tuple[Finding, ...]


class ExpandStep(Command, frozen=True):
    """A due step becomes these steps; their keys are those of the run."""

    step: str
    steps: tuple[Step, ...]
    inputs: dict[str, Any] = {}
    digest: str = ""  # of what will run, where it had to be approved


class ConcludeStep(Command, frozen=True):
    """All steps that a step became have ended."""

    step: str
    work: Work = Work()
    failure: Failure | None = None
    again: bool = False  # another round is to begin


class FailStep(Command, frozen=True):
    """A step that is not at work can't go on."""

    step: str
    failure: Failure


class HaltRun(Command, frozen=True):
    """Halt all further starts."""

    code: str
    reason: str


class AddSteps(Command, frozen=True):
    """Add steps on behalf of the attempt that works on `by`, before its success is reported."""

    by: str
    fence: int
    steps: tuple[Step, ...]


class RecordProcess(Command, frozen=True):
    """Write down the process of an attempt before it executes anything."""

    step: str
    fence: int
    pid: int
    started: float
    group: int


class ReportUsage(Command, frozen=True):
    """An attempt used tokens or money."""

    step: str
    fence: int
    usage: Usage
    model: str = ""
    price: str = ""
    estimated: bool = False  # see `UsageReported`


class ReportSuccess(Command, frozen=True):
    """An attempt handed in work that passed its checks."""

    step: str
    fence: int
    work: Work = Work()
    checks: tuple[Check, ...] = ()
    again: bool = False  # another round is to begin


class ReportFailure(Command, frozen=True):
    """An attempt failed. `jitter` in [0, 1) spreads the wait before the next one."""

    step: str
    fence: int
    failure: Failure
    jitter: float = 0.0
    checks: tuple[Check, ...] = ()


class ReportCancelled(Command, frozen=True):
    """An attempt was ended on our request."""

    step: str
    fence: int


class Interrupt(Command, frozen=True):
    """The attempts that worked when the last engine ended, or when their agent did, are over."""

    reason: str
    counts: bool = True
    steps: tuple[str, ...] = ()  # those; empty is all that are at work


class ResumeRun(Command, frozen=True):
    """Take an unfinished run up again."""


class CancelRun(Command, frozen=True):
    """End the run: nothing new starts, what works is ended."""

    reason: str
    outcome: Outcome = "cancelled"


RunCommand = (
    CreateRun
    | StartSteps
    | ClaimStep
    | ReportStuck
    | ReadyStep
    | SkipStep
    | HoldStep
    | ReleaseStep
    | ReviseStep
    | ReturnStep
    | ExpandStep
    | ConcludeStep
    | FailStep
    | HaltRun
    | AddSteps
    | RecordProcess
    | ReportUsage
    | ReportSuccess
    | ReportFailure
    | ReportCancelled
    | Interrupt
    | ResumeRun
    | CancelRun
)
