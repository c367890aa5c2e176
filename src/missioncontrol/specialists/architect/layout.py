"""Places boxes in layers and bends arrows round them (after Sugiyama, Tagawa and Toda, 1981)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

WIDTH_MAX = 1180.0
CHARACTER = 6.8  # width of one character of the 11 px fixed-width label
BOX_HEIGHT, BOX_PADDING = 26.0, 9.0
GAP, BEND_WIDTH, ROW_GAP = 16.0, 10.0, 46.0
SWEEPS = 8

Point = tuple[float, float]


class Box(msgspec.Struct, frozen=True):
    """A placed node; `x` and `y` are its centre."""

    node: str
    x: float
    y: float
    width: float


class Bent(msgspec.Struct, frozen=True):
    """A placed arrow, from its tail to its head."""

    source: str
    target: str
    points: tuple[Point, ...]


class Layout(msgspec.Struct, frozen=True):
    """Everything that a drawing needs."""

    boxes: tuple[Box, ...]
    arrows: tuple[Bent, ...]
    bands: tuple[tuple[int, float, float], ...]  # level, top and bottom
    width: float
    height: float


class _Slot(msgspec.Struct):
    """A place in a row: a node, or a bend of an arrow that passes through."""

    width: float
    x: float = 0.0
    above: list["_Slot"] = []
    below: list["_Slot"] = []


def box_width(label: str) -> float:
    """Return the width of a box that holds `label`."""
    return len(label) * CHARACTER + 2 * BOX_PADDING


def placed(
    labels: Mapping[str, str], levels: Mapping[str, int], arrows: Sequence[tuple[str, str]]
) -> Layout:
    """Place each node of `labels`; level 0 comes lowest. The same input gives the same drawing."""
    rows, row_levels = _rows(labels, levels)
    place = {node: number for number, row in enumerate(rows) for node in row}
    slots = {node: _Slot(box_width(labels[node])) for row in rows for node in row}
    grid = [[slots[node] for node in row] for row in rows]
    trails = {arrow: _trail(arrow, place, slots, grid) for arrow in dict.fromkeys(arrows)}
    _order(grid)
    width = _spread(grid)
    middles = [BOX_HEIGHT / 2 + number * (BOX_HEIGHT + ROW_GAP) for number in range(len(rows))]
    boxes = tuple(
        Box(node, slots[node].x, middles[number], slots[node].width)
        for number, row in enumerate(rows)
        for node in row
    )
    bent = tuple(
        Bent(source, target, _points(trail, (place[source], place[target]), middles))
        for (source, target), trail in trails.items()
    )
    height = len(rows) * (BOX_HEIGHT + ROW_GAP) - ROW_GAP
    return Layout(boxes, bent, _bands(row_levels, middles), width, max(height, BOX_HEIGHT))


def _rows(
    labels: Mapping[str, str], levels: Mapping[str, int]
) -> tuple[list[list[str]], list[int]]:
    """Cut each level into rows that fit the width, highest level first."""
    rows: list[list[str]] = []
    row_levels: list[int] = []
    for level in sorted(set(levels.values()), reverse=True):
        nodes = sorted((n for n in labels if levels[n] == level), key=lambda n: (labels[n], n))
        for row in _cut(nodes, labels):
            rows.append(row)
            row_levels.append(level)
    return rows, row_levels


def _cut(nodes: Sequence[str], labels: Mapping[str, str]) -> list[list[str]]:
    total = sum(box_width(labels[node]) + GAP for node in nodes)
    count = max(1, -(-int(total) // int(WIDTH_MAX * 0.8)))
    share = total / count
    rows: list[list[str]] = [[]]
    used = 0.0
    for node in nodes:
        if used >= share and len(rows) < count:
            rows.append([])
            used = 0.0
        rows[-1].append(node)
        used += box_width(labels[node]) + GAP
    return rows


def _trail(
    arrow: tuple[str, str],
    place: Mapping[str, int],
    slots: Mapping[str, _Slot],
    grid: list[list[_Slot]],
) -> list[_Slot]:
    """Return the slots an arrow passes from top to bottom, adding bends in the rows between."""
    high, low = sorted(arrow, key=lambda node: place[node])
    trail = [slots[high]]
    for number in range(place[high] + 1, place[low]):
        bend = _Slot(BEND_WIDTH)
        grid[number].append(bend)
        trail.append(bend)
    trail.append(slots[low])
    if place[high] != place[low]:
        for upper, lower in pairwise(trail):
            upper.below.append(lower)
            lower.above.append(upper)
    return trail


def _order(grid: list[list[_Slot]]) -> None:
    """Order every row by where its neighbours stand, down and up in turn."""
    for row in grid:
        _renumber(row)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        for row in grid if downwards else reversed(grid):
            row.sort(key=lambda slot: _wish(slot.above if downwards else slot.below, slot.x))
            _renumber(row)


def _renumber(row: list[_Slot]) -> None:
    for number, slot in enumerate(row):
        slot.x = (number + 0.5) / len(row)


def _wish(neighbours: Sequence[_Slot], otherwise: float) -> float:
    if not neighbours:
        return otherwise
    return sum(slot.x for slot in neighbours) / len(neighbours)


def _spread(grid: list[list[_Slot]]) -> float:
    """Give every slot its place, near its neighbours and clear of the next; return the width."""
    width = max((sum(s.width + GAP for s in row) - GAP for row in grid if row), default=0.0)
    for row in grid:
        start = (width - sum(slot.width + GAP for slot in row) + GAP) / 2
        for slot in row:
            slot.x = start + slot.width / 2
            start += slot.width + GAP
    for sweep in range(SWEEPS):
        for row in grid if sweep % 2 == 0 else reversed(grid):
            wishes = [_wish([*slot.above, *slot.below], slot.x) for slot in row]
            _settle(row, wishes, width)
    return width


def _settle(row: list[_Slot], wishes: list[float], width: float) -> None:
    """Move slots towards their wishes, keeping their order, their gaps and the drawing's edges."""
    widths = [slot.width for slot in row]
    from_left = _pushed(wishes, widths, width)
    mirrored = _pushed([width - wish for wish in reversed(wishes)], widths[::-1], width)
    # Either pass alone leans to its side; their mean keeps every gap that both keep.
    for slot, left, right in zip(row, from_left, reversed(mirrored), strict=True):
        slot.x = (left + width - right) / 2


def _pushed(wishes: Sequence[float], widths: Sequence[float], width: float) -> list[float]:
    """Place from left to right no closer than allowed, then push back what passed the end."""
    found: list[float] = []
    edge = 0.0
    for wish, own in zip(wishes, widths, strict=True):
        found.append(max(wish, edge + own / 2))
        edge = found[-1] + own / 2 + GAP
    edge = width
    for number in range(len(found) - 1, -1, -1):
        found[number] = min(found[number], edge - widths[number] / 2)
        edge = found[number] - widths[number] / 2 - GAP
    return found


def _points(
    trail: Sequence[_Slot], ends: tuple[int, int], middles: Sequence[float]
) -> tuple[Point, ...]:
    start, end = min(ends), max(ends)
    if start == end:  # Two nodes of one row: the arrow dips below it.
        left, right = trail[0], trail[-1]
        bottom = middles[start] + BOX_HEIGHT / 2
        return ((left.x, bottom), ((left.x + right.x) / 2, bottom + 16), (right.x, bottom))
    points = [(trail[0].x, middles[start] + BOX_HEIGHT / 2)]
    for slot, number in zip(trail[1:-1], range(start + 1, end), strict=True):
        points.append((slot.x, middles[number] - BOX_HEIGHT / 2))
        points.append((slot.x, middles[number] + BOX_HEIGHT / 2))
    points.append((trail[-1].x, middles[end] - BOX_HEIGHT / 2))
    return tuple(points if ends[0] < ends[1] else reversed(points))


def _bands(
    row_levels: Sequence[int], middles: Sequence[float]
) -> tuple[tuple[int, float, float], ...]:
    bands: dict[int, tuple[float, float]] = {}
    for level, middle in zip(row_levels, middles, strict=True):
        top, _ = bands.get(level, (middle - BOX_HEIGHT / 2, 0.0))
        bands[level] = (top, middle + BOX_HEIGHT / 2)
    return tuple((level, top, bottom) for level, (top, bottom) in bands.items())
