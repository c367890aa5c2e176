"""Returns the commits of a repository as the ranking takes them."""

from missioncontrol.domain.errors import Unavailable
from missioncontrol.specialists.historian.log import as_past
from missioncontrol.specialists.historian.walk import read_history
from missioncontrol.specialists.ranking.facts_cache import FactsCache
from missioncontrol.specialists.ranking.past import PastChange
from missioncontrol.specialists.tree import Tree


def read_past(tree: Tree, *, cache: FactsCache | None = None) -> list[PastChange]:
    """Return the commits of a repository without its merges, newest first; none without git.

    Raises:
        AttemptFailed: `history.too_slow`.
    """
    if not (tree.is_git and tree.commit):
        return []
    try:
        log = read_history(tree.root, cache=cache)
    except Unavailable:
        return []
    return list(as_past(log.commits)) if log else []
