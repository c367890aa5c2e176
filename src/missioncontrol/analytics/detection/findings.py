"""Findings: detected changes with their size, days, affected people and sources.

Every number is a `Figure` that names its question and the place in the answer, so that it can be
reproduced (`answer_values.py`). Shares are between 0 and 1; an effect of -0.35 is 35 % less than
expected.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal, get_args

import msgspec

from missioncontrol.analytics.questions import AnyQuestion, Cell

Unit = Literal["people", "events", "share"]
Severity = Literal["info", "warning", "critical"]
Method = Literal["week", "day", "change"]


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """The place of a number in an answer.

    `since` and `until` are labels of buckets, both inclusive, over which `aggregate` applies: the
    `sum` of a line, its `mean`, or the `share` of all hits in their bases. Without them it is the
    total of the answer. `line` is the key of a line; `step` of a funnel counts who reached it, as a
    share of those who reached `of`; `period` is the column of a retention.
    """

    since: str = ""
    until: str = ""
    aggregate: Literal["sum", "mean", "share"] = msgspec.field(name="told", default="sum")
    line: str = ""
    step: int | None = None
    of: int | None = None
    period: int | None = None
    breakdown: str | None = None
    expected: Literal["", "middle", "low", "high"] = ""
    """The expectation for these buckets from earlier ones, instead of their value."""


class Figure(msgspec.Struct, frozen=True):
    """A number and where it comes from."""

    value: float
    unit: Unit
    question: AnyQuestion
    place: Place
    cell: Cell | None = None  # the count of the answer whose people can be listed


Formula = Literal["change", "difference", "touched", "affected", "contribution"]


class Derived(msgspec.Struct, frozen=True):
    """A number that a formula computes from figures; see `FORMULAS`."""

    value: float
    unit: Unit
    formula: Formula
    parts: tuple[Figure, ...]


class Slice(msgspec.Struct, frozen=True):
    """One value of a property, and its part of a change.

    The parts of all values of a property add up to 1. `of_all` is the part of the slice in all
    events before; a slice explains a change where its part of the change is much larger.
    """

    property: str
    of: Literal["event", "person"]
    value: str  # "" where it is missing; "other" holds the rest
    share: float  # of the change, shown through `at_most_all`
    of_all: float
    now: Figure
    before: Figure
    explains: bool = False


def at_most_all(share: float) -> float:
    """Return a part of a change, at most 1; it exceeds 1 where others moved the other way."""
    return min(share, 1.0)


class Companion(msgspec.Struct, frozen=True):
    """Another metric that changed for the same reason."""

    metric: str
    title: str
    effect: float
    observed: Figure
    expected: Figure


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A statistically significant change."""

    metric: str
    """`conversion.onboarding_complete`, `events.error`, `people.signup`, `retention.day_7`,
    `active.dau`: the kind, and the event or the column."""

    title: str  # "Onboarding complete, of those who signed up"
    unit: Unit
    since: date  # of the product's zone; of funnels and retention the days on which people began
    until: date
    is_ongoing: bool  # it includes the last complete day
    is_good: bool | None  # None where up is neither better nor worse
    severity: Severity
    effect: float  # observed against expected
    score: float  # the difference in units of usual noise
    observed: Figure
    expected: Figure
    low: Figure  # lower end of the 95 % range of expected values
    high: Figure
    volume: Figure  # the people behind the observation
    impact: float
    """Affected people, each once: those missing or in excess; for counts of events, the same part
    of the people as of the events. For people counted by day, those of one day."""

    touched: Derived | None = None
    """The same with its sources; None before the people have been counted."""

    methods: tuple[Method, ...]
    """`week`: last 7 days against the 7 before; `day`: the last day against the median of that
    weekday; `change`: a change point."""

    slices: tuple[Slice, ...] = ()  # those with most of the change first
    also: tuple[Companion, ...] = ()
    question: AnyQuestion  # the question in whose answer it was found
    definition: str  # "anomalies 1"
    as_of: str

    @property
    def is_down(self) -> bool:
        """Whether there is less than expected."""
        return self.effect < 0


FORMULAS: dict[Formula, str] = {
    "change": "(A - B) / B",
    "difference": "|A - B|",
    "touched": "|A - B| * C",
    "affected": "C * |A - B| / max(A, B)",
    "contribution": "the part of a slice in the change from B to A, at most 1",
}
"""The formulas of derived numbers. For `contribution`, A and B are places of a slice in two answers
with the same breakdown; the parts of all its slices add up to 1."""

Arithmetic = Literal["change", "difference", "touched", "affected"]


def worked_out(formula: Arithmetic, numbers: Sequence[float]) -> float | None:
    """Return the result of a formula for A, B, C; None where it divides by 0."""
    a, b, *rest = numbers
    match formula:
        case "change":
            return (a - b) / b if b else None
        case "difference":
            return abs(a - b)
        case "touched":
            return abs(a - b) * rest[0]
        case "affected":
            most = max(a, b)
            return rest[0] * abs(a - b) / most if most else None


def arithmetic(formula: str) -> Arithmetic:
    """Return the name of a formula as one that needs numbers only.

    Raises:
        LookupError: the formula is unknown, or needs more than numbers.
    """
    found: dict[str, Arithmetic] = {each: each for each in get_args(Arithmetic)}
    return found[formula]


def derived(formula: Arithmetic, unit: Unit, *parts: Figure) -> Derived | None:
    """Return a derived number with its sources; None where the formula divides by 0."""
    value = worked_out(formula, [each.value for each in parts])
    return None if value is None else Derived(value, unit, formula, parts)
