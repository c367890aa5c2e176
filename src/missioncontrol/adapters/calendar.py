"""Slots by cronsim and the time zone database.

cronsim works on local time without a zone, which it knows exactly; the way from there to instants
is ours. With a zone, its answer depends on the instant from which it looks, and where clocks move
by half an hour it loses slots.
"""

import difflib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.calendar import Daylight, Moment, Slots

DAY = 86_400
CRON_LENGTH_MAX = 200
ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
FIELDS = {
    "minute": "0-59",
    "hour": "0-23",
    "day-of-month": "1-31, L for the last, LW for the last weekday",
    "month": "1-12 or JAN-DEC",
    "day-of-week": "0-7 or SUN-SAT, 5L for the last Friday, 1#2 for the second Monday",
}
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times have no zone here


class CronCalendar:
    """The calendar of the machine's time zone database, or of the tzdata package."""

    def check(self, cron: str, zone: str) -> str:
        """See `Calendar.check`."""
        _zone(zone)
        return _rule(cron).cron

    def after(self, cron: str, zone: str, instant: float) -> float | None:
        """See `Calendar.after`."""
        return next(_slots(_rule(cron), _zone(zone), int(instant // 1)), None)

    def between(self, cron: str, zone: str, after: float, until: float, *, limit: int) -> Slots:
        """See `Calendar.between`."""
        rule, place = _rule(cron), _zone(zone)
        first, end = int(after // 1), int(until // 1)
        begin, span, counted = end, DAY, 0
        while begin > first and counted <= limit:
            before = max(first, begin - span)
            counted += _count(rule, place, before, begin)
            begin, span = before, span * 2
        found = _span(rule, place, begin, end)
        newest = tuple(float(slot) for slot in found[len(found) - min(limit, len(found)) :])
        earlier = len(found) - len(newest) + _count(rule, place, first, begin)
        if not earlier:
            return Slots(newest)
        oldest = next(_slots(rule, place, first))
        return Slots(newest, earlier, oldest, found[-len(newest) - 1])

    def preview(self, cron: str, zone: str, instant: float, *, count: int) -> list[Moment]:
        """See `Calendar.preview`."""
        rule, place = _rule(cron), _zone(zone)
        found = islice(_slots(rule, place, int(instant // 1)), count)
        return [_moment(rule, place, slot) for slot in found]

    def in_words(self, cron: str) -> str:
        """See `Calendar.in_words`."""
        return str(CronSim(_rule(cron).fields, EPOCH).explain())


class _Rule:
    """A cron expression that was understood."""

    def __init__(self, cron: str, fields: str) -> None:
        self.cron = cron  # as it was written, with single spaces
        self.fields = fields  # the same as five fields
        minute, hour, *_ = fields.split()
        self.has_times = not (minute.startswith("*") or hour.startswith("*"))
        self._days = CronSim(fields, EPOCH)
        self.times_a_day = len(self._days.minutes) * len(self._days.hours)

    def walls(self, wall: int) -> Iterator[int]:
        """Yield the local times after `wall` that fit, in seconds since 1970 as a clock shows."""
        for found in CronSim(self.fields, EPOCH + timedelta(seconds=wall)):
            yield (found - EPOCH) // timedelta(seconds=1)

    def has_day(self, wall: int) -> bool:
        """Whether the day of a local time fits."""
        day = (EPOCH + timedelta(seconds=wall)).date()
        return day.month in self._days.months and self._days.match_day(day)


@lru_cache(maxsize=1024)
def _rule(cron: str) -> _Rule:
    written = " ".join(cron.split())
    if len(written) > CRON_LENGTH_MAX:
        raise Rejected(
            "schedule.bad_cron",
            f"The cron expression has {len(written):,} characters; at most {CRON_LENGTH_MAX} fit.",
            hint="Use ranges and steps, or several schedules.",
        )
    fields = ALIASES.get(written.lower(), written)
    if fields.startswith("@"):
        raise _bad_cron(written, "is no known word", f"These are: {', '.join(ALIASES)}.")
    if (count := len(fields.split())) != 5:
        raise _bad_cron(
            written,
            f"has {count} fields and not 5",
            "They are minute, hour, day of month, month and day of week: '30 2 * * *'.",
        )
    try:
        rule = _Rule(written, fields)
    except CronSimError as error:
        raise _not_understood(written, fields, str(error)) from None
    if next(rule.walls(0), None) is None:
        raise _never(written)
    return rule


def _not_understood(written: str, fields: str, message: str) -> Rejected:
    name = message.removeprefix("Bad ")
    parts = fields.split()
    if name == "day-of-month" and _is_understood(" ".join([*parts[:3], "*", parts[4]])):
        return _never(written)  # The day is one that its months do not have.
    given = dict(zip(FIELDS, parts, strict=True)).get(name, "")
    hint = f"It takes {FIELDS[name]}, and *, lists, ranges and steps." if name in FIELDS else ""
    return _bad_cron(written, f"says {given!r} where the {name} stands", hint)


def _is_understood(fields: str) -> bool:
    try:
        CronSim(fields, EPOCH)
    except CronSimError:
        return False
    return True


def _bad_cron(written: str, what: str, hint: str) -> Rejected:
    return Rejected("schedule.bad_cron", f"The cron expression {written!r} {what}.", hint=hint)


def _never(written: str) -> Rejected:
    return Rejected(
        "schedule.never_fires",
        f"The cron expression {written!r} means a day that never comes.",
        hint="Change the day of month or the month.",
    )


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # A folder of zones is an OSError.
        pass
    known = sorted(available_timezones())
    wanted = name.replace(" ", "_").lower()
    near = [zone for zone in known if zone.lower() == wanted or zone.lower().endswith("/" + wanted)]
    near = near or difflib.get_close_matches(name, known, 3, 0.8)
    raise Rejected(
        "schedule.bad_zone",
        f"There is no time zone {name[:80]!r}.",
        hint=f"Did you mean {' or '.join(near[:3])}?"
        if near
        else "Name it by area and city, such as Europe/Berlin, or UTC.",
    )


# From local time to instants. Both are whole seconds; `wall` is what a clock in the zone shows.


def _local(zone: ZoneInfo, instant: int) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=instant)).astimezone(zone)


def _offset(zone: ZoneInfo, instant: int) -> int:
    offset = _local(zone, instant).utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def _change(zone: ZoneInfo, known: int, until: int) -> int | None:
    """Return the first instant after `known` and not after `until` at which the offset is another.

    No zone has moved its clocks there and back within a day.
    """
    offset = _offset(zone, known)
    while known < until:
        ahead = min(known + DAY, until)
        if _offset(zone, ahead) == offset:
            known = ahead
            continue
        while ahead - known > 1:
            middle = (known + ahead) // 2
            known, ahead = (middle, ahead) if _offset(zone, middle) == offset else (known, middle)
        return ahead
    return None


def _slots(rule: _Rule, zone: ZoneInfo, after: int) -> Iterator[int]:
    """Yield the slots after `after`, in order, for as long as the expression has any."""
    while True:
        offset, known, change = _offset(zone, after), after, None
        for wall in rule.walls(after + offset):
            slot = wall - offset
            change = _change(zone, known, slot)
            if change is not None:
                break
            known = slot
            if not (rule.has_times and _local(zone, slot).fold):
                yield slot
        if change is None:
            return
        if _is_slot(rule, zone, change):
            yield change
        after = change


def _span(rule: _Rule, zone: ZoneInfo, after: int, until: int) -> list[int]:
    return list(takewhile(lambda slot: slot <= until, _slots(rule, zone, after)))


def _is_slot(rule: _Rule, zone: ZoneInfo, change: int) -> bool:
    """Whether the instant at which the clocks move is a slot."""
    wall = change + _offset(zone, change)
    if rule.has_times:
        gone = change + _offset(zone, change - 1)  # What clocks would show had they not moved.
        left_out = next(rule.walls(gone - 1), None)
        if left_out is not None and left_out < wall:
            return True
        if _local(zone, change).fold:
            return False
    return next(rule.walls(wall - 1), None) == wall


def _count(rule: _Rule, zone: ZoneInfo, after: int, until: int) -> int:
    """Return how many slots lie after `after` and not after `until`, without walking over all.

    Days on which the clocks don't move have the same number of slots, or none.
    """
    total = 0
    while after < until:
        begin = _local(zone, after + 1)
        wall = after + 1 + _offset(zone, after + 1)
        midnight = wall // DAY * DAY + DAY
        end = midnight - (wall - after - 1) - 1  # The last second of the day.
        is_plain = _offset(zone, end + 1) == wall - after - 1 and not begin.fold
        if is_plain and wall % DAY == 0 and end <= until:
            total += rule.times_a_day if rule.has_day(wall) else 0
        else:
            end = min(end, until)
            total += len(_span(rule, zone, after, end))
        after = end
    return total


def _moment(rule: _Rule, zone: ZoneInfo, slot: int) -> Moment:
    return Moment(float(slot), _offset(zone, slot), _daylight(rule, zone, slot))


def _daylight(rule: _Rule, zone: ZoneInfo, slot: int) -> Daylight:
    local = _local(zone, slot)
    if local.fold:
        return "second"
    if local.replace(fold=1).utcoffset() != local.utcoffset():
        return "first"
    wall = slot + _offset(zone, slot)
    return "" if next(rule.walls(wall - 1), None) == wall else "gap"
