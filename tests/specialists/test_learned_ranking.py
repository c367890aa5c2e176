"""What is learned about where changes begin is read exactly, tells true chances, and says why."""

from math import log
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.specialists.ranking import order_model, passages, tree_model
from missioncontrol.specialists.ranking.blocks import BLOCKS_MAX, LINES_MAX, blocks_of
from missioncontrol.specialists.ranking.evidence import gathered
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.ranker import NAMED_MIN, ORDER_NAMES, expected_set, ranked
from missioncontrol.specialists.ranking.terms import goal_stems
from missioncontrol.specialists.ranking.tree_model import (
    FILES,
    LEAF,
    ORDER,
    PASSAGES,
    Model,
    Tree,
    read_model,
)
from missioncontrol.specialists.tree import read_tree
from tests.specialists.test_ranking import change, first, shop

SIZE_MAX = 100_000
JUDGED_ON = ("tox-dev/tox", "go-task/task", "sharkdp/bat", "puma/puma", "guzzle/guzzle")
STUMP = Tree((0, LEAF, LEAF), (0.5, 0.0, 0.0), (2, 0, 0), (0.1, -1.0, 2.0))
"""Asks the first figure: up to 0.5 the log odds are -1, beyond it 2."""


@pytest.mark.parametrize(
    ("path", "names"),
    [(FILES, tree_model.NAMES), (ORDER, ORDER_NAMES), (PASSAGES, passages.NAMES)],
)
def test_what_is_shipped_fits_the_figures_and_says_what_it_was_learned_from(
    path: Path, names: tuple[str, ...]
) -> None:
    model = read_model(path, names)
    assert path.stat().st_size <= SIZE_MAX
    assert "LightGBM" in model.learned_from
    assert not [name for name in JUDGED_ON if name in model.learned_from]
    for tree in model.trees:
        assert all(feature < len(names) for feature in tree.features)
        assert all(
            place < right < len(tree.features)
            for place, right in enumerate(tree.rights)
            if tree.features[place] != LEAF
        )


def test_a_model_for_other_figures_is_refused() -> None:
    with pytest.raises(ValueError, match="learned from other figures"):
        read_model(FILES, ("one",))


@pytest.mark.parametrize(("figure", "odds"), [(0.5, -1.0), (0.51, 2.0)])
def test_a_walk_ends_in_the_leaf_of_its_figure(figure: float, odds: float) -> None:
    chance = Model(("one",), "", (STUMP,)).chance([figure])
    assert log(chance / (1 - chance)) == pytest.approx(odds)


def test_the_shares_of_all_figures_make_the_chance(tmp_path: Path) -> None:
    index = Index(read_tree(shop(tmp_path / "shop")))
    model = read_model(FILES, tree_model.NAMES)
    for row in tree_model.rows(gathered(index, "Let a session expire in the mail")):
        chance = model.chance(row)
        whole = sum(tree.values[0] for tree in model.trees) + sum(model.shares(row).values())
        assert log(chance / (1 - chance)) == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize(
    ("chances", "count"),
    [([], 0), ([0.9], 1), ([0.9, 0.8, 0.05], 2), ([0.9, 0.1, 0.1], 1), ([0.2, 0.2, 0.2, 0.2], 4)],
)
def test_the_named_set_has_the_largest_expected_f1(chances: list[float], count: int) -> None:
    assert expected_set(chances) == count


@given(st.text(alphabet="ab \n{}()def:", max_size=600))
def test_blocks_hold_each_line_once(text: str) -> None:
    blocks = blocks_of(text)
    assert [block.first for block in blocks[1:]] == [block.last + 1 for block in blocks[:-1]]
    assert (blocks[0].first, blocks[-1].last) == (1, text.removesuffix("\n").count("\n") + 1)
    assert all(block.last - block.first < LINES_MAX for block in blocks)


@pytest.mark.parametrize("line", ["x\n", "def f(): pass\n"])
def test_the_blocks_of_a_long_file_are_bounded_and_reach_its_end(line: str) -> None:
    count = LINES_MAX * (BLOCKS_MAX + 5)
    blocks = blocks_of(line * count)
    assert len(blocks) <= BLOCKS_MAX
    assert blocks[-1].last == count


def test_a_file_that_the_goal_names_is_nearly_certain(tmp_path: Path) -> None:
    index = Index(read_tree(shop(tmp_path / "shop")))
    best = first(index, "Tidy up shop/cart.py")
    assert (best.path, best.chance >= NAMED_MIN) == ("shop/cart.py", True)
    assert best.reasons[0] == "the goal names the file `shop/cart.py`"


def test_a_message_that_stands_in_the_code_leads_there(tmp_path: Path) -> None:
    files = {f"lib/part{n}.py": f"def run{n}(order):\n    return order\n" for n in range(9)}
    files["lib/part4.py"] += "    raise ValueError('no such order, sorry')\n"
    index = Index(read_tree(shop(tmp_path / "shop", files)))
    best = first(index, 'Say which one in "no such order, sorry"')
    assert best.path == "lib/part4.py"
    assert best.reasons[0] == "holds “no such order, sorry”"


def test_lines_to_look_at_come_with_the_name_of_what_they_define(tmp_path: Path) -> None:
    filler = "".join(f"    value = {n}\n" for n in range(30))
    text = "".join(f"def {name}(x):\n{filler}\n" for name in ("parse", "render", "expire"))
    text = text.replace("value = 7\n", "value = 7  # when sessions expire\n")
    index = Index(read_tree(shop(tmp_path / "shop", {"shop/all.py": text})))
    [spot, *_] = ranked(index, "Let sessions expire", limit=1)[0].spots
    assert (spot.name, spot.line, spot.last) == ("expire", 65, 96)


def test_a_project_that_tests_its_changes_is_known_for_it(tmp_path: Path) -> None:
    tree = read_tree(shop(tmp_path / "shop"))
    changes = [
        change("a", "Keep sessions", "shop/sessions.py", "tests/test_sessions.py"),
        change("b", "Send mail", "shop/mail.py"),
        change("c", "Write the guide", "docs/guide.md"),
    ]
    assert Index(tree, changes).habits == {
        "test_habit": 0.5,
        "document_habit": 0.0,
        "log_habit": 0.0,
    }


@pytest.mark.parametrize(
    ("goal", "path", "kind", "figures"),
    [
        ("fix: keep the session", "shop/session.py", "code", [1, 1, 0, 0, 0, 0]),
        ("fix: keep the session", "tests/test_session.py", "test", [0.5, 0.5, 0, -0.5, 0, -1]),
        ("test: keep the session", "tests/test_session.py", "test", [1, 1, 0, 1, 0, 1]),
        ("Correct a typo", "docs/session.md", "document", [0, 0, 0, 0, 1, 0]),
        ("Load the config", "shop/configuration.py", "code", [0, 0, 0.75, 0, 0, 0]),
    ],
)
def test_files_come_first_whose_name_and_kind_fit_the_goal(
    goal: str, path: str, kind: str, figures: list[float]
) -> None:
    stems = goal_stems(goal).keys()
    assert order_model.figures(goal, stems, stems, path, kind) == pytest.approx(figures)
