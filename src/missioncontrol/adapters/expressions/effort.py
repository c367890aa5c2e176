"""Estimates the highest cost of an expression from its tree and data, before it runs.

The library goes through 10,000 items in one evaluation and no further, but each round may copy or
compare whatever the data holds: filtering a list of 10,000 takes eight seconds, for it is copied
for every item that stays. So the rounds are multiplied by what a round can cost. The figures
are upper bounds, in units of about 10 ns; they were measured with cel-expr-python 0.1.3.
"""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import msgspec

from missioncontrol.adapters.expressions.function_costs import (
    ACCESSORS,
    BEYOND_LINEAR,
    ELEMENTWISE,
    EMPTY,
    ORDER_FREE,
    ROUNDS_MAX,
    SINGLE,
    Extent,
    bill,
    together,
)
from missioncontrol.adapters.expressions.tree import (
    Call,
    Constant,
    Listed,
    Loop,
    Mapped,
    Member,
    Name,
    Node,
    Path,
    nodes_in,
    path_of,
)
from missioncontrol.adapters.expressions.values import (
    UNITS_PER_VALUE,
    Measure,
    follow,
    measure_value,
)

UNITS_MAX = 50_000_000  # about half a second, and 160 MB where lists are copied
_UNITS_SURE = 100_000  # less data than this can't make a linear expression too long
_UNITS_PER_NODE = 8  # of the tree, each time it is worked out
_UNITS_PER_COPY = 10  # of one item of a list that is copied to add another
_LOOKED_AT_MAX = 100_000  # values that are looked at one by one to know an extent better


def is_linear(tree: Node) -> bool:
    """Whether every node reads its arguments at most once and gives no more than they hold."""
    return not any(
        isinstance(node, Loop) or (isinstance(node, Call) and node.function in BEYOND_LINEAR)
        for node in nodes_in(tree)
    )


def is_surely_small(nodes: int, data_units: float) -> bool:
    """Whether a linear expression of so many nodes can't go beyond the bound with this data."""
    return data_units <= _UNITS_SURE and nodes**2 * data_units <= UNITS_MAX


class Effort(msgspec.Struct, frozen=True):
    """What is known of an evaluation beforehand."""

    units: float  # of work at most, reading the result out included
    is_unordered: bool  # the result may come out otherwise the next time


def effort_of(tree: Node, data: Mapping[str, Any]) -> Effort:
    """Return what working out an expression with this data takes at most."""
    meter = _Meter(data)
    result = meter.extent(tree, {}, 1.0)
    return Effort(meter.spent + 4 * result.units, result.is_unordered)


class _Meter:
    """Adds up the units while it goes through a tree."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.spent = 0.0
        self.measures: dict[int, Measure] = {}  # by identity: all values outlive the meter
        self.looked_at = 0

    def extent(self, node: Node, scope: Mapping[str, Extent], times: float) -> Extent:
        """Return how large the value of `node` can be, which is worked out that many times."""
        self.spent += times * _UNITS_PER_NODE
        path = path_of(node, guarded=False)
        if path is not None and path[0] not in scope:
            return self.member_of((self.data,), (str(path[0]).removeprefix("."), *path[1:]))
        match node:
            case Constant(value):
                return self.constant(value)
            case Name(name):
                return scope.get(name, SINGLE)
            case Member(_, _, True):
                return SINGLE
            case Member(of, key):
                return self.member(self.extent(of, scope, times), key)
            case Call(function, arguments):
                return self.call(function, [self.extent(a, scope, times) for a in arguments], times)
            case Listed(parts):
                return together([self.extent(part, scope, times) for part in parts])
            case Mapped(parts):
                whole = together([self.extent(part, scope, times) for part in parts])
                return msgspec.structs.replace(whole, is_object=True)
            case Loop():
                return self.loop(node, scope, times)

    def constant(self, value: str | int | bytes | None) -> Extent:
        if isinstance(value, bytes):
            return Extent(UNITS_PER_VALUE + len(value))
        return SINGLE if value is None else self.among((value,))

    def may_look_at(self, values: Sequence[Any]) -> bool:
        """Whether looking at so many more values is worth it; knowing less only means refusing."""
        self.looked_at += len(values)
        return self.looked_at <= _LOOKED_AT_MAX

    def member(self, whole: Extent, key: str) -> Extent:
        if whole.among and self.may_look_at(whole.among):
            return self.member_of(whole.among, (key,))
        return self.element(whole)

    def member_of(self, values: tuple[Any, ...], path: Path) -> Extent:
        """Return the extent of what stands at the end of the path in one of these."""
        ends = (follow(value, path) for value in values)
        return self.among(tuple(value for value, found in ends if found == len(path)))

    def element(self, whole: Extent) -> Extent:
        """Return how large one item of a list, or a key or value of an object, can be."""
        items = self.items_of(whole.among)
        if items:
            return self.among(items)
        return whole.element or msgspec.structs.replace(whole, among=())

    def items_of(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return all that is in these lists and objects; nothing where that is too much."""
        items: list[Any] = []
        if self.may_look_at(values):
            for value in values:
                if isinstance(value, list | dict):
                    items.extend(value)
                if isinstance(value, dict):
                    items.extend(value.values())
        return tuple(items) if self.may_look_at(items) else ()

    def among(self, values: tuple[Any, ...]) -> Extent:
        """Return the extent of what is one of these; of none, where it will be an error."""
        if not values:
            return SINGLE
        measures = [self.measure(value) for value in values]
        return Extent(
            max(each.units for each in measures),
            max(each.items for each in measures),
            most=max(each.most for each in measures),
            has_repeats=any(each.has_repeats for each in measures),
            among=values,
            is_object=any(isinstance(value, dict) for value in values),
        )

    def measure(self, value: Any) -> Measure:
        measure = self.measures.get(id(value))
        if measure is None:
            measure = self.measures[id(value)] = measure_value(value)
        return measure

    def call(self, function: str, arguments: Sequence[Extent], times: float) -> Extent:
        gives = self.given(function, arguments, times)
        is_unordered = function not in ORDER_FREE and any(each.is_unordered for each in arguments)
        if gives.is_unordered is is_unordered:
            return gives
        return msgspec.structs.replace(gives, is_unordered=is_unordered)

    def given(self, function: str, arguments: Sequence[Extent], times: float) -> Extent:
        if function in ACCESSORS:
            return self.element(arguments[0])
        if function in ELEMENTWISE:
            arguments = [self.with_element(arguments[0]), *arguments[1:]]
        charged = bill(function, arguments)
        self.spent += times * charged.each + charged.once
        return charged.gives

    def with_element(self, whole: Extent) -> Extent:
        """Return the extent of a list without its values, and with that of its items."""
        return msgspec.structs.replace(whole, among=(), element=self.element(whole))

    def loop(self, loop: Loop, scope: Mapping[str, Extent], times: float) -> Extent:
        over = self.extent(loop.over, scope, times)
        total = self.extent(loop.start, scope, times)
        count = min(ROUNDS_MAX, over.items)
        if count:
            element = self.element(over)
            if len(loop.variables) > 1:  # The first is the index, about which no item says much.
                element = msgspec.structs.replace(element, among=(), most=inf)
            variables = dict.fromkeys(loop.variables, element)
            total = self.rounds(loop, {**scope, **variables}, times, count)
        if isinstance(loop.start, Listed) and (over.is_unordered or over.is_object):
            total = msgspec.structs.replace(total, is_unordered=True)
        return self.extent(loop.result, {**scope, loop.total: total}, times)

    def rounds(self, loop: Loop, scope: Mapping[str, Extent], times: float, count: float) -> Extent:
        """Return how large the total can be after `count` rounds, each adding to it."""
        inside = {**scope, loop.total: EMPTY}
        all_rounds = min(ROUNDS_MAX, times * count)
        self.extent(loop.condition, inside, all_rounds)
        grown = self.extent(loop.step, inside, all_rounds)
        if isinstance(loop.start, Listed):
            self.spent += all_rounds * count / 2 * _UNITS_PER_COPY  # Every round copies it.
        return Extent(
            UNITS_PER_VALUE + count * grown.units,
            max(count, grown.items),
            grown.element,
            has_repeats=grown.has_repeats,
            is_unordered=grown.is_unordered,
        )
