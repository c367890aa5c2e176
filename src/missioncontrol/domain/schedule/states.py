"""What is true of a schedule now."""

from typing import Any

import msgspec

from missioncontrol.domain.schedule.events import Policy, Why


class Active(msgspec.Struct, frozen=True):
    """Its slots fire."""


class Paused(msgspec.Struct, frozen=True):
    """Its slots are skipped; they are written down when it is resumed or removed."""

    since: float
    reason: str


class Removed(msgspec.Struct, frozen=True):
    """It has no slots any more."""

    since: float
    reason: str


Standing = Active | Paused | Removed
ACTIVE = Active()


class Queued(msgspec.Struct, frozen=True):
    """A slot that waits for its turn."""

    slot: float
    why: Why


class Schedule(msgspec.Struct):
    """A schedule, what of it is at work, and how far its slots are answered."""

    name: str
    workflow: str
    version: int | None
    cron: str
    zone: str
    inputs: dict[str, Any]
    policy: Policy
    author: str
    created_at: float
    answered: float  # every slot up to this instant has its event, and never gets another
    standing: Standing = ACTIVE
    active: tuple[str, ...] = ()  # runs that have not ended, also those that wait for a person
    former: frozenset[str] = frozenset()  # those of them that a schedule of the same name began
    queue: tuple[Queued, ...] = ()  # oldest first
    drained: str = ""  # the run of the last slot that came out of the queue
    failures_in_a_row: int = 0

    @property
    def is_active(self) -> bool:
        """Whether its slots fire."""
        return isinstance(self.standing, Active)

    @property
    def is_removed(self) -> bool:
        """Whether it is over."""
        return isinstance(self.standing, Removed)

    @property
    def is_busy(self) -> bool:
        """Whether a slot that comes now finds another before it."""
        return bool(self.active or self.queue)

    def waiting(self, why: Why) -> int:
        """Return how many slots wait for this reason."""
        return sum(1 for queued in self.queue if queued.why == why)

    @property
    def next_in_queue(self) -> Queued | None:
        """The slot whose turn it is: slots that waited start one after the other.

        Where runs may overlap, it waits for the one before it out of the queue alone, since there
        may never be a moment at which nothing of the schedule works.
        """
        if not self.queue or not self.is_active:
            return None
        waits = self.drained in self.active if self.policy.overlap == "allow" else self.active
        return None if waits else self.queue[0]
