"""An agent rests that keeps failing, and never one that has just shown that it works."""

from collections.abc import Sequence
from typing import Any

from missioncontrol.application.journal import Entry
from missioncontrol.domain.run.events import Failure, StepFailed, StepStarted, StepSucceeded
from missioncontrol.domain.work import Work
from missioncontrol.runtime.breaker import FAILURES_MAX, Breaker

FAILURE = Failure("scripted", "It broke.")


def started(fence: int) -> StepStarted:
    return StepStarted("s", 1, fence, "worker")


def failed(fence: int) -> StepFailed:
    return StepFailed("s", fence, FAILURE)


def succeeded(fence: int) -> StepSucceeded:
    return StepSucceeded("s", fence, Work())


def rests(events: Sequence[Any], pending: Sequence[Any] = ()) -> list[str]:
    """Return who rests after so many attempts have begun, all but one have failed, and `events`."""
    breaker = Breaker()
    breaker.watch("worker")
    before: list[Any] = [started(fence) for fence in range(FAILURES_MAX + 2)]
    before += [failed(fence) for fence in range(FAILURES_MAX - 1)]
    assert not list(breaker.take([Entry("run", event, 0, 0) for event in before]))
    entries = [Entry("run", event, 0, 0) for event in events]
    pauses = breaker.take(entries, lambda: [("run", event) for event in pending])
    return [agent for agent, _, _ in pauses]


LAST, NEXT = FAILURES_MAX - 1, FAILURES_MAX


def test_an_agent_that_keeps_failing_rests() -> None:
    assert rests([failed(LAST)]) == ["worker"]


def test_an_agent_that_succeeded_in_the_same_commit_goes_on() -> None:
    assert rests([failed(LAST), succeeded(NEXT)]) == []


def test_an_agent_whose_success_comes_next_in_the_log_goes_on() -> None:
    assert rests([failed(LAST)], pending=[succeeded(NEXT)]) == []


def test_a_success_of_another_attempt_is_no_excuse() -> None:
    assert rests([failed(LAST)], pending=[succeeded(99)]) == ["worker"]
