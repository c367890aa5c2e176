"""In which period of a calendar a moment is, day by day in plain Python."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from missioncontrol.analytics.calendar import Setting, start_of, zone_of
from missioncontrol.analytics.questions import Range, Unit

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FIRST = {"monday": 0, "saturday": 5, "sunday": 6}


def days_of(found: Range) -> list[date]:
    return [found.since + DAY * each for each in range((found.until - found.since).days + 1)]


def before_by(found: Range) -> timedelta:
    """Return how far back a range has to go, week by week, until it meets none of its days."""
    days, back = days_of(found), 7 * DAY
    while any(day - back in days for day in days):
        back += 7 * DAY
    return back


def is_on(day: date, moment: datetime, setting: Setting) -> bool:
    return _start(day, setting.zone) <= moment < _start(day + DAY, setting.zone)


def day_on(moment: datetime, setting: Setting) -> date:
    """Return the day on which a moment is."""
    near = moment.replace(tzinfo=UTC).astimezone(zone_of(setting.zone)).date()
    (found,) = (day for day in (near - DAY, near, near + DAY) if is_on(day, moment, setting))
    return found


@lru_cache(10_000)
def _start(day: date, zone: str) -> datetime:
    return start_of(day, zone_of(zone))


def first_of(day: date, unit: Unit, setting: Setting) -> date:
    """Return the first day of the period in which a day is."""
    if unit == "day":
        return day
    if unit == "month":
        return date(day.year, day.month, 1)
    while day.weekday() != FIRST[setting.week_starts]:
        day -= DAY
    return day


def previous(first: date, unit: Unit, setting: Setting) -> date:
    """Return the first day of the period before the one that begins with a day."""
    return first_of(first - DAY, unit, setting)


def whole(first: date, unit: Unit, setting: Setting) -> list[date]:
    """Return all days of the period that begins with a day."""
    each = (first + DAY * number for number in range(32))
    return [day for day in each if first_of(day, unit, setting) == first]


def periods(found: Range, unit: Unit, setting: Setting) -> dict[date, list[date]]:
    """Return the days of the range in each period, by its first day."""
    result: dict[date, list[date]] = {}
    for day in days_of(found):
        result.setdefault(first_of(day, unit, setting), []).append(day)
    return result
