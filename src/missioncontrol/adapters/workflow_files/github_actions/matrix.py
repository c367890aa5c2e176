"""Computes the combinations of a job's matrix as GitHub does."""

import itertools
from typing import Any

import msgspec

from missioncontrol.adapters.workflow_files.foreign.cel import Unclear, Value, member
from missioncontrol.adapters.workflow_files.foreign.left_out import LeftOut
from missioncontrol.adapters.workflow_files.foreign.nodes import Node, as_text

COMBINATIONS_MAX = 256
"""GitHub refuses more."""

Combination = dict[str, Any]


class Matrix(msgspec.Struct):
    """What a job is done for; every combination has a value for every name, '' where it is none."""

    combinations: list[Combination]

    def value(self, path: tuple[str, ...]) -> Value:
        """Return what `matrix.PATH` comes to.

        Raises:
            Unclear: it is no plain value.
        """
        found = [_at(combination, path) for combination in self.combinations]
        if all(each is None for each in found):
            return Value("''", "string", ("",))
        if len(path) > 1 and None in found:
            raise Unclear("Not every combination has it.")
        found = ["" if each is None else each for each in found]
        source = "item"
        for name in path:
            source = member(source, self._spelled(name))
        if not all(isinstance(each, str | int | float | bool) for each in found):
            raise Unclear("It is a list or an object.")
        present = [each for each in found if each != "" or isinstance(each, bool)]
        options = tuple(dict.fromkeys(map(as_text, found)))
        if all(isinstance(each, str) for each in found):
            return Value(source, "string", options)
        gaps = len(present) < len(found)
        if all(isinstance(each, bool) for each in present):
            return Value(source, "boolean", gaps=gaps)
        if all(isinstance(each, int | float) and not isinstance(each, bool) for each in present):
            return Value(source, "number", gaps=gaps)
        return Value(source, "unknown", options)

    def _spelled(self, name: str) -> str:
        """Return a name as the matrix spells it: case does not count on GitHub."""
        names = (each for combination in self.combinations for each in combination)
        return next((each for each in names if each.lower() == name.lower()), name)


def matrix_of(node: Node, listing: LeftOut) -> Matrix | None:
    """Read the `matrix` of a job, or list it and return None where it is not known before a run."""
    if any(isinstance(leaf.value, str) and "${{" in leaf.value for leaf in node.leaves()):
        listing.leave(node, "Its values are worked out while the workflow runs on GitHub.")
        return None
    axes = {name: each for name, each in node.entries.items() if name not in ("include", "exclude")}
    for name, axis in axes.items():
        if not axis.items:
            listing.leave(node, f"`{name}` is no list of values.")
            return None
    sizes = [len(axis.items) for axis in axes.values()]
    total = 1
    for size in sizes:
        total = min(total * size, 1_000_000)
    if total > 10_000:
        listing.leave(node, f"It has {total:,} combinations; GitHub takes {COMBINATIONS_MAX}.")
        return None
    return _combined(node, axes, listing)


def _combined(node: Node, axes: dict[str, Node], listing: LeftOut) -> Matrix | None:
    values = [axis.plain for axis in axes.values()]
    rows = [dict(zip(axes, row, strict=True)) for row in itertools.product(*values)] if axes else []
    rows = _without(rows, node.get("exclude"), listing)
    found = _extended(rows, set(axes), _entries(node.get("include"), listing))
    if not 1 <= len(found) <= COMBINATIONS_MAX:
        listing.leave(node, f"It has {len(found)} combinations; GitHub takes 1 to 256.")
        return None
    return Matrix(_filled_up(found))


def _without(rows: list[Combination], node: Node | None, listing: LeftOut) -> list[Combination]:
    """Return the rows that no entry of `exclude` covers; entries that cover none are listed."""
    excluded: list[Combination] = []
    for entry in node.items if node is not None else ():
        covers = entry.entries and any(_covers(entry.plain, row) for row in rows)
        if covers:
            excluded.append(entry.plain)
        else:
            listing.leave(entry, "It covers no combination.")
    return [row for row in rows if not any(_covers(entry, row) for entry in excluded)]


def _entries(node: Node | None, listing: LeftOut) -> list[Combination]:
    found = []
    for entry in node.items if node is not None else []:
        if isinstance(entry.value, dict):
            found.append(entry.plain)
        else:
            listing.leave(entry, "It is no mapping of names to values.")
    return found


def _covers(entry: Combination, row: Combination) -> bool:
    return all(name in row and _same(row[name], value) for name, value in entry.items())


def _extended(rows: list[Combination], axes: set[str], included: list[Combination]) -> list[Any]:
    """Add each entry to the original rows that it fits, else as a row of its own.

    What the axes say is never overwritten; what an earlier entry added is.
    """
    originals = [dict(row) for row in rows]
    added: list[Combination] = []
    for entry in included:
        own = {name: value for name, value in entry.items() if name in axes}
        fitting = [n for n, row in enumerate(originals) if _covers(own, row)]
        for n in fitting:
            rows[n] = {**rows[n], **entry}
        if not fitting:
            added.append(dict(entry))
    return rows + added


def _filled_up(rows: list[Combination]) -> list[Combination]:
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: _missing_as_text(row.get(name)) for name in names} for row in rows]


def _missing_as_text(value: Any) -> Any:
    """GitHub reads what is missing, and null, as an empty text."""
    return "" if value is None else int(value) if _is_whole(value) else value


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer() and abs(value) < 2**53


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _at(combination: Combination, path: tuple[str, ...]) -> Any:
    value: Any = combination
    for name in path:
        if not isinstance(value, dict):
            return None
        spelled = next((each for each in value if each.lower() == name.lower()), None)
        value = None if spelled is None else value[spelled]
    return value
