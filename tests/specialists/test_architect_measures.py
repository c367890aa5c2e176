"""Cycles, layers and ways round of directed graphs, beside a slow and obvious reckoning."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.domain.graph import components
from missioncontrol.specialists.architect import study

NODES = [f"n{number}" for number in range(8)]
GRAPHS = st.dictionaries(
    st.sampled_from(NODES), st.lists(st.sampled_from(NODES), unique=True, max_size=5)
)


def reaches(needs: dict[str, list[str]], start: str) -> set[str]:
    return study.reached([start], needs) | (
        {start}
        if any(start in study.reached([n], needs) | {n} for n in needs.get(start, []))
        else set()
    )


@given(GRAPHS)
def test_two_nodes_share_a_component_when_each_reaches_the_other(
    needs: dict[str, list[str]],
) -> None:
    home = {node: number for number, group in enumerate(components(NODES, needs)) for node in group}
    for one in NODES:
        for other in NODES:
            both = other in reaches(needs, one) and one in reaches(needs, other)
            assert (home[one] == home[other]) == (both or one == other)


@given(GRAPHS)
def test_a_layer_is_above_everything_outside_its_cycle_that_it_needs(
    needs: dict[str, list[str]],
) -> None:
    groups = components(NODES, needs)
    level = study.layers(groups, needs)
    home = {node: number for number, group in enumerate(groups) for node in group}
    for node, wanted in needs.items():
        for need in wanted:
            assert (
                level[node] == level[need]
                if home[node] == home[need]
                else level[node] > level[need]
            )


@given(GRAPHS)
def test_the_way_round_a_cycle_follows_its_arrows_home(needs: dict[str, list[str]]) -> None:
    for knot in study.knots(components(NODES, needs)):
        way = study.way_round(knot, needs)
        assert way[0] == way[-1]
        assert len(way) >= 3 or way[0] in needs[way[0]]
        assert all(b in needs[a] for a, b in pairwise(way))


def test_a_very_long_chain_needs_no_recursion() -> None:
    needs = {str(number): [str(number + 1)] for number in range(20_000)}
    groups = components([str(number) for number in range(20_001)], needs)
    assert study.layers(groups, needs)["0"] == 20_000
