"""How each event changes a run."""

from typing import assert_never

from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.run.events import (
    AttemptFailed,
    AttemptInterrupted,
    CancelRequested,
    ProcessStarted,
    ReportRefused,
    RunCreated,
    RunEvent,
    RunResumed,
    RunSettled,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepsAdded,
    StepsBlocked,
    StepsCancelled,
    StepStarted,
    StepSucceeded,
    UsageReported,
)
from missioncontrol.domain.run.states import (
    CANCELLED,
    Blocked,
    Failed,
    Process,
    Resting,
    Run,
    SettledState,
    Succeeded,
    Working,
)
from missioncontrol.domain.work import NO_USAGE


def evolve(run: Run | None, event: RunEvent, at: float) -> Run:
    """Apply `event`, which became true at `at` (seconds since the epoch), and return the run.

    Raises:
        Corrupt: `run.no_beginning`, where the stream does not begin with `RunCreated`.
    """
    if run is None:
        return _created(event, at)
    match event:
        case StepStarted():
            _start(run, event, at)
        case StepSucceeded():
            _settle(run, event.step, Succeeded(event.work, event.checks))
        case UsageReported():
            run.usage += event.usage
            run.usage_by_step[event.step] = (
                run.usage_by_step.get(event.step, NO_USAGE) + event.usage
            )
        case ProcessStarted():
            _add_process(run, event)
        case AttemptFailed():
            del run.working[event.step]
            rest = Resting(run.tries[event.step], event.retry_at, event.failure)
            run.states[event.step] = run.resting[event.step] = rest
        case AttemptInterrupted():
            del run.working[event.step]
            run.interruptions[event.step] = run.interruptions.get(event.step, 0) + 1
            run.tries[event.step] -= 1
            run.make_ready(event.step)
        case _:
            _evolve_rarely(run, event, at)
    return run


def _evolve_rarely(
    run: Run,
    event: RunCreated
    | RunStarted
    | RunResumed
    | StepsAdded
    | StepFailed
    | StepCancelled
    | StepsBlocked
    | StepsCancelled
    | CancelRequested
    | ReportRefused
    | RunSettled,
    at: float,
) -> None:
    match event:
        case StepsAdded():
            run.add(event.steps)
        case StepFailed():
            _settle(run, event.step, Failed(event.failure, event.checks))
        case StepCancelled():
            _settle(run, event.step, CANCELLED)
        case StepsBlocked():
            for step in event.steps:
                _settle(run, step, Blocked(event.by))
        case StepsCancelled():
            for step in event.steps:
                _settle(run, step, CANCELLED)
        case CancelRequested():
            run.cancel_reason = event.reason
            run.cancel_outcome = event.outcome
        case ReportRefused():
            run.refused.add((event.fence, event.kind))
        case RunStarted():
            run.is_started = True
            run.started_at = at
        case RunResumed():
            pass
        case RunSettled():
            run.outcome = event.outcome
            run.settled_at = at
        case RunCreated():
            raise Corrupt("run.two_beginnings", f"Run {run.id!r} was created twice in its log.")
        case _:
            assert_never(event)


def _created(event: RunEvent, at: float) -> Run:
    if not isinstance(event, RunCreated):
        raise Corrupt(
            "run.no_beginning", f"A run's log begins with {type(event).__name__}, not RunCreated."
        )
    run = Run(event.run, event.workflow, event.steps, at)
    run.concurrency = event.concurrency
    run.seconds_max = event.seconds_max
    run.inputs = event.inputs
    run.mission = event.mission
    run.retry_of = event.retry_of
    for step, kept in event.kept.items():
        _settle(run, step, Succeeded(kept.work, kept.checks, kept.run))
    return run


def _start(run: Run, event: StepStarted, at: float) -> None:
    step = event.step
    run.unready(step)
    run.resting.pop(step, None)
    run.fence = event.fence
    run.tries[step] = event.attempt
    working = Working(event.attempt, event.fence, event.agent, at)
    run.states[step] = run.working[step] = working


def _add_process(run: Run, event: ProcessStarted) -> None:
    was = run.working[event.step]
    process = Process(event.pid, event.started, event.group)
    now = Working(was.attempt, was.fence, was.agent, was.since, (*was.processes, process))
    run.states[event.step] = run.working[event.step] = now


def _settle(run: Run, step: str, state: SettledState) -> None:
    """Give `step` its last state and count it off the needs of those that wait for it."""
    run.states[step] = state
    run.working.pop(step, None)
    run.unready(step)
    run.resting.pop(step, None)
    run.unsettled -= 1
    dependants = run.dependants.get(step)
    if dependants is None:
        return
    succeeded = type(state) is Succeeded
    for dependant in dependants:
        if not succeeded and run.steps[dependant].runs_after == "success":
            continue  # It never becomes ready: `StepsBlocked` or `StepsCancelled` settles it.
        run.unmet[dependant] -= 1
        if run.unmet[dependant] == 0 and run.is_waiting(dependant):
            run.make_ready(dependant)
