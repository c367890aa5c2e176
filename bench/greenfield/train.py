"""Learns the weights by which the local planner reads the goal of a new product.

Three linear scores: the kind of product (softmax over words and pairs of words), which nouns are
stored and which one is at the centre, and whether a concept of the catalogue that shares a word
with the goal is meant. `goals.json` has goals with their kind, centre and stored things,
`kinds.json` more goals with their kind alone, `concepts.json` judged pairs of goals and concepts;
all were written and judged for this purpose. Prints what each score does on goals that it was not
learned from (six folds), then writes `weights.tsv.gz`.

    python -m bench.greenfield.train [--write]
"""

import argparse
import gzip
import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from missioncontrol.domain.passages import passages
from missioncontrol.specialists.greenfield import weights as learned
from missioncontrol.specialists.greenfield.catalogue import concepts, kinds
from missioncontrol.specialists.greenfield.composition import kind_features
from missioncontrol.specialists.greenfield.important_nouns import importance, noun_features
from missioncontrol.specialists.greenfield.lexicon import noun_base
from missioncontrol.specialists.greenfield.relevance import own_stems, relevance_features
from missioncontrol.specialists.greenfield.tagging import Token, tagged_tokens

HERE = Path(__file__).parent
TARGET = Path(learned.__file__).with_name("weights.tsv.gz")
FOLDS = 6
Features = dict[str, float]


def data(name: str) -> Any:
    """Return one of the files of labels."""
    return json.loads((HERE / f"{name}.json").read_text("utf-8"))


class Linear:
    """A linear score, or one for each class, with weights by the name of a feature."""

    def __init__(self, rows: Sequence[Features], least: int = 1) -> None:
        """Take in the features that occur in at least `least` of the rows."""
        counts = Counter(name for row in rows for name in row)
        self.names = sorted(name for name, count in counts.items() if count >= least)
        self._places = {name: place for place, name in enumerate(self.names)}

    def matrix(self, rows: Sequence[Features]) -> csr_matrix:
        """Return rows of features as a matrix."""
        cells = [
            (number, self._places[name], value)
            for number, row in enumerate(rows)
            for name, value in row.items()
            if name in self._places
        ]
        where, which, values = zip(*cells, strict=True)
        shape = (len(rows), len(self.names))
        return csr_matrix((values, (where, which)), shape=shape)

    def fit(self, x: csr_matrix, y: np.ndarray, classes: int, strength: float) -> np.ndarray:
        """Return weights of shape (features, classes) by multinomial logistic regression.

        `strength` is the inverse of the L2 penalty, summed over the rows.
        """
        target = np.eye(classes)[y]
        size = (x.shape[1], classes)

        def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
            w = flat.reshape(size)
            scores = x @ w
            scores = scores - scores.max(axis=1, keepdims=True)
            exped = np.exp(scores)
            chances = exped / exped.sum(axis=1, keepdims=True)
            wrong = -np.log(chances[np.arange(len(y)), y] + 1e-12).sum()
            grad = x.T @ (chances - target) + w / strength
            return float(wrong + (w * w).sum() / 2 / strength), grad.ravel()

        found = minimize(loss, np.zeros(size[0] * size[1]), jac=True, method="L-BFGS-B")
        return np.asarray(found.x.reshape(size))


def folds(groups: Sequence[int]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the rows to learn from and those to try on, by groups that stay together."""
    of = np.array(groups) % FOLDS
    return [(np.flatnonzero(of != k), np.flatnonzero(of == k)) for k in range(FOLDS)]


def tags(goal: str) -> list[list[Token]]:
    """Return the tagged sentences of a goal, as the planner reads it."""
    return [tagged_tokens(each.text) for each in passages(goal) if each.text.strip()]


def learn_kinds(out: dict[str, Features]) -> None:
    """Learn the kind of product."""
    pairs = [(each["kind"], each["goal"]) for each in data("goals")] + data("kinds")
    keys = [each.key for each in kinds()]
    rows = [kind_features(goal) for _, goal in pairs]
    y = np.array([keys.index(kind) for kind, _ in pairs])
    model = Linear(rows, least=2)
    x = model.matrix(rows)
    right = 0
    for train, test in folds(range(len(y))):
        w = model.fit(x[train], y[train], len(keys), 1.0)
        right += int(((x[test] @ w).argmax(axis=1) == y[test]).sum())
    print(f"kind: {right / len(y):.3f} of {len(y)} goals right, of {len(keys)} kinds")
    w = model.fit(x, y, len(keys), 1.0)
    for place, key in enumerate(keys):
        out[f"kind {key}"] = _kept(model.names, w[:, place], 0.06, 2)


def learn_nouns(out: dict[str, Features]) -> None:
    """Learn which nouns are stored, and which one the product is about."""
    goals = [each for each in data("goals") if "things" in each]
    found = [noun_features(tags(each["goal"])) for each in goals]
    rows = [features for nouns in found for features in nouns.values()]
    groups = [number for number, nouns in enumerate(found) for _ in nouns]
    heads = [head for nouns in found for head in nouns]
    stored = [{_head(name) for name in each["things"]} for each in goals]
    centre = [_head(each["main"]) for each in goals]
    model = Linear(rows, least=2)
    x = model.matrix(rows)
    for name, is_one in (
        ("stored", lambda g, head: head in stored[g]),
        ("centre", lambda g, head: head == centre[g]),
    ):
        y = np.array([int(is_one(g, head)) for g, head in zip(groups, heads, strict=True)])
        scores = np.zeros(len(y))
        for train, test in folds(groups):
            w = model.fit(x[train], y[train], 2, 0.2)
            scores[test] = x[test] @ (w[:, 1] - w[:, 0])
        _print_nouns(name, scores, y, groups)
        w = model.fit(x, y, 2, 0.2)
        out[name] = _kept(model.names, w[:, 1] - w[:, 0], 0.02, 3)


def _print_nouns(name: str, scores: np.ndarray, y: np.ndarray, groups: Sequence[int]) -> None:
    of = np.array(groups)
    first = recalled = total = 0.0
    for g in set(groups):
        rows = np.flatnonzero(of == g)
        best = rows[np.argsort(-scores[rows])]
        first += float(y[best[0]])
        recalled += float(y[best[:6]].sum()) / max(1, int(y[rows].sum()))
        total += 1
    print(f"{name}: first noun right {first / total:.3f}, of them in six {recalled / total:.3f}")


def _head(name: str) -> str:
    return noun_base(name.lower().split()[-1])


def learn_concepts(out: dict[str, Features]) -> None:
    """Learn whether a concept is meant; uses the scores of nouns."""
    by_key = {each.key: each for each in concepts()}
    counts = Counter(stem for each in by_key.values() for stem in own_stems(each))
    out["rarity"] = {
        stem: round(math.log(len(by_key) / count), 2) for stem, count in counts.items() if count > 1
    }
    rows: list[Features] = []
    y: list[int] = []
    groups: list[int] = []
    for number, each in enumerate(data("concepts")):
        nouns = {head: score for head, (score, _) in importance(tags(each["goal"])).items()}
        for key, found, label in each["judged"]:
            rows.append(relevance_features(by_key[key], found, each["goal"], nouns))
            y.append(int(label == "right"))
            groups.append(number)
    model = Linear(rows)
    x, labels = model.matrix(rows), np.array(y)
    scores = np.zeros(len(y))
    for train, test in folds(groups):
        w = model.fit(x[train], labels[train], 2, 0.5)
        scores[test] = x[test] @ (w[:, 1] - w[:, 0])
    for least in (-1.0, -0.4, 0.0, 0.5):
        kept = scores > least
        print(
            f"concepts above {least}: {kept.sum() / len(set(groups)):.2f} for each goal, right "
            f"{labels[kept].mean():.3f} (of all: {labels.mean():.3f})"
        )
    w = model.fit(x, labels, 2, 0.5)
    out["relevance"] = _kept(model.names, w[:, 1] - w[:, 0], 0.02, 3)


def _kept(names: Sequence[str], w: np.ndarray, least: float, digits: int) -> Features:
    return {
        name: round(float(value), digits)
        for name, value in zip(names, w, strict=True)
        if abs(value) >= least
    }


def main() -> None:
    """Learn all weights; write them with `--write`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {TARGET.name}")
    asked = parser.parse_args()
    out: dict[str, Features] = {}
    steps: tuple[Callable[[dict[str, Features]], None], ...]
    steps = (learn_kinds, learn_nouns, learn_concepts)
    for step in steps:
        step(out)
        learned.use(out)
    lines = [
        f"{name}\t{feature}\t{weight:g}"
        for name, weights in sorted(out.items())
        for feature, weight in sorted(weights.items())
    ]
    if asked.write:
        TARGET.write_bytes(gzip.compress("\n".join(lines).encode(), 9, mtime=0))
        print(f"{len(lines):,} weights, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
