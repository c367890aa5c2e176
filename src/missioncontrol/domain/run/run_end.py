"""How a run ends, what the end of one step means for others, and what is refused after it."""

from collections.abc import Iterator

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.run.events import Failure, Outcome, RunEvent, RunSettled, StepsBlocked
from missioncontrol.domain.run.needs_outcome import spoils, tolerated
from missioncontrol.domain.run.states import Failed, Run


def consequences(run: Run, step: str, failure: Failure) -> Iterator[RunEvent]:
    """Block what needed the success of `step`, and settle the run if nothing is left to do."""
    goes_on = run.cancel_reason is not None or tolerated(run, step, Failed(failure))
    blocked = () if goes_on else run.can_never_run(step)
    if blocked:
        yield StepsBlocked(step, blocked)
    if run.unsettled == 1 + len(blocked):
        yield RunSettled(outcome_of(run, step, failure))


def outcome_of(run: Run, failing: str = "", failure: Failure | None = None) -> Outcome:
    """Say how the run ends; the last step may be `failing`, which is not in its state yet.

    Only the workflow's own steps count: one that expanded has ended as those steps decide.
    """
    if run.cancel_reason is not None:
        return run.cancel_outcome
    if (
        failure is not None
        and spoils(run, failing, Failed(failure))
        and not _is_inner(run, failing)
    ):
        return "failed"
    bad = any(
        spoils(run, key, state) for key, state in run.states.items() if not _is_inner(run, key)
    )
    return "failed" if bad else "succeeded"


def _is_inner(run: Run, key: str) -> bool:
    return run.steps[key].parent != ""


def ended_as(status: str) -> str:
    """Say how a run has ended: `has succeeded`, `has failed` or `was cancelled`."""
    return f"{'was' if status == 'cancelled' else 'has'} {status}"


def settled_already(run: str, status: str) -> Rejected:
    """Say that a run has ended."""
    reason = f"Run {run!r} {ended_as(status)}; that never changes."
    return Rejected("run.settled", reason, hint="Start a new run.")


def refuse_if_over(run: Run) -> None:
    if run.is_settled:
        raise settled_already(run.id, run.status)
    if run.cancel_reason is not None:
        raise Rejected("run.cancelling", f"Run {run.id!r} is being cancelled.")


def refuse_unknown(run: Run, step: str) -> None:
    if step not in run.steps:
        raise NotFound("run.unknown_step", f"Run {run.id!r} has no step {step!r}.")


def refuse_unapproved(run: Run, key: str, digest: str) -> None:
    """Refuse to start what is not approved, or something else than was approved."""
    approved = run.released.get(key)
    if approved is None or approved != digest:
        raise Rejected(
            "run.not_approved",
            f"Step {key!r} of run {run.id!r} would run {digest[:12] or 'something unknown'!r}; "
            f"approved is {approved[:12] if approved else 'nothing'!r}.",
            hint="It has to be approved as it is now.",
        )
