"""Estimates of time, tokens and money: from what earlier runs like this one took."""

from collections.abc import Callable, Iterator, Sequence

from missioncontrol.domain.estimates import Actual, Estimate, Measure
from missioncontrol.specialists.estimating.changes import Foreseen
from missioncontrol.specialists.estimating.ranges import (
    CASES_MIN,
    HELD_MIN,
    WIDEST,
    Range,
    foreseen,
    rounded,
    whole,
)

NEAREST = 20
"""The newest earlier runs that one is foreseen from."""
BEFORE_MIN = 5
"""With fewer, nothing is foreseen."""
NEEDED = BEFORE_MIN + CASES_MIN
NAMED = 3

ActualValue = Callable[[Actual], float | None]
MEASURES: tuple[tuple[Measure, str, ActualValue], ...] = (
    ("seconds", "Time", lambda actual: actual.seconds),
    ("tokens", "Tokens", lambda actual: float(actual.tokens)),
    ("cost", "Cost", lambda actual: None if actual.cost is None else float(actual.cost)),
)


def from_runs(actuals: Sequence[Actual]) -> Foreseen:
    """Return what a whole run will take, from earlier ones, the newest first."""
    runs = [each for each in actuals if not each.task]
    if len(runs) < NEEDED:
        ended = (
            f"{len(runs) or 'no'} comparable run{'s' if len(runs) > 1 else ''} ended here before"
        )
        why = f"Time and cost of the whole run are not estimated: {ended}, and {NEEDED} are needed."
        return Foreseen(unestimated=(why,))
    estimates: list[Estimate] = []
    unestimated: list[str] = []
    for measure, title, value_of in MEASURES:
        values = [value_of(each) for each in runs]
        known = [value for value in values if value is not None]
        # Where a price is missing, a sum would be too small; and nothing used is nothing to tell.
        if len(known) == len(values) and any(known):
            found = _estimated(measure, known, runs)
            if isinstance(found, Estimate):
                estimates.append(found)
            else:
                unestimated.append(f"{title} of the whole run is not estimated: {found}.")
    return Foreseen(tuple(estimates), tuple(unestimated))


def _estimated(measure: Measure, values: Sequence[float], runs: Sequence[Actual]) -> Estimate | str:
    """Return the estimate of a measure, or why there is none."""
    span, walked = _range(measure, values), list(_walked(measure, values))
    held = sum(walked) / max(1, len(walked))
    if not span.is_narrow:
        return f"the most of the range would be over {WIDEST} times its least"
    if len(walked) < CASES_MIN:
        return f"a range can be checked on {len(walked)} runs, and {CASES_MIN} are needed"
    if held < HELD_MIN:
        return f"such ranges held only {sum(walked)} of {len(walked)} runs"
    named = tuple(map(_in_words, runs[:NAMED]))
    return Estimate(
        "", measure, *span, named, min(len(values), NEAREST), round(held, 3), len(walked)
    )


def _range(measure: Measure, before: Sequence[float]) -> Range:
    span = foreseen(before[:NEAREST])
    return rounded(span) if measure == "seconds" else whole(span)


def _walked(measure: Measure, values: Sequence[float]) -> Iterator[bool]:
    """Yield of each run whether the range from those before it held, where one is reported."""
    for number in range(len(values) - BEFORE_MIN):
        span = _range(measure, values[number + 1 :])
        if span.is_narrow:
            yield span.holds(values[number])


def _in_words(actual: Actual) -> str:
    tokens = f", {actual.tokens:,} tokens" if actual.tokens else ""
    return f"{actual.run} ({actual.seconds:.3g} s{tokens})"
