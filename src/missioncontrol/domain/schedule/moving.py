"""Moves a cron expression: what it becomes where one of its slots is to fire at another time."""

import re
from datetime import datetime

from missioncontrol.domain.errors import Rejected

NUMBER = re.compile(r"\d{1,2}")
DAYS_MAX = 28
"""Days of a month that every month has."""

NAMES = {name: str(n) for n, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}


def moved(cron: str, slot: datetime, to: datetime) -> str:
    """Return the expression of which `slot` fires at `to`; both are local times of its zone.

    What it says once is changed: the hour and the minute, and the weekday or the day of the month.

    Raises:
        Rejected: `schedule.not_movable` where it has several times a day, or several days.
    """
    fields = EXPANDED.get(cron, cron).split()
    if len(fields) != 5:
        raise _not_movable(cron, "it has no five fields")
    minute, hour, day, month, weekday = fields
    if (slot.hour, slot.minute) != (to.hour, to.minute):
        if not (NUMBER.fullmatch(minute) and NUMBER.fullmatch(hour)):
            raise _not_movable(cron, "it fires several times a day")
        minute, hour = str(to.minute), str(to.hour)
    if slot.date() != to.date():
        day, weekday = _moved_day(cron, day, month, weekday, to)
    return " ".join((minute, hour, day, month, weekday))


EXPANDED = {
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}


def _moved_day(cron: str, day: str, month: str, weekday: str, to: datetime) -> tuple[str, str]:
    one_weekday = NUMBER.fullmatch(NAMES.get(weekday.lower(), weekday))
    if day == "*" and one_weekday:
        return day, str(to.isoweekday() % 7)
    if weekday == "*" and NUMBER.fullmatch(day) and month == "*":
        if to.day > DAYS_MAX:
            raise _not_movable(cron, f"not every month has a day {to.day}")
        return str(to.day), weekday
    raise _not_movable(cron, "it does not fire on one day of the week or of the month")


def _not_movable(cron: str, why: str) -> Rejected:
    return Rejected(
        "schedule.not_movable",
        f"{cron!r} can't be moved so: {why}.",
        hint="Edit the schedule, or give another cron expression here.",
    )
