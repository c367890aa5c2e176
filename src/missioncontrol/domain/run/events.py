"""What can become true of a run. Stored for ever: fields are added with defaults, never changed."""

from typing import Any, Literal

import msgspec

from missioncontrol.domain.elevation import Elevated
from missioncontrol.domain.finding import Finding
from missioncontrol.domain.step import Amount, Slot, Step
from missioncontrol.domain.work import ArtifactRef, Usage, Work

Outcome = Literal["succeeded", "failed", "cancelled"]


class Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The common shape. Events hold no cycles, so the garbage collector need not look at them."""


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an attempt or a step did not succeed."""

    code: str
    reason: str
    hint: str = ""
    retryable: bool = True
    detail: Any = None  # JSON, such as what was tried on the way


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that the engine verified itself before it accepted the work."""

    what: str
    passed: bool
    detail: str = ""


class ReusedResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """A result reused from an earlier run."""

    run: str
    work: Work = Work()
    checks: tuple[Check, ...] = ()


class RunCreated(Event, frozen=True):
    """A run exists; nothing of it works yet."""

    run: str
    workflow: str  # its name
    steps: tuple[Step, ...]
    concurrency: int
    seconds_max: float = 0.0
    inputs: dict[str, Any] = {}
    mission: str = ""
    trigger: Literal["manual", "api", "schedule", "webhook", "agent"] = "manual"
    retry_of: str = ""  # the run whose results are reused
    kept: dict[str, ReusedResult] = {}
    version: int = 0  # of the workflow; 0 where it is not a saved one
    author: str = ""  # who asked for it, and can't approve it
    on_behalf: str = ""  # for whom they asked
    outputs: dict[str, Any] = {}  # templates over the steps: what the run hands back
    budget: Amount | None = None
    schedule: str = ""
    slot: float = 0.0  # the moment of the schedule, seconds since the epoch
    fork_of: str = ""  # the run whose results are reused, where the inputs may differ
    forked_at: str = ""  # the step from which on everything is done again
    os_user: str = ""  # of the operating system, who gave the name of the author; "" is unknown


class RunStarted(Event, frozen=True):
    """The first step was started."""


class RunResumed(Event, frozen=True):
    """An engine took the run up again after the one before it ended."""


class StepStarted(Event, frozen=True):
    """An attempt has the lease on a step."""

    step: str
    attempt: int
    fence: int
    agent: str
    handed: tuple[ArtifactRef, ...] = ()  # in place of files of those names from earlier steps
    elevation: Elevated | None = None  # the wider mode in which the attempt works


class StepClaimed(Event, frozen=True):
    """Another agent that can do it has room, and does the step from now on."""

    step: str
    agent: str


class StepStuck(Event, frozen=True):
    """It has waited long for an agent that accepts no steps: a person should look at it."""

    step: str
    agent: str
    reason: str


class StepReadied(Event, frozen=True):
    """Its needs and its condition allow it to start, and its inputs are worked out."""

    step: str
    inputs: dict[str, Any] = {}
    slots: tuple[Slot, ...] = ()


class StepSkipped(Event, frozen=True):
    """It does not run, and that is in order."""

    step: str
    reason: str
    findings: tuple[Finding, ...] = ()  # of a person, who wants a further round in its place


class StepHeld(Event, frozen=True):
    """It waits for an approval of exactly what would run."""

    step: str
    approval: str
    digest: str  # of the canonical form of what was shown
    inputs: dict[str, Any] = {}
    slots: tuple[Slot, ...] = ()


class StepReleased(Event, frozen=True):
    """The approval was given; one attempt at exactly this may start."""

    step: str
    approval: str
    digest: str


class StepRevised(Event, frozen=True):
    """A person asked for other inputs: the step is looked at again, with these."""

    step: str
    approval: str
    inputs: dict[str, Any]
    by: str = ""  # who asked for them, and can't approve them


class StepExpanded(Event, frozen=True):
    """It became these steps: one for each item, or those of the workflow that it calls."""

    step: str
    steps: tuple[Step, ...]
    inputs: dict[str, Any] = {}


class StepRepeated(Event, frozen=True):
    """A round was done and its condition does not hold yet: the step begins another one."""

    step: str
    fence: int  # 0 for a step that was expanded
    round: int  # the one that was done, 1 for the first
    work: Work = Work()


class StepsAdded(Event, frozen=True):
    """The work of step `by` brought these steps into the run."""

    by: str
    steps: tuple[Step, ...]


class ProcessStarted(Event, frozen=True):
    """An attempt is about to execute a program in this operating-system process."""

    step: str
    fence: int
    pid: int
    started: float  # seconds since the epoch, as the operating system tells it
    group: int


class UsageReported(Event, frozen=True):
    """An attempt used tokens or money; the sum of these is what the run cost."""

    step: str
    fence: int
    usage: Usage
    model: str = ""
    price: str = ""  # version of the price that the cost was worked out with
    estimated: bool = False  # it was not measured: a crash or a provider hid what was used


class StepSucceeded(Event, frozen=True):
    """The work is there and was checked."""

    step: str
    fence: int
    work: Work = Work()
    checks: tuple[Check, ...] = ()


class AttemptFailed(Event, frozen=True):
    """An attempt failed; the step rests and is tried again."""

    step: str
    fence: int
    failure: Failure
    retry_at: float


class AttemptInterrupted(Event, frozen=True):
    """An attempt ended with its engine and not by itself; the step is ready again."""

    step: str
    fence: int
    reason: str
    counts: bool = True  # False where people stopped the engine on purpose


class StepFailed(Event, frozen=True):
    """The last attempt failed: the step will not be tried again."""

    step: str
    fence: int
    failure: Failure
    checks: tuple[Check, ...] = ()


class StepCancelled(Event, frozen=True):
    """A working attempt was ended because the run is being cancelled."""

    step: str
    fence: int


class StepsBlocked(Event, frozen=True):
    """These steps can never run, because `by` did not succeed."""

    by: str
    steps: tuple[str, ...]


class StepsCancelled(Event, frozen=True):
    """These steps had not begun when the run was cancelled, or the step they are of given up."""

    steps: tuple[str, ...]
    within: str = ""  # the step that is given up, and became these
    failure: Failure | None = None  # with which it ends once those at work have ended


class CancelRequested(Event, frozen=True):
    """The run is to end: a user asked for it, or its time is over."""

    reason: str
    outcome: Outcome = "cancelled"  # failed, where a limit and not a person ended it


class RunHalted(Event, frozen=True):
    """Nothing more starts until a person has changed what stands in the way and resumes it."""

    code: str
    reason: str


class ReportRefused(Event, frozen=True):
    """A report came from an attempt that no longer has the lease; it changed nothing."""

    step: str
    fence: int
    kind: str


class RunSettled(Event, frozen=True):
    """The run ended, once."""

    outcome: Outcome


RunEvent = (
    RunCreated
    | RunStarted
    | RunResumed
    | StepReadied
    | StepClaimed
    | StepStuck
    | StepSkipped
    | StepHeld
    | StepReleased
    | StepRevised
    | StepExpanded
    | StepRepeated
    | StepStarted
    | StepsAdded
    | ProcessStarted
    | UsageReported
    | StepSucceeded
    | AttemptFailed
    | AttemptInterrupted
    | StepFailed
    | StepCancelled
    | StepsBlocked
    | StepsCancelled
    | CancelRequested
    | RunHalted
    | ReportRefused
    | RunSettled
)
