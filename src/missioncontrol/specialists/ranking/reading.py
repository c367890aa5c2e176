"""Reads the index of a repository: its files, what they import, and its history."""

from collections.abc import Iterator
from pathlib import Path

from missioncontrol.domain.errors import Unavailable
from missioncontrol.specialists.historian.log import Commit, read_log
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.kept import KeptFacts
from missioncontrol.specialists.ranking.past import PastChange
from missioncontrol.specialists.tree import Tree, read_tree

LOG_SECONDS_MAX = 30.0


def read_index(root: Path, *, kept: KeptFacts | None = None) -> Index:
    """Read everything that the files below `root` are ranked by; without git, there is no past.

    Raises:
        NotFound: `root` is no directory that can be read.
    """
    tree = read_tree(root)
    return Index(tree, read_past(tree), arrows=_imports(tree), kept=kept)


def read_past(tree: Tree) -> list[PastChange]:
    """Return the commits of a repository without its merges, newest first."""
    try:
        log = read_log(tree.root, seconds=LOG_SECONDS_MAX) if tree.is_git else None
    except Unavailable:
        return []
    return list(_changes(log.commits)) if log else []


def _changes(commits: tuple[Commit, ...]) -> Iterator[PastChange]:
    for commit in commits:
        if commit.parents < 2:
            yield PastChange(
                commit.id,
                commit.seconds,
                commit.subject,
                tuple(change.path for change in commit.changes),
                tuple((change.before, change.path) for change in commit.changes if change.before),
            )


def _imports(tree: Tree) -> dict[str, list[str]]:
    from missioncontrol.specialists.architect.graph import arrows
    from missioncontrol.specialists.architect.reading import read_graph

    graph = read_graph(tree, tree.root, tick=lambda _done, _total: None, is_late=lambda: False)
    found = arrows(graph.imports, when=frozenset({"load", "deferred"}))
    return {source: list(targets) for source, targets in found.items()}
