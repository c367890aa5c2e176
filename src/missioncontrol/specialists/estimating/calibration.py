"""How often past changes fell into the range that the changes before them would have given."""

import msgspec

from missioncontrol.specialists.estimating.past import (
    ENOUGH,
    Ask,
    Changes,
    PastChange,
    Sizing,
    size_of,
)
from missioncontrol.specialists.estimating.ranges import Range, foreseen, whole

CASES_MAX, CHOOSING_MAX = 150, 300
"""The newest changes, that are scored; and those before them, that say how wide ranges have to
be."""
CASES_MIN = 20
"""With fewer, no share is told, and none is chosen by."""
AIM = 0.8
"""The share of cases that ranges are to hold."""
SHARES = (0.95, 0.9, 0.8, 0.7, 0.6)
"""How wide ranges may be made. Sizes are whole numbers and many are alike, so that a range made
for eight of ten holds more of them; histories that change their ways hold fewer."""
UNKNOWN = 0.9
"""The share that ranges are made for where nothing shows yet how they hold."""


class Calibration(msgspec.Struct, frozen=True):
    """What walking the history came to."""

    share: float = UNKNOWN  # that ranges are made for, so that eight of ten hold
    held: float | None = None  # the share of the newest changes that fell into their range
    cases: int = 0  # how many they were
    unforeseen: int = 0  # changes among the newest that too little was comparable with


def calibrated(changes: Changes, sizing: Sizing) -> Calibration:
    """Foresee each of the newest changes from those before it alone, and count.

    How wide ranges are made is chosen on the changes before those that are scored.
    """
    walked = [
        _comparable(changes, number, change, sizing)
        for number, change in enumerate(changes.all[: CASES_MAX + CHOOSING_MAX])
        if size_of(change, sizing) is not None
    ]
    middle = min(CASES_MAX, (len(walked) + 1) // 2)
    newer, older = walked[:middle], walked[middle:]
    share = _chosen([case for case in older if case is not None])
    scored = [case for case in newer if case is not None]
    if len(scored) < CASES_MIN:
        return Calibration(share, None, len(scored), len(newer) - len(scored))
    return Calibration(share, _held(scored, share), len(scored), len(newer) - len(scored))


class _Case(msgspec.Struct, frozen=True):
    """A change, and what those comparable with it before took."""

    size: int
    before: tuple[int, ...]


def _comparable(changes: Changes, number: int, change: PastChange, sizing: Sizing) -> _Case | None:
    """Return the case of one change; None where nothing could have been said."""
    size = size_of(change, sizing)
    near = changes.like(Ask(change.subject), before=number)
    before = tuple(s for each in near if (s := size_of(each, sizing)) is not None)
    return _Case(size or 0, before) if len(before) >= ENOUGH else None


def _chosen(cases: list[_Case]) -> float:
    """Return the share whose ranges held closest to eight of ten; a narrow one before a wide."""
    if len(cases) < CASES_MIN:
        return UNKNOWN
    return min(reversed(SHARES), key=lambda share: abs(_held(cases, share) - AIM))


def _held(cases: list[_Case], share: float) -> float:
    return sum(span_of(case.before, share).holds(case.size) for case in cases) / len(cases)


def span_of(sizes: tuple[int, ...], share: float) -> Range:
    """Return the range that is told from sizes of changes."""
    return whole(foreseen(sizes, share))
