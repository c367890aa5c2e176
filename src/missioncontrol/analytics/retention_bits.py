"""In which periods of a calendar people came back, without a join of events with events.

A later period is later in order, so that only in the period of the start it matters when in it
somebody came back. The periods of all that a person did are gathered as bits, and each start looks
at those from its own on. In its own period there was a return if the start is one itself, or else
if the last that could be one is not before it.
"""

from missioncontrol.analytics.filters import matches_activity
from missioncontrol.analytics.retention_rows import Plan, backs, compared, keyed
from missioncontrol.analytics.sql import micros_in, number_in, order_of, seq_in

WORD = 120
"""Bits of one HUGEINT that hold a period each; without its sign there would be 127."""


def told(plan: Plan) -> list[str]:
    """Return the named queries of which the last is `told`; see `retention_rows.compared`."""
    question = plan.question
    if question.rolling:
        return compared(plan)
    if question.kind == "first":
        return [*keyed(plan), *_by_period(plan)] if plan.is_return else compared(plan)
    if question.breakdown is None and plan.is_return:
        return _at_once(plan)
    return [*keyed(plan), *(_by_period(plan) if plan.is_return else _by_last(plan))]


def _by_period(plan: Plan) -> list[str]:
    """Where each start is a return itself."""
    found = f"SELECT e.person, {_period(plan)} AS period {backs(plan)}"
    return [
        f"active AS (SELECT person, {_gathered(plan)} FROM ({found}) GROUP BY person)",
        f"told AS (SELECT keyed.*, {_seen(plan)} FROM keyed JOIN active USING (person))",
    ]


def _at_once(plan: Plan) -> list[str]:
    """Where besides all starts of all periods are asked for: these are bits as well."""
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
    kept = f"SELECT cohort, '' AS key, {_seen(plan)} FROM active, {cohorts} WHERE {began}"
    return [f"active AS MATERIALIZED ({active})", f"told AS ({kept})"]


def _by_last(plan: Plan) -> list[str]:
    """Where a start is no return: the last return in the period of a start may be before it."""
    found = f"SELECT e.person, {_period(plan)} AS period, {order_of('e')} AS place {backs(plan)}"
    last_us, last_seq = micros_in("latest.place"), seq_in("latest.place")
    is_back = f"{last_us} > us OR ({last_us} = us AND {last_seq} >= seq)"
    latest = f"SELECT person, period, max(place) AS place FROM ({found}) GROUP BY person, period"
    kept = (
        f"SELECT keyed.*, coalesce({is_back}, false) AS is_back, {_seen(plan, 'is_back')}"
        " FROM keyed LEFT JOIN active USING (person) LEFT JOIN latest"
        " ON latest.person = keyed.person AND latest.period = keyed.cohort"
    )
    return [
        f"latest AS MATERIALIZED ({latest})",
        f"active AS (SELECT person, {_gathered(plan)} FROM latest GROUP BY person)",
        f"told AS ({kept})",
    ]


def _period(plan: Plan) -> str:
    return number_in(plan.begins, "epoch_us(e.happened)", plan.parameters)


def _gathered(plan: Plan) -> str:
    """Return what is kept of all that a person did: the last period, or a bit for each."""
    if plan.is_open:
        return "max(period) AS last"
    words = _words(len(plan.begins) - 1)
    return ", ".join(_word(each, words, "w") for each in range(words))


def _words(periods: int) -> int:
    return (periods - 1) // WORD + 1


def _word(word: int, words: int, name: str, condition: str = "") -> str:
    """Return the bits of those periods of a person that are in one word."""
    bit = f"1::HUGEINT << (period - {word * WORD})"
    conditions = [condition] if condition else []
    if words > 1 or condition:
        conditions.append(f"period // {WORD} = {word}")
    if conditions:
        bit = f"CASE WHEN {' AND '.join(conditions)} THEN {bit} END"
    return f"coalesce(bit_or({bit}), 0::HUGEINT) AS {name}{word}"


def _seen(plan: Plan, is_back: str = "") -> str:
    """Return what a start sees of them: `furthest` or `kept`.

    `is_back` tells whether there is a return in the period of the start, which is so where it is
    not given. What is NULL is of somebody who never came back.
    """
    if plan.is_open:
        if not is_back:
            return "last - cohort AS furthest"
        later = "WHEN last > cohort THEN last - cohort"
        return f"CASE {later} WHEN {is_back} THEN 0 ELSE -1 END AS furthest"
    bits = (1 << plan.last + 1) - 1
    window = f"({_window(plan, _words(len(plan.begins) - 1))})"
    if not is_back:
        return f"{window} & {bits}::HUGEINT AS kept"
    return f"coalesce({window} & {bits - 1}::HUGEINT, 0) | {is_back}::HUGEINT AS kept"


def _window(plan: Plan, words: int) -> str:
    """Return the bits from those of the cohort's period on; they lie in a word and the next."""
    if words == 1:
        return "w0 >> cohort"
    cases = []
    for word in range(_words(len(plan.cohorts))):
        at = f"(cohort - {word * WORD})"
        found = f"w{word} >> {at}"
        if word + 1 < words:
            # What would not fit is cut off before it is moved.
            found = f"({found}) | ((w{word + 1} & ((1::HUGEINT << {at}) - 1)) << ({WORD} - {at}))"
        cases.append(f"WHEN cohort // {WORD} = {word} THEN {found}")
    return f"CASE {' '.join(cases)} END"
