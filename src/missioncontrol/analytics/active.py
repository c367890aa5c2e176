"""Active people on each day, and in the 7 and 30 days that end with it.

- A person is active on a day of the product's zone with any counting event of the pattern.
- `dau`, `wau`, `mau`: distinct people in the 1, 7 and 30 days that end with the day, counted
  exactly, also where these days are before the range. Incomplete days have their values so far, and
  are marked.
- The total of a line is everyone whom one of its values counts, once.
- `stickiness`: `dau` divided by `mau` of the day, None where `mau` is 0. Its total: `dau` divided
  by `mau`, each summed over the complete days.
- Compared: the same number of days before, day by day; the range itself decides the people of the
  segment. A line is compared only where the product has data for all of its windows.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from missioncontrol.analytics.answers import ActiveAnswer, Line, bad_cell, common_fields
from missioncontrol.analytics.calendar import (
    DAY,
    Bucket,
    Setting,
    buckets,
    days_before,
    is_comparable,
    start_of,
    zone_of,
)
from missioncontrol.analytics.comparison import change, comparable, data_since, difference
from missioncontrol.analytics.filters import counted, matches_activity
from missioncontrol.analytics.presence import CHUNK, chunks, counts, ones, tally, words
from missioncontrol.analytics.questions import Active, Cell, Range
from missioncontrol.analytics.sql import Parameters, Rows, between, number_in
from missioncontrol.ports.warehouse import Statement

DAYS = {"dau": 1, "wau": 7, "mau": 30}
"""Length of the window of each line in days."""

REACH = 29
"""Days before the first one that the longest window includes."""

STICKINESS = "stickiness"
LABELS = {"dau": "DAU", "wau": "WAU", "mau": "MAU", STICKINESS: "Stickiness"}


Counted = list[tuple[list[float], float]]
"""For each line: people on each day, and in total."""


class ReadSpan(NamedTuple):
    """Days that one query reads, and the indexes of the ranges within them."""

    days: Range
    spans: tuple[range, ...]


class LineValues(NamedTuple):
    """A value for each day, and the total."""

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
    covered = comparable(question, setting)
    found = sorted(rows(statement(covered, setting)), key=lambda row: row[0])
    days, before = _days(covered, setting)
    spans = zip(found, _read_spans(covered), strict=True)
    counted_ = [one for row, span in spans for one in _of(row, span)]
    now = _line_values(counted_[0], days, setting)
    then = {}
    if before:
        then = _within_data(_line_values(counted_[1], before, setting), covered, setting)
    return ActiveAnswer(
        **common_fields(question, setting, definition, position),
        buckets=tuple(each.label for each in days),
        complete=tuple(each.is_complete(setting.as_of) for each in days),
        lines=tuple(_line(key, each, then.get(key)) for key, each in now.items()),
        buckets_before=tuple(each.label for each in before),
        data_since=data_since(question, setting),
    )


def statement(question: Active, setting: Setting) -> Statement:
    """Return the statement of a question.

    Its rows: index of a `ReadSpan`; then for `dau`, `wau` and `mau` the total of people in each of
    its ranges, and a list for `presence.counts`.
    """
    parameters = Parameters(question.product)
    parts = [
        f"SELECT {place} AS part, * FROM ({_counts(each, question, setting, parameters)})"
        for place, each in enumerate(_read_spans(question))
    ]
    return parameters.statement(" UNION ALL ".join(parts))


def members(question: Active, cell: Cell, setting: Setting) -> Statement:
    """Return the statement for who is behind a count: rows `(person, happened)`.

    A person enters a count with the first event in its window. Without a bucket, the total of the
    line counts.

    Raises:
        Rejected: as `answer`, or `analytics.bad_cell`.
    """
    if cell.series not in DAYS:
        raise bad_cell(f"{cell.series!r} counts no people; {', '.join(DAYS)} do.")
    question = comparable(question, setting)
    if cell.before and not question.compared:
        raise bad_cell("There is no comparison with the days before.")
    days = _days(question, setting)[1 if cell.before else 0]
    labels = [each.label for each in days]
    if cell.bucket and cell.bucket not in labels:
        raise bad_cell(f"No day of the answer is called {cell.bucket!r}.")
    place = labels.index(cell.bucket) if cell.bucket else None
    since = _since(_ranges(question)[cell.before], place or 0, DAYS[cell.series], setting)
    until = days[-1 if place is None else place].until
    parameters = Parameters(question.product)
    found = _events(question, since, until, setting, parameters)
    return parameters.statement(
        f"SELECT e.person, min(e.happened) AS happened {found} GROUP BY e.person"
    )


def _within_data(
    lines: dict[str, LineValues], question: Active, setting: Setting
) -> dict[str, LineValues]:
    """Return the lines for which the data covers all windows of the days before."""
    reach = {**{key: days - 1 for key, days in DAYS.items()}, STICKINESS: REACH}
    return {
        key: each
        for key, each in lines.items()
        if is_comparable(question.range, setting, reach=reach[key])
    }


def _ranges(question: Active) -> tuple[Range, ...]:
    if not question.compared:
        return (question.range,)
    return (question.range, days_before(question.range))


def _read_spans(question: Active) -> tuple[ReadSpan, ...]:
    """Return the spans to read for the range, and for the days before where compared.

    Both are one span where their bits fit one chunk: the windows of the range reach back into the
    days before anyway, so each person's events are aggregated once.
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
    """Return the days of the range, and those before where compared."""
    found = [buckets(each, "day", setting) for each in _ranges(question)]
    return found[0], found[1] if question.compared else ()


def _since(found: Range, place: int, days: int, setting: Setting) -> datetime:
    """Return the start of the window of `days` that ends with a day of the range."""
    return start_of(found.since + DAY * (place - days + 1), zone_of(setting.zone))


def _events(
    question: Active, since: datetime, until: datetime, setting: Setting, parameters: Parameters
) -> str:
    return (
        f"FROM {counted(question, setting, parameters)} e"
        f" WHERE {matches_activity(question.pattern, parameters, 'e')}"
        f" AND {between(since, until, parameters)}"
    )


def _counts(span: ReadSpan, question: Active, setting: Setting, parameters: Parameters) -> str:
    days = buckets(span.days, "day", setting)
    reached = [_since(span.days, place, 1, setting) for place in range(-REACH, 0)]
    begins = [*reached, *(each.since for each in days), days[-1].until]
    number = number_in(begins, "epoch_us(e.happened)", parameters)
    events = _events(question, begins[0], begins[-1], setting, parameters)
    there = (
        f"SELECT person, {words(len(days), REACH, 'day')}"
        f" FROM (SELECT e.person, {number} AS day {events}) GROUP BY person"
    )
    lines = {key: [f"{key}{chunk}" for chunk in chunks(len(days))] for key in DAYS}
    return tally(lines, f"({_slid(there, len(days))})", span.spans)


SLID = (
    "w{0}, w{0} | (w{0} >> 1) AS two{0}",
    "w{0}, two{0} | (two{0} >> 2) AS four{0}",
    "w{0}, four{0}, four{0} | (four{0} >> 4) AS eight{0}",
    "w{0}, four{0}, eight{0} | (eight{0} >> 8) AS sixteen{0}",
    "w{0}, four{0} | (four{0} >> 3) AS seven{0}, sixteen{0} | (sixteen{0} >> 14) AS thirty{0}",
    "(w{0} >> 29) & {1} AS dau{0}, (seven{0} >> 23) & {1} AS wau{0}, thirty{0} & {1} AS mau{0}",
)
"""Combines the bits of each day with the following 1, 3, 7 and 15 days, then to windows of 7 and 30
days, and shifts them to the last day of the window: a few operations instead of 30."""


def _slid(there: str, days: int) -> str:
    """Return a query of the bits of each line: presence in the window that ends with each day."""
    for step in SLID:
        each = (step.format(chunk, ones(days, chunk)) for chunk in chunks(days))
        there = f"SELECT {', '.join(each)} FROM ({there})"
    return there


def _of(row: Sequence[Any], span: ReadSpan) -> list[Counted]:
    """Return the counts of a row for each range of its span."""
    width, periods = len(span.spans) + 1, span.spans[0].stop
    columns = [row[1 + width * at : 1 + width * (at + 1)] for at in range(len(DAYS))]
    days = [counts(sums, periods) for *_, sums in columns]
    return [
        [
            (list(map(float, each[part.start : part.stop])), float(totals[number]))
            for totals, each in zip(columns, days, strict=True)
        ]
        for number, part in enumerate(span.spans)
    ]


def _line_values(found: Counted, days: Sequence[Bucket], setting: Setting) -> dict[str, LineValues]:
    pairs = list(zip(found[0][0], found[-1][0], strict=True))
    over = [pair for day, pair in zip(days, pairs, strict=True) if day.until <= setting.as_of]
    shares = tuple(dau / mau if mau else None for dau, mau in pairs)
    active = sum(mau for _, mau in over)
    whole = sum(dau for dau, _ in over) / active if active else None
    counts_by_line = zip(DAYS, found, strict=True)
    lines = {key: LineValues(tuple(each), total) for key, (each, total) in counts_by_line}
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
