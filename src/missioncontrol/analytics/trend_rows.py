"""SQL for trends: a row for each series, period and breakdown value."""

import re
from datetime import datetime

from missioncontrol.analytics.calendar import Bucket, Setting, buckets
from missioncontrol.analytics.comparison import beside, earlier
from missioncontrol.analytics.filters import counted, matches
from missioncontrol.analytics.formulas import Formula, formula_of
from missioncontrol.analytics.presence import chunks, tally, words
from missioncontrol.analytics.questions import BREAKDOWN_MAX, SERIES_MAX, Series, Trend
from missioncontrol.analytics.sql import (
    LISTED_KEY,
    Parameters,
    between,
    joined,
    number_in,
    number_of,
    property_of,
    with_people,
)
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.warehouse import Statement

FORMULA = "formula"
"""The key of the line of a formula."""

KEYS = -1
"""Marks, in place of a series, rows that list the breakdown values."""

VALUES_MAX = 60_000
"""Values of one answer."""

DISTINCT = ("people", "per_person")
AGGREGATES = {
    "events": "count(*)",
    "people": "count(DISTINCT person)",
    "per_person": "count(*) / count(DISTINCT person)",
    "sum": "fsum(value)",
    "average": "favg(value)",
    "median": "quantile_cont(value, 0.5)",
    "p90": "quantile_cont(value, 0.9)",
    "least": "min(value)",
    "most": "max(value)",
}
"""The aggregate of each kind of series. `fsum` and `favg` compensate rounding errors, so that sums
do not depend on the order in which threads add."""

OF_EVENTS = ("events", *DISTINCT)
KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,19}")
LETTERS = "ABCDEFGHIJ"


class Plan:
    """A trend question with the values that its SQL needs."""

    def __init__(self, question: Trend, setting: Setting) -> None:
        """Start a statement.

        Raises:
            Rejected: `analytics.bad_trend`, `analytics.bad_formula`, or as `buckets`.
        """
        self.question = question
        self.setting = setting
        self.parameters = Parameters(question.product)
        self.keys = _keys(question)
        self.formula: Formula | None = None
        if question.formula.strip():
            self.formula = formula_of(question.formula, self.keys)
        self.periods: tuple[Bucket, ...] = buckets(question.range, question.by, setting)
        self.before: tuple[Bucket, ...] = ()
        self.beside: list[int | None] = []
        if question.compared:
            self.before = earlier(question.range, question.by, setting)
            self.beside = beside(self.periods, self.before, question.by, setting)
        _refuse_many(self)

    @property
    def begins(self) -> list[datetime]:
        """The starts of all periods, including those before, and the end of the last one."""
        return [*(each.since for each in (*self.before, *self.periods)), self.periods[-1].until]


def values_statement(plan: Plan) -> Statement:
    """Return the statement of all values.

    Its rows: index of the series, 0 or 1 for the days before, index of the period or NULL for the
    total, breakdown value or NULL for all, and the measured value; then NULL, or a list for
    `presence.counts` with the values of all periods. Rows of `KEYS` list the breakdown values with
    their rank.
    """
    is_keyed = plan.question.breakdown is not None
    named = keyed(plan) if is_keyed else []
    parts = []
    for series, each in enumerate(plan.question.series):
        if each.count == "people" and not is_keyed and plan.question.by != "hour":
            parts += [_present(plan, series, part) for part in range(2 if plan.before else 1)]
        else:
            parts.append(_measure_query(plan, series, is_keyed=is_keyed))
    if is_keyed:
        parts.append(f"SELECT {KEYS}, 0, place, found, NULL, NULL FROM most")
    with_ = f"WITH {', '.join(named)} " if named else ""
    return plan.parameters.statement(with_ + " UNION ALL ".join(parts))


def keyed(plan: Plan) -> list[str]:
    """Return named queries, the last of which is `most`: listed values with their rank."""
    every = joined(
        (matches(each.pattern, plan.parameters, "e") for each in plan.question.series), "OR"
    )
    since, until = plan.periods[0].since, plan.periods[-1].until
    found = f"SELECT {_valued(plan)} AS found, e.person {_from(plan, every, since, until)}"
    people = f"SELECT found, count(DISTINCT person) AS people FROM ({found}) GROUP BY found"
    place = "row_number() OVER (ORDER BY people DESC, found) AS place"
    most = f"SELECT found, {place} FROM ({people}) ORDER BY place LIMIT {BREAKDOWN_MAX}"
    return [f"most AS MATERIALIZED ({most})"]


def events(plan: Plan, series: int, since: datetime, until: datetime, *, is_keyed: bool) -> str:
    """Return SQL for the events of a series between two moments: `person, happened, value, key`.

    `key` needs the queries of `keyed`; without a breakdown it is ''.
    """
    spec = plan.question.series[series]
    value = "NULL::DOUBLE"
    if spec.count not in OF_EVENTS:
        value = number_of("e.properties", spec.property, plan.parameters)
    found = f"{_valued(plan)}" if is_keyed else "''"
    pattern = matches(spec.pattern, plan.parameters, "e")
    rows = (
        f"SELECT e.person, e.happened, {value} AS value, {found} AS found"
        f" {_from(plan, pattern, since, until)}"
    )
    only = "" if spec.count in OF_EVENTS else " WHERE value IS NOT NULL"
    key = "''"
    if is_keyed:
        key = LISTED_KEY
    return f"SELECT person, happened, value, {key} AS key FROM ({rows}){only}"


def _measure_query(plan: Plan, series: int, *, is_keyed: bool) -> str:
    begins = plan.begins
    found = events(plan, series, begins[0], begins[-1], is_keyed=is_keyed)
    number = number_in(begins, "epoch_us(happened)", plan.parameters)
    rows = f"SELECT person, value, key, {number} AS number FROM ({found}){_compared(plan)}"
    before = len(plan.before)
    parted = (
        f"SELECT *, CASE WHEN number < {before} THEN 1 ELSE 0 END AS part,"
        f" CASE WHEN number < {before} THEN number ELSE number - {before} END AS period"
        f" FROM ({rows})"
    )
    key, more = "NULL", ""
    if is_keyed:
        key, more = "key", ", (part, period, key), (part, key)"
    aggregate = AGGREGATES[plan.question.series[series].count]
    return (
        f"SELECT {series} AS series, part, period, {key} AS key, ({aggregate})::DOUBLE AS measured,"
        " NULL::HUGEINT[] AS sums"
        f" FROM ({parted}) GROUP BY GROUPING SETS ((part, period), (part){more})"
    )


def _compared(plan: Plan) -> str:
    """Return the condition that drops days between the range and the compared days."""
    if not plan.before or plan.before[-1].until == plan.periods[0].since:
        return ""
    over = plan.parameters.moment(plan.before[-1].until)
    return (
        f" WHERE happened < {over} OR happened >= {plan.parameters.moment(plan.periods[0].since)}"
    )


def _present(plan: Plan, series: int, part: int) -> str:
    """Return SQL for distinct people, counted by bits of the periods in which they are present."""
    periods = plan.before if part else plan.periods
    begins = [*(each.since for each in periods), periods[-1].until]
    number = number_in(begins, "epoch_us(happened)", plan.parameters)
    found = events(plan, series, begins[0], begins[-1], is_keyed=False)
    there = (
        f"SELECT person, {words(len(periods), 0, 'number')}"
        f" FROM (SELECT person, {number} AS number FROM ({found})) GROUP BY person"
    )
    lines = {"people": [f"w{chunk}" for chunk in chunks(len(periods))]}
    return (
        f"SELECT {series} AS series, {part} AS part, NULL::INTEGER AS period, NULL::VARCHAR AS key,"
        f" total::DOUBLE AS measured, sums FROM ({tally(lines, f'({there})')}) found(total, sums)"
    )


def _from(plan: Plan, condition: str, since: datetime, until: datetime) -> str:
    found = plan.question.breakdown
    known = ""
    if found is not None and found.of == "person":
        known = f" {with_people('e', plan.parameters)}"
    return (
        f"FROM {counted(plan.question, plan.setting, plan.parameters)} e{known} WHERE {condition}"
        f" AND {between(since, until, plan.parameters)}"
    )


def _valued(plan: Plan) -> str:
    """Return SQL for the breakdown value of an event."""
    found = plan.question.breakdown
    assert found is not None
    properties = "e.properties" if found.of == "event" else "known.properties"
    return f"coalesce({property_of(properties, found.property, plan.parameters)}, '')"


def _keys(question: Trend) -> list[str]:
    """Return the keys of the series."""
    if not 1 <= len(question.series) <= SERIES_MAX:
        raise _bad_trend(f"There are {len(question.series)} series; 1 to {SERIES_MAX} fit.")
    keys = [each.key or LETTERS[place] for place, each in enumerate(question.series)]
    for key, each in zip(keys, question.series, strict=True):
        if not KEY.fullmatch(key) or key == FORMULA:
            raise _bad_trend(f"A series can't have the key {key[:40]!r}.")
        if keys.count(key) > 1:
            raise _bad_trend(f"More than one series has the key {key!r}.")
        _refuse_without_property(key, each)
    return keys


def _refuse_without_property(key: str, series: Series) -> None:
    if series.count not in OF_EVENTS and not series.property:
        raise _bad_trend(f"The {series.count} of series {key} needs a property.")


def _refuse_many(plan: Plan) -> None:
    groups = BREAKDOWN_MAX + 2 if plan.question.breakdown else 1
    values = len(plan.keys) * groups * (len(plan.periods) + len(plan.before))
    if values > VALUES_MAX:
        raise _bad_trend(f"The answer would have {values:,} values; at most {VALUES_MAX:,} fit.")


def _bad_trend(reason: str) -> Rejected:
    return Rejected(
        "analytics.bad_trend",
        reason,
        hint="Choose a longer period, fewer series, or fewer days.",
    )
