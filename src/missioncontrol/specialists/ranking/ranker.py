"""Ranks the files of a repository for a goal, best first, with reasons that a person can check."""

import functools
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from missioncontrol.specialists.ranking.evidence import Evidence, gathered
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.reasons import reasons_for
from missioncontrol.specialists.ranking.spots import Spot, spots_in

DIGITS = 6
"""Scores that differ by less are ties, which the path decides."""


class Ranked(msgspec.Struct, frozen=True):
    """A file that a goal will likely change, and why."""

    path: str
    score: float  # more is likelier; comparable within one ranking only
    reasons: tuple[str, ...]  # what speaks most for it first
    spots: tuple[Spot, ...]  # the definitions in it that answer best


@functools.cache
def weights() -> Mapping[str, float]:
    """Return how much each kind of evidence counts."""
    path = Path(__file__).with_name("weights.toml")
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {kind: weight for group in table.values() for kind, weight in group.items()}


def ranked(index: Index, text: str, *, limit: int, kinds: Collection[str] = ()) -> list[Ranked]:
    """Return the files that `text` will most likely change, at most `limit`; of `kinds` if given.

    The same index and text give the same answer. Nothing is returned where no word of the text
    stands anywhere in the repository or its past: how often a file changes says nothing then.
    """
    evidence = gathered(index, text)
    if not any(any(evidence.figures[kind]) for kind in ("text", "path", "messages", "exact")):
        return []
    scores = scored(evidence)
    numbers = [n for n, file in enumerate(index.files) if not kinds or file.kind in kinds]
    numbers.sort(key=lambda number: (-scores[number], index.paths[number]))
    return [
        Ranked(
            index.paths[number],
            scores[number],
            tuple(reasons_for(index, evidence, number, weights())),
            tuple(spots_in(index, evidence, number)),
        )
        for number in numbers[:limit]
    ]


def scored(evidence: Evidence) -> list[float]:
    """Return the score of each file of the index that the evidence was gathered from."""
    kinds = weights()
    columns = [(weight, evidence.figures[kind]) for kind, weight in kinds.items()]
    size = len(columns[0][1])
    return [
        round(sum(weight * figures[number] for weight, figures in columns), DIGITS)
        for number in range(size)
    ]
