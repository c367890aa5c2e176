"""Ranks the files of a repository for a goal, best first, with reasons that a person can check."""

import functools
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from missioncontrol.domain.foresight import Spot
from missioncontrol.specialists.ranking.evidence import Evidence, gathered
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.reasons import reasons_for
from missioncontrol.specialists.ranking.spots import spots_in

DIGITS = 6
"""Scores that differ by less are ties, which the path decides."""
ANSWERS = (
    *("named", "exact", "head", "path", "names", "text", "text_title"),
    *("messages", "similar", "together", "tests"),
)
"""Evidence about the ask; the rest says only what kind of file it is, and how often it changes."""
SURE = ("head", "named", "exact", "path", "names", "messages", "similar")
"""Evidence that is more than a word somewhere in the text."""
OFTEN = 10
"""So many mentions of one word are no accident."""


class Ranked(msgspec.Struct, frozen=True):
    """A file that a goal will likely change, and why."""

    path: str
    score: float  # more is likelier; comparable within one ranking only
    reasons: tuple[str, ...]  # what speaks most for it first
    spots: tuple[Spot, ...]  # the definitions in it that answer best
    answer: float  # the part of the score that is about the ask
    is_sure: bool  # more speaks for it than a word that stands in its text a few times


@functools.cache
def weights(*, has_past: bool = True) -> Mapping[str, float]:
    """Return how much each kind of evidence counts, with a past that says something or without."""
    path = Path(__file__).with_name("weights.toml")
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    column = 0 if has_past else 1
    return {kind: pair[column] for group in table.values() for kind, pair in group.items()}


def ranked(index: Index, text: str, *, limit: int, kinds: Collection[str] = ()) -> list[Ranked]:
    """Return the files that `text` will most likely change, at most `limit`; of `kinds` if given.

    The same index and text give the same answer. A file for which nothing speaks that has to do
    with the text is not among them: how often a file changes says nothing by itself.
    """
    evidence = gathered(index, text)
    weighted = weights(has_past=index.has_past)
    scores = scored(evidence, weighted)
    answers = scored(evidence, {kind: weighted[kind] for kind in ANSWERS})
    numbers = [
        number
        for number, file in enumerate(index.files)
        if answers[number] > 0 and (not kinds or file.kind in kinds)
    ]
    numbers.sort(key=lambda number: (-scores[number], index.paths[number]))
    return [
        Ranked(
            index.paths[number],
            scores[number],
            tuple(reasons_for(index, evidence, number, weighted)),
            tuple(spots_in(index, evidence, number)),
            answers[number],
            _is_sure(index, evidence, number),
        )
        for number in numbers[:limit]
    ]


def _is_sure(index: Index, evidence: Evidence, number: int) -> bool:
    if any(evidence.figures[kind][number] for kind in SURE):
        return True
    counts = index.facts[number].counts
    said = [counts[term] for term in evidence.terms if term in counts]
    return len(said) > 1 or max(said, default=0) >= OFTEN


def scored(evidence: Evidence, weighted: Mapping[str, float]) -> list[float]:
    """Return the score of each file of the index that the evidence was gathered from."""
    columns = [(weight, evidence.figures[kind]) for kind, weight in weighted.items()]
    size = len(columns[0][1])
    return [
        round(sum(weight * figures[number] for weight, figures in columns), DIGITS)
        for number in range(size)
    ]
