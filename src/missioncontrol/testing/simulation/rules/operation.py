"""The emergency stop, its stages and rate limits as the log tells them."""

from collections import deque
from typing import Any

from missioncontrol.testing.simulation.rules import hold

Data = dict[str, Any]
OBEDIENT_SECONDS = 1.0
STUBBORN_SECONDS = 16.0
"""An agent that clings on is given up by then."""

TINY = 0.000_01


class OperationBook:
    """What holds for all work at once."""

    def __init__(self) -> None:
        """Everything may work."""
        self.stage = "all"
        self.stopped_at = 0.0
        self.limits: dict[tuple[str, str], tuple[int, float]] = {}
        self._starts: dict[tuple[str, str], deque[float]] = {}

    @property
    def may_dispatch(self) -> bool:
        """Whether a step may start."""
        return self.stage in ("drain", "all")

    @property
    def may_begin(self) -> bool:
        """Whether a run may come into being."""
        return self.stage in ("paused", "all")

    def engine_began(self) -> None:
        """Forget the starts of agents: their limit is a brake, and no account."""
        for who, starts in self._starts.items():
            if who[0] != "actor":
                starts.clear()

    def take(self, kind: str, data: Data, at: float) -> None:
        """Take an event in."""
        who = (data.get("kind", ""), data.get("name", ""))
        if kind == "emergency_stopped":
            hold(data["reason"].strip(), "everything is stopped for a reason")
            self.stage, self.stopped_at = "stopped", at
        elif kind == "stage_entered":
            hold(data["stage"] != self.stage, "a stage is entered once")
            self.stage = data["stage"]
            if self.stage == "stopped":
                self.stopped_at = at
        elif kind == "rate_limit_set":
            self.limits[who] = (data["starts"], data["seconds"])
            self._starts[who] = deque()  # What came before was held to another limit, or none.
        elif kind == "rate_limit_removed":
            del self.limits[who], self._starts[who]

    def attempt_started(self, agent: str, at: float) -> None:
        """Take in that an attempt has started.

        Raises:
            Violation: it was the one too many.
        """
        self._count(("agent", agent), at)
        self._count(("workspace", ""), at)

    def holds_up(self, agent: str, at: float) -> bool:
        """Whether a limit may keep an attempt of `agent` from starting by `at`."""
        for who in (("agent", agent), ("workspace", "")):
            if who in self.limits:
                most, seconds = self.limits[who]
                if not most or any(start > at - seconds for start in self._starts[who]):
                    return True
        return False

    def run_began(self, actor: str, at: float) -> None:
        """Record that an actor's run was created; raises as `attempt_started`."""
        self._count(("actor", actor), at)

    def _count(self, who: tuple[str, str], at: float) -> None:
        if who not in self.limits:
            return
        most, seconds = self.limits[who]
        starts = self._starts[who]
        starts.append(at)
        while starts[0] <= at - seconds + TINY:
            starts.popleft()
        hold(len(starts) <= most, f"{who} starts at most {most} times in {seconds} s")
