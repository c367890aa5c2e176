"""Weights that were learned from goals with labels: linear scores of features."""

import gzip
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def weights(name: str) -> Mapping[str, float]:
    """Return the weights of one score by the name of the feature."""
    return (_tried or _all()).get(name, {})


_tried: dict[str, dict[str, float]] = {}


def use(others: dict[str, dict[str, float]]) -> None:
    """Use other weights than those that are stored, to learn and to try them."""
    _tried.update(others)


@cache
def _all() -> dict[str, dict[str, float]]:
    data = files(__package__).joinpath("weights.tsv.gz").read_bytes()
    found: dict[str, dict[str, float]] = {}
    for line in gzip.decompress(data).decode().splitlines():
        name, feature, weight = line.split("\t")
        found.setdefault(name, {})[feature] = float(weight)
    return found


@cache
def reading_weights(step: str) -> Mapping[str, Mapping[str, float]]:
    """Return the weights of a step of reading by feature, and for each outcome of the step.

    Each line of the file has the step, a feature, and `outcome=weight` for each outcome.
    """
    data = files(__package__).joinpath("reading.tsv.gz").read_bytes()
    found: dict[str, dict[str, float]] = {}
    for line in gzip.decompress(data).decode().splitlines():
        name, feature, rest = line.split("\t")
        if name == step:
            pairs = (each.partition("=") for each in rest.split(" "))
            found[feature] = {outcome: float(weight) for outcome, _, weight in pairs}
    return found


def score(weighted: Mapping[str, float], features: Mapping[str, float]) -> float:
    """Return the sum of the features, each by its weight."""
    return sum(weighted.get(name, 0.0) * value for name, value in features.items())
