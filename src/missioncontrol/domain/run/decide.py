"""What each command makes true of a run, or why it is refused."""

from typing import assert_never

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.graph import find_cycle
from missioncontrol.domain.run.commands import (
    AddSteps,
    CancelRun,
    ClaimStep,
    ConcludeStep,
    CreateRun,
    ExpandStep,
    FailStep,
    HaltRun,
    HoldStep,
    Interrupt,
    ReadyStep,
    RecordProcess,
    ReleaseStep,
    ReportCancelled,
    ReportFailure,
    ReportStuck,
    ReportSuccess,
    ReportUsage,
    ResumeRun,
    ReturnStep,
    ReviseStep,
    RunCommand,
    SkipStep,
    StartSteps,
)
from missioncontrol.domain.run.events import (
    AttemptFailed,
    AttemptInterrupted,
    CancelRequested,
    Failure,
    Outcome,
    ProcessStarted,
    ReportRefused,
    RunCreated,
    RunEvent,
    RunResumed,
    RunSettled,
    RunStarted,
    StepCancelled,
    StepClaimed,
    StepFailed,
    StepRepeated,
    StepsAdded,
    StepsBlocked,
    StepsCancelled,
    StepStarted,
    StepStuck,
    StepSucceeded,
    UsageReported,
)
from missioncontrol.domain.run.needs_outcome import tolerated
from missioncontrol.domain.run.resolution import answer, conclude, fail, halt, work_out
from missioncontrol.domain.run.run_end import (
    consequences,
    ended_as,
    outcome_of,
    refuse_if_over,
    refuse_unapproved,
    refuse_unknown,
)
from missioncontrol.domain.run.states import (
    INTERRUPTIONS_MAX,
    Failed,
    Run,
    SettledState,
    Working,
)
from missioncontrol.domain.step import Step, refuse_bad_limits


def decide(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    """Answer `command` with the events it makes true; an empty list means it was true already.

    Raises:
        Rejected: `run.exists`, `run.settled`, `run.cancelling`, `run.not_cancelling`,
            `run.not_startable`, `run.not_approved`, `run.not_due`, `run.not_held`, `run.halted`,
            `run.full`, `run.nothing_to_do`, and for steps to be added `run.duplicate_step`,
            `run.unknown_need`, `run.cycle` or `step.bad_limit`.
        NotFound: `run.unknown` or `run.unknown_step`.
    """
    if run is None:
        return _create(command)
    match command:
        case ReportSuccess():
            return _success(command, run)
        case StartSteps():
            return _start(command, run, now)
        case ClaimStep():
            return _claim(command, run)
        case ReportStuck():
            if command.step not in run.ready or command.step in run.stuck:
                return []  # It is reported once for each time that it waits.
            return [StepStuck(command.step, run.steps[command.step].agent, command.reason)]
        case ReportUsage():
            late = _late(run, command.step, command.fence, "usage")
            used = UsageReported(
                command.step,
                command.fence,
                command.usage,
                command.model,
                command.price,
                command.estimated,
            )
            return [used, *(late or ())]
        case ReportFailure():
            late = _late(run, command.step, command.fence, "failure")
            return _failure(command, run, now) if late is None else late
        case ReportCancelled():
            return _cancelled(command, run)
        case ReadyStep() | SkipStep() | HoldStep() | ExpandStep():
            return work_out(command, run, now)
        case ReleaseStep() | ReviseStep() | ReturnStep():
            return answer(command, run)
        case ConcludeStep():
            return conclude(command, run)
        case FailStep():
            return fail(command, run)
        case HaltRun():
            return halt(command, run)
        case AddSteps():
            return _add(command, run)
        case RecordProcess():
            return _process(command, run)
        case Interrupt():
            return _interrupt(command, run)
        case ResumeRun():
            return _resume(run)
        case CancelRun():
            return _cancel(command, run)
        case CreateRun():
            raise Rejected("run.exists", f"Run {run.id!r} exists already.")
        case _:
            assert_never(command)


def _create(command: RunCommand) -> list[RunEvent]:
    if not isinstance(command, CreateRun):
        raise NotFound("run.unknown", "There is no such run.", hint="`mission list` names them.")
    if all(step.key in command.kept for step in command.steps):
        raise Rejected(
            "run.nothing_to_do",
            f"A run of {command.workflow!r} that keeps every result has nothing to do.",
            hint="Leave out at least one result.",
        )
    return [
        RunCreated(
            command.run,
            command.workflow,
            command.steps,
            command.concurrency,
            command.seconds_max,
            command.inputs,
            command.mission,
            command.trigger,
            command.retry_of,
            command.kept,
            command.version,
            command.author,
            command.on_behalf,
            command.outputs,
            command.budget,
            command.schedule,
            command.slot,
            command.fork_of,
            command.forked_at,
            command.os_user,
        )
    ]


def _start(command: StartSteps, run: Run, now: float) -> list[RunEvent]:
    refuse_if_over(run)
    if run.halt is not None:
        raise Rejected("run.halted", f"Run {run.id!r} is halted: {run.halt.reason}")
    if len(run.working) + len(command.steps) > run.concurrency:
        raise Rejected(
            "run.full", f"Run {run.id!r} may have {run.concurrency} steps at work at once."
        )
    if len(set(command.steps)) < len(command.steps):
        raise Rejected(
            "run.not_startable", f"A step of run {run.id!r} is named twice: one lease a step."
        )
    events: list[RunEvent] = [] if run.is_started else [RunStarted()]
    fence = run.fence
    for key in command.steps:
        if key not in run.ready and not (key in run.resting and run.has_rested(key, now)):
            raise Rejected("run.not_startable", f"Step {key!r} of run {run.id!r} can't start now.")
        if run.steps[key].approval is not None:
            refuse_unapproved(run, key, command.digests.get(key, ""))
        fence += 1
        attempt = run.tries.get(key, 0) + 1
        handed = command.handed.get(key, ())
        wider = command.elevated.get(key)
        events.append(StepStarted(key, attempt, fence, run.steps[key].agent, handed, wider))
    return events


def _late(run: Run, step: str, fence: int, kind: str) -> list[RunEvent] | None:
    """Answer a report whose attempt lost the lease: refused and recorded, once for each kind."""
    refuse_unknown(run, step)
    holder = run.working.get(step)
    if holder is not None and holder.fence == fence:
        return None
    return [] if (fence, kind) in run.refused else [ReportRefused(step, fence, kind)]


def _success(command: ReportSuccess, run: Run) -> list[RunEvent]:
    holder = run.working.get(command.step)
    if holder is None or holder.fence != command.fence:
        return _late(run, command.step, command.fence, "success") or []
    if command.again and run.cancel_reason is None:
        done = run.rounds.get(command.step, 0) + 1
        return [StepRepeated(command.step, command.fence, done, command.work)]
    good: RunEvent = StepSucceeded(command.step, command.fence, command.work, command.checks)
    return [good] if run.unsettled > 1 else [good, RunSettled(outcome_of(run))]


def _failure(command: ReportFailure, run: Run, now: float) -> list[RunEvent]:
    retry = run.steps[command.step].retry
    tried = run.working[command.step].attempt
    if command.failure.retryable and tried < retry.attempts and run.cancel_reason is None:
        retry_at = now + retry.wait(tried, command.jitter)
        return [AttemptFailed(command.step, command.fence, command.failure, retry_at)]
    failed = StepFailed(command.step, command.fence, command.failure, command.checks)
    return [failed, *consequences(run, command.step, command.failure)]


def _cancelled(command: ReportCancelled, run: Run) -> list[RunEvent]:
    late = _late(run, command.step, command.fence, "cancelled")
    if late is not None:
        return late
    if run.cancel_reason is None:
        raise Rejected(
            "run.not_cancelling", f"Run {run.id!r} has no cancel request; its steps continue."
        )
    ended: RunEvent = StepCancelled(command.step, command.fence)
    return [ended] if run.unsettled > 1 else [ended, RunSettled(run.cancel_outcome)]


def _add(command: AddSteps, run: Run) -> list[RunEvent]:
    late = _late(run, command.by, command.fence, "steps")
    if late is not None:
        return late
    refuse_if_over(run)
    _refuse_unsound(command, run)
    return [StepsAdded(command.by, command.steps)] if command.steps else []


def _refuse_unsound(command: AddSteps, run: Run) -> None:
    added: dict[str, Step] = {}
    for step in command.steps:
        if step.key in run.steps or step.key in added or not step.key:
            raise Rejected(
                "run.duplicate_step",
                f"Step {step.key!r} can't be added to run {run.id!r}: its name is taken or empty.",
            )
        added[step.key] = step
        refuse_bad_limits(step)
    for step in command.steps:
        for need in step.needs:
            if need not in added and need != command.by:
                raise Rejected(
                    "run.unknown_need",
                    f"Added step {step.key!r} needs {need!r}, which is neither added nor "
                    f"{command.by!r}.",
                )
    cycle = find_cycle({step.key: step.needs for step in command.steps})
    if cycle:
        raise Rejected(
            "run.cycle", f"Added steps need each other in a circle: {' → '.join(cycle)}."
        )


def _claim(command: ClaimStep, run: Run) -> list[RunEvent]:
    """Hand a step that waits for a place to another agent; one that was approved stays as it is."""
    step = run.steps.get(command.step)
    if step is None or not step.capability or step.approval is not None:
        raise Rejected(
            "run.not_claimable",
            f"Step {command.step!r} of run {run.id!r} is for one agent alone.",
            hint="Declare a capability in its workflow instead.",
        )
    waits = command.step in run.ready or command.step in run.resting
    if not waits or step.agent == command.agent:
        return []
    return [StepClaimed(command.step, command.agent)]


def _process(command: RecordProcess, run: Run) -> list[RunEvent]:
    late = _late(run, command.step, command.fence, "process")
    if late is not None:
        return late
    return [
        ProcessStarted(command.step, command.fence, command.pid, command.started, command.group)
    ]


def _interrupt(command: Interrupt, run: Run) -> list[RunEvent]:
    """End what worked under an engine that is gone. A run that is being cancelled ends here."""
    if run.is_settled:
        return []
    working = {
        key: holder
        for key, holder in run.working.items()
        if not command.steps or key in command.steps
    }
    if run.cancel_reason is not None:
        ended: list[RunEvent] = [StepCancelled(key, w.fence) for key, w in working.items()]
        return [*ended, RunSettled(run.cancel_outcome)] if run.unsettled == len(ended) else ended
    events: list[RunEvent] = []
    ended_for_good: set[str] = set()
    for key, holder in working.items():
        if not command.counts or run.interruptions.get(key, 0) < INTERRUPTIONS_MAX:
            events.append(AttemptInterrupted(key, holder.fence, command.reason, command.counts))
            continue
        failure = _too_often(key)
        goes_on = tolerated(run, key, Failed(failure))
        never = () if goes_on else run.can_never_run(key)
        blocked = tuple(step for step in never if step not in ended_for_good)
        events.append(StepFailed(key, holder.fence, failure))
        events.extend([StepsBlocked(key, blocked)] if blocked else [])
        ended_for_good.update((key, *blocked))
    over = len(ended_for_good) == run.unsettled
    return [*events, RunSettled(_after(run, ended_for_good))] if over else events


def _after(run: Run, failing: set[str]) -> Outcome:
    """Say how a run ends whose last open steps were all interrupted too often, or need such."""
    outcomes = {outcome_of(run, key, _too_often(key)) for key in failing}
    return "failed" if "failed" in outcomes else "succeeded"


def _too_often(step: str) -> Failure:
    return Failure(
        "step.interrupted_too_often",
        f"The engine or its worker ended {INTERRUPTIONS_MAX + 1} times while step {step!r} was at "
        "work.",
        "Find out whether the step takes it down, for instance by using all memory.",
        retryable=False,
    )


def _resume(run: Run) -> list[RunEvent]:
    if run.is_settled:
        raise Rejected(
            "run.settled",
            f"Run {run.id!r} {ended_as(run.status)}; there is nothing to resume.",
            hint=f"`mission runs retry {run.id} STEP` starts a step again in a new run.",
        )
    return [RunResumed()] if run.is_started or run.halt is not None else []


def _cancel(command: CancelRun, run: Run) -> list[RunEvent]:
    if run.cancel_reason is not None:
        return []  # Asking twice is asking once.
    refuse_if_over(run)
    not_begun = tuple(
        key
        for key, state in run.states.items()
        if not isinstance(state, SettledState) and not isinstance(state, Working)
    )
    events: list[RunEvent] = [CancelRequested(command.reason, command.outcome)]
    if not_begun:
        events.append(StepsCancelled(not_begun))
    if not run.working:
        events.append(RunSettled(command.outcome))
    return events
