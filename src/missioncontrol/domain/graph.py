"""Directed graphs: an order in which needs can be met, the cycle that forbids one, and knots."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence


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


def components(nodes: Sequence[str], needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return the strongly connected components, needed ones first (Tarjan, 1972).

    Each is sorted. The walk keeps its own stack, so a chain of any length is fine.
    """
    walk = _Walk(needs)
    for node in nodes:
        if node not in walk.index:
            walk.from_node(node)
    return walk.found


class _Walk:
    """The state of one depth-first walk."""

    def __init__(self, needs: Mapping[str, Sequence[str]]) -> None:
        self.needs = needs
        self.index: dict[str, int] = {}
        self.low: dict[str, int] = {}
        self.found: list[list[str]] = []
        self._open: list[str] = []
        self._is_open: set[str] = set()

    def from_node(self, start: str) -> None:
        """Walk everything that `start` reaches."""
        todo = [self._enter(start)]
        while todo:
            node, wanted = todo[-1]
            for need in wanted:
                if need not in self.index:
                    todo.append(self._enter(need))
                    break
                if need in self._is_open:
                    self.low[node] = min(self.low[node], self.index[need])
            else:
                todo.pop()
                if todo:
                    above = todo[-1][0]
                    self.low[above] = min(self.low[above], self.low[node])
                self._close(node)

    def _enter(self, node: str) -> tuple[str, Iterator[str]]:
        self.index[node] = self.low[node] = len(self.index)
        self._open.append(node)
        self._is_open.add(node)
        return node, iter(self.needs.get(node, ()))

    def _close(self, node: str) -> None:
        if self.low[node] != self.index[node]:
            return
        group: list[str] = []
        while not group or group[-1] != node:
            group.append(self._open.pop())
        self._is_open.difference_update(group)
        self.found.append(sorted(group))
