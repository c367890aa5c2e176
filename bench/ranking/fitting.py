"""Fits the weights of the ranking: `python -m bench.ranking.fitting` prints them.

A file's chance to be one of those changed is taken as the softmax of its score; what is made large
is the mean, over the earlier half of the commits, of the logarithm of what falls on changed files:
half of it on all of them together, half on each. Plain gradient steps, as there are few weights.
It is done twice: with the commits before the release as the past, and without any.
"""

import sys
from collections.abc import Sequence
from math import exp, log

from bench.ranking.history import PACKAGES, read_history
from missioncontrol.specialists.ranking.evidence import gathered
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.ranker import weights

STEPS = 150
RATE, MOMENTUM, SHRINKING = 0.6, 0.9, 2e-3

Row = list[tuple[int, float]]
"""The figures of one file that are not zero, by the number of their kind."""


class Example:
    """One commit: its files' figures, and which of them it changed."""

    def __init__(self, rows: list[Row], changed: Sequence[int]) -> None:
        """`changed` holds numbers of rows."""
        self.rows = rows
        self.changed = set(changed)

    def gradient(self, vector: Sequence[float]) -> tuple[float, list[float]]:
        """Return the log likelihood, and which way it grows."""
        scores = [sum(vector[kind] * figure for kind, figure in row) for row in self.rows]
        top = max(scores)
        parts = [exp(score - top) for score in scores]
        total = sum(parts)
        chances = [part / total for part in parts]
        on_changed = sum(chances[number] for number in self.changed)
        found = [0.0] * len(vector)
        likelihood = 0.5 * log(on_changed)
        for number, row in enumerate(self.rows):
            share = -chances[number]
            if number in self.changed:
                share += 0.5 * (chances[number] / on_changed + 1 / len(self.changed))
                likelihood += 0.5 * log(chances[number]) / len(self.changed)
            for kind, figure in row:
                found[kind] += share * figure
        return likelihood, found


def fitted(examples: Sequence[Example], kinds: int) -> list[float]:
    """Return the weights that make the changed files likeliest."""
    vector, speed = [0.0] * kinds, [0.0] * kinds
    for step in range(STEPS):
        total, slope = 0.0, [-2 * SHRINKING * weight for weight in vector]
        for example in examples:
            likelihood, part = example.gradient(vector)
            total += likelihood / len(examples)
            slope = [one + other / len(examples) for one, other in zip(slope, part, strict=True)]
        speed = [MOMENTUM * one + RATE * other for one, other in zip(speed, slope, strict=True)]
        vector = [one + other for one, other in zip(vector, speed, strict=True)]
        if step % 10 == 0:
            print(f"step {step}: {total:.4f}", file=sys.stderr, flush=True)
    return vector


def examples_of(name: str, kinds: Sequence[str], *, has_past: bool) -> list[Example]:
    """Return the commits of a package that weights may be fitted on."""
    history = read_history(name)
    index = history.index if has_past else Index(history.index.tree)
    found = []
    for case in history.earlier:
        figures = gathered(index, case.message).figures
        columns = [figures[kind] for kind in kinds]
        rows = [
            [(kind, column[number]) for kind, column in enumerate(columns) if column[number]]
            for number in range(len(index.files))
        ]
        found.append(Example(rows, [index.numbers[path] for path in case.changed]))
    return found


def _fitted(kinds: Sequence[str], *, has_past: bool) -> list[float]:
    every = [
        example
        for package in PACKAGES
        for example in examples_of(package, kinds, has_past=has_past)
    ]
    return fitted(every, len(kinds))


if __name__ == "__main__":
    names = list(weights())
    both = zip(_fitted(names, has_past=True), _fitted(names, has_past=False), strict=True)
    for kind, (past, none) in zip(names, both, strict=True):
        print(f"{kind} = [{past:.2f}, {none:.2f}]")
