"""Runs and missions as they stand after given events."""

from missioncontrol.domain import mission as missions
from missioncontrol.domain.mission import Mission, MissionEvent
from missioncontrol.domain.run.commands import RunCommand, StartSteps
from missioncontrol.domain.run.decide import decide
from missioncontrol.domain.run.events import (
    CancelRequested,
    Failure,
    RunCreated,
    RunEvent,
    RunStarted,
    StepsCancelled,
    StepStarted,
)
from missioncontrol.domain.run.evolve import evolve
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import Step

BROKEN = Failure("agent.crashed", "It broke.")
FINAL = Failure("agent.refused", "It can't be done.", retryable=False)


def run_after(*events: RunEvent, at: float = 0.0) -> Run:
    """Fold `events`, all true at `at`."""
    run: Run | None = None
    for event in events:
        run = evolve(run, event, at)
    assert run is not None
    return run


def when(run: Run, command: RunCommand, now: float = 0.0) -> list[RunEvent]:
    """Decide `command` and make its events true of `run`."""
    events = decide(command, run, now)
    for event in events:
        evolve(run, event, now)
    return events


def mission_after(*events: MissionEvent, at: float = 0.0) -> Mission:
    """Fold `events`, all true at `at`."""
    mission: Mission | None = None
    for event in events:
        mission = missions.evolve(mission, event, at)
    assert mission is not None
    return mission


def created(*steps: Step, concurrency: int = 10, seconds_max: float = 0.0) -> RunCreated:
    """The beginning of run `run-1`."""
    return RunCreated("run-1", "release", steps, concurrency, seconds_max)


def started(step: str, attempt: int = 1, fence: int = 1) -> StepStarted:
    """The agent `hand` has the lease."""
    return StepStarted(step, attempt, fence, "hand")


def step(key: str, *needs: str) -> Step:
    """A step of the agent `hand` that is tried once."""
    return Step(key, "hand", needs)


def after_any(key: str, *needs: str) -> Step:
    """A step that runs however its needs ended."""
    return Step(key, "hand", needs, "any")


def working(*steps: Step, first: str = "a") -> Run:
    """Return a run of which only `first` is at work, with fence 1."""
    return run_after(created(*steps), RunStarted(), started(first))


def cancelling(*steps: Step, first: str = "a") -> Run:
    """Return a run that waits for `first` to end after a cancel."""
    others = tuple(step.key for step in steps if step.key != first)
    rest = [StepsCancelled(others)] if others else []
    events: list[RunEvent] = [created(*steps), RunStarted(), started(first)]
    return run_after(*events, CancelRequested("Enough."), *rest)


def start_all(run: Run, now: float = 0.0) -> list[RunEvent]:
    """Start what may start."""
    return when(run, StartSteps(tuple(run.startable(now, 1000))), now)
