"""Each planted fault is found by the seed that is known for it, which holds without the fault."""

import pytest

from missioncontrol.testing.simulate import live_all
from missioncontrol.testing.simulation.faults import FAULTS


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_by_its_seed(name: str) -> None:
    seed = FAULTS[name].seed
    assert live_all(range(seed, seed + 1), fault=name).failed == seed


@pytest.mark.parametrize("seed", sorted({fault.seed for fault in FAULTS.values()}))
def test_the_product_holds_in_the_same_worlds(seed: int) -> None:
    assert live_all(range(seed, seed + 1)).trace == ""


def test_a_step_that_states_only_its_cost_is_charged_it_after_a_crash() -> None:
    assert live_all(range(1684, 1685)).trace == ""
