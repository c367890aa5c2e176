"""Finds the lines of a likely file that a goal is about."""

from missioncontrol.domain.estimates import Spot
from missioncontrol.specialists.ranking.evidence import Evidence
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.passages import NAMES, passage_rows
from missioncontrol.specialists.ranking.recent import block_shares
from missioncontrol.specialists.ranking.telling import lines_in
from missioncontrol.specialists.ranking.tree_model import PASSAGES, read_model

SPOTS_MAX = 3
RECENT_WEIGHT = 0.5
"""What it counts for, beside the learned score, that the newest commits wrote a block."""


def spots_in(index: Index, evidence: Evidence, number: int) -> list[Spot]:
    """Return the blocks of a file that the change most likely touches, at most `SPOTS_MAX`."""
    if not index.text_of(number).strip():
        return []
    if "is_change_log" in index.roles(number):
        return [_spot(index, number, 0)]  # What is new is written at the top.
    model = read_model(PASSAGES, NAMES)
    scores = map(model.sum, passage_rows(index, evidence, number))
    recent = block_shares(index, number)
    worth = [score + RECENT_WEIGHT * share for score, share in zip(scores, recent, strict=True)]
    named = _named_block(index, evidence, number)
    order = sorted(range(len(worth)), key=lambda place: (place != named, -worth[place], place))
    return [_spot(index, number, place) for place in order[:SPOTS_MAX]]


def _named_block(index: Index, evidence: Evidence, number: int) -> int:
    """Return the block with the line that says most of what the goal names; -1 where none does."""
    best = lines_in(index, evidence.goal, number)[:1]
    blocks = enumerate(index.blocks(number))
    return next((n for n, b in blocks for line in best if b.first <= line.number <= b.last), -1)


def _spot(index: Index, number: int, place: int) -> Spot:
    """Return a block with the name of what it defines, or of what it is a part of."""
    block = index.blocks(number)[place]
    names = index.facts[number].names
    inside = [name for name, line in names if block.first <= line <= block.last]
    before = [name for name, line in names if line < block.first]
    return Spot(next(iter([*inside, *before[-1:]]), ""), block.first, block.last)
