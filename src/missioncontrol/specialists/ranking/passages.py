"""Finds the lines of a likely file that a goal is about, by a measure of its blocks."""

from collections.abc import Iterable, Mapping, Sequence
from math import log, log1p

from missioncontrol.domain.estimates import Spot
from missioncontrol.specialists.ranking.blocks import Block
from missioncontrol.specialists.ranking.evidence import Evidence, block_score, phrases_of
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.recent import block_shares
from missioncontrol.specialists.ranking.telling import lines_in
from missioncontrol.specialists.ranking.terms import counted, goal_stems, title
from missioncontrol.specialists.ranking.tree_model import PASSAGES, read_model

PRECEDENTS_MAX = 5
"""Past commits like the goal whose words are looked for in a file that they changed."""
SCALED = ("words", "title", "here", "names", "identifiers", "past", "beside")
NAMES = (
    *(f"{kind}.{form}" for kind in SCALED for form in ("share", "rank")),
    *("literal", "phrases", "exact", "lines", "place", "blocks", "is_first", "defines", "is_test"),
)
"""What stands in a row, in order."""
SPOTS_MAX = 3
RECENT_WEIGHT = 0.5
"""What it counts for, beside the learned score, that the newest commits wrote a block."""


def passage_rows(index: Index, evidence: Evidence, number: int) -> list[list[float]]:
    """Return one row for each block of a file, top to bottom, with a number for each of `NAMES`."""
    blocks = index.blocks(number)
    lines = index.text_of(number).split("\n")
    texts = ["\n".join(lines[block.first - 1 : block.last]) for block in blocks]
    names = _names_in(index, number, blocks)
    weights = {term: index.text.weight(term) for term in evidence.terms}
    first = goal_stems(title(evidence.goal))
    words = _scores(blocks, weights)
    scaled = {
        "words": words,
        "title": _scores(blocks, {t: w for t, w in weights.items() if t in first}),
        "here": _scores(blocks, _local(blocks, weights)),
        "names": [_named(each, weights) for each in names],
        "identifiers": _identified(index, evidence, texts),
        "past": _scores(blocks, _of_the_past(index, evidence, number)),
        "beside": [
            max(words[max(0, n - 1) : n] + words[n + 1 : n + 2], default=0.0)
            for n in range(len(words))
        ],
    }
    columns = [column for kind in SCALED for column in _scaled(scaled[kind])]
    literals = evidence.literals.get(number, ())
    phrases = phrases_of(evidence.goal)
    exact = {name.rpartition(".")[2].strip("()") for name in evidence.exact.get(number, ())}
    is_test = float(index.files[number].kind == "test")
    plain = [
        [
            float(sum(each in text for each in literals)),
            float(sum(each in text.lower() for each in phrases)),
            float(bool(exact & set(own))),
            float(block.last - block.first + 1),
            place / max(1, len(blocks) - 1),
            log1p(len(blocks)),
            float(place == 0),
            float(len(own)),
            is_test,
        ]
        for place, (block, text, own) in enumerate(zip(blocks, texts, names, strict=True))
    ]
    return [[*scales, *rest] for *scales, rest in zip(*columns, plain, strict=True)]


def _names_in(index: Index, number: int, blocks: Sequence[Block]) -> list[list[str]]:
    found: list[list[str]] = [[] for _ in blocks]
    place = 0
    for name, line in index.facts[number].names:
        while place < len(blocks) - 1 and line > blocks[place].last:
            place += 1
        found[place].append(name)
    return found


def _scores(blocks: Sequence[Block], weights: Mapping[str, float]) -> list[float]:
    mean = sum(block.length for block in blocks) / max(1, len(blocks))
    return [block_score(block, weights, mean) for block in blocks]


def _local(blocks: Sequence[Block], terms: Iterable[str]) -> dict[str, float]:
    """Return how telling terms are within one file: what all of its blocks say tells nothing."""
    found = {}
    for term in terms:
        holding = sum(term in block.counts for block in blocks)
        if holding:
            found[term] = log(1 + (len(blocks) - holding + 0.5) / (holding + 0.5))
    return found


def _named(names: Sequence[str], weights: Mapping[str, float]) -> float:
    best = 0.0
    for name in names:
        freq = counted(name)
        best = max(
            best, sum(weights[term] for term in freq if term in weights) / max(1, len(freq)) ** 0.5
        )
    return best


def _identified(index: Index, evidence: Evidence, texts: Sequence[str]) -> list[float]:
    found = [0.0] * len(texts)
    for name in evidence.names:
        holding = [n for n, text in enumerate(texts) if name in text]
        for n in holding:
            found[n] += log(1 + len(texts) / len(holding))
    return found


def _of_the_past(index: Index, evidence: Evidence, number: int) -> dict[str, float]:
    """Return the words of past commits like the goal that changed the file, with their weights."""
    found: dict[str, float] = {}
    mine = [each for each in evidence.examples if number in index.past.files[each.number]]
    for example in mine[:PRECEDENTS_MAX]:
        for term in index.past.messages[example.number]:
            weight = index.text.weight(term) * example.strength
            found[term] = max(found.get(term, 0.0), weight)
    return found


def _scaled(scores: Sequence[float]) -> tuple[list[float], list[float]]:
    best = max(scores, default=0.0) or 1.0
    order = sorted(range(len(scores)), key=lambda n: (-scores[n], n))
    ranks = [0.0] * len(scores)
    for place, n in enumerate(order):
        ranks[n] = log1p(place) if scores[n] else log1p(len(scores))
    return [score / best for score in scores], ranks


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
