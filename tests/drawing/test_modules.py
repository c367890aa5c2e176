"""The caption of a drawing of modules."""

from itertools import pairwise

import pytest

from missioncontrol.drawing.modules import ImportFact, ModuleFact, module_graph


@pytest.mark.parametrize(("count", "suffix"), [(2, ", 1 arrow"), (3, ", 2 arrows")])
def test_arrows_are_counted_in_words_that_fit(count: int, suffix: str) -> None:
    names = [f"shop/m{number}.py" for number in range(count)]
    imports = [ImportFact(source, target, source, 1) for source, target in pairwise(names)]
    graph = module_graph([ModuleFact(name, 9) for name in names], imports, (), title="Shop")
    assert f"{count} modules{suffix}." in graph.said
