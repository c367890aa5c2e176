"""What the ends of its needs mean for a step: it runs, is skipped, or is blocked."""

from typing import Literal

from missioncontrol.domain.run.states import (
    Blocked,
    Cancelled,
    Failed,
    Run,
    Skipped,
    StepState,
    Succeeded,
)


def reason_to_skip(run: Run, key: str) -> str:
    """Return why its needs alone keep a due step from running, or an empty text where they don't.

    A step that looks at how its needs ended (`runs_after` any) always goes on to its condition. One
    that is there for the failure of others runs if one of those has failed and its other needs are
    good. What needs a failed step never becomes due: it was blocked when that failed. See the
    tables in docs/guides/workflows.md.
    """
    step = run.steps[key]
    if step.handles and not any(isinstance(run.states[each], Failed) for each in step.handles):
        return f"Nothing that it handles has failed: {', '.join(step.handles)}."
    if step.runs_after == "any" and not step.handles:
        return ""
    bad = [n for n in step.needs if n not in step.handles and standing(run, n) != "good"]
    return f"It needs {bad[0]!r}, which {_ended(run.states[bad[0]])}." if bad else ""


def _ended(state: StepState) -> str:
    """Return how a step that is not good for others ended, after `which`."""
    match state:
        case Failed():
            return "failed"
        case Skipped() | Blocked() | Cancelled():
            return f"was {type(state).__name__.lower()}"
        case _:
            return "has not ended"


def standing(run: Run, key: str) -> Literal["good", "skipped", "failed"]:
    """Say whether a step that has ended counts as done, left out, or failed for what needs it."""
    state = run.states[key]
    match state:
        case Succeeded():
            return "good"
        case Skipped():
            return "skipped"
        case _:
            return "good" if tolerated(run, key, state) else "failed"


def tolerated(run: Run, key: str, state: StepState) -> bool:
    """Whether `state` is a failure that its workflow goes on from.

    A person's no is never gone on from.
    """
    if not isinstance(state, Failed) or state.failure.code.startswith("approval."):
        return False
    return run.steps[key].on_failure == "continue"


def spoils(run: Run, key: str, state: StepState) -> bool:
    """Whether a step that ended like this keeps its run from succeeding."""
    bad = isinstance(state, Failed | Blocked | Cancelled)
    return bad and not tolerated(run, key, state)
