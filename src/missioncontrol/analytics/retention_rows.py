"""SQL for retention: a row for each start of a person, with the periods of their returns.

The queries here join each return with each start of its person. `retention_bits.py` has cheaper
queries with the same rows for calendar periods.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property

from missioncontrol.analytics.calendar import (
    Bucket,
    Setting,
    buckets,
    period_after,
    period_of,
    start_of,
    zone_of,
)
from missioncontrol.analytics.filters import TECHNICAL, counted, matches_activity
from missioncontrol.analytics.questions import Bracket, Retention
from missioncontrol.analytics.sql import (
    LISTED_KEY,
    MOST,
    Parameters,
    between,
    micros,
    micros_in,
    number_in,
    order_of,
    property_of,
    seq_in,
    valued_by_person,
)

ROLLING = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}


class Plan:
    """A retention question with the values that its SQL needs."""

    def __init__(self, question: Retention, setting: Setting) -> None:
        """Start a statement for a valid question."""
        self.question = question
        self.setting = setting
        self.parameters = Parameters(question.product)

    @cached_property
    def cohorts(self) -> tuple[Bucket, ...]:
        """The periods of the range."""
        return buckets(self.question.range, self.question.unit, self.setting)

    @cached_property
    def columns(self) -> tuple[Bracket, ...]:
        """The periods of each column of the answer."""
        if self.question.mode == "bracket":
            return self.question.brackets
        return tuple(Bracket(each, each) for each in range(self.question.periods + 1))

    @property
    def last(self) -> int:
        """The last period of all columns."""
        return max(each.last for each in self.columns)

    @cached_property
    def begins(self) -> list[datetime]:
        """The starts of all periods from the first cohort to the end of the last column."""
        unit, zone = self.question.unit, zone_of(self.setting.zone)
        first = period_of(self.question.range.since, unit, self.setting.week_starts)
        periods = range(len(self.cohorts) + self.last + 1)
        return [start_of(period_after(first, unit, each), zone) for each in periods]

    @property
    def is_open(self) -> bool:
        """Whether late returns count for all earlier periods."""
        return self.question.mode == "on_or_after"

    @property
    def is_return(self) -> bool:
        """Whether every start also matches the return event."""
        start, back = self.question.start, self.question.back
        is_named = back.event == start.event or (not back.event and start.event not in TECHNICAL)
        return is_named and set(back.where) <= set(start.where)

    def over(self, cohort: int, column: int) -> datetime:
        """Return the end of a column's last period for all people of a cohort."""
        last = self.columns[column].last
        if self.question.rolling:
            return self.cohorts[cohort].until + ROLLING[self.question.unit] * (last + 1)
        return self.begins[cohort + last + 1]

    def is_complete(self, cohort: int, column: int) -> bool:
        """Whether a cell is complete."""
        return self.over(cohort, column) <= self.setting.as_of


def keyed(plan: Plan, cohorts: Sequence[int] | None = None) -> list[str]:
    """Return named queries, the last of which is `keyed`: the starts of all people.

    Its columns are `person, cohort` (an index)`, us, seq` (of the start) and `key`, the value of
    the breakdown. `cohorts` restricts the rows.
    """
    key = "'' AS key" if plan.question.breakdown is None else f"{LISTED_KEY} AS key"
    # The listed values of a breakdown depend on all cohorts, so the restriction comes last.
    only = "" if cohorts is None else f" WHERE cohort IN ({', '.join(map(str, cohorts))})"
    starts = _first(plan) if plan.question.kind == "first" else _recurring(plan)
    columns = f"person, cohort, {micros_in('place')} AS us, {seq_in('place')} AS seq, {key}"
    return [
        f"begun AS ({starts})",
        *_valued(plan),
        f"keyed AS MATERIALIZED (SELECT {columns} FROM valued{only})",
    ]


def _valued(plan: Plan) -> list[str]:
    found = plan.question.breakdown
    if found is None:
        return ["valued AS (SELECT * FROM begun)"]
    valued = "SELECT * FROM begun"
    if found.of == "person":
        valued = valued_by_person("begun", found.property, plan.parameters)
    return [f"valued AS MATERIALIZED ({valued})", f"most AS ({MOST})"]


def _first(plan: Plan) -> str:
    """Return SQL for the first starts ever that are in the range."""
    since, until = plan.cohorts[0].since, plan.cohorts[-1].until
    place = micros_in("place")
    return (
        f"SELECT *, {number_in(plan.begins, place, plan.parameters)} AS cohort"
        f" FROM (SELECT e.person, {_earliest(plan)} FROM {events(plan)} e"
        f" WHERE {matches_activity(plan.question.start, plan.parameters, 'e')} GROUP BY e.person)"
        f" WHERE {place} >= {plan.parameters.number(micros(since))}"
        f" AND {place} < {plan.parameters.number(micros(until))}"
    )


def _recurring(plan: Plan) -> str:
    """Return SQL for the first starts of people in each period of the range."""
    since, until = plan.cohorts[0].since, plan.cohorts[-1].until
    number = number_in(plan.begins, "epoch_us(e.happened)", plan.parameters)
    return (
        f"SELECT e.person, {number} AS cohort, {_earliest(plan)} FROM {events(plan)} e"
        f" WHERE {matches_activity(plan.question.start, plan.parameters, 'e')}"
        f" AND {between(since, until, plan.parameters)} GROUP BY e.person, cohort"
    )


def _earliest(plan: Plan) -> str:
    found, order = plan.question.breakdown, order_of("e")
    place = f"min({order}) AS place"
    if found is None or found.of == "person":
        return place
    value = property_of("e.properties", found.property, plan.parameters)
    return f"{place}, arg_min(coalesce({value}, ''), {order}) AS found"


def compared(plan: Plan) -> list[str]:
    """Return named queries, the last of which is `outcomes`: each start with its returns.

    A return sets a bit of the HUGEINT `back_bits` for its period. Where late returns count too,
    `furthest` is the last period with a return instead, or -1.
    """
    gathered, none = "bit_or(1::HUGEINT << n)", "0::HUGEINT"
    if plan.is_open:
        gathered, none = "max(n)", "-1"
    name = "furthest" if plan.is_open else "back_bits"
    limit = "" if plan.is_open else f" WHERE n <= {plan.last}"
    found = f"SELECT person, cohort, {gathered} AS {name} FROM ({returns(plan)}){limit}"
    column = f"coalesce({name}, {none}) AS {name}"
    joined = f"SELECT keyed.*, {column} FROM keyed LEFT JOIN returned USING (person, cohort)"
    return [
        *keyed(plan),
        f"returned AS ({found} GROUP BY person, cohort)",
        f"outcomes AS ({joined})",
    ]


def returns(plan: Plan) -> str:
    """Return SQL for the returns after each start, with `n`, the index of their period."""
    found = f"SELECT e.person, e.seq AS back_seq, epoch_us(e.happened) AS back_us {backs(plan)}"
    if plan.question.rolling:
        length = ROLLING[plan.question.unit] // timedelta(microseconds=1)
        number = f"((back_us - us) // {length})::INTEGER"
    else:
        number = f"{number_in(plan.begins, 'back_us', plan.parameters)} - cohort"
    return (
        f"SELECT keyed.person, cohort, back_us, {number} AS n"
        f" FROM keyed JOIN ({found}) backs ON backs.person = keyed.person"
        " AND (back_us > us OR (back_us = us AND back_seq >= keyed.seq))"
    )


def backs(plan: Plan) -> str:
    """Return the FROM and WHERE of returns, limited to the time in which they can count."""
    conditions = [
        matches_activity(plan.question.back, plan.parameters, "e"),
        f"e.happened >= {plan.parameters.moment(plan.cohorts[0].since)}",
    ]
    if not plan.is_open:
        end = max(plan.over(len(plan.cohorts) - 1, each) for each in range(len(plan.columns)))
        conditions.append(f"e.happened < {plan.parameters.moment(end)}")
    return f"FROM {events(plan)} e WHERE {' AND '.join(conditions)}"


def events(plan: Plan) -> str:
    """Return a subquery of the events that count."""
    return counted(plan.question, plan.setting, plan.parameters)
