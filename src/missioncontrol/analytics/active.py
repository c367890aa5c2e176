"""How many people are active on each day, and in the 7 and 30 days that end with it.

- Somebody is active on a day of the product's zone with any event of the pattern that counts.
- `dau`, `wau`, `mau`: different people in the 1, 7 and 30 days that end with the day, counted
  exactly, also where these days are before the range. Days that are not over are told as far as
  they are known, and marked.
- The total of a line is everybody whom one of its values counts, once.
- `stickiness`: `dau` through `mau` of the day, None where nobody is active. Its total: `dau`
  through `mau`, each added up over the days that are over.
- Compared: the same number of days just before, day by day; whom the segment means is told by the
  range itself. A line is compared only where all of its windows lie in the product's data.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from missioncontrol.analytics.answers import ActiveAnswer, Line
from missioncontrol.analytics.comparison import change, comparable, data_since, difference
from missioncontrol.analytics.filters import counted, matches_activity
from missioncontrol.analytics.presence import CHUNK, chunks, counts, ones, tally, words
from missioncontrol.analytics.questions import Active, Cell, Range, digest
from missioncontrol.analytics.setting import (
    DAY,
    Bucket,
    Setting,
    buckets,
    days_before,
    is_comparable,
    start_of,
    zone_of,
)
from missioncontrol.analytics.sql import Parameters, number_in
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.warehouse import Statement

DAYS = {"dau": 1, "wau": 7, "mau": 30}
"""How many days a line looks at, by its key."""

REACH = 29
"""So many days before the first one matter to the longest of them."""

STICKINESS = "stickiness"
LABELS = {"dau": "DAU", "wau": "WAU", "mau": "MAU", STICKINESS: "Stickiness"}

Rows = Callable[[Statement], list[tuple[Any, ...]]]

Counted = list[tuple[list[float], float]]
"""Of each line: how many people there are on each day, and in all."""


class ReadSpan(NamedTuple):
    """Days that are read at once, and by number which of them are told together."""

    days: Range
    spans: tuple[range, ...]


class LineValues(NamedTuple):
    """A value for each day, and over all of them."""

    values: tuple[float | None, ...]
    total: float | None


def answer(
    question: Active, setting: Setting, rows: Rows, *, definition: str, position: int
) -> ActiveAnswer:
    """Ask a question: `rows` carries out a statement.

    Raises:
        Rejected: `analytics.bad_condition`, `analytics.bad_segment`, `analytics.bad_range` or
            `analytics.bad_zone`.
    """
    asked = comparable(question, setting)
    found = sorted(rows(statement(asked, setting)), key=lambda row: row[0])
    days, before = _days(asked, setting)
    told = [one for row, look in zip(found, _looks(asked), strict=True) for one in _of(row, look)]
    now = _told(told[0], days, setting)
    then = _within_data(_told(told[1], before, setting), asked, setting) if before else {}
    return ActiveAnswer(
        question=digest(question),
        definition=definition,
        as_of=setting.as_of.isoformat() + "Z",
        zone=setting.zone,
        position=position,
        buckets=tuple(each.label for each in days),
        complete=tuple(each.is_complete(setting.as_of) for each in days),
        lines=tuple(_line(key, told, then.get(key)) for key, told in now.items()),
        buckets_before=tuple(each.label for each in before),
        data_since=data_since(question, setting),
    )


def statement(question: Active, setting: Setting) -> Statement:
    """Return the statement of a question.

    Its rows: the number of a look; then for `dau`, `wau` and `mau` how many people there are in all
    in each of its spans, and a list to be read by `presence.counts`.
    """
    parameters = Parameters(question.product)
    parts = [
        f"SELECT {place} AS part, * FROM ({_counts(each, question, setting, parameters)})"
        for place, each in enumerate(_looks(question))
    ]
    return parameters.statement(" UNION ALL ".join(parts))


def members(question: Active, cell: Cell, setting: Setting) -> Statement:
    """Return the statement for who is behind a count: rows `(person, happened)`.

    Somebody came into a count with their first event in the days that it looks at. Without a bucket
    everybody is meant whom the total of the line counts.

    Raises:
        Rejected: as `answer`, or `analytics.bad_cell`.
    """
    if cell.series not in DAYS:
        raise _bad_cell(f"{cell.series!r} counts no people; {', '.join(DAYS)} do.")
    question = comparable(question, setting)
    if cell.before and not question.compared:
        raise _bad_cell("There is no comparison with the days before.")
    days = _days(question, setting)[1 if cell.before else 0]
    labels = [each.label for each in days]
    if cell.bucket and cell.bucket not in labels:
        raise _bad_cell(f"No day of the answer is called {cell.bucket!r}.")
    place = labels.index(cell.bucket) if cell.bucket else None
    since = _since(_ranges(question)[cell.before], place or 0, DAYS[cell.series], setting)
    until = days[-1 if place is None else place].until
    parameters = Parameters(question.product)
    found = _events(question, since, until, setting, parameters)
    return parameters.statement(
        f"SELECT e.person, min(e.happened) AS happened {found} GROUP BY e.person"
    )


def _within_data(
    told: dict[str, LineValues], question: Active, setting: Setting
) -> dict[str, LineValues]:
    """Return the lines of which all windows of the days before lie in the data."""
    reach = {**{key: days - 1 for key, days in DAYS.items()}, STICKINESS: REACH}
    return {
        key: each
        for key, each in told.items()
        if is_comparable(question.range, setting, reach=reach[key])
    }


def _ranges(question: Active) -> tuple[Range, ...]:
    if not question.compared:
        return (question.range,)
    return (question.range, days_before(question.range))


def _looks(question: Active) -> tuple[ReadSpan, ...]:
    """Return what is read for the range, and for the days before where they are asked for.

    Both are read at once where their bits fit a chunk: the longest line of the range reaches back
    into the days before, and what each person did is gathered once.
    """
    ranges = _ranges(question)
    whole = Range(ranges[-1].since, question.range.until)
    spans = tuple(
        range((each.since - whole.since).days, (each.until - whole.since).days + 1)
        for each in ranges
    )
    if spans[0].stop <= CHUNK:
        return (ReadSpan(whole, spans),)
    return tuple(
        ReadSpan(each, (range(len(span)),)) for each, span in zip(ranges, spans, strict=True)
    )


def _days(question: Active, setting: Setting) -> tuple[tuple[Bucket, ...], tuple[Bucket, ...]]:
    """Return the days of the range, and those before where they are asked for."""
    found = [buckets(each, "day", setting) for each in _ranges(question)]
    return found[0], found[1] if question.compared else ()


def _since(found: Range, place: int, days: int, setting: Setting) -> datetime:
    """Return when so many days begin that end with a day of a range, by its place."""
    return start_of(found.since + DAY * (place - days + 1), zone_of(setting.zone))


def _events(
    question: Active, since: datetime, until: datetime, setting: Setting, parameters: Parameters
) -> str:
    return (
        f"FROM {counted(question, setting, parameters)} e"
        f" WHERE {matches_activity(question.pattern, parameters, 'e')}"
        f" AND e.happened >= {parameters.moment(since)}"
        f" AND e.happened < {parameters.moment(until)}"
    )


def _counts(look: ReadSpan, question: Active, setting: Setting, parameters: Parameters) -> str:
    days = buckets(look.days, "day", setting)
    reached = [_since(look.days, place, 1, setting) for place in range(-REACH, 0)]
    begins = [*reached, *(each.since for each in days), days[-1].until]
    number = number_in(begins, "epoch_us(e.happened)", parameters)
    events = _events(question, begins[0], begins[-1], setting, parameters)
    there = (
        f"SELECT person, {words(len(days), REACH, 'day')}"
        f" FROM (SELECT e.person, {number} AS day {events}) GROUP BY person"
    )
    lines = {key: [f"{key}{chunk}" for chunk in chunks(len(days))] for key in DAYS}
    return tally(lines, f"({_slid(there, len(days))})", look.spans)


SLID = (
    "w{0}, w{0} | (w{0} >> 1) AS two{0}",
    "w{0}, two{0} | (two{0} >> 2) AS four{0}",
    "w{0}, four{0}, four{0} | (four{0} >> 4) AS eight{0}",
    "w{0}, four{0}, eight{0} | (eight{0} >> 8) AS sixteen{0}",
    "w{0}, four{0} | (four{0} >> 3) AS seven{0}, sixteen{0} | (sixteen{0} >> 14) AS thirty{0}",
    "(w{0} >> 29) & {1} AS dau{0}, (seven{0} >> 23) & {1} AS wau{0}, thirty{0} & {1} AS mau{0}",
)
"""Bits laid beside themselves: a day with those after it, 2 of them, 4, 8, 16, of these 7 and 30;
then moved to where the last of these days is."""


def _slid(there: str, days: int) -> str:
    """Return a query of the bits of each line: who was there in the days that end with a day."""
    for step in SLID:
        each = (step.format(chunk, ones(days, chunk)) for chunk in chunks(days))
        there = f"SELECT {', '.join(each)} FROM ({there})"
    return there


def _of(row: Sequence[Any], look: ReadSpan) -> list[Counted]:
    """Return what a row tells of each span of its look."""
    width, periods = len(look.spans) + 1, look.spans[0].stop
    columns = [row[1 + width * at : 1 + width * (at + 1)] for at in range(len(DAYS))]
    days = [counts(sums, periods) for *_, sums in columns]
    return [
        [
            (list(map(float, each[span.start : span.stop])), float(totals[number]))
            for totals, each in zip(columns, days, strict=True)
        ]
        for number, span in enumerate(look.spans)
    ]


def _told(found: Counted, days: Sequence[Bucket], setting: Setting) -> dict[str, LineValues]:
    pairs = list(zip(found[0][0], found[-1][0], strict=True))
    over = [pair for day, pair in zip(days, pairs, strict=True) if day.until <= setting.as_of]
    shares = tuple(dau / mau if mau else None for dau, mau in pairs)
    active = sum(mau for _, mau in over)
    whole = sum(dau for dau, _ in over) / active if active else None
    told = zip(DAYS, found, strict=True)
    lines = {key: LineValues(tuple(each), total) for key, (each, total) in told}
    return {**lines, STICKINESS: LineValues(shares, whole)}


def _line(key: str, now: LineValues, then: LineValues | None) -> Line:
    before = then or LineValues((), None)
    return Line(
        key=key,
        label=LABELS[key],
        values=now.values,
        total=now.total,
        before=before.values,
        total_before=before.total,
        change=change(now.total, before.total),
        difference=difference(now.total, before.total),
    )


def _bad_cell(reason: str) -> Rejected:
    return Rejected("analytics.bad_cell", reason, hint="Take the counts that the answer has.")
