"""Foresees how large a change will be: how likely each number of files, and each class of lines."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from math import exp, log, log1p
from pathlib import Path

import msgspec

from missioncontrol.specialists.estimating.past import Ask, Changes, Sizing, size_of
from missioncontrol.specialists.estimating.ranges import SHARE

# What is known of a change's size before it is made: the habits of a repository and the words.

NAMES = ("habit", "lately", "like", "several", "words", "new", "tests", "small", "documents")
LOOKED_AT_MAX = 1_000
"""Changes whose sizes are the habit of a repository."""
HABIT_FADING, LATELY_FADING = 200, 40
"""After so many newer changes, one counts half."""
AT_FIRST = 0.7
"""How often a change that is as large as this is larger still, where nothing is known yet."""
HABIT_FIRST, LATELY_FIRST, LIKE_FIRST = 5.0, 8.0, 1.5
"""How much what was known before weighs beside the changes that are looked at."""
LIKE_POWER = 1.5
_SEVERAL = re.compile(r"(?i)\band\b|[,;&]")
_KINDS = (
    re.compile(
        r"(?i)\b(?:feat|features?|add\w*|support\w*|implement\w*|introduc\w*|new|allow\w*)\b"
    ),
    re.compile(r"(?i)\b(?:tests?|testing|coverage|benchmark\w*)\b"),
    re.compile(r"(?i)\b(?:minor|small|typos?|simplif\w*|tweak\w*|clarif\w*|improv\w*)\b"),
    re.compile(r"(?i)\b(?:docs?|document\w*|readme|comment\w*|docstring\w*|changelog|examples?)\b"),
)
"""Words of subjects that speak of something new, of tests, of little, and of documents."""


class Sizes:
    """How often changes of some size were larger still; sizes are levels from 1 on."""

    def __init__(self, levels: int) -> None:
        self._weights = [0.0] * (levels + 1)

    def add(self, level: int, weight: float) -> None:
        """Count one change."""
        self._weights[level] += weight

    def larger(self, level: int, first: float, weight: float) -> float:
        """Return the share of those that have at least this level and have more.

        `first` is what was known before; it counts like changes of `weight` together.
        """
        more = sum(self._weights[level + 1 :])
        return (more + weight * first) / (more + self._weights[level] + weight)


def rows(
    ask: Ask, before: Sequence[int], like: Sequence[tuple[int, float]], levels: int
) -> list[list[float]]:
    """Return the figures of each level but the last: what speaks for a change being larger.

    `before` are the levels of earlier changes, the newest first; `like` those of the changes like
    the ask, with their weights.
    """
    habit, lately, near = Sizes(levels), Sizes(levels), Sizes(levels)
    for age, level in enumerate(before[:LOOKED_AT_MAX]):
        habit.add(level, 0.5 ** (age / HABIT_FADING))
        lately.add(level, 0.5 ** (age / LATELY_FADING))
    for level, weight in like:
        near.add(level, weight**LIKE_POWER)
    features = _ask_features(ask)
    found = []
    for level in range(1, levels):
        usual = habit.larger(level, AT_FIRST, HABIT_FIRST)
        now = lately.larger(level, usual, LATELY_FIRST)
        alike = near.larger(level, usual, LIKE_FIRST)
        base = _odds(usual)
        found.append([base, _odds(now) - base, _odds(alike) - base, *features])
    return found


def _ask_features(ask: Ask) -> list[float]:
    kinds = [float(bool(kind.search(ask.subject))) for kind in _KINDS]
    return [float(bool(_SEVERAL.search(ask.subject))), log1p(ask.words), *kinds]


def _odds(share: float) -> float:
    return log(share / (1 - share))


LEARNED = Path(__file__).with_name("learned_sizes.json")
STEPS: dict[Sizing, tuple[int, ...]] = {"files": tuple(range(1, 16)), "lines": (10, 100)}
"""The largest size of each level but the last, which has no end."""
CUT = 0.75
"""The share in the middle that ranges are cut at. In whole numbers they hold more than that: cut at
0.8, they would hold well over nine of ten."""
BEFORE_MIN = 20
"""With fewer earlier changes, nothing is foreseen."""


class Weights(msgspec.Struct, frozen=True):
    """What each figure adds to the logarithm of the odds that a change is larger than a level."""

    figures: tuple[float, ...]  # as `NAMES`
    levels: tuple[float, ...]  # for each level but the last


class Learned(msgspec.Struct, frozen=True):
    """The weights that are shipped."""

    names: tuple[str, ...]
    learned_from: str  # in words: from which changes
    files: Weights
    lines: Weights


class SizeEstimates:
    """Foresees sizes of one kind from the changes of one repository."""

    def __init__(self, changes: Changes, sizing: Sizing) -> None:
        """Changes whose size was not counted tell nothing."""
        self.changes = changes
        self.steps = STEPS[sizing]
        self.sizing = sizing
        sizes = [size_of(each, sizing) for each in changes.all]
        self.levels = [0 if size is None else self.level(size) for size in sizes]  # 0: not known

    def level(self, size: int) -> int:
        """Return the level of a size, from 1 on."""
        return bisect_left(self.steps, size) + 1

    def rows(self, ask: Ask, *, before: int = -1) -> list[list[float]] | None:
        """Return the figures by which an ask is foreseen; None where too few changes came before.

        Only changes older than number `before` are looked at.
        """
        known = [level for level in self.levels[before + 1 :] if level]
        if len(known) < BEFORE_MIN:
            return None
        near = self.changes.like(ask, before=before)
        like = [(level, each.weight) for each in near if (level := self.levels[each.number])]
        return rows(ask, known, like, len(self.steps) + 1)

    def chances(self, ask: Ask, *, before: int = -1) -> list[float] | None:
        """Return how likely each level is; None where too few changes came before."""
        table = self.rows(ask, before=before)
        if table is None:
            return None
        weights = read_learned().files if self.sizing == "files" else read_learned().lines
        return _chances(table, weights)


@cache
def read_learned() -> Learned:
    """Return what was learned, as it is shipped.

    Raises:
        ValueError: it was learned from other figures or for other levels.
    """
    found = msgspec.json.decode(LEARNED.read_bytes(), type=Learned)
    levels = (len(found.files.levels), len(found.lines.levels))
    if found.names != NAMES or levels != tuple(map(len, STEPS.values())):
        raise ValueError(f"{LEARNED.name} was learned from other figures: run bench.ranking.sizes")
    return found


def _chances(table: Sequence[Sequence[float]], weights: Weights) -> list[float]:
    """Return the chance of each level: that a change comes so far, and no further."""
    found, left = [], 1.0
    for row, start in zip(table, weights.levels, strict=True):
        odds = start + sum(w * figure for w, figure in zip(weights.figures, row, strict=True))
        larger = 1 / (1 + exp(-odds))
        found.append(left * (1 - larger))
        left *= larger
    return [*found, left]


def narrow(chances: Sequence[float]) -> tuple[int, int, int]:
    """Return the range of levels with a chance of at least `SHARE`, and the median: low, mid, high.

    It leaves out about as much below as above, which is what the interval score asks for.
    """
    sums = list(accumulate(chances))
    low, middle, high = (_at(sums, share) for share in ((1 - CUT) / 2, 0.5, (1 + CUT) / 2))
    while sum(chances[low : high + 1]) < SHARE:
        is_up = low == 0 or (high + 1 < len(chances) and chances[high + 1] >= chances[low - 1])
        low, high = (low, high + 1) if is_up else (low - 1, high)
    return low + 1, middle + 1, high + 1


def _at(sums: Sequence[float], share: float) -> int:
    return min(bisect_left(sums, share), len(sums) - 1)
