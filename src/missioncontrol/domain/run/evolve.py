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
    RunHalted,
    RunResumed,
    RunSettled,
    RunStarted,
    StepCancelled,
    StepClaimed,
    StepExpanded,
    StepFailed,
    StepHeld,
    StepReadied,
    StepReleased,
    StepRepeated,
    StepRevised,
    StepsAdded,
    StepsBlocked,
    StepsCancelled,
    StepSkipped,
    StepStarted,
    StepStuck,
    StepSucceeded,
    UsageReported,
)
from missioncontrol.domain.run.needs_outcome import standing
from missioncontrol.domain.run.states import (
    CANCELLED,
    Blocked,
    Expanded,
    Failed,
    Halt,
    Held,
    Process,
    Resting,
    Run,
    SettledState,
    Skipped,
    Succeeded,
    Working,
)
from missioncontrol.domain.work import NO_BILL


def evolve(run: Run | None, event: RunEvent, at: float) -> Run:
    """Apply `event`, which became true at `at` (seconds since the epoch), and return the run.

    Raises:
        Corrupt: `run.no_beginning`, where the stream does not begin with `RunCreated`.
    """
    if run is None:
        return _created(event, at)
    run.at = at
    match event:
        case StepStarted():
            _start(run, event, at)
        case StepSucceeded():
            _settle(run, event.step, Succeeded(event.work, event.checks))
        case UsageReported():
            _use(run, event)
        case StepReadied():
            _leave(run, event.step)
            _give(run, event)
            run.make_ready(event.step)
        case ProcessStarted():
            _add_process(run, event)
        case AttemptFailed():
            del run.working[event.step]
            rest = Resting(run.tries[event.step], event.retry_at, event.failure)
            run.states[event.step] = run.resting[event.step] = rest
        case AttemptInterrupted():
            del run.working[event.step]
            _interrupt(run, event)
        case _:
            _evolve_rarely(run, event, at)
    return run


def _evolve_rarely(
    run: Run,
    event: RunCreated
    | RunStarted
    | RunResumed
    | StepsAdded
    | StepClaimed
    | StepStuck
    | StepSkipped
    | StepHeld
    | StepReleased
    | StepRevised
    | StepExpanded
    | StepRepeated
    | StepFailed
    | StepCancelled
    | StepsBlocked
    | StepsCancelled
    | CancelRequested
    | RunHalted
    | ReportRefused
    | RunSettled,
    at: float,
) -> None:
    match event:
        case StepClaimed():
            run.reassign(event.step, event.agent)
        case StepStuck():
            run.stuck[event.step] = event.reason
        case StepsAdded():
            run.add(event.steps)
        case StepSkipped():
            _settle(run, event.step, Skipped(event.reason, event.findings))
        case StepHeld():
            run.unready(event.step)
            run.released.pop(event.step, None)
            run.inputs_of[event.step] = event.inputs
            run.slots_of[event.step] = event.slots
            _leave(run, event.step)
            run.leave_crowd(event.step)
            held = Held(event.approval, event.digest, at)
            run.approvals.append(event.approval)
            run.states[event.step] = run.held[event.step] = held
        case StepReleased():
            _leave(run, event.step)
            run.released[event.step] = event.digest
            if run.steps[event.step].body:
                run.make_due(event.step)  # It becomes other steps and is never at work itself.
            else:
                run.make_ready(event.step)
        case StepRevised():
            _leave(run, event.step)
            run.revised[event.step] = event.inputs
            before = run.revised_by.get(event.step, ())
            run.revised_by[event.step] = tuple(dict.fromkeys((*before, event.by)))
            run.make_due(event.step)
        case StepExpanded():
            _expand(run, event)
        case StepRepeated():
            _repeat(run, event)
        case StepFailed():
            _settle(run, event.step, Failed(event.failure, event.checks))
        case StepCancelled():
            _settle(run, event.step, CANCELLED)
        case StepsBlocked():
            for step in event.steps:
                _settle(run, step, Blocked(event.by))
        case StepsCancelled():
            if event.failure is not None:
                run.given_up[event.within] = event.failure
                run.deadlines.drop(event.within, "run", "total")
            for step in event.steps:
                _settle(run, step, CANCELLED)
        case CancelRequested():
            run.cancel_reason = event.reason
            run.cancel_outcome = event.outcome
            run.halt = None
        case RunHalted():
            run.halt = Halt(event.code, event.reason)
        case ReportRefused():
            run.refused.add((event.fence, event.kind))
        case RunStarted():
            run.is_started = True
            run.started_at = at
        case RunResumed():
            run.halt = None
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
    run.version = event.version
    run.trigger = event.trigger
    run.author, run.on_behalf = event.author, event.on_behalf
    run.outputs = event.outputs
    run.budget = event.budget
    run.schedule, run.slot = event.schedule, event.slot
    run.fork_of, run.forked_at = event.fork_of, event.forked_at
    run.os_user = event.os_user
    for step, reused in event.kept.items():
        _settle(run, step, Succeeded(reused.work, reused.checks, reused.run))
    return run


def _start(run: Run, event: StepStarted, at: float) -> None:
    step = event.step
    run.unready(step)
    run.resting.pop(step, None)
    run.released.pop(step, None)  # One approval, one attempt.
    run.fence = event.fence
    run.tries[step] = event.attempt
    working = Working(event.attempt, event.fence, event.agent, at)
    run.states[step] = run.working[step] = working
    run.handed.pop(step, None)
    if event.handed:
        run.handed[step] = event.handed
    run.elevated.pop(step, None)
    if event.elevation is not None:
        run.elevated[step] = event.elevation


def _add_process(run: Run, event: ProcessStarted) -> None:
    was = run.working[event.step]
    process = Process(event.pid, event.started, event.group)
    now = Working(was.attempt, was.fence, was.agent, was.since, (*was.processes, process))
    run.states[event.step] = run.working[event.step] = now


def _use(run: Run, event: UsageReported) -> None:
    agent = run.steps[event.step].agent
    run.usage += event.usage
    run.bill = run.bill.plus(event.usage, estimated=event.estimated)
    for sums, bills, name in (
        (run.usage_by_step, run.bill_by_step, event.step),
        (run.usage_by_agent, run.bill_by_agent, agent),
        (run.usage_by_model, run.bill_by_model, event.model),
    ):
        before = sums.get(name)
        sums[name] = event.usage if before is None else before + event.usage
        bills[name] = bills.get(name, NO_BILL).plus(event.usage, estimated=event.estimated)


def _interrupt(run: Run, event: AttemptInterrupted) -> None:
    step = event.step
    if event.counts:
        run.interruptions[step] = run.interruptions.get(step, 0) + 1
    run.tries[step] -= 1
    if run.lacks_approval(step):
        run.make_due(step)  # What it may have done already was all that was approved.
    else:
        run.make_ready(step)


def _give(run: Run, event: StepReadied) -> None:
    if event.inputs:
        run.inputs_of[event.step] = event.inputs
    if event.slots:
        run.slots_of[event.step] = event.slots


def _leave(run: Run, step: str) -> None:
    """Take `step` out of where it waited."""
    run.due.pop(step, None)
    run.held.pop(step, None)
    run.resting.pop(step, None)


def _expand(run: Run, event: StepExpanded) -> None:
    key = event.step
    step = run.steps[key]
    _leave(run, key)
    run.released.pop(key, None)
    run.inputs_of[key] = event.inputs
    if step.body and step.for_each is None and step.seconds_max:
        run.deadlines.begin(key, "run", run.at + step.seconds_max)
    run.states[key] = Expanded(tuple(step.key for step in event.steps))
    run.open_children[key] = len(event.steps)
    run.add(event.steps)
    if not event.steps:
        run.due[key] = None


def _repeat(run: Run, event: StepRepeated) -> None:
    key = event.step
    run.working.pop(key, None)
    _leave(run, key)
    run.open_children.pop(key, None)
    run.deadlines.drop(key, "run")
    run.rounds[key] = event.round
    run.previous[key] = event.work.output
    run.revised.pop(key, None)  # Another round is worked out, and asked for, as it was written.
    run.revised_by.pop(key, None)
    run.tries.pop(key, None)
    run.make_due(key)


def _settle(run: Run, step: str, state: SettledState) -> None:
    """Give `step` its last state and count it off the needs of those that wait for it."""
    run.states[step] = state
    if run.working.pop(step, None) is None:
        run.unready(step)
        run.resting.pop(step, None)
    run.unsettled -= 1
    if step in run.special:
        _forget(run, step)
    if run.deadlines.running:
        run.deadlines.drop(step, "run", "total")
    parent = run.steps[step].parent
    if parent:
        run.open_children[parent] -= 1
        if run.open_children[parent] == 0 and type(run.states[parent]) is Expanded:
            run.due[parent] = None
    dependants = run.dependants.get(step)
    if dependants is None:
        return
    good = "good" if type(state) is Succeeded else standing(run, step)
    for dependant in dependants:
        if good == "failed" and run.steps[dependant].runs_after == "success":
            continue  # It never becomes ready: `StepsBlocked` or `StepsCancelled` settles it.
        if good != "good" and run.steps[dependant].runs_after == "success":
            run.special.add(dependant)  # It has to be skipped too.
        run.unmet[dependant] -= 1
        if run.unmet[dependant] == 0 and run.is_waiting(dependant):
            run.arrive(dependant)


def _forget(run: Run, step: str) -> None:
    """Delete what is only needed while `step` is open."""
    _leave(run, step)
    if run.crowds:
        run.leave_crowd(step)
    for notes in (run.released, run.revised, run.previous, run.given_up):
        if notes:
            notes.pop(step, None)
