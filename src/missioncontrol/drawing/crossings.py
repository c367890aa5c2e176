"""Puts the nodes of each layer in an order in which few arrows cross.

Sweeps by medians and exchanges of neighbours (Gansner, Koutsofios, North and Vo, 1993), crossings
counted as by Barth, Mutzel and Jünger (2004). Nodes of a lane stay together, so that what is
grouped can be framed.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

SWEEPS = 24
IDLE_SWEEPS_MAX = 6
"""Sweeps without a better order after which the search ends."""

EXCHANGED_MAX = 4_000
"""Slots up to which neighbours are tried the other way round too."""

Rows = list[list[int]]
Ends = Sequence[Sequence[int]]


class Slots:
    """The places to be put in order: nodes, and bends of arrows that pass through a layer."""

    def __init__(self) -> None:
        """Begin with none."""
        self.rows: Rows = []
        self.lane: list[int] = []
        self.above: list[list[int]] = []
        self.below: list[list[int]] = []

    def add(self, row: int, lane: int) -> int:
        """Add a slot at the end of a row and return its number."""
        while len(self.rows) <= row:
            self.rows.append([])
        number = len(self.lane)
        self.lane.append(lane)
        self.above.append([])
        self.below.append([])
        self.rows[row].append(number)
        return number

    def tie(self, upper: int, lower: int) -> None:
        """Join slots of two rows that follow each other."""
        self.below[upper].append(lower)
        self.above[lower].append(upper)


def put_in_order(slots: Slots) -> int:
    """Order every row of `slots` and return how many crossings are left."""
    lanes = sorted(set(slots.lane))
    best, fewest = _swept(slots, {lane: lane for lane in lanes})
    if len(lanes) > 1:
        best, fewest = _lanes_moved(slots, lanes, best, fewest)
    slots.rows[:] = best
    return fewest


def crossings(rows: Rows, below: Ends) -> int:
    """Count the crossings of arrows between rows that follow each other."""
    return sum(_between(upper, lower, below) for upper, lower in pairwise(rows))


def _between(upper: Sequence[int], lower: Sequence[int], below: Ends) -> int:
    place = {slot: number for number, slot in enumerate(lower)}
    seen: list[int] = []
    count = 0
    for slot in upper:
        ends = sorted(place[end] for end in below[slot])
        for end in ends:
            count += len(seen) - bisect_right(seen, end)
        for end in ends:
            insort(seen, end)
    return count


def _swept(slots: Slots, lane_place: Mapping[int, int]) -> tuple[Rows, int]:
    """Sweep down and up until nothing gets better; keep the best."""
    rows = [sorted(row, key=lambda slot: lane_place[slots.lane[slot]]) for row in slots.rows]
    best, fewest, idle = [list(row) for row in rows], crossings(rows, slots.below), 0
    for sweep in range(SWEEPS):
        if fewest == 0 or idle == IDLE_SWEEPS_MAX:
            break
        downward = sweep % 2 == 0
        for number in range(1, len(rows)) if downward else range(len(rows) - 2, -1, -1):
            near = rows[number - 1] if downward else rows[number + 1]
            ends = slots.above if downward else slots.below
            rows[number] = _by_median(rows[number], near, ends, slots, lane_place, sweep % 4 > 1)
        if len(slots.lane) <= EXCHANGED_MAX:
            _exchange(rows, slots)
        count = crossings(rows, slots.below)
        idle += 1
        if count < fewest:
            best, fewest, idle = [list(row) for row in rows], count, 0
    return best, fewest


def _by_median(
    row: Sequence[int],
    near: Sequence[int],
    ends: Ends,
    slots: Slots,
    lane_place: Mapping[int, int],
    flip: bool,
) -> list[int]:
    """Sort a row by where its arrows end in the row beside it; slots without any stay."""
    place = {slot: number for number, slot in enumerate(near)}
    scale = len(near) / max(len(row), 1)
    wanted: dict[int, float] = {}
    for number, slot in enumerate(row):
        found = sorted(place[end] for end in ends[slot])
        wanted[slot] = _median(found) if found else number * scale
    ordered = list(reversed(row)) if flip else list(row)
    return sorted(ordered, key=lambda slot: (lane_place[slots.lane[slot]], wanted[slot]))


def _median(places: Sequence[int]) -> float:
    """Return the weighted median of Gansner and others: nearer to where more arrows end."""
    middle = len(places) // 2
    if len(places) % 2:
        return places[middle]
    if len(places) == 2:
        return (places[0] + places[1]) / 2
    left = places[middle - 1] - places[0]
    right = places[-1] - places[middle]
    if left + right == 0:
        return (places[middle - 1] + places[middle]) / 2
    return (places[middle - 1] * right + places[middle] * left) / (left + right)


def _exchange(rows: Rows, slots: Slots) -> None:
    """Exchange neighbours of a lane wherever that takes crossings away."""
    for _ in range(3):
        better = False
        for number, row in enumerate(rows):
            sides = list(_sides(rows, number, slots))
            for at in range(len(row) - 1):
                a, b = row[at], row[at + 1]
                if slots.lane[a] == slots.lane[b] and _gain(a, b, sides) > 0:
                    row[at], row[at + 1] = b, a
                    better = True
        if not better:
            return


def _sides(
    rows: Rows, number: int, slots: Slots
) -> Iterator[tuple[Callable[[int], Sequence[int]], dict[int, int]]]:
    if number > 0:
        yield slots.above.__getitem__, {s: n for n, s in enumerate(rows[number - 1])}
    if number + 1 < len(rows):
        yield slots.below.__getitem__, {s: n for n, s in enumerate(rows[number + 1])}


def _gain(
    a: int, b: int, sides: Sequence[tuple[Callable[[int], Sequence[int]], dict[int, int]]]
) -> int:
    """Return how many crossings go away when `b` comes before `a`."""
    gain = 0
    for ends_of, place in sides:
        first = [place[end] for end in ends_of(a)]
        second = [place[end] for end in ends_of(b)]
        gain += sum((x > y) - (x < y) for x in first for y in second)
    return gain


def _lanes_moved(slots: Slots, lanes: Sequence[int], best: Rows, fewest: int) -> tuple[Rows, int]:
    """Try neighbouring lanes the other way round, as long as that helps."""
    order = list(lanes)
    for _ in range(3):
        better = False
        for at in range(len(order) - 1):
            tried = [*order[:at], order[at + 1], order[at], *order[at + 2 :]]
            rows, count = _swept(slots, {lane: number for number, lane in enumerate(tried)})
            if count < fewest:
                best, fewest, order, better = rows, count, tried, True
        if not better or fewest == 0:
            break
    return best, fewest
