"""Series of days by chance, and with a change in them."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from math import exp, sqrt
from random import Random

from missioncontrol.analytics.series import Daily

FIRST = date(2026, 9, 14)  # a Monday
WEEKDAYS = (1.1, 1.1, 1.1, 1.05, 0.95, 0.7, 0.75)

Change = Callable[[int], float]


def never(_: int) -> float:
    return 1.0


def between(since: int, until: int, times: float) -> Change:
    return lambda day: times if since <= day < until else 1.0


def days(many: int) -> tuple[date, ...]:
    return tuple(FIRST + timedelta(days=each) for each in range(many))


def given(hits: Sequence[float], bases: Sequence[float] = ()) -> Daily:
    return Daily(days(len(hits)), tuple(map(float, hits)), tuple(map(float, bases)))


def counts(
    seed: int, level: float, change: Change = never, *, many: int = 70, growth: float = 0.003
) -> Daily:
    """Return counts with weekdays and growth, as uneven as they use to be."""
    dice = Random(seed)
    hits = []
    for day in range(many):
        mean = level * exp(growth * day) * WEEKDAYS[day % 7] * change(day)
        hits.append(max(0, round(mean + sqrt(mean + (0.03 * mean) ** 2) * dice.gauss(0, 1))))
    return given(hits)


def shares(seed: int, base: float, rate: float, change: Change = never, many: int = 70) -> Daily:
    dice = Random(seed)
    bases = counts(seed, base, many=many).hits
    hits = [
        sum(dice.random() < rate * change(day) for _ in range(int(n)))
        for day, n in enumerate(bases)
    ]
    return given(hits, bases)
