"""The highest cost of each CEL function, and the largest size of its result.

In units of about 10 ns, as measured with cel-expr-python 0.1.3.
"""

import re
from collections.abc import Callable, Sequence
from math import inf
from types import UnionType
from typing import Any

import msgspec

from missioncontrol.adapters.expressions.values import UNITS_PER_VALUE

ROUNDS_MAX = 10_000  # the library's own bound on rounds of all loops together
_UNITS_PER_REPEAT = 100  # of a part of a regular expression
_UNITS_PER_CLASS = 160_000  # of a repeated Unicode class in a regular expression
_REGEX_UNITS_MAX = 30_000_000  # the library refuses larger ones


class Extent(msgspec.Struct, frozen=True):
    """How large a value can be that is not worked out yet."""

    units: float = UNITS_PER_VALUE  # of reading it once
    items: float = 0  # in the largest list or object in it
    element: "Extent | None" = None  # the largest of its items, where that is known to be less
    most: float = inf  # the largest whole number that it can be
    has_repeats: bool = False  # as in `Measure`
    among: tuple[Any, ...] = ()  # it is one of these, where they are at hand
    is_object: bool = False  # or may be one
    is_unordered: bool = False  # it depends on the order of an object's members, which is chance


class Bill(msgspec.Struct, frozen=True):
    """What a call gives, and its units: for each time, and once for all times."""

    gives: Extent
    each: float = 0.0
    once: float = 0.0


SINGLE = Extent()
EMPTY = Extent(units=0)


def largest(extents: Sequence[Extent]) -> Extent:
    """Return an extent that none of these goes beyond."""
    if len(extents) == 1:
        return extents[0]
    all_known = all(each.among for each in extents) and (
        sum(len(each.among) for each in extents) <= ROUNDS_MAX
    )
    return Extent(
        max((each.units for each in extents), default=0.0),
        max((each.items for each in extents), default=0),
        most=max((each.most for each in extents), default=0.0),
        has_repeats=any(each.has_repeats for each in extents),
        among=tuple(value for each in extents for value in each.among) if all_known else (),
        is_object=any(each.is_object for each in extents),
        is_unordered=any(each.is_unordered for each in extents),
    )


def together(parts: Sequence[Extent]) -> Extent:
    """Return the extent of a list or object with these parts."""
    return Extent(
        UNITS_PER_VALUE + sum(part.units for part in parts),
        max([len(parts), *(part.items for part in parts)]),
        largest(parts),
        has_repeats=any(part.has_repeats for part in parts),
        is_unordered=any(part.is_unordered for part in parts),
    )


# What the functions cost and give. `x` are the extents of the arguments, the target first.

_Billing = Callable[[Sequence[Extent]], Bill]


def _sum(x: Sequence[Extent]) -> float:
    return sum(each.units for each in x)


def _linear(x: Sequence[Extent]) -> Bill:
    result = largest(x)
    return Bill(
        Extent(_sum(x) + UNITS_PER_VALUE, result.items, has_repeats=result.has_repeats),
        _sum(x),
    )


def _single(_: Sequence[Extent]) -> Bill:
    return Bill(SINGLE)


def _searched(x: Sequence[Extent]) -> Bill:
    return Bill(SINGLE, _sum(x) + _searching(x))


def _searching(x: Sequence[Extent]) -> float:
    return x[0].units * x[1].units / 500


def _compared(x: Sequence[Extent]) -> Bill:
    return Bill(SINGLE, min(each.units for each in x))


def _added(x: Sequence[Extent]) -> Bill:
    elements = [each.element for each in x if each.element is not None]
    return Bill(
        Extent(
            _sum(x),
            sum(each.items for each in x),
            largest(elements) if len(elements) == sum(each.units > 0 for each in x) else None,
            has_repeats=any(each.has_repeats for each in x),
        ),
        _sum(x),
    )


def _either(x: Sequence[Extent]) -> Bill:
    return Bill(_joined(x))


def _chosen(x: Sequence[Extent]) -> Bill:
    return Bill(_joined(x[1:]))


def _joined(x: Sequence[Extent]) -> Extent:
    """Return the extent of what is one of these; an empty one says nothing about its items."""
    filled = [each for each in x if each.units]
    elements = [each.element for each in filled if each.element is not None]
    element = largest(elements) if elements and len(elements) == len(filled) else None
    return msgspec.structs.replace(largest(x), element=element)


def _held(x: Sequence[Extent]) -> Bill:
    return Bill(SINGLE, 0.0 if _are(x[-1], dict) else x[-1].units)


def _size(x: Sequence[Extent]) -> Bill:
    is_list = x[0].element is not None or _are(x[0], list | dict)
    return Bill(Extent(most=max(x[0].items, x[0].units)), 0.0 if is_list else x[0].units)


def _are(extent: Extent, kind: type | UnionType) -> bool:
    return bool(extent.among) and all(isinstance(value, kind) for value in extent.among)


def _replaced(x: Sequence[Extent]) -> Bill:
    grown = (x[0].units + 1) * (x[2].units + 1)
    return Bill(Extent(grown, has_repeats=True), _sum(x) + grown + _searching(x))


def _regex_replaced(x: Sequence[Extent]) -> Bill:
    return Bill(_replaced(x).gives, _replaced(x).each + _matched(x).each, _matched(x).once)


def _split(x: Sequence[Extent]) -> Bill:
    count = x[0].units + 1
    part = Extent(x[0].units, has_repeats=x[0].has_repeats)
    gives = Extent(count * (UNITS_PER_VALUE + 1), count, part)
    return Bill(gives, gives.units + (_searching(x) if len(x) > 1 else 0.0))


def _extracted(x: Sequence[Extent]) -> Bill:
    return Bill(_split(x).gives, _split(x).each + _matched(x).each, _matched(x).once)


def _found_in(x: Sequence[Extent]) -> Bill:
    bill = _matched(x)
    return Bill(Extent(x[0].units, has_repeats=x[0].has_repeats), bill.each, bill.once)


def _matched(x: Sequence[Extent]) -> Bill:
    """Bill a regular expression, which is made once and costs its length for each character."""
    pattern = x[1]
    reading = x[0].units * max(1.0, min(pattern.units, 1000) / 16)
    if _are(pattern, str):
        return Bill(SINGLE, reading, sum(_making(each) for each in set(pattern.among)))
    making = _REGEX_UNITS_MAX if pattern.has_repeats else _UNITS_PER_REPEAT * pattern.units
    return Bill(SINGLE, reading + making)


def _making(pattern: str) -> float:
    repeats = 1.0
    for found in _REPEAT.finditer(pattern):
        repeats = min(1000.0, repeats * max(1, *(int(each) for each in found.groups("1"))))
    classes = pattern.count("\\p") + pattern.count("\\P")
    made = repeats * (_UNITS_PER_REPEAT * len(pattern) + _UNITS_PER_CLASS * classes)
    return min(_REGEX_UNITS_MAX, made)


_REPEAT = re.compile(r"\{([0-9]{1,5})(?:,([0-9]{0,5}))?\}")


def _join(x: Sequence[Extent]) -> Bill:
    separator = x[1].units if len(x) > 1 else 0
    written = x[0].units + x[0].items * separator
    return Bill(Extent(written, has_repeats=True), written)


def _formatted(x: Sequence[Extent]) -> Bill:
    written = 4 * _sum(x) + 300 * x[0].units  # `%.999f` writes a thousand digits.
    return Bill(Extent(written, has_repeats=True), written)


def _written(x: Sequence[Extent]) -> Bill:
    return Bill(Extent(2 * _sum(x) + UNITS_PER_VALUE, has_repeats=True), 2 * _sum(x))


def _ranged(x: Sequence[Extent]) -> Bill:
    count = max(0.0, x[0].most)
    gives = Extent(UNITS_PER_VALUE * (count + 1), count, Extent(most=count))
    return Bill(gives, gives.units)


def _sets(x: Sequence[Extent]) -> Bill:
    return Bill(SINGLE, _sum(x) + x[0].items * x[-1].items * UNITS_PER_VALUE)


def _distinct(x: Sequence[Extent]) -> Bill:
    # Single values are looked up, lists and objects are compared with each other.
    is_flat = x[0].element is not None and x[0].element.items == 0
    compared = 0.0 if is_flat else x[0].items ** 2 * UNITS_PER_VALUE / 2
    return Bill(x[0], _sum(x) + compared)


def _arranged(x: Sequence[Extent]) -> Bill:
    return Bill(x[0], 4 * _sum(x))


def _arranged_by(x: Sequence[Extent]) -> Bill:
    return Bill(x[0], 4 * _sum(x) + x[0].items ** 2 * UNITS_PER_VALUE / 3)


def _flattened(x: Sequence[Extent]) -> Bill:
    return Bill(Extent(x[0].units, x[0].units / UNITS_PER_VALUE), 2 * _sum(x))


def bill(function: str, arguments: Sequence[Extent]) -> Bill:
    """Return what a call of the function costs and gives at most, the target being first."""
    return (_MEASURED.get(function) or _PLAIN.get(function) or _linear)(arguments)


# These take a member or an item of their first argument.
ACCESSORS = {"_[_]", "_[?_]", "_?._", "first", "last"}
# These give the same whatever the order of the lists in their arguments.
ORDER_FREE = {
    "@in",
    "@sortByAssociatedKeys",
    "sets.contains",
    "sets.equivalent",
    "sets.intersects",
    "size",
    "sort",
}
# These give a list of what was in their first argument.
ELEMENTWISE = {"@sortByAssociatedKeys", "distinct", "slice", "sort"}

_PLAIN: dict[str, _Billing] = {
    **dict.fromkeys(("_&&_", "_||_", "!_", "@not_strictly_false", "type", "hasValue"), _single),
    **dict.fromkeys(("-_", "_-_", "_*_", "_/_", "_%_"), _single),
    **dict.fromkeys(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"), _compared),
    **dict.fromkeys(("contains", "startsWith", "endsWith", "indexOf", "lastIndexOf"), _searched),
    **dict.fromkeys(("optional.of", "optional.ofNonZeroValue", "value"), _either),
    **dict.fromkeys(("orValue", "or"), _either),
    "_?_:_": _chosen,
    "_+_": _added,
    "@in": _held,
    "size": _size,
}

# These may cost more than their arguments hold, or give more.
_MEASURED: dict[str, _Billing] = {
    **dict.fromkeys(("base64.encode", "base64.decode", "strings.quote", "bytes"), _written),
    **dict.fromkeys(("sets.contains", "sets.equivalent", "sets.intersects"), _sets),
    "@sortByAssociatedKeys": _arranged_by,
    "distinct": _distinct,
    "flatten": _flattened,
    "format": _formatted,
    "join": _join,
    "lists.range": _ranged,
    "matches": _matched,
    "regex.extract": _found_in,
    "regex.extractAll": _extracted,
    "regex.replace": _regex_replaced,
    "replace": _replaced,
    "slice": _arranged,
    "sort": _arranged,
    "split": _split,
}

BEYOND_LINEAR = frozenset(_MEASURED)
