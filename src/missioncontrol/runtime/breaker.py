"""Counts failures in a row, by agent, and says when one of them should be left alone."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from missioncontrol.application.journal import Entry
from missioncontrol.domain.run.events import (
    AttemptFailed,
    AttemptInterrupted,
    Failure,
    StepCancelled,
    StepFailed,
    StepStarted,
    StepSucceeded,
)

FAILURES_MAX = 5
"""In a row, and the agent rests."""

OURS = ("approval.", "budget.", "run.", "agent.outside", "agent.risk")
"""Failures whose fault is not the agent's begin so."""


class Breaker:
    """Follows the attempts of the agents that it watches."""

    def __init__(self) -> None:
        """Watch no agent yet; until then no failures are counted."""
        self._failures: dict[str, int] = {}
        self._at_work: dict[tuple[str, int], str] = {}
        self._worked: set[str] = set()

    def watch(self, agent: str) -> None:
        """Count for this agent, from now on; one that is back from a rest has one attempt."""
        self._failures.setdefault(agent, 0)

    def forget(self, agent: str) -> None:
        """Count for it no longer."""
        self._failures.pop(agent, None)
        self._worked.discard(agent)

    def take(
        self, entries: Sequence[Entry], pending: Callable[[], Sequence[tuple[str, Any]]] = tuple
    ) -> Iterator[tuple[str, str, bool]]:
        """Follow what happened.

        Yields the agents that should rest now, each with the reason and whether it did something
        well since it last rested. One that succeeded later in `entries`, or in the `pending`
        events that the log gets next, does not rest: it has just shown that it works.
        """
        if not self._failures:
            return
        tired: dict[str, Failure] = {}
        for entry in entries:
            self._follow(entry, tired)
        for agent, failure in tired.items():
            if not self._has_just_worked(agent, pending()):
                yield self._rest(agent, failure)

    def _follow(self, entry: Entry, tired: dict[str, Failure]) -> None:
        match entry.event:
            case StepStarted(agent=agent, fence=fence) if agent in self._failures:
                self._at_work[entry.stream, fence] = agent
            case StepSucceeded(fence=fence):
                worked = self._at_work.pop((entry.stream, fence), None)
                if worked is not None:
                    self._failures[worked] = 0
                    self._worked.add(worked)
                    tired.pop(worked, None)
            case (
                AttemptFailed(fence=fence, failure=failure)
                | StepFailed(fence=fence, failure=failure)
            ):
                if agent := self._failed((entry.stream, fence), failure):
                    tired[agent] = failure
            case AttemptInterrupted(fence=fence) | StepCancelled(fence=fence):
                self._at_work.pop((entry.stream, fence), None)

    def _failed(self, attempt: tuple[str, int], failure: Failure) -> str:
        """Count a failure; return its agent where that is one too many."""
        agent = self._at_work.pop(attempt, None)
        if agent is None or agent not in self._failures or failure.code.startswith(OURS):
            return ""
        self._failures[agent] += 1
        return agent if self._failures[agent] >= FAILURES_MAX else ""

    def _has_just_worked(self, agent: str, pending: Sequence[tuple[str, Any]]) -> bool:
        return any(
            isinstance(event, StepSucceeded) and self._at_work.get((stream, event.fence)) == agent
            for stream, event in pending
        )

    def _rest(self, agent: str, failure: Failure) -> tuple[str, str, bool]:
        # What proves that it works again may be a small thing: its next attempt tells.
        self._failures[agent] = FAILURES_MAX - 1
        has_worked = agent in self._worked
        self._worked.discard(agent)
        reason = f"Its attempts keep failing; the last: {failure.reason}"
        return agent, reason[:1_000], has_worked
