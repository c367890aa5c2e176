"""How far each attempt came where the order of the steps is free, as SQL.

From an anchor on, the first event of each step is looked up; by their order, the first of them
completes level 0, the second level 1, and so on. A later anchor never completes a level earlier, so
the first completion of a unit is that of its first anchor, and its latest start the last anchor
which has the same.
"""

from missioncontrol.analytics.funnel_chains import reached
from missioncontrol.analytics.funnel_rows import Plan

ROWS_BITS = 31
"""A unit has less than two billion rows: a place and its complement are one number."""


def units(plan: Plan) -> list[str]:
    """Return named queries over `seen`, of which the last is `units`, as those of chains are."""
    return [
        f"anchors AS ({_anchors(plan)})",
        f"attempts AS ({_attempts(plan)})",
        f"units AS ({_units(plan)})",
    ]


def _anchors(plan: Plan) -> str:
    firsts = ", ".join(
        f"first_value(CASE WHEN s{step} THEN {{'pos': pos, 'us': us}} END IGNORE NULLS) OVER w"
        for step in plan.steps
    )
    return (
        f"SELECT * FROM (SELECT *, list_sort([{firsts}], 'ASC', 'NULLS LAST') AS levels FROM seen"
        f" WINDOW w AS (PARTITION BY {plan.strand} ORDER BY pos"
        " ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)) WHERE enters"
    )


def _attempts(plan: Plan) -> str:
    """Return the anchors with when each reached each level, and whether it may reach more."""
    columns = [plan.unit, "us AS entered", "pos"]
    if plan.has_touch:
        columns.append("touch")
    limit = plan.question.within
    for step in plan.steps:
        level = f"levels[{step + 1}]"
        inside = "true" if limit is None else f"{level}.us - us <= {plan.time(limit)}"
        columns += [
            f"CASE WHEN {inside} THEN {level}.us END AS t{step}",
            f"CASE WHEN {inside} THEN {level}.pos END AS o{step}",
        ]
    for step in plan.steps[1:]:
        columns += [f"t{step} - us AS f{step}", f"t{step} - t{step - 1} AS g{step}"]
    is_open = "true" if limit is None else f"us + {plan.time(limit)} > {plan.as_of}"
    if plan.question.count == "sessions":
        is_open += " AND is_live"
    return f"SELECT {', '.join(columns)}, {is_open} AS is_open FROM anchors"


def _units(plan: Plan) -> str:
    pending = f"{reached(plan)} < {plan.steps[-1]} AND is_open"
    outcome = f"{reached(plan)} AS reached, {pending} AS is_pending"
    if plan.question.count == "entries":
        return f"SELECT *, {outcome} FROM attempts"
    columns = [plan.unit, "min(entered) AS entered", "bool_or(is_open) AS is_open"]
    if plan.has_touch and plan.question.breakdown is not None:
        chosen = "arg_max" if plan.question.breakdown.touch == "last" else "arg_min"
        columns.append(f"{chosen}(touch, pos) AS touch")
    for step in plan.steps:
        columns.append(f"min(t{step}) AS t{step}")
        if step:
            latest = f"((o{step} + 1) << {ROWS_BITS}) - pos"
            columns += [f"arg_min({each}{step}, {latest}) AS {each}{step}" for each in "fg"]
    found = f"SELECT {', '.join(columns)} FROM attempts GROUP BY {plan.unit}"
    return f"SELECT *, {outcome} FROM ({found})"
