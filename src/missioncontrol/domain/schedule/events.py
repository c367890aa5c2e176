"""What can become true of a schedule. Stored for ever: fields are added, never changed.

A slot is an instant at which a schedule wants a run, in seconds since the epoch. Each slot is
answered by exactly one of `SlotFired`, `SlotQueued` and `SlotSkipped`, or lies within one
`SlotsSkipped`. What later becomes of a queued slot is recorded by events of its own.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

CATCH_UP_MAX = 100
JITTER_SECONDS_MAX = 86_400.0

Misfire = Literal["skip", "latest", "all"]
Overlap = Literal["skip", "queue", "cancel", "allow"]
Outcome = Literal["succeeded", "failed", "cancelled"]
Reason = Literal[
    "paused",  # the schedule was paused
    "overlap",  # a run of it had not ended
    "misfired",  # nothing was here to fire it in time
    "stopped",  # nothing may start here: an emergency stop
    "removed",  # the schedule was removed
    "queued_over",  # one slot was waiting already
    "refused",  # the run could not be created
    "by_hand",  # a user asked for it
    "changed",  # the schedule was changed
]
Why = Literal[
    "overlap",  # it starts when the run before has ended
    "cancel",  # the run before is being cancelled for it
    "catch_up",  # it was missed, and is made up for
]
AlertKind = Literal["failed", "missed", "late", "refused"]


class Policy(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What happens to slots that come at a bad time."""

    misfire: Misfire = "skip"  # which of the slots that were missed run after all
    # With `all`: how many, the newest; otherwise 0.
    catch_up: Annotated[int, Meta(ge=0, le=CATCH_UP_MAX)] = 0
    # Older ones never run; 0 is no limit.
    window_seconds: Annotated[float, Meta(ge=0, le=1e9)] = 0.0
    overlap: Overlap = "skip"  # what a slot does that finds a run of the schedule at work
    # Each slot waits up to this long, always the same for one slot.
    jitter_seconds: Annotated[float, Meta(ge=0, le=JITTER_SECONDS_MAX)] = 0.0


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class ScheduleAdded(Event, frozen=True):
    """A schedule begins, with the first slot after this moment; what had its name is over."""

    schedule: str
    workflow: str
    cron: str
    zone: str = "UTC"
    version: int | None = None  # of the workflow; None is the newest at each slot
    inputs: dict[str, Any] = {}
    policy: Policy = Policy()
    author: str = ""  # on whose behalf its runs are started
    reason: str = ""


class ScheduleChanged(Event, frozen=True):
    """From here on it starts this, at these times; slots up to now are those it had before."""

    workflow: str
    cron: str
    zone: str
    version: int | None
    inputs: dict[str, Any]
    policy: Policy
    author: str  # who changed it, and on whose behalf its runs are started from now on
    reason: str = ""


class SchedulePaused(Event, frozen=True):
    """No slot fires from here on."""

    reason: str = ""


class ScheduleResumed(Event, frozen=True):
    """Slots fire again; those in between never do."""

    reason: str = ""


class ScheduleRemoved(Event, frozen=True):
    """The schedule is over; what it did stays in the log."""

    reason: str = ""


class SlotFired(Event, frozen=True):
    """A run was created for this slot."""

    slot: float
    run: str
    late_seconds: float = 0.0  # after the moment at which it was due, jitter included
    kind: Literal["on_time", "late"] = "on_time"  # late: its misfire policy made up for it


class SlotQueued(Event, frozen=True):
    """The slot waits for its turn."""

    slot: float
    why: Why = "overlap"


class SlotSkipped(Event, frozen=True):
    """There will be no run for this slot."""

    slot: float
    reason: Reason
    detail: str = ""


class SlotsSkipped(Event, frozen=True):
    """There will be no run for any slot from `first` to `last`: too many to name each."""

    first: float
    last: float
    count: int
    reason: Reason


class QueuedSlotStarted(Event, frozen=True):
    """A slot that waited has its run."""

    slot: float
    run: str
    late_seconds: float = 0.0


class QueuedSlotsDropped(Event, frozen=True):
    """Slots that waited will have no run."""

    slots: tuple[float, ...]
    reason: Reason
    detail: str = ""


class StartedByHand(Event, frozen=True):
    """A user asked for a run now."""

    run: str
    reason: str = ""
    forced: bool = False  # although another run had not ended


class ScheduleRunEnded(Event, frozen=True):
    """A run of this schedule ended."""

    run: str
    outcome: Outcome
    ended: float  # seconds since the epoch


class ScheduleAlerted(Event, frozen=True):
    """A person should be notified."""

    kind: AlertKind
    count: int = 1  # failed: runs in a row; otherwise slots
    first: float = 0.0  # slots it is about; 0 where it is about a run
    last: float = 0.0
    run: str = ""
    detail: str = ""


ScheduleEvent = (
    ScheduleAdded
    | ScheduleChanged
    | SchedulePaused
    | ScheduleResumed
    | ScheduleRemoved
    | SlotFired
    | SlotQueued
    | SlotSkipped
    | SlotsSkipped
    | QueuedSlotStarted
    | QueuedSlotsDropped
    | StartedByHand
    | ScheduleRunEnded
    | ScheduleAlerted
)

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    ScheduleAdded: ("schedule_added", 1),
    ScheduleChanged: ("schedule_changed", 1),
    SchedulePaused: ("schedule_paused", 1),
    ScheduleResumed: ("schedule_resumed", 1),
    ScheduleRemoved: ("schedule_removed", 1),
    SlotFired: ("slot_fired", 1),
    SlotQueued: ("slot_queued", 1),
    SlotSkipped: ("slot_skipped", 1),
    SlotsSkipped: ("slots_skipped", 1),
    QueuedSlotStarted: ("queued_slot_started", 1),
    QueuedSlotsDropped: ("queued_slots_dropped", 1),
    StartedByHand: ("started_by_hand", 1),
    ScheduleRunEnded: ("schedule_run_ended", 1),
    ScheduleAlerted: ("schedule_alerted", 1),
}
"""Lasting names and versions."""
