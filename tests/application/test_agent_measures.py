"""What agents did, counted from the log alone."""

import asyncio
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.application.agent_measures import measured
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.run.events import (
    AttemptFailed,
    AttemptInterrupted,
    Failure,
    StepStarted,
    StepSucceeded,
    UsageReported,
)
from missioncontrol.domain.work import Usage
from missioncontrol.ports.event_store import Append, NewEvent

T0 = 1_790_000_000.0
FAILURE = Failure("x", "It broke.")


def store_of(*entries: tuple[float, str, Any]) -> MemoryEventStore:
    """Return a log of (seconds after T0, run, event)."""
    store, versions = MemoryEventStore(), dict[str, int]()

    async def write() -> None:
        for at, run, event in entries:
            name, schema = NAMES[type(event)]
            body = msgspec.json.encode(event)
            stamp = int((T0 + at) * 1_000_000)
            new = NewEvent(name, schema, body, stamp, "engine", "", 0, run)
            await store.append([Append(run, versions.get(run, 0), [new])])
            versions[run] = versions.get(run, 0) + 1

    asyncio.run(write())
    return store


def attempt(run: str, fence: int, begins: float, ends: float, end: Any) -> list[Any]:
    return [
        (begins, run, StepStarted("s", 1, fence, "ann")),
        (begins, run, UsageReported("s", fence, Usage(100, output_tokens=10, cost=5), "m", "p")),
        (ends, run, end),
    ]


def test_attempts_are_counted_by_how_they_ended_and_how_long_they_took() -> None:
    entries = [
        *attempt("r1", 1, 10.0, 12.0, StepSucceeded("s", 1)),
        *attempt("r1", 2, 12.0, 16.0, AttemptFailed("s", 2, FAILURE, 0.0)),
        *attempt("r2", 1, 16.0, 17.0, AttemptInterrupted("s", 1, "Stopped.")),
        (17.0, "r2", StepStarted("s", 2, 2, "ann")),
    ]
    found = asyncio.run(measured(store_of(*entries), since=T0, now=T0 + 20.0))
    ann = found.agents["ann"]
    assert (ann.executions, ann.succeeded, ann.failed, ann.interrupted) == (3, 1, 1, 1)
    assert (ann.at_work, ann.failure_rate) == (1, 0.5)
    assert ann.seconds == pytest.approx(2 + 4 + 1 + 3)
    assert ann.seconds_mean == pytest.approx(7 / 3)
    assert ann.seconds_p95 == pytest.approx(4.0)
    assert (ann.input_tokens, ann.output_tokens, ann.cost) == (300, 30, 15)
    assert found.utilisation("ann", 2) == pytest.approx(10 / 40)
    assert found.utilisation("nobody", 1) == 0.0


@pytest.mark.parametrize(("since", "executions"), [(0.0, 5), (25.0, 2), (99.0, 0)])
def test_what_began_before_the_stretch_does_not_count(since: float, executions: int) -> None:
    entries = [
        row
        for n in range(5)
        for row in attempt("r", n + 1, 10.0 * n, 10.0 * n + 1, StepSucceeded("s", n + 1))
    ]
    found = asyncio.run(measured(store_of(*entries), since=T0 + since, now=T0 + 100.0))
    count = found.agents["ann"].executions if "ann" in found.agents else 0
    assert count == executions


def test_an_empty_log_tells_of_nobody() -> None:
    assert asyncio.run(measured(MemoryEventStore(), since=T0, now=T0 + 1)).agents == {}
