"""A range laid beside as many days before it, weekday by weekday.

Each period is compared with the same days so many whole weeks earlier, whichever day of the month
these are, so that both always have equally many days, and as many of each weekday. Hours are laid
beside the hour that clocks called the same, so that nothing is shifted on a day that has one more
or less; an hour that clocks did not show on the other day, or showed once only, has nothing beside
it.

Nothing is compared with days before the product's data: a rise from days without data is none.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, timedelta
from typing import TypeVar

import msgspec

from missioncontrol.analytics.questions import Active, Range, Trend, Unit
from missioncontrol.analytics.setting import (
    DAY,
    Bucket,
    Setting,
    buckets,
    day_of,
    days_before,
    is_comparable,
    start_of,
    weeks_between,
    zone_of,
)

Mark = tuple[int, int, int]
Asked = TypeVar("Asked", Active, Trend)


def earlier(found: Range, unit: Unit, setting: Setting) -> tuple[Bucket, ...]:
    """Return the periods that a range is compared with, in their order.

    Raises:
        Rejected: as `buckets`.
    """
    if unit == "hour":
        return buckets(days_before(found), unit, setting)
    weeks = weeks_between(found)
    zone = zone_of(setting.zone)
    return tuple(
        Bucket(
            (date.fromisoformat(each.label) - weeks).isoformat(),
            start_of(day_of(each.since, setting) - weeks, zone),
            start_of(_day_after(each, setting) - weeks, zone),
        )
        for each in buckets(found, unit, setting)
    )


def beside(
    periods: Sequence[Bucket], before: Sequence[Bucket], unit: Unit, setting: Setting
) -> list[int | None]:
    """Return which of the periods before stands beside each period of a range."""
    if unit != "hour":
        return list(range(len(periods)))
    places = {mark: place for place, mark in enumerate(_marks(before, setting))}
    return [places.get(mark) for mark in _marks(periods, setting)]


def comparable(question: Asked, setting: Setting) -> Asked:
    """Return a question without its comparison, where that reaches beyond the product's data."""
    if not question.compared or is_comparable(question.range, setting):
        return question
    return msgspec.structs.replace(question, compared=False)


def data_since(question: Active | Trend, setting: Setting) -> str:
    """Return the first day of the data where that is why nothing is compared, or ""."""
    if not question.compared or setting.begins is None or is_comparable(question.range, setting):
        return ""
    return setting.begins.isoformat()


def difference(total: float | None, before: float | None) -> float | None:
    """Return by how much a total differs from the one before; None where that can't be told."""
    if total is None or before is None:
        return None
    return float(f"{total - before:.12g}")  # A difference of shares has no digits of its own.


def change(total: float | None, before: float | None) -> float | None:
    """Return by which share a total differs from the one before; None where that can't be told."""
    return None if total is None or not before else (total - before) / abs(before)


def _day_after(bucket: Bucket, setting: Setting) -> date:
    """Return the first day that is not in a period any more."""
    return day_of(bucket.until - timedelta(microseconds=1), setting) + DAY


def _marks(hours: Sequence[Bucket], setting: Setting) -> Iterator[Mark]:
    """Yield of each hour the number of its day, what clocks show, and how often they did before."""
    zone = zone_of(setting.zone)
    first = day_of(hours[0].since, setting)
    shown: Counter[tuple[int, int]] = Counter()
    for each in hours:
        local = each.since.replace(tzinfo=UTC).astimezone(zone)
        mark = ((day_of(each.since, setting) - first).days, local.hour)
        yield (*mark, shown[mark])
        shown[mark] += 1
