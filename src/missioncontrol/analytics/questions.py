"""Questions about a product's events.

A question is plain data: as JSON it is the body of an API request, a part of a page's address, the
panel of a dashboard, and the source of every number in a narrative (`digest`). Dates are days of
the product's time zone. Moments are UTC.
"""

from datetime import date
from typing import Literal

import msgspec

from missioncontrol.domain import canonical

DAYS_USUAL = 28
"""Default range: whole weeks, so that each weekday occurs equally often."""

STEPS_MAX = 10
SERIES_MAX = 10
WHERE_MAX = 20
VALUES_MAX = 100
BREAKDOWN_MAX = 25
"""Values listed in a breakdown, those with most people first; the rest is `OTHER`."""

OTHER = "other"

DAY = 86_400.0

Unit = Literal["hour", "day", "week", "month"]
Operator = Literal[
    "is",
    "is_not",
    "contains",
    "not_contains",
    "set",
    "not_set",
    "above",
    "at_least",
    "below",
    "at_most",
]


class Range(msgspec.Struct, frozen=True):
    """A range of days, including the first and the last."""

    since: date
    until: date


class Where(msgspec.Struct, frozen=True, omit_defaults=True):
    """A condition on a property of the event, or of its person as of now.

    `is` holds where the property equals any of `values`; `contains` where it contains any of them,
    in any case; the four comparisons take one number and hold for numbers only. `is_not` and
    `not_contains` also hold where the property is missing.
    """

    property: str
    operator: Operator = "is"
    values: tuple[str, ...] = ()
    of: Literal["event", "person"] = "event"


class Pattern(msgspec.Struct, frozen=True, omit_defaults=True):
    """Selects events of this name, or of any where it is empty, that meet all conditions."""

    event: str = ""
    where: tuple[Where, ...] = ()
    label: str = ""  # display name; "" for that of the event


class Did(msgspec.Struct, frozen=True, omit_defaults=True):
    """People who did something at least so often in the days up to the end of the range, or not."""

    pattern: Pattern
    at_least: int = 1
    days: int = 30
    negated: bool = False


class Segment(msgspec.Struct, frozen=True, omit_defaults=True):
    """Selects the events that count: those that meet `where`, of people who did all of `did`.

    A condition of events filters events; of persons, people. `cohorts` are ids of saved
    cohorts; a person has to be in all of them.
    """

    where: tuple[Where, ...] = ()
    did: tuple[Did, ...] = ()
    cohorts: tuple[str, ...] = ()


EVERYBODY = Segment()


class Question(msgspec.Struct, frozen=True, tag_field="measure", kw_only=True, omit_defaults=True):
    """Fields of all questions."""

    product: str
    range: Range
    segment: Segment = EVERYBODY


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step of a funnel."""

    pattern: Pattern
    within: float | None = None  # seconds, since the step before or the first; None is no limit


class Exclusion(msgspec.Struct, frozen=True):
    """Events that must not occur between two steps, which count from 0."""

    pattern: Pattern
    after: int
    before: int


class Breakdown(msgspec.Struct, frozen=True, omit_defaults=True):
    """The property to break an answer down by; where it is missing, the value is ""."""

    property: str
    of: Literal["event", "person"] = "event"
    touch: Literal["first", "last"] = "first"
    """For funnels: the entry in the range that gives the value."""


class Funnel(Question, frozen=True, tag="funnel", kw_only=True, omit_defaults=True):
    """How many go from step to step; see `funnel.py` for what counts as a conversion."""

    steps: tuple[Step, ...]
    within: float | None = None  # seconds from the first step to the last
    windows_from: Literal["before", "first"] = "before"
    order: Literal["ordered", "strict", "any"] = "ordered"
    count: Literal["people", "entries", "sessions"] = "people"
    exclusions: tuple[Exclusion, ...] = ()
    constant: str = ""  # a property of events that must have the same value at every step
    breakdown: Breakdown | None = None
    by: Unit | None = None  # adds the conversion by period of entry


class Bracket(msgspec.Struct, frozen=True):
    """A range of periods, including the first and the last."""

    first: int
    last: int


class Retention(Question, frozen=True, tag="retention", kw_only=True, omit_defaults=True):
    """How many come back; see `retention.py`. The cohorts are those who began in the range."""

    start: Pattern
    back: Pattern
    kind: Literal["first", "recurring"] = "first"
    mode: Literal["exact", "on_or_after", "bracket"] = "exact"
    brackets: tuple[Bracket, ...] = ()
    periods: int = 10  # the last period, 1 to 90; the first is 0
    unit: Literal["day", "week", "month"] = "day"
    rolling: bool = False  # periods of 24 h (7 or 30 days) since the start, not of the calendar
    breakdown: Breakdown | None = None


class Series(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a trend.

    `count`: `events`, `people` (in each period), `per_person` (events a person); of a numeric
    property `sum`, `average`, `median`, `p90`, `least`, `most`.
    """

    pattern: Pattern
    count: Literal[
        "events", "people", "per_person", "sum", "average", "median", "p90", "least", "most"
    ] = "events"
    property: str = ""
    key: str = ""  # its name in a formula; by default A, B, ... in order


class Trend(Question, frozen=True, tag="trend", kw_only=True, omit_defaults=True):
    """How often something happens by hour, day, week or month."""

    series: tuple[Series, ...]
    by: Unit = "day"
    formula: str = ""  # `A / B`, `100 * A / (A + B)`: + - * / and brackets over keys and numbers
    breakdown: Breakdown | None = None
    compared: bool = False  # with as many days before, period by period


class Active(Question, frozen=True, tag="active", kw_only=True, omit_defaults=True):
    """People active in the 1, 7 and 30 days that end with each day: exact, sliding; stickiness."""

    pattern: Pattern = Pattern()
    compared: bool = False


class Lifecycle(Question, frozen=True, tag="lifecycle", kw_only=True, omit_defaults=True):
    """Who is new, returning, resurrecting or dormant in each period."""

    pattern: Pattern = Pattern()
    by: Literal["day", "week", "month"] = "week"


class Paths(Question, frozen=True, tag="paths", kw_only=True, omit_defaults=True):
    """The sequences of events that follow an event, or precede it."""

    anchor: Pattern
    direction: Literal["after", "before"] = "after"
    depth: int = 4  # levels besides the anchor, 1 to 8
    width: int = 6  # events listed on each level, 1 to 20; the rest is "other"
    within: float = 1_800.0  # seconds between one event of a path and the next
    hidden: tuple[str, ...] = ()  # names of events left out of paths


AnyQuestion = Funnel | Retention | Trend | Active | Lifecycle | Paths


class Cell(msgspec.Struct, frozen=True, omit_defaults=True):
    """One count of an answer, whose people can be listed; the list is as long as the count.

    Funnel: `step` (from 0) and `state`; retention: `period` of the cohort `bucket` (None: the
    cohort itself); trend, active and lifecycle: `bucket` and `series` (its key, `dau`, `wau`,
    `mau`, or `new`, `returning`, `resurrecting`, `dormant`); paths: `level`, `series` (the node)
    and, for a flow, `into`, for those that end there the state `lost`.
    """

    step: int | None = None
    state: Literal["", "converted", "lost", "pending"] = ""
    bucket: str = ""
    period: int | None = None
    series: str = ""
    into: str | None = None
    level: int | None = None
    breakdown: str | None = None
    before: bool = False  # trend and active: of the compared days before


def digest(question: AnyQuestion) -> str:
    """Return the id of a question: the first 16 digits of the SHA-256 of its JSON."""
    return canonical.digest(msgspec.to_builtins(question))[:16]
