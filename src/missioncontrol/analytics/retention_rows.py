"""SQL for retention: a row for each start with the periods of returns, or bits by period."""

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
BITS_WORD = 120
"""Periods in one HUGEINT, which has 127 bits and a sign."""


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
        f"(cohort // {BITS_WORD} = {each} AND (s{each} >> (cohort % {BITS_WORD})) & 1 = 1)"
        for each in words
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
    return (periods - 1) // BITS_WORD + 1


def _word(word: int, words: int, name: str, condition: str = "") -> str:
    """Return the bits of a person's periods within one word."""
    bit = f"1::HUGEINT << (period - {word * BITS_WORD})"
    conditions = [condition] if condition else []
    if words > 1 or condition:
        conditions.append(f"period // {BITS_WORD} = {word}")
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
        at = f"(cohort - {word * BITS_WORD})"
        found = f"w{word} >> {at}"
        if word + 1 < words:
            # Mask before the shift, so that it can't overflow.
            found = (
                f"({found}) | ((w{word + 1} & ((1::HUGEINT << {at}) - 1)) << ({BITS_WORD} - {at}))"
            )
        cases.append(f"WHEN cohort // {BITS_WORD} = {word} THEN {found}")
    return f"CASE {' '.join(cases)} END"
