"""Measures of a directed graph: its knots, its layers, and the shortest way round a knot."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence

Arrows = Mapping[str, Sequence[str]]


def knots(groups: Sequence[list[str]]) -> list[list[str]]:
    """Return the components that are cycles: more than one node. Largest first."""
    return sorted((group for group in groups if len(group) > 1), key=lambda g: (-len(g), g))


def layers(groups: Sequence[list[str]], needs: Arrows) -> dict[str, int]:
    """Map each node to its level: 0 needs nothing, n + 1 needs something of level n.

    Nodes of one knot share a level. `groups` come needed ones first, as `components` gives them.
    """
    level: dict[str, int] = {}
    for group in groups:
        inside = set(group)
        outside = (
            level[need]
            for node in group
            for need in needs.get(node, ())
            if need not in inside and need in level
        )
        highest = max(outside, default=-1) + 1
        level.update(dict.fromkeys(group, highest))
    return level


def way_round(knot: Collection[str], needs: Arrows) -> list[str]:
    """Return a shortest cycle inside `knot`, its first node repeated at the end."""
    inside = set(knot)
    shortest: list[str] = []
    for start in sorted(inside):
        found = _way_back(start, inside, needs)
        if found and (not shortest or len(found) < len(shortest)):
            shortest = found
        if len(shortest) == 3:  # Two modules that need each other: nothing is shorter.
            break
    return shortest


def _way_back(start: str, inside: set[str], needs: Arrows) -> list[str]:
    came_from: dict[str, str] = {}
    todo = deque([start])
    while todo:
        node = todo.popleft()
        for need in needs.get(node, ()):
            if need == start:
                return _trail(start, node, came_from)
            if need in inside and need not in came_from:
                came_from[need] = node
                todo.append(need)
    return []


def _trail(start: str, last: str, came_from: Mapping[str, str]) -> list[str]:
    back = [start]
    while last != start:
        back.append(last)
        last = came_from[last]
    return [start, *reversed(back[1:]), start]


def degrees(nodes: Sequence[str], needs: Arrows) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many nodes need each node (fan-in) and how many it needs (fan-out)."""
    fan_in = dict.fromkeys(nodes, 0)
    fan_out = dict.fromkeys(nodes, 0)
    for node, wanted in needs.items():
        fan_out[node] = len(wanted)
        for need in wanted:
            fan_in[need] = fan_in.get(need, 0) + 1
    return fan_in, fan_out


def reached(start: Collection[str], needs: Arrows) -> set[str]:
    """Return everything that `start` needs directly or through others, without `start`."""
    seen = set(start)
    todo = deque(sorted(start))
    while todo:
        for need in needs.get(todo.popleft(), ()):
            if need not in seen:
                seen.add(need)
                todo.append(need)
    return seen - set(start)


def reversed_arrows(needs: Arrows) -> dict[str, list[str]]:
    """Turn every arrow round."""
    found: dict[str, list[str]] = {}
    for node, wanted in needs.items():
        for need in wanted:
            found.setdefault(need, []).append(node)
    return {node: sorted(sources) for node, sources in sorted(found.items())}
