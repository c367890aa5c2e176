"""What can be asked of a schedule."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from missioncontrol.domain.schedule.events import Outcome, Policy

REASON_MAX = 2_000

Name = Annotated[str, Meta(min_length=1, max_length=63, description="A-z, 0-9 and hyphens.")]
Workflow = Annotated[
    str, Meta(min_length=1, max_length=300, description="The name of a saved workflow.")
]
Cron = Annotated[
    str, Meta(min_length=1, max_length=300, description="Five fields: `30 2 * * *`; or `@daily` …")
]
Zone = Annotated[str, Meta(min_length=1, max_length=100, description="Such as Europe/Berlin.")]
Reason = Annotated[str, Meta(max_length=REASON_MAX, description="Why; stored in the log.")]


class Command(msgspec.Struct, frozen=True):
    """The common shape."""


class DueSlot(msgspec.Struct, frozen=True, gc=False):
    """A slot whose time has come."""

    slot: float  # seconds since the epoch, by the calendar
    due: float  # the same with its jitter


class Missed(msgspec.Struct, frozen=True):
    """Slots that are too many to be named one by one."""

    first: float
    last: float
    count: int


class Due(msgspec.Struct, frozen=True):
    """Everything that came due since the newest slot that has its answer."""

    at: float  # the moment of looking; everything is decided as of then
    slots: tuple[DueSlot, ...] = ()  # in order
    earlier: Missed | None = None  # before the first of `slots`


NOTHING_DUE = Due(0.0)
"""What came due is looked up by the service, in the moment in which it decides."""


class Times(Command, frozen=True):
    """What a schedule starts, and when; the service has found all of it sound."""

    name: Name
    workflow: Workflow
    cron: Cron
    zone: Zone = "UTC"
    version: (
        Annotated[
            int,
            Meta(ge=1, le=1_000_000_000, description="Of the workflow; else the newest each time."),
        ]
        | None
    ) = None
    inputs: Annotated[dict[str, Any], Meta(description="What each run is given.")] = {}
    policy: Policy = Policy()
    author: str = ""  # in whose name its runs are started
    reason: Reason = ""


class AddSchedule(Times, frozen=True):
    """Begin a schedule."""


class ChangeSchedule(Times, frozen=True):
    """Change what it starts, or its times."""

    due: Due = NOTHING_DUE


class SkipSlot(Command, frozen=True):
    """Skip the next slot, which has no answer yet."""

    name: Name
    slot: Annotated[
        float, Meta(gt=0, le=1e11, description="As `next` of the schedule names it, in seconds.")
    ]
    reason: Reason = ""


class PauseSchedule(Command, frozen=True):
    """Pause all slots."""

    name: Name
    reason: Reason = ""
    due: Due = NOTHING_DUE


class ResumeSchedule(Command, frozen=True):
    """Resume the slots, from now on."""

    name: Name
    reason: Reason = ""
    due: Due = NOTHING_DUE


class RemoveSchedule(Command, frozen=True):
    """End the schedule."""

    name: Name
    reason: Reason = ""
    due: Due = NOTHING_DUE


class Start(msgspec.Struct, frozen=True):
    """What came of the attempt to create a run for a slot; only one of these is set."""

    run: str = ""  # created in the same transaction
    stopped: str = ""  # why nothing may start
    refusal: str = ""  # why this run can't be


class TakeSlots(Command, frozen=True):
    """Answer what is due, up to and with the first slot that fires, which needs `start`."""

    due: Due
    start: Start = Start()


class StartQueued(Command, frozen=True):
    """Start the slot that has waited longest."""

    slot: float
    start: Start


class StartByHand(Command, frozen=True):
    """Start a run now; the service creates `run` in the same transaction."""

    name: Name
    reason: Reason = ""
    force: Annotated[bool, Meta(description="Also beside a run that has not ended.")] = False
    run: str = ""
    on_behalf: str = ""  # the person for whom an agent asks


class EndRun(Command, frozen=True):
    """Say that a run has ended."""

    run: str
    outcome: Outcome
    ended: float


ByPeople = (
    AddSchedule
    | ChangeSchedule
    | SkipSlot
    | PauseSchedule
    | ResumeSchedule
    | RemoveSchedule
    | StartByHand
)
ScheduleCommand = ByPeople | TakeSlots | StartQueued | EndRun
