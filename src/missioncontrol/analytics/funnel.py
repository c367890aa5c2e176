"""Funnels: how many go from step to step, how long they take, and where they are lost.

- An attempt starts with an *entry*, an event of the first step in the range (in any order: an event
  of any step). A funnel counts people, entries, or sessions with an entry.
- *Ordered*: a step is reached if a chain of events leads to it, one for each step up to it, each
  strictly later than the one before in the order (happened, received), within the window of its
  step since the event before or since the first, all within the total window; windows are
  inclusive; and no event of an exclusion lies strictly between the two steps that it names. Later
  steps may lie after the range. An event may match several steps, but is only one of a chain.
- *Strict*: in addition, none of the counted events of the person (of the session) lies in between.
- *Any*: level k is reached if, from an entry on and within the total window, events match
  k + 1 different steps; one event may match several. Windows of steps don't apply; exclusions are
  not allowed.
- *Sessions*: all of a chain lies in one session, by the rules of `funnel_rows.with_sessions`,
  applied to the events that count for the question.
- *Constant*: all events of a chain have the same value of the property; events without it are in no
  chain and are not entries. A person counts once, with the chains of all values together.
  Exclusions apply whatever the value of their events.
- A person who has not reached the step after their furthest is *pending* as long as future events
  could still complete it from any of their chains: the next window and the total are open (where
  windows count from the first step, those of all steps up to it), no exclusion that ends by then
  has occurred since, for `strict` nothing followed, and the session is not over. A window is open
  if it ends after `as_of`; events at `as_of` are known. All others are *lost*. Without any window,
  a person can be lost in a session only.
- So reached(k) = reached(k+1) + lost(k+1) + pending(k+1), for every k, group and period.
- Times are those of the first event that reaches a step: since its latest possible start, and since
  the latest possible event of the step before (in any order: since the level before was complete,
  from that start). The median of an even number is the mean of the middle two.
- A breakdown is by the value at the first or the last entry in the range. It lists the 25 values
  with most attempts, ties in alphabetical order; the rest, and a value of this name, is `other`.
- In a trend each attempt belongs to the period of its first entry, so that periods add up.
"""

from collections.abc import Sequence
from typing import Any

from missioncontrol.analytics.answers import (
    FunnelAnswer,
    FunnelGroup,
    StepCount,
    bad_cell,
    common_fields,
)
from missioncontrol.analytics.calendar import Bucket, Setting, buckets
from missioncontrol.analytics.filters import label_of
from missioncontrol.analytics.funnel_chains import level_units as units_of_levels
from missioncontrol.analytics.funnel_chains import units as units_of_chains
from missioncontrol.analytics.funnel_rows import Plan, rows
from missioncontrol.analytics.questions import DAY, OTHER, STEPS_MAX, Cell, Funnel, Pattern, Step
from missioncontrol.analytics.sql import (
    LISTED_KEY,
    MOST,
    Parameters,
    Rows,
    number_in,
    valued_by_person,
)
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.warehouse import Statement

WITHIN_MAX = 3_660 * DAY
EXCLUSIONS_MAX = 10
SECOND = 1_000_000.0

ACTIVATION = (
    Step(Pattern("signup")),
    Step(Pattern("onboarding_complete"), 7 * DAY),
    Step(Pattern("first_key_action"), 7 * DAY),
    Step(Pattern("invite"), 14 * DAY),
)
"""The steps of the default activation funnel, each window since the step before."""


def answer(
    question: Funnel, setting: Setting, rows: Rows, *, definition: str, position: int
) -> FunnelAnswer:
    """Ask a question: `rows` carries out a statement.

    Raises:
        Rejected: `analytics.bad_funnel`, `analytics.bad_condition`, `analytics.bad_segment`,
            `analytics.bad_range` or `analytics.bad_zone`.
    """
    found = rows(statement(question, setting))
    whole = next(row for row in found if row[0] == ALL)
    return FunnelAnswer(
        **common_fields(question, setting, definition, position),
        steps=_steps(question, whole),
        groups=_groups(question, found),
        trend=_trend(question, setting, found),
    )


def statement(question: Funnel, setting: Setting) -> Statement:
    """Return the statement of a question.

    Its rows: kind (`ALL`, `VALUES` or `PERIODS`), index of the period, value of the breakdown, and
    for each step how many reached it, were lost and are pending, and the medians in microseconds
    since the first step and the step before.
    """
    plan = _plan(question, setting)
    apart = {"key": question.breakdown, "period": question.by}
    grouping = [f"({column})" for column, is_present in apart.items() if is_present]
    columns = [
        _kind(question),
        "period" if question.by else "0",
        "key" if question.breakdown else "''",
    ]
    for step in plan.steps:
        columns += [
            f"count(*) FILTER (reached >= {step})",
            f"count(*) FILTER (reached = {step - 1} AND NOT is_pending)",
            f"count(*) FILTER (reached = {step - 1} AND is_pending)",
            f"median(f{step})" if step else "NULL",
            f"median(g{step})" if step else "NULL",
        ]
    return plan.parameters.statement(
        f"WITH {', '.join(_named(plan))} SELECT {', '.join(columns)} FROM result"
        f" GROUP BY GROUPING SETS ({', '.join(['()', *grouping])})"
    )


def members(question: Funnel, cell: Cell, setting: Setting) -> Statement:
    """Return the statement for who is behind a count: rows `(person, happened)`.

    A person enters the count on reaching the step; a lost or pending one, on reaching the step
    before.

    Raises:
        Rejected: as `answer`, or `analytics.bad_cell`.
    """
    plan = _plan(question, setting)
    step = cell.step or 0
    if not 0 <= step < len(question.steps):
        raise bad_cell(f"There is no step {step} in a funnel of {len(question.steps)} steps.")
    is_there = cell.state in ("", "converted")
    conditions = [f"reached >= {step}" if is_there else f"reached = {step - 1}"]
    if not is_there:
        conditions.append("is_pending" if cell.state == "pending" else "NOT is_pending")
    if cell.breakdown is not None:
        if question.breakdown is None:
            raise bad_cell("The funnel has no breakdown.")
        conditions.append(f"key = {plan.parameters.text(cell.breakdown)}")
    if cell.bucket:
        conditions.append(f"period = {_period(question, cell, setting)}")
    since = step if is_there else max(step - 1, 0)
    return plan.parameters.statement(
        f"WITH {', '.join(_named(plan))} SELECT person, make_timestamp(t{since}) AS happened"
        f" FROM result WHERE {' AND '.join(conditions)}"
    )


ALL, VALUES, PERIODS = 0, 1, 2


def _kind(question: Funnel) -> str:
    """Return SQL for the kind of a row."""
    key = f"WHEN grouping(key) = 0 THEN {VALUES} " if question.breakdown else ""
    period = f"WHEN grouping(period) = 0 THEN {PERIODS} " if question.by else ""
    return f"CASE {key}{period}ELSE {ALL} END" if key or period else f"{ALL}"


def _plan(question: Funnel, setting: Setting) -> Plan:
    check(question)
    return Plan(question, setting, Parameters(question.product))


def _named(plan: Plan) -> list[str]:
    """Return named queries, the last of which is `result`: units with `key` and `period`."""
    units = units_of_levels(plan) if plan.is_any else units_of_chains(plan)
    return [*rows(plan), *units, *_keyed(plan), f"result AS ({_with_period(plan)})"]


def _keyed(plan: Plan) -> list[str]:
    found = plan.question.breakdown
    if found is None:
        return ["keyed AS (SELECT *, '' AS key FROM units)"]
    if found.of == "event":
        valued = "SELECT *, touch AS found FROM units"
    else:
        valued = valued_by_person("units", found.property, plan.parameters)
    return [
        f"valued AS ({valued})",
        f"most AS ({MOST})",
        f"keyed AS (SELECT *, {LISTED_KEY} AS key FROM valued)",
    ]


def _with_period(plan: Plan) -> str:
    if plan.question.by is None:
        return "SELECT *, 0 AS period FROM keyed"
    periods = buckets(plan.question.range, plan.question.by, plan.setting)
    edges = [*(each.since for each in periods), periods[-1].until]
    return f"SELECT *, {number_in(edges, 'entered', plan.parameters)} AS period FROM keyed"


def _period(question: Funnel, cell: Cell, setting: Setting) -> int:
    if question.by is None:
        raise bad_cell("The funnel has no trend.")
    labels = [each.label for each in buckets(question.range, question.by, setting)]
    if cell.bucket not in labels:
        raise bad_cell(f"No {question.by} of the funnel's trend is called {cell.bucket!r}.")
    return labels.index(cell.bucket)


def _groups(question: Funnel, found: Sequence[Sequence[Any]]) -> tuple[FunnelGroup, ...]:
    """Return the breakdown values with most attempts first, `other` last."""
    rows = [row for row in found if row[0] == VALUES]
    rows.sort(key=lambda row: (row[2] == OTHER, -row[3], row[2]))
    return tuple(FunnelGroup(row[2], _steps(question, row)) for row in rows)


def _trend(
    question: Funnel, setting: Setting, found: Sequence[Sequence[Any]]
) -> tuple[FunnelGroup, ...]:
    if question.by is None:
        return ()
    rows = {row[1]: row for row in found if row[0] == PERIODS}
    empty = [PERIODS, 0, "", *([0, 0, 0, None, None] * len(question.steps))]
    periods = enumerate(buckets(question.range, question.by, setting))
    return tuple(
        _of_period(question, setting, bucket, rows.get(number, empty)) for number, bucket in periods
    )


def _of_period(
    question: Funnel, setting: Setting, bucket: Bucket, row: Sequence[Any]
) -> FunnelGroup:
    steps = _steps(question, row)
    is_over = bucket.until <= setting.as_of and not any(each.pending for each in steps)
    return FunnelGroup(bucket.label, steps, is_over)


def _steps(question: Funnel, row: Sequence[Any]) -> tuple[StepCount, ...]:
    counts = [row[3 + 5 * step : 8 + 5 * step] for step in range(len(question.steps))]
    entered = counts[0][0]
    return tuple(
        StepCount(
            label=label_of(step.pattern),
            reached=reached,
            lost=lost,
            pending=pending,
            of_first=_share(reached, entered),
            of_before=_share(reached, reached + lost + pending),
            median=_seconds(median),
            median_step=_seconds(median_step),
        )
        for step, (reached, lost, pending, median, median_step) in zip(
            question.steps, counts, strict=True
        )
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _seconds(micros: float | None) -> float | None:
    return None if micros is None else micros / SECOND


def check(question: Funnel) -> None:
    """Refuse a funnel that is not valid.

    Raises:
        Rejected: `analytics.bad_funnel`.
    """
    steps = len(question.steps)
    if not 1 <= steps <= STEPS_MAX:
        raise _bad_funnel(f"A funnel has 1 to {STEPS_MAX} steps, not {steps}.")
    for within in (question.within, *(each.within for each in question.steps)):
        if within is not None and not 0 <= within <= WITHIN_MAX:
            raise _bad_funnel(f"A window of {within} seconds is not 0 to {WITHIN_MAX:.0f}.")
    if question.exclusions and question.order == "any":
        raise _bad_funnel("Exclusions need an order of the steps.")
    if len(question.exclusions) > EXCLUSIONS_MAX:
        raise _bad_funnel(f"{len(question.exclusions)} exclusions are more than {EXCLUSIONS_MAX}.")
    for each in question.exclusions:
        if not 0 <= each.after < each.before < steps:
            raise _bad_funnel(
                f"An exclusion between steps {each.after} and {each.before} is not between two of"
                f" the steps 0 to {steps - 1}."
            )


def _bad_funnel(reason: str) -> Rejected:
    return Rejected("analytics.bad_funnel", reason, hint="Change the steps of the funnel.")
