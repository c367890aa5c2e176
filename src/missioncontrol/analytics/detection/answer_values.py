"""Reads numbers at places of answers, so that every figure can be reproduced."""

from collections.abc import Sequence
from datetime import date

from missioncontrol.analytics.answers import (
    ActiveAnswer,
    AnyAnswer,
    Cohort,
    FunnelAnswer,
    LifecycleAnswer,
    Line,
    RetentionAnswer,
    RetentionCell,
    StepCount,
    TrendAnswer,
)
from missioncontrol.analytics.detection.findings import Place
from missioncontrol.analytics.detection.windows import window_of
from missioncontrol.analytics.series import Daily

Pair = tuple[float, float]
"""Hits and their base, which is 0 for counts."""


def daily(answer: AnyAnswer, place: Place) -> Daily:
    """Return the complete days of an answer as a series."""
    pairs = _by_bucket(answer, place)
    days = tuple(date.fromisoformat(bucket) for bucket, _ in pairs)
    hits = tuple(hit for _, (hit, _) in pairs)
    bases = tuple(base for _, (_, base) in pairs)
    return Daily(days, hits, bases if place.aggregate == "share" else ())


def value(answer: AnyAnswer, place: Place) -> float | None:
    """Return the number at a place of an answer; None where it is undefined."""
    if place.expected:
        return _expected(answer, place)
    if not place.since:
        return _aggregate([_whole(answer, place)], place)
    pairs = [
        pair for bucket, pair in _by_bucket(answer, place) if place.since <= bucket <= place.until
    ]
    return _aggregate(pairs, place)


def _expected(answer: AnyAnswer, place: Place) -> float | None:
    found = daily(answer, place)
    days = [each.isoformat() for each in found.days]
    if place.since not in days or place.until not in days:
        return None
    since, until = days.index(place.since), days.index(place.until) + 1
    window = window_of(found, since, until)
    if window is None:
        return None
    low, high = window.expected.between()
    hits = {"low": low, "middle": window.expected.hits, "high": high}[place.expected]
    return aggregated(hits, window.bases, until - since, place)


def aggregated(hits: float, bases: float, days: int, place: Place) -> float:
    """Return the hits of some days in the aggregate of a place."""
    if place.aggregate == "share":
        return min(hits / bases, 1.0) if bases else 0.0
    return hits / days if place.aggregate == "mean" else hits


def _aggregate(pairs: Sequence[Pair], place: Place) -> float | None:
    hits, bases = (sum(each[at] for each in pairs) for at in (0, 1))
    if not pairs or (place.aggregate == "share" and not bases):
        return None
    return aggregated(hits, bases, len(pairs), place)


def _by_bucket(answer: AnyAnswer, place: Place) -> list[tuple[str, Pair]]:
    """Return the hits and base of each complete bucket."""
    match answer:
        case FunnelAnswer():
            return [(each.key, _of_steps(each.steps, place)) for each in answer.trend]
        case RetentionAnswer():
            cohorts = _cohorts(answer, place)
            complete = ((each.bucket, _of_cohort(each, place)) for each in cohorts)
            return [(bucket, pair) for bucket, pair in complete if pair is not None]
        case TrendAnswer() | ActiveAnswer() | LifecycleAnswer():
            line = _line(answer, place)
            values = line.values if line is not None else (0.0,) * len(answer.buckets)
            days_of_line = zip(answer.buckets, answer.complete, values, strict=True)
            return [
                (bucket, (each or 0.0, 0.0)) for bucket, is_over, each in days_of_line if is_over
            ]
        case _:
            return []


def _whole(answer: AnyAnswer, place: Place) -> Pair:
    match answer:
        case FunnelAnswer():
            steps = answer.steps
            if place.breakdown is not None:
                steps = next((g.steps for g in answer.groups if g.key == place.breakdown), ())
            return _of_steps(steps, place)
        case RetentionAnswer():
            pairs = [pair for _, pair in _by_bucket(answer, place)]
            return sum(hit for hit, _ in pairs), sum(base for _, base in pairs)
        case TrendAnswer() | ActiveAnswer() | LifecycleAnswer():
            line = _line(answer, place)
            return (line.total or 0.0) if line is not None else 0.0, 0.0
        case _:
            return 0.0, 0.0


def _line(answer: TrendAnswer | ActiveAnswer | LifecycleAnswer, place: Place) -> Line | None:
    wanted = (place.line, place.breakdown)
    return next((line for line in answer.lines if (line.key, line.breakdown) == wanted), None)


def _cohorts(answer: RetentionAnswer, place: Place) -> tuple[Cohort, ...]:
    if place.breakdown is None:
        return answer.cohorts
    return next((each.cohorts for each in answer.groups if each.key == place.breakdown), ())


def _of_steps(steps: Sequence[StepCount], place: Place) -> Pair:
    if not steps:
        return 0.0, 0.0
    base = float(steps[place.of].reached) if place.of is not None else 0.0
    return float(steps[place.step or 0].reached), base


def _of_cohort(cohort: Cohort, place: Place) -> Pair | None:
    if place.period is None:
        return float(cohort.size), 0.0
    retention: RetentionCell = cohort.kept[place.period]
    return None if retention.people is None else (float(retention.people), float(cohort.size))
