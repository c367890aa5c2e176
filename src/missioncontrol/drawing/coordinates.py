"""Gives each slot its place across the layers: near what it is joined to, long arrows straight.

Each row is the least-squares answer to where its slots would like to stand, found by pooling
neighbours that want to pass each other (Barlow, Bartholomew, Bremner and Brunk, 1972).
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from missioncontrol.drawing.crossings import Slots

ROUNDS = 14
STRAIGHT, NEAR = 8.0, 1.0
"""How much a bend wants to stand where its arrow passes, and a node where its neighbours are."""


def placed(
    slots: Slots,
    sizes: Sequence[float],
    bends: Sequence[bool],
    *,
    gap: float,
    lane_gap: float,
) -> list[float]:
    """Return the centre of each slot across the layers; the smallest edge is at 0.

    Rows are in their order already. Slots of different lanes stand in stretches of their own.
    """
    centres = [0.0] * len(sizes)
    start = 0.0
    for lane in _lanes(slots):
        rows = [[slot for slot in row if slots.lane[slot] == lane] for row in slots.rows]
        rows = [row for row in rows if row]
        _settle(rows, slots, sizes, bends, centres, gap)
        _straighten(rows, slots, sizes, bends, centres, gap)
        left = min(centres[slot] - sizes[slot] / 2 for row in rows for slot in row)
        right = max(centres[slot] + sizes[slot] / 2 for row in rows for slot in row)
        for row in rows:
            for slot in row:
                centres[slot] += start - left
        start += right - left + lane_gap
    return centres


def _lanes(slots: Slots) -> list[int]:
    """Return the lanes from left to right, as the rows put them."""
    before: dict[int, set[int]] = {lane: set() for lane in slots.lane}
    for row in slots.rows:
        seen = list(dict.fromkeys(slots.lane[slot] for slot in row))
        for number, lane in enumerate(seen):
            before[lane].update(seen[:number])
    return sorted(before, key=lambda lane: (len(before[lane]), lane))


def _settle(
    rows: Sequence[Sequence[int]],
    slots: Slots,
    sizes: Sequence[float],
    bends: Sequence[bool],
    centres: list[float],
    gap: float,
) -> None:
    own = {slot for row in rows for slot in row}
    for row in rows:
        _pack(row, sizes, centres, gap)
    for number in range(ROUNDS):
        is_last = number >= ROUNDS - 2
        for row in rows if number % 2 == 0 else reversed(rows):
            sides = _sides(slots, number) if not is_last else (slots.above, slots.below)
            wanted, weights = [], []
            for slot in row:
                near = [end for side in sides for end in side[slot] if end in own]
                place, weight = _wanted(slot, near, bends, centres)
                wanted.append(place)
                weights.append(weight)
            for slot, place in zip(
                row, _spread(wanted, weights, [sizes[slot] for slot in row], gap), strict=True
            ):
                centres[slot] = place


def _sides(slots: Slots, number: int) -> tuple[Sequence[Sequence[int]], ...]:
    """Look upward and downward in turn, then at both."""
    if number < 4:
        return (slots.above,) if number % 2 == 0 else (slots.below,)
    return slots.above, slots.below


def _pack(row: Sequence[int], sizes: Sequence[float], centres: list[float], gap: float) -> None:
    at = -sum(sizes[slot] + gap for slot in row) / 2
    for slot in row:
        centres[slot] = at + sizes[slot] / 2
        at += sizes[slot] + gap


def _wanted(
    slot: int, near: Sequence[int], bends: Sequence[bool], centres: Sequence[float]
) -> tuple[float, float]:
    """Return the wanted place of a slot, and its weight."""
    if not near:
        return centres[slot], 0.05
    weights = [STRAIGHT if bends[slot] and bends[end] else NEAR for end in near]
    whole = sum(weights)
    mean = sum(centres[end] * share for end, share in zip(near, weights, strict=True)) / whole
    return mean, whole


def _spread(
    wanted: Sequence[float], weights: Sequence[float], sizes: Sequence[float], gap: float
) -> list[float]:
    """Return places as near to `wanted` as can be at which nothing overlaps, in that order."""
    offsets = [0.0]
    for left, right in pairwise(sizes):
        offsets.append(offsets[-1] + (left + right) / 2 + gap)
    pools: list[tuple[float, float, int]] = []  # place, weight, how many
    for place, weight, offset in zip(wanted, weights, offsets, strict=True):
        pools.append((place - offset, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            second, first = pools.pop(), pools.pop()
            whole = first[1] + second[1]
            mean = (first[0] * first[1] + second[0] * second[1]) / whole
            pools.append((mean, whole, first[2] + second[2]))
    flat = [place for place, _, count in pools for _ in range(count)]
    return [place + offset for place, offset in zip(flat, offsets, strict=True)]


def _straighten(
    rows: Sequence[Sequence[int]],
    slots: Slots,
    sizes: Sequence[float],
    bends: Sequence[bool],
    centres: list[float],
    gap: float,
) -> None:
    """Move the bends of each long arrow to one place, as far along it as there is room for that."""
    beside = {slot: (row, at) for row in rows for at, slot in enumerate(row)}

    def room(slot: int) -> tuple[float, float]:
        row, at = beside[slot]
        own = sizes[slot] / 2 + gap / 2
        low, high = float("-inf"), float("inf")
        if at > 0:
            low = centres[row[at - 1]] + sizes[row[at - 1]] / 2 + own
        if at + 1 < len(row):
            high = centres[row[at + 1]] - sizes[row[at + 1]] / 2 - own
        return low, high

    for chain in _chains(beside, slots, bends):
        while chain:
            run, low, high = [chain[0]], *room(chain[0])
            for slot in chain[1:]:
                least, most = room(slot)
                if max(low, least) > min(high, most):
                    break
                low, high = max(low, least), min(high, most)
                run.append(slot)
            middle = sorted(centres[slot] for slot in run)[len(run) // 2]
            for slot in run:
                centres[slot] = min(max(middle, low), high)
            chain = chain[len(run) :]


def _chains(beside: Collection[int], slots: Slots, bends: Sequence[bool]) -> Iterator[list[int]]:
    """Yield the bends of each arrow that stand in this lane, from the top down."""
    for slot in beside:
        if bends[slot] and not (slots.above[slot] and bends[slots.above[slot][0]]):
            chain = [slot]
            while (below := slots.below[chain[-1]]) and bends[below[0]] and below[0] in beside:
                chain.append(below[0])
            yield chain
