"""Retention: how many of the people who started in a period return in later ones.

- A *cohort* is the people who started in one period of the product's calendar. *First*: by their
  first start event ever that counts for the question, if it is in the range. *Recurring*: in every
  period of the range with a start event, by the first one in it. Days of a period outside of the
  range do not belong to it.
- A *return* is an event of `back` later in the order (happened, received) than the start, or the
  start itself if it is one.
- Its *period* is the number of calendar periods from that of the start, so that a day of 23 or 25
  hours is one day; *rolling*: the number of times that 24 hours, 7 or 30 days have passed since the
  start.
- *Exact*: returned in the period; *on or after*: in it or later, up to `as_of`; *bracket*: in any
  of its periods.
- A cell is None until its period (the last of the bracket) is over for all possible people of the
  cohort: the calendar period; rolling: the same number of times 24 hours, 7 or 30 days after the
  end of the cohort's period within the range. *On or after* is complete by the same rule, and can
  still grow.
- `overall` is the people of complete cohorts who returned, divided by all of these people; None
  without any.
- A breakdown is by the value at the start. It lists the 25 values with most starts, ties in
  alphabetical order; the rest, and a value of this name, is `other`.
"""

from collections.abc import Sequence
from typing import Any

from missioncontrol.analytics.answers import (
    Cohort,
    RetentionAnswer,
    RetentionCell,
    RetentionGroup,
    bad_cell,
    common_fields,
)
from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.questions import OTHER, Bracket, Cell, Retention
from missioncontrol.analytics.retention_rows import Plan, keyed, outcomes, returns
from missioncontrol.analytics.sql import Rows
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.warehouse import Statement

PERIODS_MAX = 90
BRACKETS_MAX = 20
HALF = 60
"""Bits tested at once: a BIGINT is ten times as fast as a HUGEINT."""

Row = Sequence[Any]


def answer(
    question: Retention, setting: Setting, rows: Rows, *, definition: str, position: int
) -> RetentionAnswer:
    """Ask a question: `rows` carries out a statement.

    Raises:
        Rejected: `analytics.bad_retention`, `analytics.bad_condition`, `analytics.bad_segment`,
            `analytics.bad_range` or `analytics.bad_zone`.
    """
    check(question)
    plan = Plan(question, setting)
    found = rows(_statement(plan))
    cohorts = _cohorts(plan, found)
    return RetentionAnswer(
        **common_fields(question, setting, definition, position),
        labels=_labels(question, plan.columns),
        cohorts=cohorts,
        overall=_overall(plan, cohorts),
        groups=_groups(plan, found) if question.breakdown else (),
    )


def statement(question: Retention, setting: Setting) -> Statement:
    """Return the statement of a question.

    Its rows: index of the cohort, value of the breakdown, number of starts, and how many of them
    returned in each period or bracket. Empty cohorts have no row.
    """
    check(question)
    return _statement(Plan(question, setting))


def members(question: Retention, cell: Cell, setting: Setting) -> Statement:
    """Return the statement for who is behind a count: rows `(person, happened)`.

    A person enters a cohort with the start, and a period with the first return in it. Without a
    bucket all cohorts count; with a period, those that are complete in it.

    Raises:
        Rejected: as `answer`, or `analytics.bad_cell`.
    """
    check(question)
    plan = Plan(question, setting)
    column = _column(plan, cell)
    named = f"WITH {', '.join(keyed(plan, _cohort_numbers(plan, cell, column)))}"
    of_key = "true"
    if cell.breakdown is not None:
        of_key = f"key = {plan.parameters.text(cell.breakdown)}"
    if column is None:
        sql = f"{named} SELECT person, make_timestamp(us) AS happened FROM keyed WHERE {of_key}"
        return plan.parameters.statement(sql)
    within = plan.columns[column]
    until = "" if plan.is_open else f" AND n <= {within.last}"
    return plan.parameters.statement(
        f"{named}, selected AS (SELECT person, cohort FROM keyed WHERE {of_key})"
        f" SELECT person, make_timestamp(min(back_us)) AS happened FROM ({returns(plan)})"
        f" SEMI JOIN selected USING (person, cohort)"
        f" WHERE n >= {within.first}{until} GROUP BY person, cohort"
    )


def check(question: Retention) -> None:
    """Refuse a question that is not valid.

    Raises:
        Rejected: `analytics.bad_retention`.
    """
    if not 1 <= question.periods <= PERIODS_MAX:
        raise _bad_retention(f"{question.periods} periods are not 1 to {PERIODS_MAX}.")
    if question.mode != "bracket":
        return
    if not 1 <= len(question.brackets) <= BRACKETS_MAX:
        raise _bad_retention(
            f"There are {len(question.brackets)} brackets; 1 to {BRACKETS_MAX} are allowed."
        )
    for each in question.brackets:
        if not 0 <= each.first <= each.last <= PERIODS_MAX:
            raise _bad_retention(
                f"A bracket of the periods {each.first} to {each.last} is not within 0 to"
                f" {PERIODS_MAX}, the first before the last."
            )


def _bad_retention(reason: str) -> Rejected:
    return Rejected("analytics.bad_retention", reason, hint="Change the periods.")


def _statement(plan: Plan) -> Statement:
    counts = (_count(plan, each) for each in plan.columns)
    seen = "furthest" if plan.is_open else ", ".join(map(_half, range(plan.last // HALF + 1)))
    return plan.parameters.statement(
        f"WITH {', '.join(outcomes(plan))} SELECT cohort, key, count(*), {', '.join(counts)}"
        f" FROM (SELECT cohort, key, {seen} FROM outcomes) GROUP BY cohort, key"
    )


def _half(number: int) -> str:
    ones = (1 << HALF) - 1
    return f"((back_bits >> {number * HALF}) & {ones}::HUGEINT)::BIGINT AS back_bits{number}"


def _count(plan: Plan, column: Bracket) -> str:
    # Ninety FILTER clauses take fifty times as long.
    if plan.is_open:
        return f"count_if(furthest >= {column.first})"
    found = []
    for number in range(column.first // HALF, column.last // HALF + 1):
        first = max(column.first - number * HALF, 0)
        last = min(column.last - number * HALF, HALF - 1)
        bits = (1 << last + 1) - (1 << first)
        found.append(f"back_bits{number} & {bits}::BIGINT <> 0")
    return f"count_if({' OR '.join(found)})"


def _cohorts(plan: Plan, found: Sequence[Row]) -> tuple[Cohort, ...]:
    """Return all cohorts of the range, summed over the values of the breakdown."""
    sums = [[0] * (len(plan.columns) + 1) for _ in plan.cohorts]
    for cohort, _, *counts in found:
        sums[cohort] = [each + more for each, more in zip(sums[cohort], counts, strict=True)]
    return tuple(
        Cohort(
            plan.cohorts[number].label,
            size,
            tuple(_cell(plan, number, column, size, each) for column, each in enumerate(counts)),
        )
        for number, (size, *counts) in enumerate(sums)
    )


def _cell(plan: Plan, cohort: int, column: int, size: int, people: int) -> RetentionCell:
    if not plan.is_complete(cohort, column):
        return RetentionCell(None, None)
    return RetentionCell(people, people / size if size else None)


def _overall(plan: Plan, cohorts: Sequence[Cohort]) -> tuple[float | None, ...]:
    return tuple(
        _share_of_all([(each.kept[column].people, each.size) for each in cohorts])
        for column in range(len(plan.columns))
    )


def _share_of_all(cells: Sequence[tuple[int | None, int]]) -> float | None:
    complete = [(people, size) for people, size in cells if people is not None]
    size = sum(size for _, size in complete)
    return sum(people for people, _ in complete) / size if size else None


def _groups(plan: Plan, found: Sequence[Row]) -> tuple[RetentionGroup, ...]:
    """Return the breakdown values with most people first, `other` last."""
    apart: dict[str, list[Row]] = {}
    for row in found:
        apart.setdefault(row[1], []).append(row)
    keys = sorted(apart, key=lambda key: (key == OTHER, -sum(row[2] for row in apart[key]), key))
    groups = ((key, _cohorts(plan, apart[key])) for key in keys)
    return tuple(RetentionGroup(key, each, _overall(plan, each)) for key, each in groups)


def _labels(question: Retention, columns: Sequence[Bracket]) -> tuple[str, ...]:
    letter = question.unit[0].upper()
    return tuple(
        f"{letter}{each.first}"
        if each.first == each.last
        else f"{letter}{each.first} to {letter}{each.last}"
        for each in columns
    )


def _cohort_numbers(plan: Plan, cell: Cell, column: int | None) -> list[int] | None:
    """Return the indexes of the cohorts of a cell; None for all."""
    labels = [each.label for each in plan.cohorts]
    if cell.bucket:
        if cell.bucket not in labels:
            raise bad_cell(f"No {plan.question.unit} of the range is called {cell.bucket!r}.")
        return [labels.index(cell.bucket)]
    if column is None:
        return None
    complete = [each for each in range(len(labels)) if plan.is_complete(each, column)]
    return complete or [-1]  # -1 matches no cohort, as none is complete.


def _column(plan: Plan, cell: Cell) -> int | None:
    if cell.breakdown is not None and plan.question.breakdown is None:
        raise bad_cell("The retention has no breakdown.")
    if cell.period is not None and not 0 <= cell.period < len(plan.columns):
        raise bad_cell(f"There is no period {cell.period} in {len(plan.columns)} columns.")
    return cell.period
