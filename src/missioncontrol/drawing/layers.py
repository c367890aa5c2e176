"""Gives each node a layer: opens cycles, keeps arrows short, and breaks wide layers in rows.

After Eades, Lin and Smyth (1993) for the cycles, and Sugiyama, Tagawa and Toda (1981).
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

Pair = tuple[str, str]

TIGHTENINGS = 12
"""Rounds in which nodes are moved to shorten their arrows."""


def forward(nodes: Sequence[str], pairs: Iterable[Pair]) -> list[Pair]:
    """Return every pair once, those turned round that would close a cycle."""
    place = {node: number for number, node in enumerate(_line(nodes, list(pairs)))}
    turned = ((a, b) if place[a] < place[b] else (b, a) for a, b in pairs if a != b)
    return list(dict.fromkeys(turned))


def _line(nodes: Sequence[str], pairs: Sequence[Pair]) -> list[str]:
    """Put nodes in a line along which few pairs point backward."""
    after: dict[str, set[str]] = {node: set() for node in nodes}
    before: dict[str, set[str]] = {node: set() for node in nodes}
    for a, b in pairs:
        if a != b:
            after[a].add(b)
            before[b].add(a)
    left: list[str] = []
    right: deque[str] = deque()
    open_ones = dict.fromkeys(nodes)

    def remove(node: str) -> None:
        del open_ones[node]
        for other in after[node]:
            before[other].discard(node)
        for other in before[node]:
            after[other].discard(node)

    while open_ones:
        ends = [node for node in open_ones if not after[node]]
        for node in reversed(ends):
            right.appendleft(node)
            remove(node)
        starts = [node for node in open_ones if not before[node]]
        for node in starts:
            left.append(node)
            remove(node)
        if not ends and not starts:
            most = max(open_ones, key=lambda node: len(after[node]) - len(before[node]))
            left.append(most)
            remove(most)
    return [*left, *right]


def layered(
    nodes: Sequence[str], pairs: Sequence[Pair], fixed: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Map each node to a layer; every pair leads from a smaller one to a larger one.

    `pairs` are free of cycles. Where `fixed` names layers, those hold, and pairs that disagree
    are up to who draws them.
    """
    if fixed:
        return {node: fixed.get(node, 0) for node in nodes}
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for a, b in pairs:
        before[b].append(a)
        after[a].append(b)
    layer: dict[str, int] = {}
    for node in _sorted_by_need(nodes, before, after):
        layer[node] = max((layer[other] + 1 for other in before[node]), default=0)
    _tighten(nodes, before, after, layer)
    lowest = min(layer.values(), default=0)
    return {node: place - lowest for node, place in layer.items()}


def _sorted_by_need(
    nodes: Sequence[str], before: Mapping[str, list[str]], after: Mapping[str, list[str]]
) -> list[str]:
    waiting = {node: len(before[node]) for node in nodes}
    free = deque(node for node in nodes if not waiting[node])
    found: list[str] = []
    while free:
        node = free.popleft()
        found.append(node)
        for other in after[node]:
            waiting[other] -= 1
            if not waiting[other]:
                free.append(other)
    return found


def _tighten(
    nodes: Sequence[str],
    before: Mapping[str, list[str]],
    after: Mapping[str, list[str]],
    layer: dict[str, int],
) -> None:
    """Move nodes with more arrows downward than upward down, and the other way round."""
    for _ in range(TIGHTENINGS):
        moved = False
        for node in nodes:
            above = max((layer[other] + 1 for other in before[node]), default=None)
            below = min((layer[other] - 1 for other in after[node]), default=None)
            pull = len(after[node]) - len(before[node])
            goal = layer[node]
            if pull > 0 and below is not None:
                goal = below
            elif pull < 0 and above is not None:
                goal = above
            if goal != layer[node]:
                layer[node] = goal
                moved = True
        if not moved:
            return


def broken(
    layer: Mapping[str, int],
    pairs: Sequence[Pair],
    widths: Mapping[str, float],
    width_max: float,
    groups: Mapping[str, str],
) -> dict[str, int]:
    """Return layers of which none is wider than `width_max`: too wide ones become several.

    Nodes of a layer have no arrows between them, so any of them may come first; those that are
    mostly pointed at come higher.
    """
    pull: dict[str, int] = dict.fromkeys(layer, 0)
    for a, b in pairs:
        pull[a] += 1
        pull[b] -= 1
    found: dict[str, int] = {}
    next_layer = 0
    for number in range(max(layer.values(), default=-1) + 1):
        inside = [node for node in layer if layer[node] == number]
        inside.sort(key=lambda node: (pull[node], groups[node]))
        rows = _rows(inside, widths, width_max)
        for row in rows:
            found |= dict.fromkeys(row, next_layer)
            next_layer += 1
    return {node: found[node] for node in layer}


def _rows(nodes: Sequence[str], widths: Mapping[str, float], width_max: float) -> list[list[str]]:
    """Cut a row into as few as fit, about as wide as each other."""
    whole = sum(widths[node] for node in nodes)
    count = max(int(-(-whole // width_max)), 1)
    share = whole / count
    rows: list[list[str]] = [[]]
    used = 0.0
    for node in nodes:
        if rows[-1] and used + widths[node] / 2 > share and len(rows) < count:
            rows.append([])
            used = 0.0
        rows[-1].append(node)
        used += widths[node]
    return [row for row in rows if row]
