"""What happened day by day, and what the days before let expect of a day.

The expectation is of a level (that of the last weeks), the usual growth, and the weekday. All of it
is robust: a quarter of the days may have been unusual. The usual noise is the robust spread of the
days, never less than chance and a floor, for the spread alone is nothing where a series is flat.
"""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from math import exp, log, sqrt
from statistics import median

import msgspec

HISTORY_MIN = 7
LEVEL_DAYS = 28
"""The level is that of so many days, so that what changed long ago is usual by now."""

DAY_FLOOR = 0.03
"""How much a day differs at least, besides chance."""

LEVEL_FLOOR, SHARE_FLOOR = 0.02, 0.012
"""The same of a level of many days, of counts and of shares."""

DRIFT = 0.005
"""How far a count strays from its usual growth in a day; as the root of the days in many."""

GROWTH_MAX = 0.03
"""More a day than this is no growth that goes on."""

DAMPING = 0.95
AGREEING_MAX = 0.6
SIGMAS = 1.4826  # standard deviations in a median absolute deviation
OUTLYING = 3.0


class Daily(msgspec.Struct, frozen=True):
    """Days in a row that are over, and what happened on each.

    Of shares `bases` is of how many the hits are a part; of counts it is empty.
    """

    days: tuple[date, ...]
    hits: tuple[float, ...]
    bases: tuple[float, ...] = ()

    @property
    def is_share(self) -> bool:
        """Whether the hits are a part of bases."""
        return bool(self.bases)


class Expected(msgspec.Struct, frozen=True):
    """What the days before a window let expect of it."""

    hits: float
    deviation: float  # the usual noise of these hits, as a standard deviation
    chance: float  # the part of that noise that is independent from day to day

    def score(self, observed: float) -> float:
        """Return how far from expected something is, in units of the usual noise."""
        return (observed - self.hits) / self.deviation

    def between(self, sigmas: float = 1.96) -> tuple[float, float]:
        """Return where it would be as usual, in 19 of 20 cases."""
        return max(0.0, self.hits - sigmas * self.deviation), self.hits + sigmas * self.deviation


class Baseline(msgspec.Struct, frozen=True):
    """What the days before one let expect of any day."""

    means: tuple[float, ...]  # cumulated, by the number of the day
    variances: tuple[float, ...]  # cumulated
    growth_error: float  # of the growth, a day
    drift: float  # relative, in a day
    level_error: float  # relative
    floor: float  # of that
    middle: float  # number of the day on which the level was taken

    def expected(self, since: int, until: int) -> Expected:
        """Return what is expected of the days from one to before another, by number."""
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
    """Return what the days before number `first` let expect; None where they are too few."""
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
    """Return by how much more there is each day, by the days before number `first`.

    It is the median over all pairs of the same weekday, so that neither weekdays nor a bad week
    make growth; and of that, what is more than chance.
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
    """Return what a day's hits are in proportion to, but for the weekday."""
    if found.is_share:
        return list(found.bases)
    slope = growth(found, first)
    return [exp(slope * _damped(at - first)) for at in range(len(found.days))]


def _damped(days: int) -> float:
    """Return how many days of growth are expected after so many: it goes on, but less and less."""
    return (1 - DAMPING**days) / (1 - DAMPING) if days > 0 else days


def _weekdays(found: Daily, exposures: Sequence[float], first: int) -> list[float]:
    """Return how much more there is on each weekday."""
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
    """Return a factor of a share, so far as it is more than chance."""
    differs = (factor - 1) ** 2
    return 1 + (factor - 1) * max(0.0, 1 - 1 / max(expected * differs, 1e-9))


def _level(found: Daily, shape: Sequence[float], since: int, first: int) -> float:
    """Return hits through shape, of the days that are not outlying."""
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
    """Return the variance that chance and the floor give to a mean."""
    missed = max(1 - level, 0.02) if found.is_share else 1.0
    return lambda mean: max(mean * missed + (DAY_FLOOR * mean) ** 2, 0.5)


def _spread(found: Daily, means: Sequence[float], level: float, first: int) -> float:
    """Return how many times as much as by chance alone days differ, never less than once.

    Days that resemble the one before them differ less from it than weeks do from weeks: so far as
    they do, the spread is more.
    """
    variance = _variance_of(found, level)
    residuals = [(found.hits[at] - means[at]) / sqrt(variance(means[at])) for at in range(first)]
    fitted = sqrt(first / max(first - 8, 1))  # A weekday each, and the level, were fitted to them.
    # By chance alone the spread of so many days is a little more than 1 now and then.
    spread = SIGMAS * fitted * median(map(abs, residuals)) - 0.8 / sqrt(first)
    spread = max(1.0, spread)
    return spread * sqrt(_agreement(residuals, spread))


def _agreement(residuals: Sequence[float], spread: float) -> float:
    """Return by how much the variance of many days is more than that of each, one by one."""
    bounded = [min(max(each / spread, -OUTLYING), OUTLYING) for each in residuals]
    squares = sum(each**2 for each in bounded)
    if squares < 1e-9:
        return 1.0
    agreeing = sum(one * other for one, other in pairwise(bounded)) / squares
    agreeing -= 0.6 / sqrt(len(bounded))  # By chance alone it is as much as this now and then.
    agreeing = min(max(agreeing, 0.0), AGREEING_MAX)
    return (1 + agreeing) / (1 - agreeing)


def _growth_error(
    spread: float, means: Sequence[float], variance: Callable[[float], float], first: int
) -> float:
    """Return the standard error of the growth a day."""
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
