"""Agents that are declared, fall ill, rest, are stopped, drained and scaled, beside all else."""

from collections import Counter
from collections.abc import Callable

import pytest

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.runtime import breaker
from missioncontrol.runtime.engine import Engine
from missioncontrol.runtime.registry import Registry
from missioncontrol.runtime.supervisor import Supervisor
from missioncontrol.testing.simulation.disk import Fate, Plan
from missioncontrol.testing.simulation.rules import Violation
from missioncontrol.testing.simulation.world import Deadlock, World
from tests.some import some

SEEDS = 40
BLOCK = 8
Patch = pytest.MonkeyPatch


@pytest.mark.parametrize("first", some(range(0, SEEDS, BLOCK), *range(2)))
def test_every_invariant_holds_whatever_becomes_of_the_agents(first: int) -> None:
    for seed in range(first, first + BLOCK):
        World(seed, lives=True).live()


@pytest.mark.parametrize("fate", ["lost", "kept", "refused"])
def test_trouble_at_any_commit_of_a_life_loses_nothing(fate: Fate) -> None:
    commits = range(1, 120, 7)
    for commit in commits:
        World(5, Plan({commit: fate}), lives=True).live()


def test_agents_go_through_every_kind_of_turn() -> None:
    types: Counter[str] = Counter()
    for seed in range(2 * BLOCK):
        world = World(seed, lives=True)
        world.live()
        types.update(event.type for event in world.log() if event.type.startswith("agent_"))
    turns = ("ready", "failed", "draining", "stopped", "scaled", "changed", "rested")
    assert all(types[f"agent_{turn}"] for turn in turns), types


def test_lives_leave_the_rest_of_a_seed_as_it_is() -> None:
    worlds = World(3), World(3, lives=True)
    first, second = (world.dice.getstate() for world in worlds)
    assert first == second
    for world in worlds:
        world.loop.close()


def stays_open(patch: Patch) -> None:
    patch.setattr(Registry, "close", lambda *_: None)


def rests_at_once(patch: Patch) -> None:
    patch.setattr(breaker, "FAILURES_MAX", 1)


def drains_nothing(patch: Patch) -> None:
    async def at_once(self: Supervisor, *_: object) -> None:
        del self

    patch.setattr(Supervisor, "_drain", at_once)


def forgets_to_end(patch: Patch) -> None:
    async def nothing(self: Engine, *_: object) -> None:
        del self

    patch.setattr(Engine, "end_work", nothing)


def never_proves(patch: Patch) -> None:
    async def never(self: Supervisor, *_: object) -> None:
        del self

    patch.setattr(Supervisor, "_prove_again", never)


@pytest.mark.parametrize(
    "plant", [stays_open, rests_at_once, drains_nothing, forgets_to_end, never_proves]
)
def test_a_fault_in_the_lives_of_agents_is_found(
    plant: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    plant(monkeypatch)

    def live_on() -> None:
        for seed in range(SEEDS):
            World(seed, lives=True).live()

    with pytest.raises((Violation, Deadlock, MissionControlError)):
        live_on()
