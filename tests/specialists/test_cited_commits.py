"""A goal that speaks of a commit, or goes on from one, leads to the files that commit changed."""

from pathlib import Path

import pytest

from missioncontrol.specialists.indexing import read_index
from missioncontrol.specialists.ranking.cited_commits import Cited, cited, shifts
from missioncontrol.specialists.ranking.evidence import gathered, is_called
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.past import Past
from missioncontrol.specialists.ranking.ranker import ranked
from missioncontrol.specialists.tree import read_tree
from tests.specialists.test_ranking import change, shop

PATHS = ["ci.yml", "a.py", "b.py"]
PAST = Past(
    [
        change("aaa1111222", "Support static properties of pots", "a.py", "b.py"),
        change("bbb2222333", "Cache the leaves (#77)", "b.py"),
        change("ccc3333444", "Check on Windows", "ci.yml"),
    ],
    PATHS,
)


@pytest.mark.parametrize(
    ("goal", "places"),
    [
        ("Fix typo in the last commit", [0]),
        ("Undo what bbb2222 did to the leaves", [1]),
        ("Follow-up to #77", [1]),
        ("Finish the leaves, as done in #77", [1]),
        ("Revert “Check on Windows”", [2]),
        ("Close #77 with a better message", []),
        ("Add 1234567 leaves", []),
    ],
)
def test_a_commit_is_named_by_its_id_its_number_its_subject_or_as_the_last(
    goal: str, places: list[int]
) -> None:
    assert [each.place for each in cited(PAST, goal)] == places


def test_a_goal_that_goes_on_from_a_new_commit_leads_to_its_files() -> None:
    found = cited(PAST, "Extend static support to fields of pots as well")
    assert found == [Cited(0, is_named=False)]
    assert set(shifts(PAST, found)) == {1, 2}


def test_a_goal_about_the_same_thing_that_does_not_go_on_cites_nothing() -> None:
    assert cited(PAST, "Fix static support of pots") == []


def test_files_of_a_cited_commit_are_likelier(tmp_path: Path) -> None:
    tree = read_tree(shop(tmp_path))
    others = [change(f"c{number}", "Tidy", "shop/cart.py") for number in range(25)]
    index = Index(tree, [change("abc1234", "Send mail at night", "shop/mail.py"), *others])
    plain = {each.path: each.chance for each in ranked(index, "Fix the mail", limit=9)}
    after = {each.path: each.chance for each in ranked(index, "Fix abc1234: the mail", limit=9)}
    assert after["shop/mail.py"] > plain["shop/mail.py"]


@pytest.mark.parametrize(
    ("path", "name", "named"),
    [
        ("exe/rubocop", "rubocop", False),
        ("rubocop", "rubocop", True),
        ("docker/Dockerfile", "Dockerfile", True),
        ("lib/cart.py", "cart.py", True),
        ("lib/cart.py", "lib/cart.py", True),
    ],
)
def test_a_plain_word_names_no_program_in_a_folder(path: str, name: str, *, named: bool) -> None:
    assert is_called(path, name) == named


def test_a_file_is_named_by_the_words_of_its_name(tmp_path: Path) -> None:
    folder = shop(
        tmp_path,
        {
            "syntaxes/Assembly (ARM).sublime-syntax": "name: ARM\n",
            "syntaxes/Assembly (x86_64).sublime-syntax": "scope: x\n",
            "src/main.rs": "fn assembly() {}\n",
        },
    )
    index = read_index(folder)
    found = gathered(index, "Add a name to the x86_64 Assembly sublime syntax").figures["named"]
    assert [index.paths[number] for number in found] == [
        "syntaxes/Assembly (x86_64).sublime-syntax"
    ]
    assert not gathered(index, "Fix the sublime syntax").figures["named"]


def test_a_module_that_many_files_open_is_no_definition(tmp_path: Path) -> None:
    files = {f"lib/part{n}.rb": f"module Kettle\n  class Part{n}\n  end\nend\n" for n in range(10)}
    index = read_index(shop(tmp_path, files))
    evidence = gathered(index, "Let `Kettle` and `Part3` boil")
    assert {index.paths[number] for number in evidence.exact} == {"lib/part3.rb"}
