"""What the calendar promises: cron expressions in time zones, whatever clocks do."""

import random
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from missioncontrol.adapters.calendar import CronCalendar
from missioncontrol.domain.errors import Rejected

CALENDAR = CronCalendar()
YEAR = 366 * 86_400


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def seen(cron: str, zone: str, start: str, count: int) -> list[str]:
    """The next slots as a person in the zone writes them, with what the clocks do to them."""
    place = ZoneInfo(zone)
    return [
        datetime.fromtimestamp(slot.at, place).isoformat(timespec="minutes")
        + (f" {slot.daylight}" if slot.daylight else "")
        for slot in CALENDAR.preview(cron, zone, instant(start), count=count)
    ]


BERLIN, LORD_HOWE, NEW_YORK = "Europe/Berlin", "Australia/Lord_Howe", "America/New_York"
HAVANA, KATHMANDU = "America/Havana", "Asia/Kathmandu"


@pytest.mark.parametrize(
    ("cron", "zone", "start", "expected"),
    [
        # Clocks go forward: a time that does not exist moves to the first one that does.
        (
            "30 2 * * *",
            BERLIN,
            "2026-03-28T00:00+01:00",
            ["2026-03-28T02:30+01:00", "2026-03-29T03:00+02:00 gap", "2026-03-30T02:30+02:00"],
        ),
        (
            "0,15,30,45 2,3 * * *",
            BERLIN,
            "2026-03-29T01:00+01:00",
            ["2026-03-29T03:00+02:00", "2026-03-29T03:15+02:00", "2026-03-29T03:30+02:00"],
        ),
        (
            "30 2 * * *",
            NEW_YORK,
            "2026-03-08T00:00-05:00",
            ["2026-03-08T03:00-04:00 gap", "2026-03-09T02:30-04:00"],
        ),
        (
            "15 2 * * *",
            LORD_HOWE,
            "2026-10-03T12:00+10:30",
            ["2026-10-04T02:30+11:00 gap", "2026-10-05T02:15+11:00"],
        ),
        (
            "0 0 * * *",
            HAVANA,
            "2026-03-07T12:00-05:00",
            ["2026-03-08T01:00-04:00 gap", "2026-03-09T00:00-04:00"],
        ),
        # The same, for slots that come again and again: those that do not exist are left out.
        (
            "*/30 * * * *",
            BERLIN,
            "2026-03-29T01:00+01:00",
            ["2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00"],
        ),
        (
            "*/30 2 * * *",
            BERLIN,
            "2026-03-28T12:00+01:00",
            ["2026-03-30T02:00+02:00", "2026-03-30T02:30+02:00"],
        ),
        # Clocks go back: a time that comes twice counts once.
        (
            "30 2 * * *",
            BERLIN,
            "2026-10-24T12:00+02:00",
            ["2026-10-25T02:30+02:00 first", "2026-10-26T02:30+01:00"],
        ),
        (
            "30 1 * * *",
            NEW_YORK,
            "2026-10-31T12:00-04:00",
            ["2026-11-01T01:30-04:00 first", "2026-11-02T01:30-05:00"],
        ),
        (
            "45 1 * * *",
            LORD_HOWE,
            "2026-04-04T12:00+11:00",
            ["2026-04-05T01:45+11:00 first", "2026-04-06T01:45+10:30"],
        ),
        # Asked within the second of both, nothing of the first comes again.
        (
            "30 2 * * *",
            BERLIN,
            "2026-10-25T02:15+01:00",
            ["2026-10-26T02:30+01:00"],
        ),
        # Slots that come again and again do so in both.
        (
            "*/30 * * * *",
            BERLIN,
            "2026-10-25T02:00+02:00",
            [
                "2026-10-25T02:30+02:00 first",
                "2026-10-25T02:00+01:00 second",
                "2026-10-25T02:30+01:00 second",
                "2026-10-25T03:00+01:00",
            ],
        ),
        (
            "*/15 2 * * *",
            LORD_HOWE,
            "2026-04-04T12:00+11:00",
            ["2026-04-05T02:00+10:30", "2026-04-05T02:15+10:30", "2026-04-05T02:30+10:30"],
        ),
        (
            "0 * * * *",
            LORD_HOWE,
            "2026-10-04T00:30+10:30",
            ["2026-10-04T01:00+10:30", "2026-10-04T03:00+11:00", "2026-10-04T04:00+11:00"],
        ),
        # A zone that keeps its clocks, a quarter of an hour off the others.
        (
            "30 2 * * *",
            KATHMANDU,
            "2026-03-28T12:00+05:45",
            ["2026-03-29T02:30+05:45", "2026-03-30T02:30+05:45"],
        ),
        # Days that are not in every year or month, and both kinds of day at once.
        (
            "0 12 29 2 *",
            "UTC",
            "2026-01-01T00:00+00:00",
            ["2028-02-29T12:00+00:00", "2032-02-29T12:00+00:00"],
        ),
        (
            "0 0 31 * *",
            "UTC",
            "2026-01-31T00:00+00:00",
            ["2026-03-31T00:00+00:00", "2026-05-31T00:00+00:00"],
        ),
        (
            "0 0 13 * FRI",  # Neither begins with a star: either is enough.
            "UTC",
            "2026-01-09T00:00+00:00",
            ["2026-01-13T00:00+00:00", "2026-01-16T00:00+00:00", "2026-01-23T00:00+00:00"],
        ),
        (
            "0 0 L * *",
            "UTC",
            "2026-02-01T00:00+00:00",
            ["2026-02-28T00:00+00:00", "2026-03-31T00:00+00:00"],
        ),
        (
            "@daily",
            BERLIN,
            "2026-10-24T12:00+02:00",
            ["2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00"],
        ),
        (
            "@Hourly",
            "UTC",
            "2026-01-01T00:00+00:00",
            ["2026-01-01T01:00+00:00", "2026-01-01T02:00+00:00"],
        ),
    ],
)
def test_slots_follow_the_clocks_of_their_zone(
    cron: str, zone: str, start: str, expected: list[str]
) -> None:
    assert seen(cron, zone, start, len(expected)) == expected


@pytest.mark.parametrize(
    ("cron", "code", "words"),
    [
        ("0 0 30 2 *", "schedule.never_fires", "'0 0 30 2 *' means a day that never comes"),
        ("0 0 31 4,6 *", "schedule.never_fires", "never comes"),
        ("0 0 */30 2 MON#5", "schedule.never_fires", "never comes"),
        ("0 0 32 2 *", "schedule.bad_cron", "says '32' where the day-of-month stands"),
        ("60 * * * *", "schedule.bad_cron", "says '60' where the minute stands"),
        ("* 24 * * *", "schedule.bad_cron", "says '24' where the hour stands"),
        ("* * * * FRYDAY", "schedule.bad_cron", "says 'FRYDAY' where the day-of-week stands"),
        ("*/0 * * * *", "schedule.bad_cron", "says '*/0' where the minute stands"),
        ("5-1 * * * *", "schedule.bad_cron", "says '5-1' where the minute stands"),
        ("* * * *", "schedule.bad_cron", "has 4 fields and not 5"),
        ("* * * * * *", "schedule.bad_cron", "has 6 fields and not 5"),
        ("", "schedule.bad_cron", "has 0 fields"),
        ("@reboot", "schedule.bad_cron", "'@reboot' is no known word"),
        ("1," * 100 + "1 * * * *", "schedule.bad_cron", "has 209 characters; at most 200 fit"),
    ],
)
def test_an_expression_that_means_nothing_is_refused(cron: str, code: str, words: str) -> None:
    with pytest.raises(Rejected) as no:
        CALENDAR.check(cron, "UTC")
    assert no.value.code == code
    assert words in no.value.reason
    assert no.value.hint


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("europe/berlin", "Did you mean Europe/Berlin?"),
        ("Berlin", "Did you mean Europe/Berlin?"),
        ("Europe/Berln", "Did you mean Europe/Berlin"),
        ("New York", "Did you mean America/New_York?"),
        ("Europe", "Name it by area and city"),
        ("", "Name it by area and city"),
        ("../../etc/passwd", "Name it by area and city"),
        ("x\0y", "Name it by area and city"),
        ("Mars/Olympus", "Name it by area and city"),
    ],
)
def test_a_zone_that_is_not_there_is_refused_with_those_that_it_could_be(
    zone: str, hint: str
) -> None:
    with pytest.raises(Rejected) as no:
        CALENDAR.check("* * * * *", zone)
    assert no.value.code == "schedule.bad_zone"
    assert no.value.hint.startswith(hint)


def test_what_fits_comes_back_with_single_spaces() -> None:
    assert CALENDAR.check("  30  2 * *   mon-fri ", BERLIN) == "30 2 * * mon-fri"
    assert CALENDAR.check("@daily", "UTC") == "@daily"


def test_an_expression_is_told_in_words() -> None:
    assert CALENDAR.in_words("30 2 * * *") == "At 02:30 every day"
    assert CALENDAR.in_words("@weekly") == CALENDAR.in_words("0 0 * * 0")


def by_brute_force(cron: str, zone: str, after: int, until: int) -> list[float]:
    """The slots by looking at every minute, and at every local minute that it reaches first."""
    place, rule = ZoneInfo(zone), CronSim(cron, datetime(2000, 1, 1))  # noqa: DTZ001
    has_times = not any(field.startswith("*") for field in cron.split()[:2])

    def local(at: int) -> datetime:
        return datetime.fromtimestamp(at, UTC).astimezone(place).replace(tzinfo=None)

    def fits(wall: datetime) -> bool:
        at_time = wall.minute in rule.minutes and wall.hour in rule.hours
        return at_time and wall.month in rule.months and rule.match_day(wall.date())

    first = after // 60 * 60 + 60
    reached = max(local(at) for at in range(first - 27 * 3600, first, 60))
    found = []
    for at in range(first, until + 1, 60):
        wall = local(at)
        if has_times:
            walls = []
            while reached < wall:
                reached += timedelta(minutes=1)
                walls.append(reached)
        else:
            walls = [wall]
        if any(map(fits, walls)):
            found.append(float(at))
    return found


CHANGES = [
    (BERLIN, "2026-03-28T00:00+00:00"),
    (BERLIN, "2026-10-24T00:00+00:00"),
    (LORD_HOWE, "2026-04-03T12:00+00:00"),
    (LORD_HOWE, "2026-10-02T12:00+00:00"),
    (HAVANA, "2026-03-07T06:00+00:00"),
    (HAVANA, "2026-10-31T06:00+00:00"),
    ("Antarctica/Troll", "2026-03-28T00:00+00:00"),  # by two hours
    ("Antarctica/Troll", "2026-10-24T00:00+00:00"),
    ("Pacific/Apia", "2011-12-28T12:00+00:00"),  # left a whole day out
    ("America/Santiago", "2026-09-05T06:00+00:00"),
]
CRONS = (
    "*/15 2 * * *",
    "0,15,30,45 2 * * *",
    "15 2 * * *",
    "*/20 0 * * *",
    "0 0 * * *",
    "30 */2 * * *",
    "59 23 * * *",
    "*/5 0 * * 0",
    "10-20 1,2,3 * * *",
)


@pytest.mark.parametrize(("zone", "start"), CHANGES)
def test_slots_are_those_of_a_look_at_every_minute(zone: str, start: str) -> None:
    dice = random.Random(f"{zone} {start}")
    for cron in CRONS:
        after = int(instant(start)) + dice.randrange(40_000)
        until = after + dice.randrange(86_400, 3 * 86_400)
        expected = by_brute_force(cron, zone, after, until)
        limit = dice.choice((1, 3, 50, 1000))
        found = CALENDAR.between(cron, zone, after + 0.5, until + 0.7, limit=limit)
        assert list(found.newest) == expected[-limit:], cron
        assert found.earlier == len(expected) - len(found.newest), cron
        if found.earlier:
            assert (found.earlier_first, found.earlier_last) == (
                expected[0],
                expected[-limit - 1],
            )


def test_a_midnight_that_comes_twice_is_counted_once_from_wherever_one_counts() -> None:
    second_midnight = int(instant("2026-11-01T00:00-05:00"))
    for after in (second_midnight - 1, second_midnight - 3601, second_midnight):
        until = after + 3 * 86_400
        expected = by_brute_force("0,30 0,1 * * *", HAVANA, after, until)
        found = CALENDAR.between("0,30 0,1 * * *", HAVANA, after, until, limit=1)
        assert found.earlier + 1 == len(expected)


@pytest.mark.parametrize(("zone", "start"), CHANGES)
def test_the_next_slot_is_the_same_from_wherever_one_looks(zone: str, start: str) -> None:
    begin = instant(start)
    for cron in CRONS:
        slots = CALENDAR.between(cron, zone, begin, begin + 3 * 86_400, limit=10_000).newest
        for before, slot in pairwise((begin, *slots)):
            for look in (before, (before + slot) / 2, slot - 0.25):
                assert CALENDAR.after(cron, zone, look) == slot, (cron, look)


@pytest.mark.parametrize("zone", ["UTC", BERLIN])
def test_a_year_of_minutes_is_counted_without_walking_over_them(zone: str) -> None:
    end = instant("2026-09-01T12:00:30+00:00")
    begun = time.perf_counter()
    found = CALENDAR.between("* * * * *", zone, end - YEAR, end, limit=1000)
    assert time.perf_counter() - begun < 2.0
    assert found.newest == tuple(end - 30 - 60 * back for back in reversed(range(1000)))
    assert found.earlier == 366 * 24 * 60 - 1000
    assert found.earlier_last == found.newest[0] - 60


def test_a_span_that_is_empty_or_turned_around_has_no_slots() -> None:
    now = instant("2026-01-01T00:00+00:00")
    assert CALENDAR.between("* * * * *", "UTC", now, now, limit=10).newest == ()
    assert CALENDAR.between("* * * * *", "UTC", now, now - 3600, limit=10).newest == ()
