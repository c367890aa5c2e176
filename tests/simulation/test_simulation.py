"""The whole engine under planted trouble, and the proof that planted faults are found."""

from collections.abc import Callable

import pytest

from missioncontrol.application import journal
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.run import decide as deciding
from missioncontrol.domain.run.commands import (
    CancelRun,
    ReportFailure,
    ReportSuccess,
    RunCommand,
    StartSteps,
)
from missioncontrol.domain.run.events import (
    AttemptFailed,
    RunEvent,
    RunSettled,
    StepStarted,
    StepSucceeded,
)
from missioncontrol.domain.run.states import Run
from missioncontrol.testing.simulate import every_boundary
from missioncontrol.testing.simulation.loop import Deadlock
from missioncontrol.testing.simulation.world import World

SEEDS = 250
BLOCK = 25
FAULT_SEEDS = 150

Decider = Callable[[RunCommand, Run | None, float], list[RunEvent]]


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_every_invariant_holds_whatever_the_seed(first: int) -> None:
    live_all(range(first, first + BLOCK))


@pytest.mark.parametrize("seed", range(12))
def test_a_crash_at_any_commit_loses_and_repeats_nothing(seed: int) -> None:
    assert every_boundary(seed) > 2


def test_a_seed_decides_everything() -> None:
    worlds = [World(7), World(7)]
    for world in worlds:
        world.live()
    assert worlds[0].disk.inspector.position == worlds[1].disk.inspector.position
    first, second = (world.log() for world in worlds)
    assert first == second


def settles_twice(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    events = deciding.decide(command, run, now)
    if events and isinstance(events[-1], RunSettled):
        return [*events, events[-1]]
    return events


def accepts_late_reports(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    if isinstance(command, ReportSuccess) and run is not None and not run.is_settled:
        holder = run.working.get(command.step)
        if holder is not None and holder.fence != command.fence:
            return [StepSucceeded(command.step, command.fence, command.work)]
    return deciding.decide(command, run, now)


def forgets_a_need(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    events = deciding.decide(command, run, now)
    if isinstance(command, StartSteps) and run is not None:
        waiting = [key for key in run.states if run.is_waiting(key)]
        if waiting:
            return [*events, StepStarted(waiting[0], 1, run.fence + len(events) + 1, "scripted")]
    return events


def retries_after_a_cancel(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    if isinstance(command, ReportFailure) and run is not None and run.cancel_reason is not None:
        return [AttemptFailed(command.step, command.fence, command.failure, now + 1)]
    return deciding.decide(command, run, now)


def retries_too_early(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    if isinstance(command, StartSteps) and run is not None:
        for state in run.resting.values():
            if state.retry_at > now:
                key = next(k for k, s in run.resting.items() if s is state)
                return [
                    *deciding.decide(command, run, now),
                    StepStarted(
                        key, run.tries[key] + 1, run.fence + len(command.steps) + 1, "scripted"
                    ),
                ]
    return deciding.decide(command, run, now)


def settles_too_early(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    events = deciding.decide(command, run, now)
    if isinstance(command, ReportSuccess) and run is not None and run.unsettled == 2:
        return [*events, RunSettled("succeeded")] if len(events) == 1 else events
    return events


def calls_everything_a_success(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    events = deciding.decide(command, run, now)
    return [RunSettled("succeeded") if isinstance(e, RunSettled) else e for e in events]


def forgets_who_asked(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    events = deciding.decide(command, run, now)
    return events[1:] if isinstance(command, CancelRun) and len(events) > 1 else events


@pytest.mark.parametrize(
    "fault",
    [
        settles_twice,
        accepts_late_reports,
        forgets_a_need,
        retries_after_a_cancel,
        retries_too_early,
        settles_too_early,
        calls_everything_a_success,
        forgets_who_asked,
    ],
)
def test_a_planted_fault_is_found(fault: Decider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "decide", fault)
    with pytest.raises((AssertionError, KeyError, Deadlock, MissionControlError)):
        live_all(range(FAULT_SEEDS))


def live_all(seeds: range) -> None:
    for seed in seeds:
        World(seed).live()
