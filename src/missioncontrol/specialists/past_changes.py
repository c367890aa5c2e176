"""Reads the commits of a repository as the ranking takes them, and keeps them by the newest."""

from hashlib import blake2b

from missioncontrol.domain.errors import Unavailable
from missioncontrol.specialists.historian.log import COMMITS_MAX, LOG_SECONDS_MAX, as_past, read_log
from missioncontrol.specialists.ranking.kept import KeptFacts
from missioncontrol.specialists.ranking.past import PastChange
from missioncontrol.specialists.tree import Tree

VERSION = 3
"""Counted up whenever the same commits would give other changes."""


def read_past(tree: Tree, *, kept: KeptFacts | None = None) -> list[PastChange]:
    """Return the commits of a repository without its merges, newest first; none without git.

    They are all that the bound allows or none: a plan must not depend on how fast git was.
    """
    if not (tree.is_git and tree.commit):
        return []
    key = _key(tree)
    found = kept.find_whole(key, list[PastChange]) if kept else None
    if found is not None:
        return found
    try:
        log = read_log(tree.root, seconds=LOG_SECONDS_MAX)
    except Unavailable:
        return []
    changes = list(as_past(log.commits)) if log and not log.is_late else []
    if kept and log and not log.is_late:
        kept.keep_whole(key, changes)
    return changes


def _key(tree: Tree) -> bytes:
    said = f"past {VERSION} {COMMITS_MAX}\n{tree.root.resolve()}\n{tree.commit}"
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
