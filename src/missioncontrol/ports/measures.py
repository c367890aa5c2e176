"""Measures over time: what was counted of the log hour by hour, and safe to throw away."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

HOUR_SECONDS = 3_600

Dimension = Literal["hour", "agent", "model", "workflow"]
"""The dimensions that work can be broken down by."""


class Place(msgspec.Struct, frozen=True):
    """Where something counts. An attempt may use several models, so it counts under none."""

    hour: int = 0  # since the epoch, in UTC
    agent: str = ""
    model: str = ""
    workflow: str = ""


class Work(msgspec.Struct):
    """What was counted in one place. Only sums, so that two of them add up."""

    succeeded: int = 0  # attempts that ended so, in the hour of their end; likewise the next two
    failed: int = 0
    interrupted: int = 0  # by a cancel, a stop or the end of an engine: no fault of the agent
    busy: int = 0  # microseconds that attempts took within the hour; counted once they have ended
    took: int = 0  # microseconds that attempts took from begin to end, in the hour of their end
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0  # micro-dollars, of all whose price is known
    unpriced_tokens: int = 0

    @property
    def executions(self) -> int:
        """How many attempts ended."""
        return self.succeeded + self.failed + self.interrupted

    def add(self, other: "Work") -> None:
        """Count the other one in."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Lasted(msgspec.Struct, frozen=True):
    """How long attempts of one kind took: see `projections.measures.bucket`."""

    hour: int
    agent: str
    workflow: str
    bucket: int


class OpenAttempt(msgspec.Struct, frozen=True):
    """An attempt that has not ended."""

    run: str
    fence: int
    agent: str
    workflow: str
    at: int  # microseconds since the epoch


class Ended(msgspec.Struct):
    """How runs ended in an hour, of one workflow or of one schedule."""

    begun: int = 0  # of a workflow: runs that were created
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0  # of a schedule: slots without a run

    def add(self, other: "Ended") -> None:
        """Count the other one in."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Subject(msgspec.Struct, frozen=True):
    """What runs are counted for in an hour."""

    hour: int
    kind: Literal["workflow", "schedule"]
    name: str


class Counted(msgspec.Struct):
    """What some events of the log come to, to be added to what was counted before them."""

    after: int  # the position before the first of them
    position: int  # of the last of them
    work: dict[Place, Work]
    lasted: dict[Lasted, int]
    runs: dict[Subject, Ended]
    workflows: dict[str, str]  # of runs that were created
    begun: dict[tuple[str, int], OpenAttempt]
    over: set[tuple[str, int]]  # attempts that are not open any more
    heard: dict[str, int]  # agents, and when they last were, in microseconds since the epoch


class MeasureTables(Protocol):
    """Keeps what was counted, and the position of the log that it stands for.

    Hours are half-open spans: `since` is the first that counts, `until` the first that does not.
    """

    def position(self) -> int:
        """Return how far the counting has followed the log."""
        ...

    def workflow(self, run: str) -> str:
        """Return the workflow of a run; empty where none was counted."""
        ...

    def begun(self) -> Sequence[OpenAttempt]:
        """Return the attempts that have not ended."""
        ...

    def add(self, counted: Counted) -> bool:
        """Add to everything that was counted, and move on to its position, in one transaction.

        Nothing is added, and False returned, where what was counted stands for another position
        than the one that `counted` goes on from: each event counts once, by any reader.
        """
        ...

    def heard(self) -> Mapping[str, int]:
        """Return when each agent last reported, in microseconds since the epoch."""
        ...

    def work(self, by: Sequence[Dimension], *, since: int, until: int) -> Mapping[Place, Work]:
        """Return the sums by these dimensions; all others are empty in the places."""
        ...

    def lasted(
        self, by: Literal["agent", "workflow"], *, since: int, until: int
    ) -> Mapping[str, Mapping[int, int]]:
        """Return how many attempts ended in each bucket, by agent or workflow."""
        ...

    def runs(
        self, kind: Literal["workflow", "schedule"], *, since: int, until: int
    ) -> Mapping[Subject, Ended]:
        """Return how runs ended, by hour and name."""
        ...

    def clear(self) -> None:
        """Throw everything away and go back to the beginning of the log."""
        ...


def whole(works: Iterable[Work]) -> Work:
    """Return the sum of all."""
    total = Work()
    for each in works:
        total.add(each)
    return total
