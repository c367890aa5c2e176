"""Directed graphs: an order in which needs can be met, or the cycle that forbids one."""

from collections import deque
from collections.abc import Mapping, Sequence


def find_cycle(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return one cycle in order, its first node repeated at the end, or an empty list.

    `needs` maps each node to the nodes it depends on; names that are no key are ignored. The walk
    keeps its own stack, so a chain of any length is fine.
    """
    settled: set[str] = set()
    for start in needs:
        trail: list[str] = []
        on_trail: set[str] = set()
        todo: list[tuple[str, bool]] = [(start, True)]
        while todo:
            node, entering = todo.pop()
            if not entering:
                trail.pop()
                on_trail.discard(node)
                settled.add(node)
            elif node in on_trail:
                return [*trail[trail.index(node) :], node]
            elif node not in settled and node in needs:
                trail.append(node)
                on_trail.add(node)
                todo.append((node, False))
                todo.extend((need, True) for need in reversed(needs[node]))
    return []


def in_order(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the nodes so that each follows what it needs, ties in the order given (Kahn, 1962).

    The graph must be free of cycles; names that are no key are ignored.
    """
    waiting = {node: sum(need in needs for need in wanted) for node, wanted in needs.items()}
    followers: dict[str, list[str]] = {node: [] for node in needs}
    for node, wanted in needs.items():
        for need in wanted:
            if need in followers:
                followers[need].append(node)
    free = deque(node for node, count in waiting.items() if count == 0)
    ordered: list[str] = []
    while free:
        node = free.popleft()
        ordered.append(node)
        for follower in followers[node]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                free.append(follower)
    assert len(ordered) == len(needs), "in_order was given a cycle"
    return ordered
