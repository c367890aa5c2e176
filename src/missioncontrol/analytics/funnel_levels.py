"""SQL for funnels with steps in any order: how far each attempt gets.

From each anchor on, the first event of each step is found; in their order, the first completes
level 0, the second level 1, and so on. A later anchor never completes a level earlier, so a unit
completes a level first by its first anchor, and the latest start is the last anchor with the same
completion.
"""

from missioncontrol.analytics.funnel_chains import reached
from missioncontrol.analytics.funnel_rows import Plan

ROWS_BITS = 31
"""Bits of a row's place, of which a unit has less than two billion; two places form one number."""


def units(plan: Plan) -> list[str]:
    """Return named queries over `seen`, the last of which is `units`, as for chains."""
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
    """Return the anchors with the time of each level, and whether they may reach more."""
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
