"""Lifecycle: who is new, returning, resurrecting or dormant in each period.

- A person is *active* in a period with any counting event of the pattern in it.
- *New*: active, without such an event before the period. *Returning*: active, not new, and active
  in the period before. *Resurrecting*: active, neither new nor returning. These three together are
  exactly the active people. *Dormant*: active in the period before, but not in this one.
- Periods are calendar periods within the range: days outside of the range do not belong to them.
  The period before one is always whole, also where it lies before the range.
- The total of a line is everyone whom one of its values counts, once.
"""

from datetime import datetime

from missioncontrol.analytics.answers import LifecycleAnswer, Line, bad_cell, common_fields
from missioncontrol.analytics.calendar import (
    Bucket,
    Setting,
    buckets,
    period_after,
    period_of,
    start_of,
    zone_of,
)
from missioncontrol.analytics.filters import counted, matches_activity
from missioncontrol.analytics.presence import CHUNK, chunks, counts, ones, tally, words
from missioncontrol.analytics.questions import Cell, Lifecycle
from missioncontrol.analytics.sql import Parameters, Rows, micros, number_in
from missioncontrol.ports.warehouse import Statement

STATES = ("new", "returning", "resurrecting", "dormant")


def answer(
    question: Lifecycle, setting: Setting, rows: Rows, *, definition: str, position: int
) -> LifecycleAnswer:
    """Ask a question: `rows` carries out a statement.

    Raises:
        Rejected: `analytics.bad_condition`, `analytics.bad_segment`, `analytics.bad_range` or
            `analytics.bad_zone`.
    """
    plan = _Plan(question, setting)
    (row,) = rows(_statement(plan))
    return LifecycleAnswer(
        **common_fields(question, setting, definition, position),
        buckets=tuple(each.label for each in plan.periods),
        complete=tuple(each.is_complete(setting.as_of) for each in plan.periods),
        lines=tuple(
            Line(
                key=state,
                label=state.capitalize(),
                values=tuple(map(float, counts(row[2 * place + 1], len(plan.periods)))),
                total=float(row[2 * place]),
            )
            for place, state in enumerate(STATES)
        ),
    )


def statement(question: Lifecycle, setting: Setting) -> Statement:
    """Return the statement of a question.

    It has one row: for each state the total of people, and a list for `presence.counts`.
    """
    return _statement(_Plan(question, setting))


def members(question: Lifecycle, cell: Cell, setting: Setting) -> Statement:
    """Return the statement for who is behind a count: rows `(person, happened)`.

    Active people enter the count with their first event in the period; dormant ones with their last
    event in the period before. Without a bucket, the total of the line counts, with the first
    period of each person.

    Raises:
        Rejected: as `answer`, or `analytics.bad_cell`.
    """
    plan = _Plan(question, setting)
    if cell.series not in STATES:
        raise bad_cell(f"{cell.series!r} is not one of {', '.join(STATES)}.")
    labels = [each.label for each in plan.periods]
    if cell.bucket and cell.bucket not in labels:
        raise bad_cell(f"No {question.by} of the answer is called {cell.bucket!r}.")
    period = labels.index(cell.bucket) + 1 if cell.bucket else None
    of_period = f" WHERE period = {period}" if period else ""
    found = _members(plan, cell.series, period)
    return plan.parameters.statement(
        f"SELECT person, min(happened) AS happened FROM ({found}){of_period} GROUP BY person"
    )


class _Plan:
    """A lifecycle question with the values that its SQL needs."""

    def __init__(self, question: Lifecycle, setting: Setting) -> None:
        self.question = question
        self.setting = setting
        self.parameters = Parameters(question.product)
        self.periods: tuple[Bucket, ...] = buckets(question.range, question.by, setting)
        zone = zone_of(setting.zone)
        first = period_of(question.range.since, question.by, setting.week_starts)
        self.first = start_of(first, zone)  # of the whole first period
        self.before = start_of(period_after(first, question.by, -1), zone)

    @property
    def begins(self) -> list[datetime]:
        """The starts of the period before the first one and of all periods, and the last end."""
        return [self.before, *(each.since for each in self.periods), self.periods[-1].until]


CUT = -2
"""The index of the part of the first period before the range; anything earlier is -1."""


def _statement(plan: _Plan) -> Statement:
    periods, us = len(plan.periods), "us"
    ever = f"min({us}) AS ever"
    cut = f"bit_or(CASE WHEN period = {CUT} THEN 2::HUGEINT ELSE 0 END) AS cut"
    numbered = f"SELECT person, us, {_number(plan, us)} AS period FROM ({_moments(plan)})"
    there = (
        f"SELECT person, {ever}, {cut}, {words(periods, 1, 'period')} FROM ({numbered})"
        " GROUP BY person"
    )
    born = f"SELECT *, {_number(plan, 'ever')} - 1 AS born FROM ({there})"
    states = ", ".join(_states(chunk, periods) for chunk in chunks(periods))
    found = ", ".join(_active(chunk, periods) for chunk in chunks(periods))
    lines = {state: [f"{state}{chunk}" for chunk in chunks(periods)] for state in STATES}
    source = f"(SELECT {states} FROM (SELECT {found} FROM ({born})))"
    return plan.parameters.statement(tally(lines, source))


def _moments(plan: _Plan) -> str:
    return (
        "SELECT e.person, epoch_us(e.happened) AS us"
        f" FROM {counted(plan.question, plan.setting, plan.parameters)} e"
        f" WHERE {matches_activity(plan.question.pattern, plan.parameters, 'e')}"
        f" AND e.happened < {plan.parameters.moment(plan.periods[-1].until)}"
    )


def _number(plan: _Plan, us: str) -> str:
    """Return SQL for the index of a period, where 0 is the one before the first."""
    found = number_in(plan.begins, us, plan.parameters)
    before = plan.parameters.number(micros(plan.before))
    cut = ""
    if plan.first < plan.periods[0].since:
        first, since = micros(plan.first), micros(plan.periods[0].since)
        is_cut = (
            f"{us} >= {plan.parameters.number(first)} AND {us} < {plan.parameters.number(since)}"
        )
        cut = f" WHEN {is_cut} THEN {CUT}"
    return f"(CASE WHEN {us} < {before} THEN -1{cut} ELSE {found} END)"


def _active(chunk: int, periods: int) -> str:
    """Return the bits of a chunk: active, active in the period before, and new."""
    mask, first = ones(periods, chunk), chunk * CHUNK
    before = f"w{chunk} | cut" if chunk == 0 else f"w{chunk}"
    after = min(first + CHUNK, periods)
    is_here = f"born >= {first} AND born < {after}"
    return (
        f"(w{chunk} >> 1) & {mask} AS active{chunk}, ({before}) & {mask} AS before{chunk},"
        f" CASE WHEN {is_here} THEN 1::HUGEINT << (born - {first}) ELSE 0::HUGEINT END"
        f" AS new{chunk}"
    )


def _states(chunk: int, periods: int) -> str:
    active, before, new = f"active{chunk}", f"before{chunk}", f"new{chunk}"
    neither = f"({ones(periods, chunk)} - {before})"
    return (
        f"{new}, ({active} - {new}) & {before} AS returning{chunk},"
        f" ({active} - {new}) & {neither} AS resurrecting{chunk},"
        f" {before} - ({active} & {before}) AS dormant{chunk}"
    )


def _members(plan: _Plan, state: str, period: int | None) -> str:
    """Return the query of people in a state: rows `(person, period, happened)`, periods from 1.

    With a period, the rows of others may be missing or wrong.
    """
    only = f" WHERE period IN ({period - 1}, {period}, {CUT})" if period else ""
    named = (
        f"moments AS MATERIALIZED ({_moments(plan)}),"
        " ever AS (SELECT person, min(us) AS began FROM moments GROUP BY person),"
        f" numbered AS (SELECT *, {_number(plan, 'us')} AS period FROM moments),"
        " parts AS (SELECT person, period, min(us) AS first, max(us) AS last FROM numbered"
        f" {only} GROUP BY person, period),"
        " there AS (SELECT * FROM parts WHERE period > 0),"
        " was AS (SELECT person, after AS period, max(last) AS last FROM"
        f"  (SELECT *, CASE period WHEN {CUT} THEN 2 ELSE period + 1 END AS after FROM parts)"
        f"  WHERE after BETWEEN 1 AND {len(plan.periods)} GROUP BY person, after)"
    )
    return f"WITH {named} SELECT person, period, make_timestamp({WHO[state]}"


WHO = {
    "new": "first) AS happened FROM there JOIN ever USING (person) WHERE first = began",
    "returning": "first) AS happened FROM there SEMI JOIN was USING (person, period)",
    "resurrecting": "first) AS happened FROM there JOIN ever USING (person)"
    " ANTI JOIN was USING (person, period) WHERE first > began",
    "dormant": "last) AS happened FROM was ANTI JOIN there USING (person, period)",
}
"""For each state the rest of the query, which selects from `there`, the periods with activity, and
`was`, the periods after these."""
