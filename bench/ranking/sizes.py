"""Learns how large changes are: `python -m bench.ranking.sizes CLONE... [--held-out CLONE...]`.

Each of the newest changes of each clone is foreseen from those before it. For every number of files
and class of lines that it came to, logistic regression learns whether it was larger still. What is
learned is written beside the estimator; how ranges do on `--held-out` clones is printed.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from missioncontrol.specialists.backtest.scoring import interval_score
from missioncontrol.specialists.estimating.estimating import read_changes
from missioncontrol.specialists.estimating.past import Sizing
from missioncontrol.specialists.estimating.sizes import (
    LEARNED,
    NAMES,
    STEPS,
    Learned,
    SizeEstimates,
    Weights,
    narrow,
    read_learned,
)

CHANGES = 400
"""The newest changes of each clone that are learned from."""
RIDGE = 3.0
ROUNDS = 30
DIGITS = 4


class Lesson(NamedTuple):
    """Rows of figures, each with its level and whether the change was larger than that."""

    rows: Any
    levels: Any  # from 0 on
    larger: Any


def lesson(clone: Path, sizing: Sizing) -> Lesson:
    """Return what one clone teaches."""
    foresight = SizeEstimates(read_changes(clone), sizing)
    rows: list[list[float]] = []
    levels: list[int] = []
    larger: list[bool] = []
    for number, change in enumerate(foresight.changes.all[:CHANGES]):
        table, size = foresight.rows(change.ask, before=number), foresight.levels[number]
        for level, row in enumerate(table[:size] if table else ()):
            rows.append(row)
            levels.append(level)
            larger.append(size > level + 1)
    return Lesson(np.array(rows).reshape(-1, len(NAMES)), np.array(levels), np.array(larger))


def fitted(lessons: Sequence[Lesson], levels: int) -> Weights:
    """Return the weights by Newton's method, held back in proportion to their squares."""
    rows = np.concatenate([each.rows for each in lessons])
    scale = rows.std(axis=0)
    starts = np.eye(levels)[np.concatenate([each.levels for each in lessons]).astype(int)]
    table = np.concatenate([rows / scale, starts, np.ones((len(rows), 1))], axis=1)
    larger = np.concatenate([each.larger for each in lessons]).astype(float)
    ridge = np.diag([RIDGE] * (len(NAMES) + levels) + [0.0])
    found = np.zeros(table.shape[1])
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-table @ found))
        slope = table.T @ (larger - chance) - ridge @ found
        curve = (table.T * (chance * (1 - chance))) @ table + ridge
        found += np.linalg.solve(curve, slope)
    figures = found[: len(NAMES)] / scale
    begins = found[len(NAMES) : -1] + found[-1]
    return Weights(_rounded(figures), _rounded(begins))


def _rounded(values: Any) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) for value in values)


def judged(clone: Path) -> dict[str, float]:
    """Return how ranges of files do on the newest changes of a clone."""
    foresight = SizeEstimates(read_changes(clone), "files")
    found = list(_ranges(foresight))
    scores = [interval_score(low, high, size) for low, high, size in found]
    plain = [interval_score(1, 4, size) for *_, size in found]
    return {
        "changes": len(found),
        "held": round(float(np.mean([low <= size <= high for low, high, size in found])), 3),
        "score": round(float(np.mean(scores)), 3),
        "by 1 to 4": round(float(np.mean(scores) / np.mean(plain)), 3),
        "width": float(np.median([high / low for low, high, _ in found])),
    }


def _ranges(foresight: SizeEstimates) -> Iterator[tuple[int, int, int]]:
    for number, change in enumerate(foresight.changes.all[:CHANGES]):
        chances = foresight.chances(change.ask, before=number)
        if chances:
            low, _, high = narrow(chances)
            yield low, high, change.files


def main() -> None:
    """Read the clones, learn, write and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clones", nargs="+", type=Path)
    parser.add_argument("--held-out", nargs="*", type=Path, default=[])
    arguments = parser.parse_args()
    weights = {
        sizing: fitted([lesson(clone, sizing) for clone in arguments.clones], len(steps))
        for sizing, steps in STEPS.items()
    }
    names = ", ".join(sorted(clone.name for clone in arguments.clones))
    words = f"the newest {CHANGES} changes each of {names}; logistic regression, ridge {RIDGE:g}"
    learned = Learned(NAMES, words, weights["files"], weights["lines"])
    LEARNED.write_bytes(msgspec.json.format(msgspec.json.encode(learned), indent=1) + b"\n")
    read_learned.cache_clear()
    for clone in arguments.held_out:
        print(clone.name, judged(clone), flush=True)


if __name__ == "__main__":
    main()
