"""Trends: how often something happens, or sums of its properties, by hour, day, week or month.

- A series counts the events that match its pattern, in each period within the range; *people*:
  distinct ones in the period; *per person*: events divided by these people.
- *Sum*, *average*, *median*, *p90*, *least* and *most* are of a property of the events: numbers and
  texts that are numbers; other events are ignored. Median and p90 interpolate between two values.
  Sums and averages have 15 digits.
- Without events, events and people are 0, and everything else is None.
- The total of a line covers the whole range, so people count once.
- A formula is evaluated in each period, and over the totals; see `formulas.py`.
- A breakdown adds lines for each value of a property, after the lines of everything. It lists the
  25 values with most people in any series in the range, ties in alphabetical order; the rest, and a
  value of this name, is `other`.
- Compared: the same number of days, whole weeks before; see `comparison.py`. The range itself
  decides the listed values and the people of the segment.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from missioncontrol.analytics.answers import Line, TrendAnswer, bad_cell, common_fields
from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.comparison import change, comparable, data_since, difference
from missioncontrol.analytics.filters import label_of
from missioncontrol.analytics.presence import counts
from missioncontrol.analytics.questions import OTHER, Cell, Trend
from missioncontrol.analytics.sql import Rows
from missioncontrol.analytics.trend_rows import (
    DISTINCT,
    FORMULA,
    KEYS,
    Plan,
    events,
    keyed,
    values_statement,
)
from missioncontrol.ports.warehouse import Statement

Place = tuple[int, int, int | None, str | None]
"""Series, 0 or 1 (days before), period or None (total), and breakdown value or None (all)."""


def answer(
    question: Trend, setting: Setting, rows: Rows, *, definition: str, position: int
) -> TrendAnswer:
    """Ask a question: `rows` carries out a statement.

    Raises:
        Rejected: `analytics.bad_trend`, `analytics.bad_formula`, `analytics.bad_condition`,
            `analytics.bad_segment`, `analytics.bad_range` or `analytics.bad_zone`.
    """
    plan = Plan(comparable(question, setting), setting)
    found: dict[Place, float | None] = {}
    ranked: list[tuple[int, str]] = []
    for series, part, period, key, value, sums in rows(values_statement(plan)):
        if series == KEYS:
            ranked.append((period, key))
            continue
        found[(series, part, period, key)] = value
        if sums is not None:
            for number, people in enumerate(counts(sums, len(plan.periods))):
                found[(series, part, number, None)] = float(people)
    values = [key for _, key in sorted(ranked) if key != OTHER]
    if any(key == OTHER for _, _, _, key in found):
        values.append(OTHER)
    lines = (line for key in (None, *values) for line in _lines(plan, found, key))
    names = [each.label for each in plan.before]
    return TrendAnswer(
        **common_fields(question, setting, definition, position),
        buckets=tuple(each.label for each in plan.periods),
        complete=tuple(each.is_complete(setting.as_of) for each in plan.periods),
        lines=tuple(lines),
        buckets_before=tuple("" if at is None else names[at] for at in plan.beside),
        data_since=data_since(question, setting),
    )


def statement(question: Trend, setting: Setting) -> Statement:
    """Return the statement of a question; see `trend_rows.values_statement` for its rows.

    Raises:
        Rejected: as `answer`.
    """
    return values_statement(Plan(question, setting))


def members(question: Trend, cell: Cell, setting: Setting) -> Statement:
    """Return the statement for who is behind a count: rows `(person, happened)`.

    A count of people has a row for each, with their first event; other counts have a row for each
    event. Without a bucket the whole range counts.

    Raises:
        Rejected: as `answer`, or `analytics.bad_cell`.
    """
    plan = Plan(comparable(question, setting), setting)
    place = _series(plan, cell)
    since, until = _span(plan, cell)
    named, of_key = [], "true"
    if cell.breakdown is not None:
        if question.breakdown is None:
            raise bad_cell("The trend has no breakdown.")
        named = keyed(plan)
        of_key = f"key = {plan.parameters.text(cell.breakdown)}"
    found = events(plan, place, since, until, is_keyed=bool(named))
    with_ = f"WITH {', '.join(named)} " if named else ""
    if question.series[place].count in DISTINCT:
        return plan.parameters.statement(
            f"{with_}SELECT person, min(happened) AS happened FROM ({found}) WHERE {of_key}"
            " GROUP BY person"
        )
    return plan.parameters.statement(
        f"{with_}SELECT person, happened FROM ({found}) WHERE {of_key}"
    )


def _series(plan: Plan, cell: Cell) -> int:
    if not cell.series and len(plan.keys) == 1:
        return 0
    if cell.series not in plan.keys:
        raise bad_cell(f"{cell.series!r} is not one of the series {', '.join(plan.keys)}.")
    return plan.keys.index(cell.series)


def _span(plan: Plan, cell: Cell) -> tuple[Any, Any]:
    """Return the first moment of a cell and the end of it."""
    periods = plan.before if cell.before else plan.periods
    if not periods:
        raise bad_cell("There is no comparison with the days before.")
    if not cell.bucket:
        return periods[0].since, periods[-1].until
    for each in periods:
        if each.label == cell.bucket:
            return each.since, each.until
    raise bad_cell(f"No {plan.question.by} of the answer is called {cell.bucket!r}.")


def _lines(plan: Plan, found: Mapping[Place, float | None], key: str | None) -> list[Line]:
    """Return the lines of all events, or of one breakdown value."""
    question = plan.question
    parts = [(0, list(range(len(plan.periods))))]
    if plan.before:
        parts.append((1, list(range(len(plan.before)))))
    tables = [_table(plan, found, part, [None, *places], key) for part, places in parts]
    labels = {
        name: label_of(each.pattern) for name, each in zip(plan.keys, question.series, strict=True)
    }
    if plan.formula is not None:
        labels[FORMULA] = question.formula
    return [_line(plan, name, label, tables, key) for name, label in labels.items()]


Table = Mapping[str, Sequence[float | None]]
"""By the key of a series: the total, and the value in each period."""


def _table(
    plan: Plan,
    found: Mapping[Place, float | None],
    part: int,
    periods: Sequence[int | None],
    key: str | None,
) -> Table:
    table = {
        name: [_value(plan, found, (series, part, period, key)) for period in periods]
        for series, name in enumerate(plan.keys)
    }
    if plan.formula is not None:
        table[FORMULA] = [
            plan.formula.value({name: table[name][at] for name in plan.keys})
            for at in range(len(periods))
        ]
    return table


def _value(plan: Plan, found: Mapping[Place, float | None], place: Place) -> float | None:
    counts = plan.question.series[place[0]].count
    value = found.get(place, 0.0 if counts in ("events", "people") else None)
    if value is None or value - value != 0:  # Infinite or not a number.
        return None
    return float(f"{value:.15g}") if counts in ("sum", "average") else value


def _line(plan: Plan, name: str, label: str, tables: Sequence[Table], key: str | None) -> Line:
    total, *values = tables[0][name]
    if not plan.before:
        return Line(key=name, label=label, values=tuple(values), total=total, breakdown=key)
    total_before, *before = tables[1][name]
    return Line(
        key=name,
        label=label,
        values=tuple(values),
        total=total,
        breakdown=key,
        before=tuple(None if at is None else before[at] for at in plan.beside),
        total_before=total_before,
        change=change(total, total_before),
        difference=difference(total, total_before),
    )
