"""Turns evidence into the rows of numbers that the learned ranking reads."""

from collections.abc import Iterator
from math import log1p

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
