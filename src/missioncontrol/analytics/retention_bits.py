"""SQL for retention by calendar periods, without a join of events with events.

The active periods of a person become bits, and each start reads the bits from its own period on.
Only within the period of the start the order of events matters: it has a return if the start is
itself one, or if the last possible return in the period is not before the start.
"""

from missioncontrol.analytics.filters import matches_activity
from missioncontrol.analytics.retention_rows import Plan, backs, compared, keyed
from missioncontrol.analytics.sql import micros_in, number_in, order_of, seq_in

WORD = 120
"""Periods in one HUGEINT, which has 127 bits and a sign."""


def outcomes(plan: Plan) -> list[str]:
    """Return named queries, the last of which is `outcomes`; see `retention_rows.compared`."""
    question = plan.question
    if question.rolling:
        return compared(plan)
    if question.kind == "first":
        return [*keyed(plan), *_by_period(plan)] if plan.is_return else compared(plan)
    if question.breakdown is None and plan.is_return:
        return _at_once(plan)
    return [*keyed(plan), *(_by_period(plan) if plan.is_return else _by_last(plan))]


def _by_period(plan: Plan) -> list[str]:
    """Return the queries where each start is itself a return."""
    found = f"SELECT e.person, {_period(plan)} AS period {backs(plan)}"
    return [
        f"active AS (SELECT person, {_gathered(plan)} FROM ({found}) GROUP BY person)",
        f"outcomes AS (SELECT keyed.*, {_seen(plan)} FROM keyed JOIN active USING (person))",
    ]


def _at_once(plan: Plan) -> list[str]:
    """Return the queries where, in addition, all starts count and become bits as well."""
    until = plan.parameters.moment(plan.cohorts[-1].until)
    begun = matches_activity(plan.question.start, plan.parameters, "e")
    starts = f"{begun} AND e.happened < {until}"
    found = f"SELECT e.person, {_period(plan)} AS period, {starts} AS starts {backs(plan)}"
    words = range(_words(len(plan.cohorts)))
    bits = [_word(each, len(words), "s", "starts") for each in words]
    cohorts = f"(SELECT unnest(range({len(plan.cohorts)}))::INTEGER AS cohort)"
    began = " OR ".join(
        f"(cohort // {WORD} = {each} AND (s{each} >> (cohort % {WORD})) & 1 = 1)" for each in words
    )
    all_bits = ", ".join([_gathered(plan), *bits])
    active = f"SELECT person, {all_bits} FROM ({found}) GROUP BY person"
    outcome_sql = f"SELECT cohort, '' AS key, {_seen(plan)} FROM active, {cohorts} WHERE {began}"
    return [f"active AS MATERIALIZED ({active})", f"outcomes AS ({outcome_sql})"]


def _by_last(plan: Plan) -> list[str]:
    """Return the queries where a start is not a return, so that their order matters."""
    found = f"SELECT e.person, {_period(plan)} AS period, {order_of('e')} AS place {backs(plan)}"
    last_us, last_seq = micros_in("latest.place"), seq_in("latest.place")
    is_back = f"{last_us} > us OR ({last_us} = us AND {last_seq} >= seq)"
    latest = f"SELECT person, period, max(place) AS place FROM ({found}) GROUP BY person, period"
    outcome_sql = (
        f"SELECT keyed.*, coalesce({is_back}, false) AS is_back, {_seen(plan, 'is_back')}"
        " FROM keyed LEFT JOIN active USING (person) LEFT JOIN latest"
        " ON latest.person = keyed.person AND latest.period = keyed.cohort"
    )
    return [
        f"latest AS MATERIALIZED ({latest})",
        f"active AS (SELECT person, {_gathered(plan)} FROM latest GROUP BY person)",
        f"outcomes AS ({outcome_sql})",
    ]


def _period(plan: Plan) -> str:
    return number_in(plan.begins, "epoch_us(e.happened)", plan.parameters)


def _gathered(plan: Plan) -> str:
    """Return the aggregate of a person's periods: the last one, or a bit for each."""
    if plan.is_open:
        return "max(period) AS last"
    words = _words(len(plan.begins) - 1)
    return ", ".join(_word(each, words, "w") for each in range(words))


def _words(periods: int) -> int:
    return (periods - 1) // WORD + 1


def _word(word: int, words: int, name: str, condition: str = "") -> str:
    """Return the bits of a person's periods within one word."""
    bit = f"1::HUGEINT << (period - {word * WORD})"
    conditions = [condition] if condition else []
    if words > 1 or condition:
        conditions.append(f"period // {WORD} = {word}")
    if conditions:
        bit = f"CASE WHEN {' AND '.join(conditions)} THEN {bit} END"
    return f"coalesce(bit_or({bit}), 0::HUGEINT) AS {name}{word}"


def _seen(plan: Plan, is_back: str = "") -> str:
    """Return the column of a start's returns: `furthest` or `back_bits`.

    `is_back` says whether there is a return in the period of the start; without it there is one.
    NULL means no return at all.
    """
    if plan.is_open:
        if not is_back:
            return "last - cohort AS furthest"
        later = "WHEN last > cohort THEN last - cohort"
        return f"CASE {later} WHEN {is_back} THEN 0 ELSE -1 END AS furthest"
    bits = (1 << plan.last + 1) - 1
    window = f"({_window(plan, _words(len(plan.begins) - 1))})"
    if not is_back:
        return f"{window} & {bits}::HUGEINT AS back_bits"
    return f"coalesce({window} & {bits - 1}::HUGEINT, 0) | {is_back}::HUGEINT AS back_bits"


def _window(plan: Plan, words: int) -> str:
    """Return the bits from the cohort's period on, which may span two words."""
    if words == 1:
        return "w0 >> cohort"
    cases = []
    for word in range(_words(len(plan.cohorts))):
        at = f"(cohort - {word * WORD})"
        found = f"w{word} >> {at}"
        if word + 1 < words:
            # Mask before the shift, so that it can't overflow.
            found = f"({found}) | ((w{word + 1} & ((1::HUGEINT << {at}) - 1)) << ({WORD} - {at}))"
        cases.append(f"WHEN cohort // {WORD} = {word} THEN {found}")
    return f"CASE {' '.join(cases)} END"
