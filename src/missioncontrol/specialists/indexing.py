"""Reads the index of a repository: its files, what they import, and its history."""

from pathlib import Path

from missioncontrol.specialists.architect.graph import arrows
from missioncontrol.specialists.architect.import_graph import read_graph
from missioncontrol.specialists.historian.walk import read_past
from missioncontrol.specialists.ranking.facts_cache import FactsCache, open_facts_cache
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.tree import Tree, read_tree


def read_index(root: Path, *, cache: FactsCache | None = None) -> Index:
    """Read everything that the files below `root` are ranked by; without git, there is no past.

    Raises:
        NotFound: `root` is no directory that can be read.
    """
    return index_of(read_tree(root), cache=cache)


def index_of(
    tree: Tree,
    *,
    cache: FactsCache | None = None,
    imports: dict[str, list[str]] | None = None,
    everywhere: tuple[str, ...] = (),
) -> Index:
    """Return the index that ranks the files of `tree`, with the cache of earlier readings.

    `imports` are those of `imports_of`, where they were read already; `everywhere` are words that
    say nothing here, such as the name of the project.
    """
    cache = cache or open_facts_cache()
    links = imports_of(tree, cache=cache) if imports is None else imports
    return Index(
        tree, read_past(tree, cache=cache), arrows=links, cache=cache, everywhere=everywhere
    )


def imports_of(tree: Tree, *, cache: FactsCache | None = None) -> dict[str, list[str]]:
    """Map each file of code to what it imports; bounded by files, not by time, to be repeatable."""
    graph = read_graph(
        tree,
        tree.root,
        tick=lambda _done, _total: None,
        is_late=lambda: False,
        cache=cache or open_facts_cache(),
    )
    return arrows(graph.imports, when=frozenset({"load", "deferred"}))
