"""SQL for funnels: how far each attempt gets, with steps in order by chains or in any order."""

from missioncontrol.analytics.funnel_rows import Plan
from missioncontrol.analytics.sql import joined

BEFORE = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
ROWS_BITS = 31
"""Bits of a row's place, of which a unit has less than two billion; two places form one number."""


def units(plan: Plan) -> list[str]:
    """Return named queries over `seen`, the last of which is `units`: attempts.

    Its columns are `person, entered, touch, reached, is_pending`; for each step `t`, when it was
    reached, and but for the first `f` and `g`, microseconds since the first and the step before.
    """
    found = [f"step_0 AS ({_first(plan)})"]
    found += [f"step_{each} AS ({_step(plan, each)})" for each in plan.steps[1:]]
    found.append(f"strands AS ({_strands(plan)})")
    found.append(f"units AS ({_units(plan)})")
    return found


def reached(plan: Plan) -> str:
    """Return SQL for the furthest step of a unit, by the times at which it reached each."""
    return " + ".join(f"CAST(t{each} IS NOT NULL AS INTEGER)" for each in plan.steps[1:]) or "0"


def _first(plan: Plan) -> str:
    columns = ["*", "enters AS r0", "us AS b0"]
    if 0 in _exclusion_steps(plan, 0):
        columns.append("pos AS c0_0")
    for number in range(len(plan.question.exclusions)):
        place = f"CASE WHEN x{number} THEN pos END"
        columns.append(
            f"max({place}) OVER (PARTITION BY {plan.unit} ORDER BY pos {BEFORE}) AS l{number}"
        )
        columns.append(f"max({place}) OVER (PARTITION BY {plan.unit}) AS v{number}")
    return f"SELECT {', '.join(columns)} FROM seen"


def _step(plan: Plan, step: int) -> str:
    """Return the rows with the columns of a step."""
    before = step - 1
    carried = {f"p{step}": "us"} if step == 1 else {f"p{step}": "us", f"b{step}": f"b{before}"}
    carried |= {f"c{step}_{each}": f"c{before}_{each}" for each in _exclusion_steps(plan, before)}
    columns = [f"{_latest(plan, before, column)} AS {name}" for name, column in carried.items()]
    if plan.is_strict:
        columns.append(f"{_is_next(plan)} AS follows")
    window = f"WINDOW w AS (PARTITION BY {plan.strand} ORDER BY {plan.order}"
    frame = ")" if plan.is_strict else f" {BEFORE})"
    own = ["p1 AS b1"] if step == 1 else []
    own += [f"pos AS c{step}_{step}"] if step in _exclusion_steps(plan, step) else []
    shown = ["* EXCLUDE (follows)" if plan.is_strict else "*", *own]
    return (
        f"SELECT {', '.join(shown)}, coalesce({_reaches(plan, step)}, false) AS r{step}"
        f" FROM (SELECT *, {', '.join(columns)} FROM step_{before} {window}{frame})"
    )


def _is_next(plan: Plan) -> str:
    """Return SQL for whether an event directly follows the row before, with the same value."""
    same = " AND lag(value) OVER w = value" if plan.question.constant else ""
    return f"lag(pos) OVER w = pos - 1{same}"


def _latest(plan: Plan, step: int, column: str) -> str:
    """Return SQL for a column of the latest earlier event that reached a step."""
    reaching = f"CASE WHEN r{step} THEN {column} END"
    if plan.is_strict:
        return f"lag({reaching}) OVER w"
    return f"last_value({reaching} IGNORE NULLS) OVER w"


def _reaches(plan: Plan, step: int) -> str:
    question = plan.question
    conditions = [f"s{step}", f"p{step} IS NOT NULL"]
    since = "b" if question.windows_from == "first" else "p"
    within = question.steps[step].within
    if within is not None:
        conditions.append(f"us - {since}{step} <= {plan.time(within)}")
    if question.within is not None:
        conditions.append(f"us - b{step} <= {plan.time(question.within)}")
    if plan.is_strict:
        conditions.append("follows")
    for number, each in enumerate(question.exclusions):
        if each.before == step:
            conditions.append(f"coalesce(l{number} <= c{step}_{each.after}, true)")
    return joined(conditions)


def _exclusion_steps(plan: Plan, step: int) -> list[int]:
    """Return the steps whose places later steps need, for exclusions that span them."""
    return sorted(
        {each.after for each in plan.question.exclusions if each.after <= step < each.before}
    )


def _strands(plan: Plan) -> str:
    """Return how far each strand got: a unit, or its part with one value of the constant."""
    columns = [plan.unit, "min(CASE WHEN enters THEN us END) AS entered"]
    if plan.has_touch:
        columns += _touch(plan)
    for step in plan.steps:
        here = f"CASE WHEN r{step} THEN"
        columns.append(f"min({here} us END) AS t{step}")
        if step:
            columns.append(f"min({here} us END) - min({here} b{step} END) AS f{step}")
            columns.append(f"min({here} us END) - min({here} p{step} END) AS g{step}")
        if plan.question.constant:
            columns.append(f"min({here} pos END) AS o{step}")
    columns += [f"{_is_open(plan, step)} AS open_{step}" for step in plan.steps[1:]]
    group = plan.strand if not plan.question.constant else f"{plan.unit}, value"
    return f"SELECT {', '.join(columns)} FROM step_{plan.steps[-1]} GROUP BY {group}"


def _touch(plan: Plan) -> list[str]:
    breakdown = plan.question.breakdown
    is_last = breakdown is not None and breakdown.touch == "last"
    chosen = "arg_max" if is_last else "arg_min"
    place = "max" if is_last else "min"
    return [
        f"{chosen}(touch, pos) FILTER (enters) AS touch",
        f"{place}(pos) FILTER (enters) AS touched",
    ]


def _is_open(plan: Plan, target: int) -> str:
    """Return SQL for whether future events could take a strand to a step."""
    return joined(
        (
            joined(
                [
                    *_still(plan, step, target),
                    # The latest event that reached the step has the most time left.
                    f"{_last(plan, step, 'us')} IS NOT NULL",
                ]
            )
            for step in range(target)
        ),
        "OR",
    )


def _still(plan: Plan, step: int, target: int) -> list[str]:
    question, conditions = plan.question, []
    begun = _last(plan, step, f"b{step}")
    if question.within is not None:
        conditions.append(f"{begun} + {plan.time(question.within)} > {plan.as_of}")
    if question.windows_from == "before":
        within, since = question.steps[step + 1].within, _last(plan, step, "us")
    else:
        found = [each.within for each in question.steps[step + 1 : target + 1]]
        within = min((each for each in found if each is not None), default=None)
        since = begun
    if within is not None:
        conditions.append(f"{since} + {plan.time(within)} > {plan.as_of}")
    for number, each in enumerate(question.exclusions):
        if each.after <= step < each.before <= target:
            place = _last(plan, step, f"c{step}_{each.after}")
            conditions.append(f"coalesce(max(v{number}) <= {place}, true)")
    if question.count == "sessions":
        conditions.append("bool_or(is_live)")
    return conditions


def _last(plan: Plan, step: int, column: str) -> str:
    # In strict order only a chain that ends with the last row can continue.
    ends = " AND pos = last" if plan.is_strict else ""
    return f"max(CASE WHEN r{step}{ends} THEN {column} END)"


def _units(plan: Plan) -> str:
    if not plan.question.constant:
        return f"SELECT *, {_outcome(plan)} FROM strands WHERE t0 IS NOT NULL"
    columns = [plan.unit, "min(entered) AS entered"]
    if plan.has_touch and plan.question.breakdown is not None:
        chosen = "arg_max" if plan.question.breakdown.touch == "last" else "arg_min"
        columns.append(f"{chosen}(touch, touched) AS touch")
    for step in plan.steps:
        columns.append(f"min(t{step}) AS t{step}")
        if step:
            columns.append(f"arg_min(f{step}, o{step}) AS f{step}")
            columns.append(f"arg_min(g{step}, o{step}) AS g{step}")
            columns.append(f"bool_or(open_{step}) AS open_{step}")
    strands = f"SELECT {', '.join(columns)} FROM strands WHERE t0 IS NOT NULL GROUP BY {plan.unit}"
    return f"SELECT *, {_outcome(plan)} FROM ({strands})"


def _outcome(plan: Plan) -> str:
    """Return the columns `reached` and `is_pending`."""
    cases = " ".join(f"WHEN {step - 1} THEN open_{step}" for step in plan.steps[1:])
    pending = f"CASE {reached(plan)} {cases} ELSE false END" if cases else "false"
    return f"{reached(plan)} AS reached, {pending} AS is_pending"


def level_units(plan: Plan) -> list[str]:
    """Return named queries over `seen`, the last of which is `units`, as for chains."""
    return [
        f"anchors AS ({_anchors(plan)})",
        f"attempts AS ({_attempts(plan)})",
        f"units AS ({_level_units(plan)})",
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


def _level_units(plan: Plan) -> str:
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
