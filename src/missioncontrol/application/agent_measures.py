"""What each agent did in a stretch of time: how often, how long, how well, and for how much."""

from collections import defaultdict

import msgspec

from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.events import (
    AttemptFailed,
    AttemptInterrupted,
    StepCancelled,
    StepFailed,
    StepRepeated,
    StepStarted,
    StepSucceeded,
    UsageReported,
)
from missioncontrol.domain.work import NO_BILL, Bill
from missioncontrol.ports.event_store import EventStore

READ_AT_ONCE = 5_000
EVENTS_MAX = 1_000_000
"""That are looked at for one answer; the stretch begins later where there are more."""

ENDS = {
    "step_succeeded": "succeeded",
    "step_repeated": "succeeded",
    "attempt_failed": "failed",
    "step_failed": "failed",
    "attempt_interrupted": "interrupted",
    "step_cancelled": "interrupted",
}
LOOKED_AT = frozenset({"step_started", "usage_reported", *ENDS})


class AgentMeasures(msgspec.Struct):
    """What one agent did. Times are in seconds."""

    executions: int = 0  # attempts that ended
    succeeded: int = 0
    failed: int = 0
    interrupted: int = 0  # by a cancel, a stop or the end of the engine: no fault of the agent
    at_work: int = 0  # attempts that have not ended
    seconds: float = 0.0  # that all attempts took together
    seconds_mean: float | None = None
    seconds_p95: float | None = None
    failure_rate: float | None = None  # of those that succeeded or failed
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0  # micro-dollars, of all whose price is known
    unpriced_tokens: int = 0


class AgentActivity(msgspec.Struct, frozen=True):
    """What all agents did between two moments, in seconds since the epoch."""

    since: float
    until: float
    agents: dict[str, AgentMeasures]

    def utilisation(self, agent: str, scale: int) -> float | None:
        """Return the share of its places that an agent used, 0 to 1; None where it has none."""
        found, window = self.agents.get(agent), self.until - self.since
        if scale <= 0 or window <= 0:
            return None
        return min(1.0, found.seconds / (window * scale)) if found is not None else 0.0


async def measured(store: EventStore, *, since: float, now: float) -> AgentActivity:
    """Return what every agent did from `since` to `now`, by the log alone.

    An attempt that began before counts from `since` on, if at all: its work is reported when it
    ends.
    """
    head = (await store.head()).position
    first = max(await _first_since(store, since, head), head - EVENTS_MAX)
    count = _Count(since)
    after = first
    while rows := await store.read(after=after, limit=READ_AT_ONCE):
        for row in rows:
            if row.type in LOOKED_AT:
                count.take(row)
        after = rows[-1].position
    return AgentActivity(since, now, count.result(now))


async def _first_since(store: EventStore, since: float, head: int) -> int:
    """Return the position before the first event that happened at `since` or later."""
    low, high = 0, head
    while low < high:
        middle = (low + high) // 2
        (row,) = await store.read(after=middle, limit=1)
        low, high = (low, middle) if row.time >= since * 1_000_000 else (middle + 1, high)
    return low


class _Count:
    """What was counted so far."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._agents: defaultdict[str, AgentMeasures] = defaultdict(AgentMeasures)
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)
        self._bills: defaultdict[str, Bill] = defaultdict(lambda: NO_BILL)
        self._at_work: dict[tuple[str, int], tuple[str, float]] = {}

    def take(self, row: Recorded) -> None:
        """Count an event."""
        at = row.time / 1_000_000
        match decode(row.type, row.schema, row.body):
            case StepStarted(fence=fence, agent=agent):
                self._at_work[row.stream, fence] = (agent, at)
            case UsageReported(fence=fence, usage=usage):
                agent, _ = self._at_work.get((row.stream, fence), ("", at))
                if agent:
                    found = self._agents[agent]
                    found.input_tokens += usage.input_tokens
                    found.output_tokens += usage.output_tokens
                    self._bills[agent] += usage
            case (
                StepSucceeded(fence=fence)
                | StepRepeated(fence=fence)
                | AttemptFailed(fence=fence)
                | StepFailed(fence=fence)
                | AttemptInterrupted(fence=fence)
                | StepCancelled(fence=fence)
            ):
                self._end((row.stream, fence), ENDS[row.type], at)

    def _end(self, attempt: tuple[str, int], outcome: str, at: float) -> None:
        agent, began = self._at_work.pop(attempt, ("", at))
        if agent:
            found = self._agents[agent]
            found.executions += 1
            setattr(found, outcome, getattr(found, outcome) + 1)
            self._seconds[agent].append(max(0.0, at - began))

    def result(self, now: float) -> dict[str, AgentMeasures]:
        """Return what was counted, with what is still at work."""
        for agent, began in self._at_work.values():
            self._agents[agent].at_work += 1
            self._agents[agent].seconds += max(0.0, now - began)
        for agent, found in self._agents.items():
            took = sorted(self._seconds[agent])
            found.seconds += sum(took)
            if took:
                found.seconds_mean = sum(took) / len(took)
                found.seconds_p95 = took[min(len(took) - 1, int(len(took) * 0.95))]
            judged = found.succeeded + found.failed
            found.failure_rate = found.failed / judged if judged else None
            bill = self._bills[agent]
            found.cost, found.unpriced_tokens = bill.cost, bill.unpriced_tokens
        return dict(self._agents)
