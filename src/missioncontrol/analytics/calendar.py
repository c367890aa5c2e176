"""The calendar of a product, and the moment as of which its questions are answered."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from missioncontrol.analytics.questions import Range, Unit
from missioncontrol.domain.errors import Rejected

Weekday = Literal["monday", "sunday", "saturday"]

FIRST_DAY: dict[Weekday, int] = {"monday": 0, "saturday": 5, "sunday": 6}
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)
"""The allowed days, far from the limits of `date`."""

DAYS_MAX = 36_600
"""The longest range, a century. `PERIODS_MAX` bounds the size of an answer."""

PERIODS_MAX = 20_000
"""Periods of one answer: 54 years of days, or two years of hours."""


class Setting(msgspec.Struct, frozen=True):
    """The calendar of a product, and the moment up to which its data is complete.

    Moments are UTC without an offset, as in the warehouse.
    """

    as_of: datetime
    zone: str = "UTC"
    week_starts: Weekday = "monday"
    begins: date | None = None  # the first day of the product's data; None if unknown


class Bucket(msgspec.Struct, frozen=True):
    """The part of a period within the range: from `since` up to, but without, `until`."""

    label: str  # the first day of the whole period; for an hour its time with offset
    since: datetime
    until: datetime
    is_whole: bool = True  # whether the range contains the whole period

    def is_complete(self, as_of: datetime) -> bool:
        """Whether the range contains the whole period, and the period is over."""
        return self.is_whole and self.until <= as_of


def bounds(found: Range, setting: Setting) -> tuple[datetime, datetime]:
    """Return the start of a range and the start of the day after it.

    Raises:
        Rejected: `analytics.bad_range` or `analytics.bad_zone`.
    """
    _check(found)
    zone = zone_of(setting.zone)
    return start_of(found.since, zone), start_of(found.until + DAY, zone)


def buckets(found: Range, unit: Unit, setting: Setting) -> tuple[Bucket, ...]:
    """Return the periods of a range in order; a day of a clock change has 23 or 25 hours.

    Raises:
        Rejected: as `bounds`.
    """
    bounds(found, setting)
    _refuse_many_periods(found, unit)
    zone = zone_of(setting.zone)
    if unit == "hour":
        days = (found.since + DAY * each for each in range((found.until - found.since).days + 1))
        return tuple(each for day in days for each in _hours(day, zone))
    return tuple(_periods(found, unit, setting, zone))


def days_before(found: Range) -> Range:
    """Return as many days before on the same weekdays, to compare a range with.

    Raises:
        Rejected: `analytics.bad_range`.
    """
    _check(found)
    weeks = weeks_between(found)
    return Range(found.since - weeks, found.until - weeks)


def is_comparable(found: Range, setting: Setting, *, reach: int = 0) -> bool:
    """Whether the data covers the days before a range, and `reach` days before these.

    Without a known first day of the data the comparison is allowed.
    """
    if setting.begins is None:
        return True
    return days_before(found).since - DAY * reach >= setting.begins


def weeks_between(found: Range) -> timedelta:
    """Return the distance of a range to its comparison: the fewest whole weeks without overlap.

    Thirty days and the thirty before may differ in their number of weekends, and would compare a
    Monday with a Saturday. Whole weeks compare each day with its own weekday.
    """
    days = (found.until - found.since).days + 1
    return timedelta(weeks=-(-days // 7))


def interval_for(found: Range) -> Literal["day", "week", "month"]:
    """Return the default period of a range, so that there are at most about 200."""
    days = (found.until - found.since).days + 1
    if days <= 200:
        return "day"
    return "week" if days <= 200 * 7 else "month"


def day_of(moment: datetime, setting: Setting) -> date:
    """Return the day of a moment in the product's zone."""
    return moment.replace(tzinfo=UTC).astimezone(zone_of(setting.zone)).date()


def period_of(day: date, unit: Unit, week_starts: Weekday) -> date:
    """Return the first day of the period that contains a day."""
    if unit == "month":
        return day.replace(day=1)
    if unit == "week":
        return day - timedelta(days=(day.weekday() - FIRST_DAY[week_starts]) % 7)
    return day


def period_after(day: date, unit: Unit, periods: int = 1) -> date:
    """Return the first day of the period `periods` after the one that starts with a day."""
    if unit == "month":
        months = day.year * 12 + day.month - 1 + periods
        return date(months // 12, months % 12 + 1, 1)
    return day + timedelta(days=periods * (7 if unit == "week" else 1))


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the start of a day, which is later than midnight where clocks skip midnight."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    # Where clocks go back across midnight, the day starts at the second midnight; where they go
    # back to midnight, as in Havana, both belong to the day and it starts with the first.
    later = midnight.replace(fold=1).astimezone(UTC)
    first = midnight.astimezone(UTC)
    just_before = (later - timedelta(microseconds=1)).astimezone(zone).date()
    is_second = later.astimezone(zone).date() == day and just_before < day
    return (later if is_second else first).replace(tzinfo=None)


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        Rejected: `analytics.bad_zone`.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Rejected(
            "analytics.bad_zone",
            f"There is no time zone {name!r}.",
            hint="Use a name such as `Europe/Zurich` or `UTC`.",
        ) from None


def _hours(day: date, zone: ZoneInfo) -> Iterator[Bucket]:
    since, end = start_of(day, zone), start_of(day + DAY, zone)
    while since < end:
        until = min(since + HOUR, end)
        local = since.replace(tzinfo=UTC).astimezone(zone)
        yield Bucket(local.isoformat(timespec="minutes"), since, until)
        since = until


def _periods(found: Range, unit: Unit, setting: Setting, zone: ZoneInfo) -> Iterator[Bucket]:
    first = period_of(found.since, unit, setting.week_starts)
    while first <= found.until:
        after = period_after(first, unit)
        since, until = max(first, found.since), min(after, found.until + DAY)
        is_whole = (since, until) == (first, after)
        yield Bucket(first.isoformat(), start_of(since, zone), start_of(until, zone), is_whole)
        first = after


def _check(found: Range) -> None:
    days = (found.until - found.since).days + 1
    if not 1 <= days <= DAYS_MAX:
        raise Rejected(
            "analytics.bad_range",
            f"From {found.since} to {found.until} is {days} days; it must be 1 to {DAYS_MAX:,}.",
            hint="Choose a shorter range.",
        )
    if not FIRST <= found.since <= found.until <= LAST:
        raise Rejected(
            "analytics.bad_range",
            f"From {found.since} to {found.until} is out of range.",
            hint=f"Choose days from {FIRST} to {LAST}.",
        )


DAYS_IN: dict[Unit, float] = {"hour": 1 / 24, "day": 1, "week": 7, "month": 28}


def _refuse_many_periods(found: Range, unit: Unit) -> None:
    days = (found.until - found.since).days + 1
    periods = int(days / DAYS_IN[unit])
    if periods > PERIODS_MAX:
        raise Rejected(
            "analytics.bad_range",
            f"From {found.since} to {found.until} are {periods:,} {unit}s; at most"
            f" {PERIODS_MAX:,} periods fit one answer.",
            hint="Choose a longer period, such as `week` or `month`, or fewer days.",
        )
