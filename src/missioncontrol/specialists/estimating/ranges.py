"""From what comparable cases took, the range in which eight of ten further ones would fall."""

from collections.abc import Sequence
from math import expm1, log1p
from typing import NamedTuple

SHARE = 0.8
"""Of further cases that a range is made for."""
WIDEST = 10
"""How many times the least the most may be: a wider range is useless, and is not reported."""
CASES_MIN = 20
"""With fewer cases by which ranges are judged, none is reported."""
HELD_MIN = 0.7
"""The share of those cases that ranges must have held."""


class Range(NamedTuple):
    """From `low` to `high`, with what lies in the middle."""

    low: float
    likely: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in it; half of the last digit that is shown counts as inside."""
        return self.low - 1e-9 <= value <= self.high + 1e-9

    @property
    def is_narrow(self) -> bool:
        """Whether it is narrow enough to report."""
        return self.high <= WIDEST * self.low


def foreseen(values: Sequence[float], share: float = SHARE) -> Range:
    """Return the range that `share` of further cases should fall into.

    Of n values in order, the next one falls between the r-th from below and the r-th from above
    with the chance (n + 1 - 2r) / (n + 1), whatever they are spread like; between two ranks, and
    beyond the outermost where n is too small for the share, we go on by ratios: sizes of changes
    and durations differ by factors. `values` are not negative and not empty.
    """
    ordered = sorted(log1p(value) for value in values)
    count = len(ordered)
    middle = _at(ordered, (count + 1) / 2)
    rank = (1 - share) / 2 * (count + 1)
    if rank >= 1:
        low, high = _at(ordered, rank), _at(ordered, count + 1 - rank)
    else:
        # From the least to the most holds (n - 1) / (n + 1) of further cases: less than is asked.
        # Beyond the outermost there is more than their spread tells, hence more than in proportion.
        wider = (share * (count + 1) / (count - 1)) ** 1.5 if count > 1 else 1.0
        low = max(0.0, middle - (middle - ordered[0]) * wider)
        high = middle + (ordered[-1] - middle) * wider
    return Range(expm1(low), expm1(middle), expm1(high))


def whole(span: Range) -> Range:
    """Return the range in whole numbers, for what is counted."""
    low = float(round(span.low + 0.499_999))
    likely, high = float(round(span.likely)), float(int(span.high + 1e-9))
    return Range(min(low, likely), likely, max(high, likely))


def rounded(span: Range) -> Range:
    """Return the range with no more digits than such a thing has: three."""
    return Range(*(float(f"{value:.3g}") for value in span))


def _at(ordered: Sequence[float], rank: float) -> float:
    """Return the value of a rank from 1 on, between two ranks what lies between them."""
    below = min(max(int(rank), 1), len(ordered))
    above = min(below + 1, len(ordered))
    part = rank - below
    return (
        (1 - part) * ordered[below - 1] + part * ordered[above - 1]
        if part > 0
        else (ordered[below - 1])
    )
