"""Finds code that a goal's words point to far more than to what a plan wants to change."""

from collections.abc import Collection
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from missioncontrol.specialists.relevance import BASE, Ranking, Relevant

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

LOOKED_AT = 50
SHARE_MIN = 0.7
"""A changed file with at least this share of the best file's score is close enough to it."""


def likelier_place(goal: str, changed: Collection[str], tree: "Tree") -> Relevant | None:
    """Return the code file that answers best to `goal`, if every changed one is far behind it."""
    ranked = Ranking([goal], tree).rank(goal, limit=LOOKED_AT, kinds=("code",))
    if not ranked or not changed:
        return None
    folder = PurePosixPath(ranked[0].path).parent
    if any(BASE.search(path) and PurePosixPath(path).parent == folder for path in changed):
        return None  # A new sibling of the best file begins at what its siblings build on.
    best = max((near.score for near in ranked if near.path in changed), default=0.0)
    return ranked[0] if best < SHARE_MIN * ranked[0].score else None
