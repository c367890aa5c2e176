"""Finds the window of consecutive days that differs most from the expectation."""

from collections.abc import Iterator
from math import exp, sqrt
from statistics import NormalDist, median

import msgspec

from missioncontrol.analytics.detection.findings import Method
from missioncontrol.analytics.series import (
    Baseline,
    Daily,
    Expected,
    baseline,
    growth,
)

WEEK = 7
HISTORY_MIN = 2 * WEEK
"""Days needed before a change; the last week is also compared with the one before."""

LENGTH_MAX = 28
GUARDS = (1, 2, 3, 5, 7, 10, 14, 21, 28, 35, 42)
"""Distances of the end of a baseline from the last day; a baseline never overlaps the window."""

HITS_MIN, DIFFERENCE_MIN, BASES_MIN = 30.0, 12.0, 60.0
EFFECT_MIN = 0.08
EFFECT_MOST = 100.0  # limits the effect where almost nothing was expected

STEP_MIN = 0.4
"""The part of its effect that a change of a week must have from its start; else it is a trend."""

ENDED = 6.0
"""By how much twice the log-likelihood of an ended change must exceed that of a lasting one."""

WINDOWS = 60  # effective number of independent windows


class Window(msgspec.Struct, frozen=True):
    """Days from one index to before another, with their deviation from the expectation."""

    since: int
    until: int
    observed: float
    expected: Expected
    bases: float  # of a share: its denominator
    score: float
    step: float  # change of the effect from the days before to its first days
    methods: tuple[Method, ...] = ("change",)

    @property
    def effect(self) -> float:
        """How much more or less than expected: -0.35 is 35 % less."""
        return min((self.observed - self.expected.hits) / max(self.expected.hits, 0.5), EFFECT_MOST)

    @property
    def begins(self) -> bool:
        """Whether it starts with a step, as every short window does."""
        return self.until - self.since < WEEK or self.step >= STEP_MIN * abs(self.effect)


def needed(metrics: int, days: int, likely: float, *, recent: int = WEEK - 1) -> float:
    """Return the score from which on a change is significant.

    With many metrics and windows something unusual always occurs; this score occurs by chance with
    the probability `likely`. Windows end within `recent` days of the last one. The noise is
    estimated from `days` days, so the limit is that of a t distribution (Cornish-Fisher expansion).
    """
    windows = WINDOWS * (1 + recent // WEEK)
    normal = NormalDist().inv_cdf(1 - likely / (2 * max(metrics, 1) * windows))
    return normal * (1 + (normal**2 + 1) / (4 * max(days - 8, 8)))


def unusual(found: Daily, limit: float, *, recent: int, shortest: int) -> Window | None:
    """Return the window that differs most, if its score exceeds `limit`.

    It ends within `recent` days of the last one; if it ended before, it has at least `shortest`
    days.
    """
    best: tuple[float, Window] | None = None
    for window in _windows(found, recent, shortest):
        if abs(window.score) < limit or not is_supported(found, window) or not window.begins:
            continue
        difference = window.observed - window.expected.hits
        likelihood = difference**2 / window.expected.chance
        likelihood -= 0.0 if window.until == len(found.days) else ENDED
        if best is None or likelihood > best[0]:
            best = likelihood, window
    if best is None:
        return _compared(found, limit, shortest)
    ways = (way for way, score in _scores(found).items() if _agrees(score, best[1], limit))
    return msgspec.structs.replace(best[1], methods=(*ways, "change"))


def is_supported(found: Daily, window: Window) -> bool:
    """Whether a window has enough volume and a large enough difference to report."""
    expected = window.expected.hits
    return (
        max(window.observed, expected) >= HITS_MIN
        and abs(window.observed - expected) >= DIFFERENCE_MIN
        and abs(window.effect) >= EFFECT_MIN
        and (not found.is_share or window.bases >= BASES_MIN)
    )


def window_of(found: Daily, since: int, until: int) -> Window | None:
    """Return the window of some days; None without enough earlier days."""
    baseline_end = _guard(len(found.days), since)
    known = baseline(found, baseline_end) if baseline_end >= HISTORY_MIN else baseline(found, since)
    return None if known is None else _window(found, known, since, until)


def last_week(found: Daily) -> float | None:
    """Return the score of the last 7 days against the 7 before, by the usual growth."""
    days = len(found.days)
    if days < 2 * WEEK:
        return None
    before, after = (sum(found.hits[at : at + WEEK]) for at in (days - 2 * WEEK, days - WEEK))
    if found.is_share:
        bases = [sum(found.bases[at : at + WEEK]) for at in (days - 2 * WEEK, days - WEEK)]
        times = bases[1] / bases[0] if bases[0] else 0.0
    else:
        times = exp(WEEK * growth(found, days - WEEK))
    known = window_of(found, days - WEEK, days)
    if known is None:
        deviation = sqrt(max(after + before * times**2, 1.0) + (0.04 * before * times) ** 2)
    else:
        deviation = known.expected.deviation * sqrt(1 + times)
    return (after - before * times) / deviation


def last_day(found: Daily) -> float | None:
    """Return the score of the last day against the median of that weekday before it."""
    days = len(found.days)
    known = window_of(found, days - 1, days)
    numbers = range(days - 1 - WEEK, -1, -WEEK)
    if known is None or len(numbers) < 2:
        return None
    if found.is_share:
        ratios = [found.hits[at] / found.bases[at] for at in numbers if found.bases[at]]
        usual = median(ratios) * found.bases[-1] if ratios else 0.0
    else:
        slope = growth(found, days - 1)
        usual = median(found.hits[at] * exp(slope * (days - 1 - at)) for at in numbers)
    deviation = known.expected.deviation * sqrt(1 + 1.57 / len(numbers))  # That of a median.
    return (found.hits[-1] - usual) / deviation


def _scores(found: Daily) -> dict[Method, float | None]:
    return {"week": last_week(found), "day": last_day(found)}


def _compared(found: Daily, limit: float, shortest: int) -> Window | None:
    """Return the last week or day, if it differs from the week before or the same weekdays.

    It also has to differ from the baseline, because the week before may have been the unusual one.
    """
    days = len(found.days)
    for way, score in _scores(found).items():
        length = WEEK if way == "week" else 1
        window = window_of(found, days - length, days) if score and length >= shortest else None
        if window is None or not _agrees(score, window, limit) or not is_supported(found, window):
            continue
        if abs(window.score) >= limit / 2:
            return msgspec.structs.replace(window, score=score, methods=(way,))
    return None


def _agrees(score: float | None, window: Window, limit: float) -> bool:
    return score is not None and abs(score) >= limit and (score < 0) == (window.score < 0)


def _windows(found: Daily, recent: int, shortest: int) -> Iterator[Window]:
    days = len(found.days)
    if WEEK <= days - WEEK < HISTORY_MIN:
        week = window_of(found, days - WEEK, days)
        yield from () if week is None else (week,)
    baselines: dict[int, Baseline | None] = {}
    for since in range(max(HISTORY_MIN, days - LENGTH_MAX - recent), days):
        guard = _guard(days, since)
        baseline_end = guard if guard >= HISTORY_MIN else since
        if baseline_end not in baselines:
            baselines[baseline_end] = baseline(found, baseline_end)
        known = baselines[baseline_end]
        if known is None:
            continue
        for until in range(max(since + 1, days - recent), min(since + LENGTH_MAX, days) + 1):
            if until == days or until - since >= shortest:
                yield _window(found, known, since, until)


def _guard(days: int, since: int) -> int:
    """Return the end of the baseline for a window that starts with a day."""
    return next((days - each for each in GUARDS if days - each <= since), since)


def _window(found: Daily, known: Baseline, since: int, until: int) -> Window:
    observed = sum(found.hits[since:until])
    expected = known.expected(since, until)
    bases = sum(found.bases[since:until])
    score = expected.score(observed)
    first = min(since + WEEK, until)
    step = _excess(found, known, since, first) - _excess(found, known, max(since - WEEK, 0), since)
    return Window(since, until, observed, expected, bases, score, step if score > 0 else -step)


def _excess(found: Daily, known: Baseline, since: int, until: int) -> float:
    hits = max(known.expected(since, until).hits, 0.5)
    return (sum(found.hits[since:until]) - hits) / hits
