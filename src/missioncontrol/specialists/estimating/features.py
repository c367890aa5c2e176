"""What is known of a change's size before it is made: the habits of a repository and the words."""

import re
from collections.abc import Sequence
from math import log, log1p

from missioncontrol.specialists.estimating.past import Ask

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
    features = _said(ask)
    found = []
    for level in range(1, levels):
        usual = habit.larger(level, AT_FIRST, HABIT_FIRST)
        now = lately.larger(level, usual, LATELY_FIRST)
        alike = near.larger(level, usual, LIKE_FIRST)
        base = _odds(usual)
        found.append([base, _odds(now) - base, _odds(alike) - base, *features])
    return found


def _said(ask: Ask) -> list[float]:
    kinds = [float(bool(kind.search(ask.subject))) for kind in _KINDS]
    return [float(bool(_SEVERAL.search(ask.subject))), log1p(ask.words), *kinds]


def _odds(share: float) -> float:
    return log(share / (1 - share))
