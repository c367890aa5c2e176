"""What can be asked of a run."""

from typing import Any, Literal

import msgspec

from missioncontrol.domain.run.events import Check, Failure, Kept, Outcome
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import Usage, Work


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
    kept: dict[str, Kept] = {}


class StartSteps(Command, frozen=True):
    """Give the lease on these steps to new attempts."""

    steps: tuple[str, ...]


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


class ReportSuccess(Command, frozen=True):
    """An attempt handed in work that passed its checks."""

    step: str
    fence: int
    work: Work = Work()
    checks: tuple[Check, ...] = ()


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
    """The attempts that worked when the last engine ended are over."""

    reason: str


class ResumeRun(Command, frozen=True):
    """Take an unfinished run up again."""


class CancelRun(Command, frozen=True):
    """End the run: nothing new starts, what works is ended."""

    reason: str
    outcome: Outcome = "cancelled"


RunCommand = (
    CreateRun
    | StartSteps
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
