"""The names of a goal lead to the few files and lines that hold them."""

from pathlib import Path

import pytest

from missioncontrol.specialists.ranking.evidence import gathered
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.ranker import _of_names, ranked
from missioncontrol.specialists.ranking.telling import homes, lines_in, names_in
from missioncontrol.specialists.tree import read_tree
from tests.specialists.test_ranking import change, shop

BREWERY = {
    "package.json": '{\n  "devDependencies": {\n    "leaf-search-params": "^1.0"\n  }\n}\n',
    "src/leaves.js": "export class LeafSearchParams {}\n",
    "src/brew.c": 'int brew() {\n  // warm up\n  fputs("tea: boil error: %s");\n  return 0;\n}\n',
    "src/pot.rs": "fn rest(&self) {\n    Self::Kettle(ref k) => k.remaining(),\n}\n",
    "src/tea.py": "def steep(leaves):\n    return leaves\n\n\n"
    "def pour(cup):\n    return steep(cup)\n",
    "src/mug.py": "warm_mug()\n" * 9,
    "docs/tea.md": "# Tea\n\nPut the leafs into the recieving pot.\n",
    "CHANGES.md": "# 1.0\n\nleaf-search-params is new.\n",
}


@pytest.fixture
def brewery(tmp_path: Path) -> Index:
    messages = [f"Brew pot number {n} warm" for n in range(30)]
    past = [change(f"c{n}", message, "src/brew.c") for n, message in enumerate(messages)]
    return Index(read_tree(shop(tmp_path, BREWERY)), past)


def paths(index: Index, goal: str) -> dict[str, list[str]]:
    return {name: [index.paths[n] for n in own] for name, own in homes(index, goal).items()}


@pytest.mark.parametrize(
    ("goal", "names"),
    [
        ("fix(pot): clash of Kettle::remaining", ["Kettle::remaining"]),
        ("Support `d` (day) in `roll_interval`", ["roll_interval"]),
        ("Parse zero-length tokens of leaf-search-params", ["leaf-search-params"]),
        ("Brew the tea", []),
    ],
)
def test_names_are_what_is_written_as_code(goal: str, names: list[str]) -> None:
    assert names_in(goal) == names


@pytest.mark.parametrize(
    ("goal", "found"),
    [
        ("Remove leaf-search-params", {"leaf-search-params": ["package.json"]}),
        ("Fix clash of Kettle::remaining", {"Kettle::remaining": ["src/pot.rs"]}),
        ("Typo - recieving", {"recieving": ["docs/tea.md"]}),
        ("Improve the recieving pot", {}),
    ],
)
def test_a_name_stands_in_its_files_but_for_the_change_log(
    brewery: Index, goal: str, found: dict[str, list[str]]
) -> None:
    assert paths(brewery, goal) == found


def test_two_words_side_by_side_lead_to_their_line(brewery: Index) -> None:
    lines = lines_in(brewery, "Fix exit code on boil error", brewery.numbers["src/brew.c"])
    assert [line.number for line in lines] == [3]


@pytest.mark.parametrize(
    ("goal", "path"),
    [
        ("Skip the warm up of pots", "src/brew.c"),  # no message says it
        ("Make `steep` slower", "src/brew.c"),
        ("Call `warm_mug` once", "src/mug.py"),  # so many lines hold it that it leads to none
    ],
)
def test_what_no_message_or_many_lines_hold_leads_to_no_line(
    brewery: Index, goal: str, path: str
) -> None:
    assert lines_in(brewery, goal, brewery.numbers[path]) == []


def test_a_definition_comes_before_its_uses(brewery: Index) -> None:
    lines = lines_in(brewery, "Make `steep` slower", brewery.numbers["src/tea.py"])
    assert [line.number for line in lines] == [1, 6]


def test_a_name_leads_where_the_words_lead_nowhere(brewery: Index) -> None:
    best = ranked(brewery, "Drop leaf-search-params for good", limit=1)[0]
    assert best.path == "package.json"
    assert best.spots[0].line <= 3 <= best.spots[0].last


def test_the_block_that_a_goal_names_comes_first(brewery: Index) -> None:
    found = {each.path: each for each in ranked(brewery, "Make `pour` warm", limit=9)}
    assert found["src/tea.py"].spots[0].name == "pour"


def test_a_goal_about_tests_leaves_what_it_names_as_it_is(brewery: Index) -> None:
    goals = ("Drop leaf-search-params", "Drop tests of leaf-search-params")
    chances = [
        {each.path: each.chance for each in ranked(brewery, goal, limit=9)}["package.json"]
        for goal in goals
    ]
    assert chances[0] > chances[1]


@pytest.mark.parametrize(
    ("goal", "goes", "gain"),
    [
        ("Drop leaf-search-params", True, ["package.json"]),
        ("Sort leaf-search-params", False, []),  # settings only use it
        ("Pour as LeafSearchParams does", False, ["src/leaves.js"]),
    ],
)
def test_settings_that_use_a_name_gain_only_where_it_goes(
    brewery: Index, goal: str, goes: bool, gain: list[str]
) -> None:
    found = _of_names(brewery, gathered(brewery, goal, ()), goes=goes)
    assert [brewery.paths[n] for n in found] == gain
