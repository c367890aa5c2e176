"""Learns the ranking: `python -m bench.ranking.training CLONE... [--held-out CLONE...]`.

Each change of each clone is asked for by its message, with the tree and the past of its parent.
One model learns how likely it touched each file, one which file comes first, and one which blocks
of them it touched. What is learned is written beside the ranking; with `--held-out` clones, how
well it does on those is printed first.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm
import msgspec
import numpy as np

from bench.ranking.corpus import Case, Corpus
from missioncontrol.specialists.ranking import order_model, passages, tree_model
from missioncontrol.specialists.ranking.evidence import gathered
from missioncontrol.specialists.ranking.ranker import ORDER_NAMES, expected_set
from missioncontrol.specialists.ranking.tree_model import FILES, LEAF, ORDER, PASSAGES, Model, Tree

CHANGES, BARE_CHANGES, PASSAGE_CHANGES = 150, 30, 60
"""Changes of each clone: with its past, as if it had none, and those whose blocks are learned."""
ROUNDS = 300
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 7,
    "learning_rate": 0.05,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "seed": 3,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbose": -1,
}
ORDER_ROUNDS = 150
ORDER_PARAMETERS = PARAMETERS | {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 5,
    "learning_rate": 0.1,
}
BLOCKS_MIN = 3
VALUE_DIGITS = 4


class Group(NamedTuple):
    """The rows of one question, and which of them are right."""

    rows: Any  # one for each candidate; of files as `ORDER_NAMES` says
    right: Any  # 1 for each right candidate
    total: int  # right answers, found or not


def file_group(case: Case) -> Group:
    """Return the files that were looked at for a change, with those that it touched."""
    evidence = gathered(case.index, case.goal)
    touched = case.changed.keys() & case.index.numbers.keys()
    right = [case.index.paths[number] in touched for number in evidence.candidates]
    pairs = zip(tree_model.rows(evidence), order_model.rows(case.index, evidence), strict=True)
    table = np.array([[*row, *more] for row, more in pairs], dtype=np.float32)
    return Group(table.reshape(len(right), len(ORDER_NAMES)), np.array(right), len(touched))


def passage_groups(case: Case) -> Iterator[Group]:
    """Yield the blocks of each file of code that a change touched, with those that it changed."""
    evidence = gathered(case.index, case.goal)
    for path, hunks in case.changed.items():
        number = case.index.numbers.get(path)
        if number is None or case.index.files[number].kind not in {"code", "test"}:
            continue
        blocks = case.index.blocks(number)
        right = [any(b.first <= last and first <= b.last for first, last in hunks) for b in blocks]
        if len(blocks) >= BLOCKS_MIN and any(right):
            table = passages.passage_rows(case.index, evidence, number)
            yield Group(np.array(table, dtype=np.float32), np.array(right), sum(right))


def fitted(groups: Sequence[Group], names: Sequence[str]) -> lightgbm.Booster:
    """Return trees that tell how likely a row is right; `names` are those of its first columns."""
    table = np.concatenate([each.rows[:, : len(names)] for each in groups])
    right = np.concatenate([each.right for each in groups])
    data = lightgbm.Dataset(table, right.astype(np.int8), feature_name=list(names))
    return lightgbm.train(PARAMETERS, data, ROUNDS)


def fitted_order(groups: Sequence[Group]) -> lightgbm.Booster:
    """Return trees that put the rows of one question into order, the right ones first."""
    filled = [each for each in groups if len(each.rows)]
    data = lightgbm.Dataset(
        np.concatenate([each.rows for each in filled]),
        np.concatenate([each.right for each in filled]).astype(np.int8),
        group=[len(each.rows) for each in filled],
        feature_name=list(ORDER_NAMES),
    )
    return lightgbm.train(ORDER_PARAMETERS, data, ORDER_ROUNDS)


def as_model(booster: lightgbm.Booster, names: Sequence[str], words: str) -> Model:
    """Return what was learned in the form that the product reads."""
    trees = [_flat(each["tree_structure"]) for each in booster.dump_model()["tree_info"]]
    return Model(tuple(names), words, tuple(trees))


def _flat(root: dict[str, Any]) -> Tree:
    asked: list[int] = []
    thresholds: list[float] = []
    rights: list[int] = []
    values: list[float] = []

    def walk(node: dict[str, Any]) -> None:
        place = len(asked)
        is_leaf = "split_feature" not in node
        asked.append(LEAF if is_leaf else node["split_feature"])
        thresholds.append(0.0 if is_leaf else float(f"{node['threshold']:.8g}"))
        rights.append(0)
        value = node["leaf_value"] if is_leaf else node["internal_value"]
        values.append(round(value, VALUE_DIGITS))
        if not is_leaf:
            walk(node["left_child"])
            rights[place] = len(asked)
            walk(node["right_child"])

    walk(root)
    return Tree(tuple(asked), tuple(thresholds), tuple(rights), tuple(values))


def scored(
    booster: lightgbm.Booster, groups: Sequence[Group], order_by: lightgbm.Booster | None = None
) -> dict[str, float]:
    """Return how often the first is right, one of the first three, and the mean F1 of sets."""
    found = {"first": 0.0, "one of three": 0.0, "reciprocal rank": 0.0, "F1": 0.0}
    for group in groups:
        if not len(group.rows):
            continue
        chances = _told(booster, group)
        order = np.argsort(-_told(order_by or booster, group), kind="stable")
        hits = np.flatnonzero(group.right[order])
        first = int(hits[0]) if len(hits) else None
        likeliest = np.argsort(-chances, kind="stable")
        count = expected_set([float(chances[n]) for n in likeliest])
        named = int(group.right[likeliest[:count]].sum())
        found["first"] += first == 0
        found["one of three"] += first is not None and first < 3
        found["reciprocal rank"] += 1 / (first + 1) if first is not None else 0.0
        found["F1"] += 2 * named / (count + group.total) if count + group.total else 0.0
    return {name: value / max(1, len(groups)) for name, value in found.items()}


def _told(booster: lightgbm.Booster, group: Group) -> Any:
    return np.asarray(booster.predict(group.rows[:, : booster.num_feature()]))


def main() -> None:
    """Read the clones, learn, score and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clones", nargs="+", type=Path)
    parser.add_argument("--held-out", nargs="*", type=Path, default=[])
    arguments = parser.parse_args()
    files: list[Group] = []
    blocks: list[Group] = []
    for clone in arguments.clones:
        corpus = Corpus(clone, CHANGES)
        files += map(file_group, corpus.cases())
        files += map(file_group, Corpus(clone, BARE_CHANGES).cases(with_past=False))
        for case in Corpus(clone, PASSAGE_CHANGES).cases():
            blocks += passage_groups(case)
        print(f"{clone.name}: {len(files):,} changes, {len(blocks):,} files so far", flush=True)
    learned = {
        FILES: (fitted(files, tree_model.NAMES), tree_model.NAMES, f"{len(files):,} changes"),
        ORDER: (fitted_order(files), ORDER_NAMES, f"{len(files):,} changes"),
        PASSAGES: (fitted(blocks, passages.NAMES), passages.NAMES, f"{len(blocks):,} files"),
    }
    for clone in arguments.held_out:
        cases = list(Corpus(clone, CHANGES // 2).cases())
        mine = [*map(file_group, cases)]
        print(clone.name, "files", scored(learned[FILES][0], mine, learned[ORDER][0]))
        mine = [group for case in cases for group in passage_groups(case)]
        print(clone.name, "blocks", scored(learned[PASSAGES][0], mine), flush=True)
    names = ", ".join(sorted(clone.name for clone in arguments.clones))
    for path, (booster, figures, count) in learned.items():
        words = f"{count} of {names}; LightGBM {lightgbm.__version__}, {PARAMETERS}"
        path.write_bytes(msgspec.json.encode(as_model(booster, figures, words)) + b"\n")


if __name__ == "__main__":
    main()
