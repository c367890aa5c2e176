"""What can be asked of a product's events.

A question is plain data: as JSON it is the body of the API, a part of a page's address, the panel
of a dashboard, and the source that every number of a narrative names (`digest`). Dates are days of
the product's time zone. Moments are UTC.
"""

from datetime import date
from typing import Literal

import msgspec

from missioncontrol.domain import canonical

DAYS_USUAL = 28
"""Asked for where nobody says: whole weeks, so that no weekday stands in them once more."""

STEPS_MAX = 10
SERIES_MAX = 10
WHERE_MAX = 20
VALUES_MAX = 100
BREAKDOWN_MAX = 25
"""Values of a breakdown that are told apart, those with most people first; the rest is `OTHER`."""

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
    """From the first to the last day, both in it."""

    since: date
    until: date


class Where(msgspec.Struct, frozen=True, omit_defaults=True):
    """A condition on a property, of the event itself or of its person as known now.

    `is` holds where the property is any of `values`; `contains` where any of them stands in it,
    whatever the case; the four comparisons take one number and hold for numbers only. `is_not` and
    `not_contains` also hold where the property is missing.
    """

    property: str
    operator: Operator = "is"
    values: tuple[str, ...] = ()
    of: Literal["event", "person"] = "event"


class Pattern(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which events are meant: of this name, or any where it is empty, that meet all conditions."""

    event: str = ""
    where: tuple[Where, ...] = ()
    label: str = ""  # what it is called, where not as the event


class Did(msgspec.Struct, frozen=True, omit_defaults=True):
    """People who did something so often in the days before the end of the range, or did not."""

    pattern: Pattern
    at_least: int = 1
    days: int = 30
    negated: bool = False


class Segment(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whose events count: those that meet every condition, of people who did all of `did`.

    A condition `of` events leaves out events; of persons, people. `cohorts` are ids of saved
    cohorts, all of which a person has to be in.
    """

    where: tuple[Where, ...] = ()
    did: tuple[Did, ...] = ()
    cohorts: tuple[str, ...] = ()


EVERYBODY = Segment()


class Question(msgspec.Struct, frozen=True, tag_field="measure", kw_only=True, omit_defaults=True):
    """The common shape."""

    product: str
    range: Range
    segment: Segment = EVERYBODY


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step of a funnel."""

    pattern: Pattern
    within: float | None = None  # seconds, since the step before or the first; None is no limit


class Exclusion(msgspec.Struct, frozen=True):
    """What must not happen between two steps, counted from 0."""

    pattern: Pattern
    after: int
    before: int


class Breakdown(msgspec.Struct, frozen=True, omit_defaults=True):
    """By which property an answer is told apart; a missing one is the value ""."""

    property: str
    of: Literal["event", "person"] = "event"
    touch: Literal["first", "last"] = "first"
    """Of funnels: by which of the entries in the range."""


class Funnel(Question, frozen=True, tag="funnel", kw_only=True, omit_defaults=True):
    """How many go from step to step; see `funnel.py` for what counts as a conversion."""

    steps: tuple[Step, ...]
    within: float | None = None  # seconds from the first step to the last
    windows_from: Literal["before", "first"] = "before"
    order: Literal["ordered", "strict", "any"] = "ordered"
    count: Literal["people", "entries", "sessions"] = "people"
    exclusions: tuple[Exclusion, ...] = ()
    constant: str = ""  # a property of events that has to be the same at every step
    breakdown: Breakdown | None = None
    by: Unit | None = None  # with the conversion of those who entered in each hour, day, ...


class Bracket(msgspec.Struct, frozen=True):
    """Periods from the first to the last, both in it."""

    first: int
    last: int


class Retention(Question, frozen=True, tag="retention", kw_only=True, omit_defaults=True):
    """How many come back; see `retention.py`. The cohorts are those who began in the range."""

    start: Pattern
    back: Pattern
    kind: Literal["first", "recurring"] = "first"
    mode: Literal["exact", "on_or_after", "bracket"] = "exact"
    brackets: tuple[Bracket, ...] = ()
    periods: int = 10  # the last period that is asked for, 1 to 90; the first is 0
    unit: Literal["day", "week", "month"] = "day"
    rolling: bool = False  # periods of 24 h (7 and 30 days) since the start, not of the calendar
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
    key: str = ""  # by which a formula calls it: A, B, ... in their order where empty


class Trend(Question, frozen=True, tag="trend", kw_only=True, omit_defaults=True):
    """How often something happens by hour, day, week or month."""

    series: tuple[Series, ...]
    by: Unit = "day"
    formula: str = ""  # `A / B`, `100 * A / (A + B)`: + - * / and brackets over keys and numbers
    breakdown: Breakdown | None = None
    compared: bool = False  # with the same number of days just before, period by period


class Active(Question, frozen=True, tag="active", kw_only=True, omit_defaults=True):
    """People active in the 1, 7 and 30 days that end with each day: exact, sliding; stickiness."""

    pattern: Pattern = Pattern()
    compared: bool = False


class Lifecycle(Question, frozen=True, tag="lifecycle", kw_only=True, omit_defaults=True):
    """Who is new, returning, resurrecting or dormant in each period."""

    pattern: Pattern = Pattern()
    by: Literal["day", "week", "month"] = "week"


class Paths(Question, frozen=True, tag="paths", kw_only=True, omit_defaults=True):
    """What people do after an event, or before it."""

    anchor: Pattern
    direction: Literal["after", "before"] = "after"
    depth: int = 4  # levels besides the anchor, 1 to 8
    width: int = 6  # events told apart on each level, 1 to 20; the rest is "other"
    within: float = 1_800.0  # seconds between one event of a path and the next
    hidden: tuple[str, ...] = ()  # names of events that are left out of paths


AnyQuestion = Funnel | Retention | Trend | Active | Lifecycle | Paths


class Cell(msgspec.Struct, frozen=True, omit_defaults=True):
    """One count of an answer: its people can be listed, and they are as many as the count.

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
    before: bool = False  # trend and active: of the days before, with a bucket of theirs


def digest(question: AnyQuestion) -> str:
    """Return what a question is called: the first 16 digits of the SHA-256 of its JSON."""
    return canonical.digest(msgspec.to_builtins(question))[:16]
