"""Daily series, and the values that earlier days lead to expect.

The expectation consists of a level (that of the last weeks), the usual growth, and the weekday. All
are robust: a quarter of the days may be unusual. The usual noise is the robust spread of the days,
but at least chance and a floor, because the spread of a flat series is 0.
"""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from math import exp, log, sqrt
from statistics import median

import msgspec

HISTORY_MIN = 7
LEVEL_DAYS = 28
"""Days that determine the level, so that an older change counts as usual."""

DAY_FLOOR = 0.03
"""Minimal relative noise of a day, besides chance."""

LEVEL_FLOOR, SHARE_FLOOR = 0.02, 0.012
"""Minimal relative noise of the level of counts and of shares."""

DRIFT = 0.005
"""Relative deviation of a count from its growth in a day; it grows with the root of the days."""

GROWTH_MAX = 0.03
"""A larger daily growth can't last and is not extrapolated."""

DAMPING = 0.95
AGREEING_MAX = 0.6
SIGMAS = 1.4826  # standard deviations in a median absolute deviation
OUTLYING = 3.0


class Daily(msgspec.Struct, frozen=True):
    """Consecutive complete days with their values.

    For shares `bases` are the denominators of `hits`; for counts they are empty.
    """

    days: tuple[date, ...]
    hits: tuple[float, ...]
    bases: tuple[float, ...] = ()

    @property
    def is_share(self) -> bool:
        """Whether the hits are a part of bases."""
        return bool(self.bases)


class Expected(msgspec.Struct, frozen=True):
    """The expectation for a window of days."""

    hits: float
    deviation: float  # the usual noise of these hits, as a standard deviation
    chance: float  # the part of that noise that is independent from day to day

    def score(self, observed: float) -> float:
        """Return the distance from the expectation in standard deviations of the usual noise."""
        return (observed - self.hits) / self.deviation

    def between(self, sigmas: float = 1.96) -> tuple[float, float]:
        """Return the range of usual values, by default that of 19 in 20 cases."""
        return max(0.0, self.hits - sigmas * self.deviation), self.hits + sigmas * self.deviation


class Baseline(msgspec.Struct, frozen=True):
    """The expectation for any day, from the days before one."""

    means: tuple[float, ...]  # cumulated, by the number of the day
    variances: tuple[float, ...]  # cumulated
    growth_error: float  # of the growth, a day
    drift: float  # relative, in a day
    level_error: float  # relative
    floor: float  # of that
    middle: float  # index of the middle day of the level

    def expected(self, since: int, until: int) -> Expected:
        """Return the expectation for the days from one index to before another."""
        hits = self.means[until] - self.means[since]
        chance = self.variances[until] - self.variances[since]
        ahead = abs((since + until) / 2 - self.middle)
        relative = self.level_error**2 + (self.growth_error * ahead) ** 2 + self.floor**2
        relative += self.drift**2 * ahead
        return Expected(hits, sqrt(max(chance + relative * hits**2, 1.0)), max(chance, 1.0))


def midmean(values: Sequence[float]) -> float:
    """Return the mean of the middle half."""
    ordered = sorted(values)
    cut = len(ordered) // 4
    middle = ordered[cut : len(ordered) - cut]
    return sum(middle) / len(middle)


def baseline(found: Daily, first: int) -> Baseline | None:
    """Return the baseline from the days before index `first`; None where they are too few."""
    if first < HISTORY_MIN:
        return None
    exposures = _exposures(found, first)
    weekdays = _weekdays(found, exposures, first)
    shape = [
        each * weekdays[day.weekday()] for each, day in zip(exposures, found.days, strict=True)
    ]
    since = max(0, first - LEVEL_DAYS)
    level = _level(found, shape, since, first)
    means = [level * each for each in shape]
    spread = _spread(found, means, level, first)
    variance = _variance_of(found, level)
    error = spread * sqrt(sum(variance(means[at]) for at in range(since, first)))
    return Baseline(
        _cumulated(means),
        _cumulated([spread**2 * variance(each) for each in means]),
        0.0 if found.is_share else _growth_error(spread, means, variance, first),
        0.0 if found.is_share else DRIFT,
        1.1 * error / max(sum(means[since:first]), 1.0),
        SHARE_FLOOR if found.is_share else LEVEL_FLOOR,
        (since + first - 1) / 2,
    )


def growth(found: Daily, first: int) -> float:
    """Return the relative daily growth, from the days before index `first`.

    It is the median over all pairs of equal weekdays, so that neither weekdays nor one bad week
    look like growth, reduced by what chance explains.
    """
    if first < 3 * 7:
        return 0.0
    logs = [log(each + 0.5) for each in found.hits[:first]]
    slopes = [
        (logs[at + apart] - logs[at]) / apart
        for apart in range(7, first, 7)
        for at in range(first - apart)
    ]
    slope = median(slopes)
    usual = max(median(found.hits[:first]), 1.0)
    error = 1.3 * sqrt(1 / usual + 0.05**2) / sqrt(first**3 / 12)
    slope *= max(0.0, 1 - (1.5 * error / slope) ** 2) if slope else 0.0
    return min(max(slope, -GROWTH_MAX), GROWTH_MAX)


def _exposures(found: Daily, first: int) -> list[float]:
    """Return what the hits of each day are proportional to, apart from the weekday."""
    if found.is_share:
        return list(found.bases)
    slope = growth(found, first)
    return [exp(slope * _damped(at - first)) for at in range(len(found.days))]


def _damped(days: int) -> float:
    """Return the effective days of growth after `days`: growth is damped over time."""
    return (1 - DAMPING**days) / (1 - DAMPING) if days > 0 else days


def _weekdays(found: Daily, exposures: Sequence[float], first: int) -> list[float]:
    """Return the relative factor of each weekday."""
    whole = _ratios(found.hits[:first], exposures)
    overall = midmean(whole) if whole else 0.0
    if not overall:
        return [1.0] * 7
    factors = []
    for weekday in range(7):
        numbers = [at for at in range(first) if found.days[at].weekday() == weekday]
        hits = [found.hits[at] for at in numbers]
        own = [exposures[at] for at in numbers]
        ratios = _ratios(hits, own)
        factor = midmean(ratios) / overall if ratios else 1.0
        factors.append(_shrunk(factor, sum(own) * overall) if found.is_share else factor)
    return [max(each, 0.01) for each in factors]


def _shrunk(factor: float, expected: float) -> float:
    """Return a factor of a share, reduced by what chance explains."""
    differs = (factor - 1) ** 2
    return 1 + (factor - 1) * max(0.0, 1 - 1 / max(expected * differs, 1e-9))


def _level(found: Daily, shape: Sequence[float], since: int, first: int) -> float:
    """Return hits divided by shape, over the days without outliers."""
    ratios = _ratios(found.hits[since:first], shape[since:first])
    if not ratios:
        return 0.0
    middle = midmean(ratios)
    variance = _variance_of(found, middle)
    means = [middle * each for each in shape]
    limit = OUTLYING * _spread(found, means, middle, first)
    usual = [
        at
        for at in range(since, first)
        if abs(found.hits[at] - means[at]) <= limit * sqrt(variance(means[at]))
    ]
    exposed = sum(shape[at] for at in usual)
    return sum(found.hits[at] for at in usual) / exposed if exposed else middle


def _variance_of(found: Daily, level: float) -> Callable[[float], float]:
    """Return the variance of a mean by chance and the floor."""
    missed = max(1 - level, 0.02) if found.is_share else 1.0
    return lambda mean: max(mean * missed + (DAY_FLOOR * mean) ** 2, 0.5)


def _spread(found: Daily, means: Sequence[float], level: float, first: int) -> float:
    """Return the ratio of the observed noise to chance, at least 1.

    Autocorrelated days vary less from day to day than from week to week, so autocorrelation
    increases the spread.
    """
    variance = _variance_of(found, level)
    residuals = [(found.hits[at] - means[at]) / sqrt(variance(means[at])) for at in range(first)]
    fitted = sqrt(first / max(first - 8, 1))  # Seven weekdays and the level were fitted.
    # Chance alone sometimes yields a spread slightly above 1.
    spread = SIGMAS * fitted * median(map(abs, residuals)) - 0.8 / sqrt(first)
    spread = max(1.0, spread)
    return spread * sqrt(_agreement(residuals, spread))


def _agreement(residuals: Sequence[float], spread: float) -> float:
    """Return the factor by which autocorrelation increases the variance of many days."""
    bounded = [min(max(each / spread, -OUTLYING), OUTLYING) for each in residuals]
    squares = sum(each**2 for each in bounded)
    if squares < 1e-9:
        return 1.0
    agreeing = sum(one * other for one, other in pairwise(bounded)) / squares
    agreeing -= 0.6 / sqrt(len(bounded))  # Chance sometimes yields as much.
    agreeing = min(max(agreeing, 0.0), AGREEING_MAX)
    return (1 + agreeing) / (1 - agreeing)


def _growth_error(
    spread: float, means: Sequence[float], variance: Callable[[float], float], first: int
) -> float:
    """Return the standard error of the daily growth."""
    if first < 3 * 7:
        return 0.005
    usual = max(median(means[:first]), 1.0)
    return 1.1 * spread * sqrt(variance(usual)) / usual / sqrt(first**3 / 12)


def _ratios(hits: Sequence[float], exposures: Sequence[float]) -> list[float]:
    return [hit / each for hit, each in zip(hits, exposures, strict=False) if each > 0]


def _cumulated(values: Sequence[float]) -> tuple[float, ...]:
    total, found = 0.0, [0.0]
    for value in values:
        total += value
        found.append(total)
    return tuple(found)
