"""The whole engine under planted trouble: every invariant, at every seed and every commit."""

import os
import subprocess
import sys

import pytest

from missioncontrol.testing.simulate import every_boundary
from missioncontrol.testing.simulation.disk import Fate
from missioncontrol.testing.simulation.world import World
from tests.some import some

SEEDS = 80
BLOCK = 8
HEAD = """
from missioncontrol.testing.simulation.world import World
for seed in (3, 7, 18):
    world = World(seed)
    world.live()
    print(world.log()[-1].hash.hex())
"""


@pytest.mark.parametrize("first", some(range(0, SEEDS, BLOCK), *range(4)))
def test_every_invariant_holds_whatever_the_seed(first: int) -> None:
    for seed in range(first, first + BLOCK):
        World(seed).live()


@pytest.mark.parametrize("fate", ["lost", "kept", "refused"])
@pytest.mark.parametrize("seed", [2, 3, 6, 7])
def test_trouble_at_any_commit_loses_and_repeats_nothing(seed: int, fate: Fate) -> None:
    assert every_boundary(seed, fate) > 2


def test_a_seed_decides_everything_whatever_the_order_of_sets() -> None:
    heads = {_heads(hash_seed) for hash_seed in ("1", "2")}
    assert len(heads) == 1


def _heads(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", HEAD],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
