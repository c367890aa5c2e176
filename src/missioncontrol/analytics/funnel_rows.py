"""SQL for funnels: the relevant events as rows, with the steps that each matches and its attempt.

A row has `person`, `seq`, `us` (microseconds since the epoch), `enters` (an attempt may start with
it), `s0`, `s1`, ... (it matches that step), `x0`, ... (that exclusion), and where necessary `unit`
(the attempt: a session, or an entry by its `seq`), `is_live` (the session is not over), `pos` (its
place among the unit's rows), `last` (the place of the last of them), `value` (of the constant
property) and `touch` (of the breakdown).

Few rows remain: first by name, then only of people who entered, and only within the windows.
"""

from datetime import datetime, timedelta

import msgspec

from missioncontrol.analytics.calendar import Setting, bounds
from missioncontrol.analytics.filters import counted, matches
from missioncontrol.analytics.questions import Funnel, Pattern
from missioncontrol.analytics.sql import MICROSECOND, Parameters, joined, micros, property_of


class Plan(msgspec.Struct, frozen=True):
    """A funnel question with the values that its SQL needs."""

    question: Funnel
    setting: Setting
    parameters: Parameters

    @property
    def steps(self) -> range:
        """The indexes of the steps."""
        return range(len(self.question.steps))

    @property
    def is_any(self) -> bool:
        """Whether the order of the steps is free."""
        return self.question.order == "any"

    @property
    def is_strict(self) -> bool:
        """Whether no other event may lie between two steps."""
        return self.question.order == "strict"

    @property
    def sees_all(self) -> bool:
        """Whether events that match no step matter."""
        return self.is_strict or self.question.count == "sessions"

    @property
    def is_multiplied(self) -> bool:
        """Whether each entry has its own rows."""
        return self.question.count == "entries" and not self.is_any

    @property
    def is_numbered(self) -> bool:
        """Whether `pos` is needed, which costs another sort."""
        question = self.question
        return bool(
            self.is_any
            or self.is_strict
            or self.is_multiplied
            or question.exclusions
            or question.constant
            or self.has_touch
        )

    @property
    def has_touch(self) -> bool:
        """Whether the breakdown is by a property of events."""
        found = self.question.breakdown
        return found is not None and found.of == "event"

    @property
    def unit(self) -> str:
        """The columns that identify an attempt."""
        has_unit = self.question.count == "sessions" or self.is_multiplied
        return "person, unit" if has_unit else "person"

    @property
    def strand(self) -> str:
        """The columns that identify the events of possible chains."""
        return f"{self.unit}, value" if self.question.constant and not self.is_strict else self.unit

    @property
    def order(self) -> str:
        """The order of a unit's rows."""
        return "pos" if self.is_numbered else "us, seq"

    def time(self, seconds: float) -> str:
        """Return a placeholder for a time in microseconds."""
        return self.parameters.number(timedelta(seconds=seconds) // MICROSECOND)

    @property
    def as_of(self) -> str:
        """The placeholder of `as_of` in microseconds."""
        return self.parameters.number(micros(self.setting.as_of))


def span(question: Funnel) -> timedelta | None:
    """Return the time after an entry within which events can belong to it; None is no limit."""
    limits = [] if question.within is None else [timedelta(seconds=question.within)]
    within = [each.within for each in question.steps[1:]]
    known = [timedelta(seconds=each) for each in within if each is not None]
    if question.order != "any" and len(known) == len(within):
        is_first = question.windows_from == "first"
        none = timedelta(0)
        limits.append(max(known, default=none) if is_first else sum(known, none))
    return min(limits, default=None)


def rows(plan: Plan) -> list[str]:
    """Return named queries, the last of which is `seen`: the rows."""
    found = [f"events AS ({_events(plan)})", f"entered AS ({ENTERED})"]
    last = "entered"
    if plan.question.count == "sessions":
        found.append(f"sessions AS ({with_sessions(last)})")
        found.append(f"live AS ({open_sessions('sessions', plan.as_of)})")
        found.append(f"steps AS ({_of_sessions(plan)})")
        last = "steps"
    if plan.is_numbered:
        found.append(f"numbered AS ({_numbered(plan, last)})")
        last = "numbered"
    if plan.is_multiplied:
        found.append(f"multiplied AS ({_multiplied(plan)})")
        last = "multiplied"
    return [*found, f"seen AS (SELECT * FROM {last})"]


ENTERED = "SELECT * FROM events WHERE person IN (SELECT person FROM events WHERE enters)"


def _events(plan: Plan) -> str:
    since, until = bounds(plan.question.range, plan.setting)
    begins = joined((f"s{each}" for each in (plan.steps if plan.is_any else (0,))), "OR")
    columns = ["*", f"{begins} AND us < {plan.parameters.number(micros(until))} AS enters"]
    filtered = "" if plan.sees_all or not _has_conditions(plan) else f" WHERE {_is_of_any(plan)}"
    return f"SELECT {', '.join(columns)} FROM ({_marked(plan, since, until)}){filtered}"


def _marked(plan: Plan, since: datetime, until: datetime) -> str:
    question, parameters = plan.question, plan.parameters
    columns = ["e.person", "e.seq", "epoch_us(e.happened) AS us", *_marks(plan)]
    if question.count == "sessions":
        columns.append("e.session")
    if plan.has_touch and question.breakdown is not None:
        value = property_of("e.properties", question.breakdown.property, parameters)
        columns.append(f"coalesce({value}, '') AS touch")
    conditions = [f"e.happened >= {parameters.moment(since)}"]
    limit = span(question)
    if limit is not None and question.count != "sessions":
        conditions.append(f"e.happened < {parameters.moment(until + limit)}")
    if not plan.sees_all:
        conditions += _named(plan)
    events = counted(question, plan.setting, parameters)
    return f"SELECT {', '.join(columns)} FROM {events} e WHERE {joined(conditions)}"


def _marks(plan: Plan) -> list[str]:
    """Return the columns of the steps and exclusions that an event matches."""
    question, parameters = plan.question, plan.parameters
    found: list[str] = []
    and_has_value = ""
    if question.constant:
        found.append(f"{property_of('e.properties', question.constant, parameters)} AS value")
        and_has_value = " AND value IS NOT NULL"
    for number, step in enumerate(question.steps):
        found.append(f"{matches(step.pattern, parameters, 'e')}{and_has_value} AS s{number}")
    for number, exclusion in enumerate(question.exclusions):
        found.append(f"{matches(exclusion.pattern, parameters, 'e')} AS x{number}")
    return found


def _named(plan: Plan) -> list[str]:
    """Return a condition on event names, where all patterns have one; it prunes most rows."""
    names = [each.event for each in _patterns(plan)]
    if not all(names):
        return []
    return [f"e.name IN ({', '.join(map(plan.parameters.text, dict.fromkeys(names)))})"]


def _has_conditions(plan: Plan) -> bool:
    return bool(plan.question.constant) or any(each.where for each in _patterns(plan))


def _patterns(plan: Plan) -> list[Pattern]:
    question = plan.question
    return [
        *(each.pattern for each in question.steps),
        *(each.pattern for each in question.exclusions),
    ]


def _is_of_any(plan: Plan, first: int = 0) -> str:
    steps = [f"s{each}" for each in plan.steps[first:]]
    return joined([*steps, *(f"x{each}" for each in range(len(plan.question.exclusions)))], "OR")


def _of_sessions(plan: Plan) -> str:
    filtered = "" if plan.is_strict else f" WHERE {_is_of_any(plan)}"
    return (
        "SELECT sessions.*, live.person IS NOT NULL AS is_live"
        f" FROM sessions LEFT JOIN live USING (person, unit){filtered}"
    )


def _numbered(plan: Plan, source: str) -> str:
    unit = "person, unit" if plan.question.count == "sessions" else "person"
    columns = ["*", "row_number() OVER w AS pos", f"count(*) OVER (PARTITION BY {unit}) AS last"]
    if _is_pruned(plan):
        ahead = "ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING"
        columns.append(f"min(CASE WHEN s1 THEN us END) OVER (w {ahead}) AS ahead")
    window = f"WINDOW w AS (PARTITION BY {unit} ORDER BY us, seq)"
    if not plan.is_strict:
        return f"SELECT {', '.join(columns)} FROM {source} {window}"
    # A chain without gaps is as long as its steps, so rows farther from an entry are in none.
    near = f"count(*) FILTER (enters) OVER (w ROWS {plan.steps[-1]} PRECEDING) AS near"
    return (
        f"SELECT * FROM (SELECT {', '.join(columns)}, {near} FROM {source} {window}) WHERE near > 0"
    )


def _multiplied(plan: Plan) -> str:
    """Return for each entry its own row and the rows that may follow in its chains."""
    own = "SELECT *, seq AS unit FROM numbered WHERE enters"
    if plan.steps == range(1):
        return own
    later = "SELECT each.* REPLACE (false AS enters), entry.seq AS unit"
    if plan.is_strict:
        entries = f"SELECT *, pos + unnest(range(1, {len(plan.steps)})) AS place FROM numbered"
        joining = "each.person = entry.person AND each.pos = entry.place"
        return (
            f"{own} UNION ALL {later} FROM numbered each"
            f" JOIN (SELECT person, seq, place FROM ({entries} WHERE enters)) entry ON {joining}"
        )
    conditions = ["each.person = entry.person", "each.pos > entry.pos"]
    limit = span(plan.question)
    if limit is not None:
        conditions.append(f"each.us - entry.us <= {plan.time(limit.total_seconds())}")
    steps = f"SELECT * FROM numbered WHERE {_is_of_any(plan, first=1)}"
    entries = f"SELECT person, seq, pos, us FROM numbered WHERE enters AND {_goes_on(plan)}"
    return (
        f"{own} UNION ALL {later} FROM ({steps}) each"
        f" JOIN ({entries}) entry ON {joined(conditions)}"
    )


def _is_pruned(plan: Plan) -> bool:
    """Whether entries that do not reach the second step can be dropped early.

    Most entries don't reach it, and each that remains multiplies rows. Exclusions also apply before
    the second step, so they need all entries.
    """
    is_followed = plan.is_multiplied and not plan.is_strict
    return is_followed and len(plan.steps) > 1 and not plan.question.exclusions


def _goes_on(plan: Plan) -> str:
    if not _is_pruned(plan):
        return "true"
    within = plan.question.steps[1].within
    return "ahead IS NOT NULL" if within is None else f"ahead - us <= {plan.time(within)}"


PAUSE = 30 * 60 * 1_000_000
"""Thirty minutes in microseconds; every session is over that long after its last event."""

NAMED = """\
SELECT *, CASE WHEN session IS NULL
    THEN 'pause ' || sum(begins) OVER ({order} ROWS UNBOUNDED PRECEDING)
    ELSE 'named ' || session END AS unit
FROM (
    SELECT *, CASE WHEN us - lag(us) OVER ({order}) < {pause} THEN 0 ELSE 1 END AS begins
    FROM {events}
)"""
ORDER = "PARTITION BY person, session IS NULL ORDER BY us, seq"


def with_sessions(events: str) -> str:
    """Return a SELECT of events with the column `unit`: the session.

    Events that name a session belong to it, however far apart they are. A person's events without a
    name form a session as long as each follows the previous one of these by less than `PAUSE`.

    `events` is the name of a query with the columns `person, session, seq` and `us`, the moment in
    microseconds since the epoch.
    """
    return NAMED.format(order=ORDER, pause=PAUSE, events=events)


def open_sessions(sessions: str, as_of: str) -> str:
    """Return a SELECT of the sessions, `person, unit`, that are not over at a moment.

    `sessions` is the name of such a query with sessions, `as_of` the moment in microseconds.
    """
    return f"SELECT DISTINCT person, unit FROM {sessions} WHERE us > {as_of} - {PAUSE}"
