"""Numbers that stand in no answer: each is worked out from some that do, by a named formula."""

from collections.abc import Sequence
from typing import Literal, get_args

from missioncontrol.analytics.detecting.finding import Derived, Figure, Formula, Unit

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
