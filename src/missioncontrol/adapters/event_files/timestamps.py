"""Timestamps in event files, converted to microseconds since the epoch."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LAST = 4_102_444_800_000_000
"""The end of the year 2099; a later timestamp is refused."""

NUMBER_LEAST = 631_152_000_000_000
"""The year 1990: a smaller number is not a count of time since the epoch."""

_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
"""A day as `20261120`."""


def moment(value: Any, zone: ZoneInfo) -> int:
    """Return a timestamp: ISO 8601, in `zone` where it has no offset, or a number since the epoch.

    The size of a number tells seconds, milliseconds, microseconds and nanoseconds apart. Eight
    digits that form a date are that day.

    Raises:
        ValueError: it is not a timestamp, or not of the years 1970 to 2099.
    """
    if isinstance(value, str):
        value = _read(value.strip())
    elif isinstance(value, int) and _DAY.fullmatch(str(value)):
        value = _read(str(value))
    found = _since_epoch(value, zone)
    if not 0 <= found <= LAST:
        raise ValueError(f"{value!s:.60} is not between 1970 and 2099")
    return found


def _read(text: str) -> Any:
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:60]!r} is not a timestamp") from None


def _since_epoch(value: Any, zone: ZoneInfo) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | date):
        raise ValueError(f"{str(value)[:60]!r} is not a timestamp")  # noqa: TRY004 - as all faults
    if isinstance(value, int | float):
        return _number(value)
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=zone)
    aware = value if value.tzinfo is not None else value.replace(tzinfo=zone)
    return int((aware - EPOCH) // MICROSECOND)


def _number(value: float) -> int:
    if value != value or abs(value) > 1e20:
        raise ValueError(f"{value} is not a timestamp")
    factors = ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0))
    found = round(value * next((by for bound, by in factors if abs(value) < bound), 1e-3))
    if found < NUMBER_LEAST:
        raise ValueError(f"{value} is not a timestamp since 1990; write it as ISO 8601")
    return found
