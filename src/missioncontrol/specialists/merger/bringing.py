"""Brings a branch of ours up to what its people have committed since: forward, or by a merge.

People's commits come in as they are, so that they can take the branch in by a fast-forward later.
"""

import tempfile
from pathlib import Path
from typing import Literal

import msgspec

from missioncontrol.domain.errors import Conflict
from missioncontrol.refs import push
from missioncontrol.specialists.commits.lent import Lent, Theirs
from missioncontrol.specialists.merger.composing import as_attributed

TRIES_MAX = 5


class Brought(msgspec.Struct, frozen=True):
    """What became of a branch."""

    way: Literal["level", "forward", "merged", "clashing", "outrun"]
    commit: str = ""  # which it names now; "" where it is as it was
    lacked: int = 0  # commits


def brought_up(theirs: Theirs, into: str, head: str) -> Brought:
    """Let the branch `into`, which is there, have `head` as well; no file of anybody is touched.

    Raises:
        Rejected, Unavailable: as `push`; the branch is as it was.
    """
    with tempfile.TemporaryDirectory(prefix="mission-branch-") as scratch:
        lent = Lent(theirs, Path(scratch) / "lent.git")
        for _ in range(TRIES_MAX):
            tip = theirs.commit(f"refs/heads/{into}")
            lacked = int(lent.text("rev-list", "--count", head, f"^{tip}"))
            if not lacked:
                return Brought("level")
            is_behind = not int(lent.text("rev-list", "--count", tip, f"^{head}"))
            commit = head if is_behind else _merge(lent, into, tip, head)
            if not commit:
                return Brought("clashing", lacked=lacked)
            try:
                push(theirs.path, lent.path, commit, f"refs/heads/{into}", tip)
            except Conflict:
                continue  # Somebody was faster.
            return Brought("forward" if is_behind else "merged", commit, lacked)
        return Brought("outrun", lacked=lacked)


def _merge(lent: Lent, into: str, tip: str, head: str) -> str:
    """Return a merge of both, or "" where they do not agree, or have nothing in common."""
    if not lent.text("merge-base", tip, head, fine=(0, 1)):
        return ""
    as_attributed(lent, tip)
    asked = ("merge-tree", "--write-tree", "--name-only", "--no-messages", tip, head)
    said = lent.text(*asked, fine=(0, 1)).split("\n")
    if said[1:]:
        return ""
    message = f"Bring {into} up to {head[:12]}\n"
    return lent.made(said[0], tip, message, head)
