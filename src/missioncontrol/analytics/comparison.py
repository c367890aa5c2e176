"""Comparison of a range with as many days before it, weekday by weekday.

Each period is compared with the same weekdays whole weeks earlier, whatever their day of the month,
so that both have equally many of each weekday. An hour is compared with the hour of the same name,
so that days of clock changes shift nothing; an hour that does not exist on the other day, or exists
only once, has no counterpart.

Nothing is compared with days before the product's data, because a rise from days without data is
not a change.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, timedelta
from typing import TypeVar

import msgspec

from missioncontrol.analytics.calendar import (
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
from missioncontrol.analytics.questions import Active, Range, Trend, Unit

Mark = tuple[int, int, int]
Comparable = TypeVar("Comparable", Active, Trend)


def earlier(found: Range, unit: Unit, setting: Setting) -> tuple[Bucket, ...]:
    """Return the periods to compare a range with, in order.

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
    """Return for each period of a range the index of its counterpart, or None."""
    if unit != "hour":
        return list(range(len(periods)))
    places = {mark: place for place, mark in enumerate(_marks(before, setting))}
    return [places.get(mark) for mark in _marks(periods, setting)]


def comparable(question: Comparable, setting: Setting) -> Comparable:
    """Return a question, without its comparison where the product lacks data for it."""
    if not question.compared or is_comparable(question.range, setting):
        return question
    return msgspec.structs.replace(question, compared=False)


def data_since(question: Active | Trend, setting: Setting) -> str:
    """Return the first day of the data where it prevents the comparison, else ""."""
    if not question.compared or setting.begins is None or is_comparable(question.range, setting):
        return ""
    return setting.begins.isoformat()


def difference(total: float | None, before: float | None) -> float | None:
    """Return the difference of two totals; None where one is undefined."""
    if total is None or before is None:
        return None
    return float(f"{total - before:.12g}")  # Rounds float noise of shares off.


def change(total: float | None, before: float | None) -> float | None:
    """Return the relative change of a total; None where it is undefined."""
    return None if total is None or not before else (total - before) / abs(before)


def _day_after(bucket: Bucket, setting: Setting) -> date:
    """Return the first day after a period."""
    return day_of(bucket.until - timedelta(microseconds=1), setting) + DAY


def _marks(hours: Sequence[Bucket], setting: Setting) -> Iterator[Mark]:
    """Yield for each hour its day number, its local hour, and how often that occurred before."""
    zone = zone_of(setting.zone)
    first = day_of(hours[0].since, setting)
    shown: Counter[tuple[int, int]] = Counter()
    for each in hours:
        local = each.since.replace(tzinfo=UTC).astimezone(zone)
        mark = ((day_of(each.since, setting) - first).days, local.hour)
        yield (*mark, shown[mark])
        shown[mark] += 1
