"""What was found to have changed: how much, since when, whom it touches, and where that stands.

Every number is a `Figure`: it names the question and the place in its answer, so that anybody can
ask again and read the same (`reading.py`). Shares are between 0 and 1; an effect of -0.35 is 35 %
less than expected.
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
    """Which value of an answer a number is.

    With `since` and `until`, labels of buckets (both in it), it is told over these together: the
    `sum` of a line, its `mean`, or of shares all hits through all of whom they are a share. Without
    them it is the total of the answer. Of a line `line` is the key; of a funnel `step` counts who
    reached it, as a share of those who reached `of`; of a retention `period` is the column.
    """

    since: str = ""
    until: str = ""
    told: Literal["sum", "mean", "share"] = "sum"
    line: str = ""
    step: int | None = None
    of: int | None = None
    period: int | None = None
    breakdown: str | None = None
    expected: Literal["", "middle", "low", "high"] = ""
    """Not what the answer says of these buckets, but what those before let expect of them."""


class Figure(msgspec.Struct, frozen=True):
    """A number and where it comes from."""

    value: float
    unit: Unit
    question: AnyQuestion
    place: Place
    cell: Cell | None = None  # where the people behind it can be listed: one count of the answer


Formula = Literal["change", "difference", "touched", "affected", "contribution"]


class Derived(msgspec.Struct, frozen=True):
    """A number that is worked out from figures, see `deriving.py`."""

    value: float
    unit: Unit
    formula: Formula
    parts: tuple[Figure, ...]


class Slice(msgspec.Struct, frozen=True):
    """One value of a property, and its part of a change.

    The parts of all values of a property add up to 1. `of_all` is its part of everything before
    the change: a slice explains a change where its part of that is much larger.
    """

    property: str
    of: Literal["event", "person"]
    value: str  # "" where it is missing; "other" holds the rest
    share: float  # of the change, told by `at_most_all`
    of_all: float
    now: Figure
    before: Figure
    explains: bool = False


def at_most_all(share: float) -> float:
    """Return a part of a change as it is told: all of it where others moved against it."""
    return min(share, 1.0)


class Companion(msgspec.Struct, frozen=True):
    """Another metric that moved for the same reason."""

    metric: str
    title: str
    effect: float
    observed: Figure
    expected: Figure


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A change that is more than chance."""

    metric: str
    """`conversion.onboarding_complete`, `events.error`, `people.signup`, `retention.day_7`,
    `active.dau`: the kind, and the event or the column."""

    title: str  # "Onboarding complete, of those who signed up"
    unit: Unit
    since: date  # of the product's zone; of funnels and retention the days on which people began
    until: date
    is_ongoing: bool  # it lasts until the last day that can be told
    is_good: bool | None  # None where up is neither better nor worse
    severity: Severity
    effect: float  # observed against expected
    score: float  # the difference in units of usual noise
    observed: Figure
    expected: Figure
    low: Figure  # what would have been expected at least, 95 %
    high: Figure
    volume: Figure  # whom, or how many events, it was told from
    impact: float
    """People it is likely to touch, each once: who are missing or too many; where events are
    counted, as large a part of those who had any as of the events is missing or too many. Of people
    who are counted by the day: of one day."""

    touched: Derived | None = None
    """The same, with what it is worked out from; None before anybody has counted them."""

    methods: tuple[Method, ...]
    """`week`: last 7 days against the 7 before; `day`: the last day against the median of that
    weekday; `change`: a change point."""

    slices: tuple[Slice, ...] = ()  # those with most of the change first
    also: tuple[Companion, ...] = ()
    question: AnyQuestion  # in whose answer it was found
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
"""What each means. Of `contribution` A and B are places of a slice in two answers that are told
apart by the same property; the parts of all slices of it add up to 1."""

Arithmetic = Literal["change", "difference", "touched", "affected"]


def worked_out(formula: Arithmetic, numbers: Sequence[float]) -> float | None:
    """Return what a formula gives for A, B, C; None where it divides by 0."""
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
    """Return the name of a formula that a text has, as one of those that numbers are enough for.

    Raises:
        LookupError: there is none of that name.
    """
    found: dict[str, Arithmetic] = {each: each for each in get_args(Arithmetic)}
    return found[formula]


def derived(formula: Arithmetic, unit: Unit, *parts: Figure) -> Derived | None:
    """Return a number with what it is worked out from; None where it can't be."""
    value = worked_out(formula, [each.value for each in parts])
    return None if value is None else Derived(value, unit, formula, parts)
