"""What the goal allows is run: a named test, its example, or a test that a thing exists."""

from pathlib import Path

import pytest

from missioncontrol.specialists.tester.criterion import (
    Raised,
    examples,
    is_mentioned,
    raised,
    to_be_raised,
)
from missioncontrol.specialists.tester.existence import existence_test
from missioncontrol.specialists.tree import read_tree
from tests.specialists.tester.projects import SHOP, written

FENCED = "It fails:\n\n```python\nfrom shop import a\na.b()\n```\n\n```sh\nls\n```\n"
SESSION = (
    "It fails:\n\n    >>> import shop\n    >>> shop.a(1,\n    ...        2)\n    3\n\nBut why?\n"
)


def test_examples_are_read_from_fences_and_from_sessions() -> None:
    assert [each.source for each in examples(FENCED)] == ["from shop import a\na.b()\n"]
    assert [each.source for each in examples(SESSION)] == ["import shop\nshop.a(1,\n       2)\n"]
    assert examples("```python\nthis is no code\n```") == []
    assert examples("Use `import shop` and\n\n    indented prose\n") == []


def test_an_error_is_told_by_its_class_or_its_message() -> None:
    output = "x\nTraceback (most recent call last):\n  File\nshop.errors.TooDear: It costs 12\n"
    error = raised(output)
    assert error == Raised("TooDear", "It costs 12")
    assert is_mentioned("This ends in a TooDear.", error)
    assert is_mentioned("It says: It costs 12, which is wrong", error)
    assert not is_mentioned("```\nraise TooDear\n```\nIt is too dear", error)
    assert raised("all is well\n") is None
    assert to_be_raised("`total` should raise a `ValueError` for no prices") == "ValueError"
    assert to_be_raised("It raises ValueError today") == ""


@pytest.mark.parametrize(
    ("goal", "asserted"),
    [
        ("Add a `clear` method to `Basket`", 'assert hasattr(Basket, "clear")'),
        ("feat: add `Basket.clear`", 'assert hasattr(Basket, "clear")'),
        ("Add a `currency` parameter to `total`", 'assert "currency" in parameters'),
        ("Add an `average` function to `shop.prices`", 'assert hasattr(shop.prices, "average")'),
    ],
)
def test_what_is_to_be_added_is_asserted_to_exist(tmp_path: Path, goal: str, asserted: str) -> None:
    found = existence_test(goal, read_tree(written(tmp_path, SHOP)))
    assert found is not None
    assert asserted in found.source
    compile(found.source, "test_goal.py", "exec")


@pytest.mark.parametrize(
    "goal",
    [
        "Add a `clear` method to `Wagon`",  # no such class
        "Make `total` faster",
        "Add support for currencies to prices",
        "Add a `--dry-run` option to `shop sell`",  # the project has no such command
        "Add a `rounding` parameter to `Basket`",  # a class says nothing by its signature
    ],
)
def test_nothing_is_guessed(tmp_path: Path, goal: str) -> None:
    assert existence_test(goal, read_tree(written(tmp_path, SHOP))) is None


def test_an_option_is_looked_for_in_the_help(tmp_path: Path) -> None:
    project = '[project]\nname = "shop"\n[project.scripts]\nshop = "shop.prices:main"\n'
    tree = read_tree(written(tmp_path, SHOP | {"pyproject.toml": project}))
    found = existence_test("Add a `--dry-run` option to `shop sell`", tree)
    assert found is not None
    assert "from shop.prices import main" in found.source
    assert "['shop', 'sell', '--help']" in found.source
