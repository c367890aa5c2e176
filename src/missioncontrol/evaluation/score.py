"""Scores of trials: the share that passed, with its confidence interval."""

from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import median

import msgspec

from missioncontrol.domain.evaluation import Judged, Outcome

Z = 1.959963984540054
"""Of the normal distribution, for an interval that holds in 95 cases of 100."""

COUNTED: tuple[Outcome, ...] = ("passed", "failed", "stuck", "over_budget")
"""Outcomes that the agent caused; errors are counted separately and are in no share."""


class Share(msgspec.Struct, frozen=True):
    """A share of trials, and the 95 % interval around it."""

    value: float
    low: float
    high: float


class Score(msgspec.Struct, frozen=True):
    """What trials came to; shares and medians are null where nothing counted."""

    trials: int  # judged so far
    passed: int
    failed: int
    stuck: int
    over_budget: int
    error: int
    share: Share | None
    tokens: float | None  # medians over what counted
    cost: float | None  # micro-dollars; null too where the price of some is not known
    seconds: float | None


def wilson(passed: float, trials: int) -> Share:
    """Return Wilson's interval, which also says something where all or none have passed."""
    share = passed / trials
    spread = Z * Z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return Share(share, max(middle - half, 0.0), min(middle + half, 1.0))


def score(judged: Sequence[Judged]) -> Score:
    """Return the score of one scenario, whose trials count alike."""
    counted = [each for each in judged if each.outcome in COUNTED]
    passed = sum(each.outcome == "passed" for each in counted)
    return _score(judged, counted, wilson(passed, len(counted)) if counted else None)


def overall(by_scenario: Iterable[Sequence[Judged]]) -> Score:
    """Return the score of all scenarios together: the mean of their shares, each counting alike.

    Trials of one scenario measure that scenario, so that ten more of them are not ten more
    scenarios. The interval is therefore Wilson's for as many trials as there are scenarios: the
    mean of so many independent shares varies at most as much as that of single trials does.
    """
    groups = [list(each) for each in by_scenario]
    shares = [each.share.value for group in groups if (each := score(group)).share is not None]
    judged = [each for group in groups for each in group]
    counted = [each for each in judged if each.outcome in COUNTED]
    return _score(judged, counted, wilson(sum(shares), len(shares)) if shares else None)


def _score(judged: Sequence[Judged], counted: Sequence[Judged], share: Share | None) -> Score:
    def count(outcome: Outcome) -> int:
        return sum(each.outcome == outcome for each in judged)

    costs = [each.cost for each in counted]
    known = [cost for cost in costs if cost is not None]
    return Score(
        len(judged),
        count("passed"),
        count("failed"),
        count("stuck"),
        count("over_budget"),
        count("error"),
        share,
        _median([each.tokens for each in counted]),
        _median(known) if len(known) == len(costs) else None,
        _median([each.seconds for each in counted]),
    )


def _median(values: Sequence[float]) -> float | None:
    return float(median(values)) if values else None
