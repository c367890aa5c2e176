"""Estimates of time, tokens and money: from what tasks of the same role took in earlier runs."""

from collections.abc import Callable, Iterator, Sequence

from missioncontrol.domain.foresight import Actual, Estimate, Measure
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.specialists.estimating.changes import Foreseen
from missioncontrol.specialists.estimating.ranges import SHARE, Range, foreseen, rounded, whole

NEAREST = 20
ENOUGH = 3
"""With fewer earlier runs, nothing is said."""
CASES_MIN = 10
"""With fewer, how often such a range held is not said."""
NAMED = 3

Told = Callable[[Actual], float | None]
MEASURES: tuple[tuple[Measure, Told], ...] = (
    ("seconds", lambda actual: actual.seconds),
    ("tokens", lambda actual: float(actual.tokens)),
    ("cost", lambda actual: None if actual.cost is None else float(actual.cost)),
)


def from_runs(plan: Plan, actuals: Sequence[Actual]) -> Foreseen:
    """Return what a run of this plan will take, as a whole and task by task."""
    runs = [each for each in actuals if not each.task][:NEAREST]
    estimates = [*_estimates("", runs)]
    for task in plan.tasks():
        if not task.is_handover:
            estimates += _estimates(task.key, _alike(task, actuals))
    if len(runs) >= ENOUGH:
        return Foreseen(tuple(estimates))
    ended = f"{len(runs) or 'no'} comparable run{'s' if len(runs) > 1 else ''} ended here before"
    why = f"Time and cost of the whole run are not estimated: {ended}, and {ENOUGH} are needed."
    return Foreseen(tuple(estimates), (why,))


def _alike(task: Task, actuals: Sequence[Actual]) -> list[Actual]:
    """Return what tasks of the same role took; a change only where the same agent made it."""
    return [
        each
        for each in actuals
        if each.task and each.role == task.role and (not task.agent or each.agent == task.agent)
    ][:NEAREST]


def _estimates(task: str, alike: Sequence[Actual]) -> Iterator[Estimate]:
    for measure, told in MEASURES:
        values = [told(each) for each in alike]
        known = [value for value in values if value is not None]
        # Where a price is missing, a sum would be too small; and nothing used is nothing to tell.
        if len(known) == len(values) >= ENOUGH and (measure == "seconds" or any(known)):
            span = foreseen(known)
            told_span = rounded(span) if measure == "seconds" else whole(span)
            yield Estimate(
                task,
                measure,
                *told_span,
                tuple(map(_in_words, alike[:NAMED])),
                len(known),
                _held(known),
                len(known) if len(known) >= CASES_MIN else 0,
            )


def _held(values: Sequence[float]) -> float | None:
    """Return how often a value fell into the range that the others give; None of too few."""
    if len(values) < CASES_MIN:
        return None
    inside = 0
    for number, value in enumerate(values):
        span: Range = foreseen([*values[:number], *values[number + 1 :]], SHARE)
        inside += span.holds(value)
    return inside / len(values)


def _in_words(actual: Actual) -> str:
    what = f"{actual.task} of " if actual.task else ""
    tokens = f", {actual.tokens:,} tokens" if actual.tokens else ""
    return f"{what}{actual.run} ({actual.seconds:.3g} s{tokens})"
