"""State changes of a step outside its attempts: it waits, expands, is cancelled or ends."""

from typing import assert_never

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.graph import find_cycle
from missioncontrol.domain.run.commands import (
    ConcludeStep,
    ExpandStep,
    FailStep,
    HaltRun,
    HoldStep,
    ReadyStep,
    ReleaseStep,
    ReturnStep,
    ReviseStep,
    SkipStep,
)
from missioncontrol.domain.run.events import (
    RunEvent,
    RunHalted,
    RunSettled,
    StepExpanded,
    StepFailed,
    StepHeld,
    StepReadied,
    StepReleased,
    StepRepeated,
    StepRevised,
    StepsCancelled,
    StepSkipped,
    StepSucceeded,
)
from missioncontrol.domain.run.run_end import (
    consequences,
    outcome_of,
    refuse_if_over,
    refuse_unapproved,
    refuse_unknown,
)
from missioncontrol.domain.run.states import Expanded, Run, SettledState, Waiting, Working
from missioncontrol.domain.step import Step, refuse_bad_limits

STEPS_MAX = 100_000
"""Steps of one run, with all that they became."""


def work_out(
    command: ReadyStep | SkipStep | HoldStep | ExpandStep, run: Run, now: float
) -> list[RunEvent]:
    key = command.step
    refuse_if_over(run)
    refuse_unknown(run, key)
    rested = key in run.resting and run.has_rested(key, now) and run.lacks_approval(key)
    changed = key in run.ready and run.steps[key].approval is not None
    is_due = key in run.due and not isinstance(run.states[key], Expanded)
    if not is_due and not ((rested or changed) and isinstance(command, HoldStep)):
        raise Rejected("run.not_due", f"Step {key!r} of run {run.id!r} is not to be worked out.")
    _refuse_another_way(command, run.steps[key])
    match command:
        case ReadyStep():
            return [StepReadied(key, command.inputs, command.slots)]
        case HoldStep():
            return [StepHeld(key, command.approval, command.digest, command.inputs, command.slots)]
        case ExpandStep():
            if needs_a_yes(run.steps[key]):
                refuse_unapproved(run, key, command.digest)
            _refuse_bad_children(command, run)
            return [StepExpanded(key, command.steps, command.inputs)]
        case SkipStep():
            last = [RunSettled(outcome_of(run))] if run.unsettled == 1 else []
            return [StepSkipped(key, command.reason), *last]
        case _:
            assert_never(command)


def _refuse_another_way(command: ReadyStep | SkipStep | HoldStep | ExpandStep, step: Step) -> None:
    """Refuse to start what only becomes other steps, and to make others of what is done itself."""
    becomes_others = step.for_each is not None or bool(step.body)
    wrong = (
        (isinstance(command, ReadyStep) and becomes_others)
        or (isinstance(command, ExpandStep) and not becomes_others)
        or (isinstance(command, HoldStep) and not needs_a_yes(step))
    )
    if wrong:
        raise Rejected(
            "run.not_due", f"{type(command).__name__} does not fit what step {step.key!r} is."
        )


def needs_a_yes(step: Step) -> bool:
    """Whether a person has to agree to the step itself; those for items ask one by one."""
    return step.approval is not None and step.for_each is None


def _refuse_bad_children(command: ExpandStep, run: Run) -> None:
    _refuse_too_many(command, run)
    added: dict[str, Step] = {}
    for step in command.steps:
        if step.key in run.steps or step.key in added or step.parent != command.step:
            raise Rejected(
                "run.duplicate_step",
                f"Step {step.key!r} can't be brought into run {run.id!r} by {command.step!r}: its "
                "name is taken or it names another parent.",
            )
        added[step.key] = step
        refuse_bad_limits(step)
    for step in command.steps:
        for need in step.needs:
            if need not in added:
                raise Rejected(
                    "run.unknown_need",
                    f"Step {step.key!r} needs {need!r}, which {command.step!r} does not bring in.",
                )
    cycle = find_cycle({step.key: step.needs for step in command.steps})
    if cycle:
        raise Rejected(
            "run.cycle", f"Added steps need each other in a circle: {' → '.join(cycle)}."
        )


def _refuse_too_many(command: ExpandStep, run: Run) -> None:
    more = sum(map(_size, command.steps))
    if len(run.steps) + more > STEPS_MAX:
        raise Rejected(
            "run.too_many_steps",
            f"With the {more:,} steps that {command.step!r} becomes, run {run.id!r} would have "
            f"{len(run.steps) + more:,}; at most {STEPS_MAX:,} fit.",
            hint="Filter the items, repeat less often, or split the work into several runs.",
        )


def _size(step: Step) -> int:
    """Count a step with all that it calls, at least once."""
    return 1 + sum(map(_size, step.body))


def answer(command: ReleaseStep | ReviseStep | ReturnStep, run: Run) -> list[RunEvent]:
    refuse_if_over(run)
    refuse_unknown(run, command.step)
    held = run.held.get(command.step)
    if held is None or held.approval != command.approval:
        raise Rejected(
            "run.not_held",
            f"Step {command.step!r} of run {run.id!r} does not wait for {command.approval!r}.",
        )
    if isinstance(command, ReturnStep):
        return _returned(command, run)
    if isinstance(command, ReviseStep):
        return [StepRevised(command.step, command.approval, command.inputs, command.by)]
    if command.digest != held.digest:
        raise Rejected(
            "run.not_approved",
            f"Step {command.step!r} waits for an approval of {held.digest[:12]!r}, and "
            f"{command.digest[:12]!r} was approved.",
        )
    return [StepReleased(command.step, command.approval, command.digest)]


def _returned(command: ReturnStep, run: Run) -> list[RunEvent]:
    refuse_without_round(run, command.step)
    last = [RunSettled(outcome_of(run))] if run.unsettled == 1 else []
    return [StepSkipped(command.step, command.reason, command.findings), *last]


def refuse_without_round(run: Run, step: str) -> None:
    """Refuse to leave a step out where no further round follows that can mend what was found.

    Raises:
        Rejected: `run.no_round`.
    """
    if not run.has_rounds(step):
        raise Rejected(
            "run.no_round",
            f"No further round follows step {step!r} of run {run.id!r}, so nothing would mend "
            "what was found.",
            hint="Reject it with a reason, or ask for other inputs.",
        )


def conclude(command: ConcludeStep, run: Run) -> list[RunEvent]:
    refuse_if_over(run)
    refuse_unknown(run, command.step)
    key = command.step
    if key not in run.due or not isinstance(run.states[key], Expanded):
        raise Rejected("run.not_due", f"Step {key!r} of run {run.id!r} can't end yet.")
    failure = run.given_up.get(key, command.failure)
    if failure is not None:
        return [StepFailed(key, 0, failure), *consequences(run, key, failure)]
    if command.again:
        return [StepRepeated(key, 0, run.rounds.get(key, 0) + 1, command.work)]
    good: RunEvent = StepSucceeded(key, 0, command.work)
    return [good] if run.unsettled > 1 else [good, RunSettled(outcome_of(run))]


def fail(command: FailStep, run: Run) -> list[RunEvent]:
    """Fail a step that no attempt works on; its own steps that have not begun are cancelled."""
    refuse_if_over(run)
    refuse_unknown(run, command.step)
    state = run.states[command.step]
    if isinstance(state, SettledState):
        return []
    if isinstance(state, Working | Waiting):
        raise Rejected(
            "run.not_due", f"Step {command.step!r} of run {run.id!r} can't be failed from outside."
        )
    if isinstance(state, Expanded):
        return _give_up(command, run)
    failed = StepFailed(command.step, 0, command.failure)
    return [failed, *consequences(run, command.step, command.failure)]


def _give_up(command: FailStep, run: Run) -> list[RunEvent]:
    """Cancel what has not begun; the step itself ends when all its own steps have ended."""
    key = command.step
    if key in run.given_up or not run.open_children[key]:
        return []
    inner = tuple(
        each
        for each in run.descendants(key)
        if not isinstance(run.states[each], Working | Expanded)
    )
    return [StepsCancelled(inner, key, command.failure)]


def halt(command: HaltRun, run: Run) -> list[RunEvent]:
    if run.is_settled or run.cancel_reason is not None or run.halt is not None:
        return []
    return [RunHalted(command.code, command.reason)]
