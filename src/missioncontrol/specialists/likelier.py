"""Finds code that a goal's words point to far more than to what a plan wants to change."""

import re
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from missioncontrol.domain.estimates import LikelyFile
from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.indexing import index_of
from missioncontrol.specialists.relevance import relevant_files

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

LOOKED_AT = 50
SHARE_MIN = 0.7
"""A changed file with at least this share of the best file's score is close enough to it."""
BASE = re.compile(r"(?i)(?:^|/)_?(?:base|abc|abstract|interface|protocol)s?\.\w+$")
"""Files that hold what the others of their folder build on."""


def likelier_place(plan: Plan, changed: Collection[str], tree: "Tree") -> LikelyFile | None:
    """Return the code file that answers best to `plan`, if every changed one is far behind it."""
    found = relevant_files(plan.goal, plan, lambda: index_of(tree), limit=LOOKED_AT)
    files = [near for near in found if (file := tree.file(near.path)) and file.kind == "code"]
    if not files or not changed:
        return None
    folder = PurePosixPath(files[0].path).parent
    if any(BASE.search(path) and PurePosixPath(path).parent == folder for path in changed):
        return None  # A new sibling of the best file begins at what its siblings build on.
    best = max((near.share for near in files if near.path in changed), default=0.0)
    return files[0] if best < SHARE_MIN * files[0].share else None
