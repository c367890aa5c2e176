"""What can be asked of a schedule."""

from typing import Any

import msgspec

from missioncontrol.domain.schedule.events import Outcome, Policy


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


class AddSchedule(Command, frozen=True):
    """Begin a schedule; its cron expression, zone, workflow and inputs have been found sound."""

    schedule: str
    workflow: str
    cron: str
    zone: str = "UTC"
    version: int | None = None
    inputs: dict[str, Any] = {}
    policy: Policy = Policy()
    author: str = ""
    reason: str = ""


class ChangeSchedule(Command, frozen=True):
    """Change what it starts or its times; all of it has been found sound."""

    due: Due
    workflow: str
    cron: str
    zone: str
    version: int | None
    inputs: dict[str, Any]
    policy: Policy
    author: str
    reason: str = ""


class SkipSlot(Command, frozen=True):
    """Skip the next slot, which has no answer yet."""

    slot: float
    reason: str = ""


class PauseSchedule(Command, frozen=True):
    """Pause all slots."""

    due: Due
    reason: str = ""


class ResumeSchedule(Command, frozen=True):
    """Resume the slots, from now on."""

    due: Due
    reason: str = ""


class RemoveSchedule(Command, frozen=True):
    """End the schedule."""

    due: Due
    reason: str = ""


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
    """Record that a user asked for `run`, which was created in the same transaction."""

    run: str
    reason: str = ""
    force: bool = False  # also beside a run that has not ended


class EndRun(Command, frozen=True):
    """Say that a run has ended."""

    run: str
    outcome: Outcome
    ended: float


ScheduleCommand = (
    AddSchedule
    | ChangeSchedule
    | SkipSlot
    | PauseSchedule
    | ResumeSchedule
    | RemoveSchedule
    | TakeSlots
    | StartQueued
    | StartByHand
    | EndRun
)
