"""The learned ranking: rows of numbers of the evidence, and the trees that read them."""

import functools
from collections.abc import Iterator, Sequence
from math import exp, log1p
from pathlib import Path

import msgspec

from missioncontrol.specialists.ranking.evidence import Evidence, Figures

SCALED = (
    *("whole", "title", "text", "path", "names", "block", "blocks", "identifiers", "defined"),
    *("literal", "phrases", "messages", "similar", "precedents", "nearest", "together", "tests"),
    *("neighbours", "folder", "namesake", "habit"),
)
"""Measures whose size says little from one repository to the next: shares and ranks do."""
PLAIN = (
    *(
        "cover",
        "only",
        "with_best",
        "identifiers_share",
        "similar",
        "phrases",
        "named",
        "exact",
        "called",
    ),
    *("scope", "changes", "recent", "rest", "depth", "size", "main_language", "is_test"),
    *("is_document", "is_configuration", "is_change_log", "is_example"),
    *("is_build", "is_entry"),
)
"""Measures that are used as they are."""
ASKING = (
    *("files", "commits", "asked_terms", "asked_names"),
    *("asks_tests", "asks_documents", "asks_release"),
    *("test_habit", "document_habit", "log_habit"),
)
"""What the goal and the repository are like."""
NAMES = (
    *(f"{kind}.{form}" for kind in SCALED for form in ("share", "rank")),
    *PLAIN,
    *ASKING,
)
"""What stands in a row, in order."""
LEAF = -1
FILES = Path(__file__).with_name("learned_files.json")
"""How likely a change touches a file."""
ORDER = Path(__file__).with_name("learned_order.json")
"""Which of the files of a goal comes first: the figures of `FILES` and those of `ordering`."""
PASSAGES = Path(__file__).with_name("learned_passages.json")
"""How likely a change touches a block of a file that it touches."""


class Tree(msgspec.Struct, frozen=True, array_like=True):
    """A decision tree, its nodes in the order that a walk meets them, left sides first."""

    features: tuple[int, ...]  # which of `Model.names` a node asks for; LEAF where it ends
    thresholds: tuple[float, ...]  # up to this figure the walk goes left, to the next node
    rights: tuple[int, ...]  # the node at which it goes on otherwise
    values: tuple[float, ...]  # log odds expected of what comes this far


class Model(msgspec.Struct, frozen=True):
    """Trees whose sum is the logarithm of the odds that a file changes, or its place in order."""

    names: tuple[str, ...]
    learned_from: str  # in words: from which changes, and with which program
    trees: tuple[Tree, ...]

    def chance(self, row: Sequence[float]) -> float:
        """Return how likely a file changes whose figures are `row`, between 0 and 1."""
        return 1.0 / (1.0 + exp(-self.sum(row)))

    def sum(self, row: Sequence[float]) -> float:
        """Return what all trees say of a row together: more comes first."""
        return sum(_leaf(tree, row) for tree in self.trees)

    def shares(self, row: Sequence[float]) -> dict[str, float]:
        """Return by how much each figure raises the logarithm of the odds; negative: lowers.

        Each step of a walk through a tree is credited to the figure that it asks for (Saabas,
        2014).
        """
        found: dict[str, float] = {}
        for tree in self.trees:
            node = 0
            while (feature := tree.features[node]) != LEAF:
                following = _next(tree, node, row)
                name = self.names[feature]
                step = tree.values[following] - tree.values[node]
                found[name] = found.get(name, 0.0) + step
                node = following
        return found


@functools.cache
def read_model(path: Path, names: tuple[str, ...]) -> Model:
    """Return what was learned, as it is shipped.

    Raises:
        ValueError: it was learned from other figures than `names`.
    """
    found = msgspec.json.decode(path.read_bytes(), type=Model)
    if found.names != names:
        raise ValueError(f"{path.name} was learned from other figures: run bench.ranking.training")
    return found


def _next(tree: Tree, node: int, row: Sequence[float]) -> int:
    is_left = row[tree.features[node]] <= tree.thresholds[node]
    return node + 1 if is_left else tree.rights[node]


def _leaf(tree: Tree, row: Sequence[float]) -> float:
    features, thresholds, rights = tree.features, tree.thresholds, tree.rights
    node = 0
    while (feature := features[node]) != LEAF:
        node = node + 1 if row[feature] <= thresholds[node] else rights[node]
    return tree.values[node]


def rows(evidence: Evidence) -> list[list[float]]:
    """Return one row for each candidate, in their order; each has a number for each of `NAMES`."""
    columns = [*_scaled(evidence)]
    for kind in PLAIN:
        figures = evidence.figures.get(kind, {})
        columns.append([figures.get(number, 0.0) for number in evidence.candidates])
    size = len(evidence.candidates)
    columns += [[evidence.asking[kind]] * size for kind in ASKING]
    return [list(row) for row in zip(*columns, strict=True)]


def _scaled(evidence: Evidence) -> Iterator[list[float]]:
    for kind in SCALED:
        figures = evidence.figures.get(kind, {})
        best = max(figures.values(), default=0.0) or 1.0
        yield [figures.get(number, 0.0) / best for number in evidence.candidates]
        ranks = _ranks(figures)
        worst = log1p(len(figures))
        yield [ranks.get(number, worst) for number in evidence.candidates]


def _ranks(figures: Figures) -> dict[int, float]:
    """Return the place of each file, 0 for the best, as its logarithm."""
    order = sorted(figures, key=lambda number: (-figures[number], number))
    return {number: log1p(place) for place, number in enumerate(order)}
