"""Tests and documents that accompany a change do not make its goal work on tests."""

import subprocess
from pathlib import Path

import pytest

from missioncontrol.specialists.planner.goal import read_goal
from missioncontrol.specialists.planner.kinds import recognised
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

FEATURE = "Add discounts to the cart: a percentage and a fixed amount"
FUNCTION = "Add a discount function to app.py"
COMPANY = """
, with tests|, including tests and docs| (with unit tests)| with unit tests| and add tests for it
, plus unit tests|, covered by tests| along with documentation and tests| (with tests)| and tests
, tests and docs| with tests and documentation| with full test coverage| [with tests]| + tests
 with regression tests and a changelog entry| together with integration tests| & tests
. With tests.|. Include tests.|. Include tests and docs.|. Tests included.|. It should have tests.
. It must be covered by unit tests.|. Add tests for it.|. Please write tests too.| as well as tests
 \u2014 with tests| incl. tests|; with tests| and unit tests for it|, accompanied by tests
 with tests for both| and cover it with tests|. Tests and docs are part of the change.
. Update the docs and add tests.| with tests, docs and an example|, backed by tests
, with good test coverage too|. The change must come with tests.| (including regression tests)
 and make sure it is tested|, and make sure that it's tested|. It should be tested.
. Ensure everything is tested and documented.|, tested and documented| (fully tested)
 with pytest tests|, test coverage included|. Tests are required.| w/ tests
"""
ENDINGS = [each for line in COMPANY.strip("\n").split("\n") for each in line.split("|")]
TEST_WORK = [
    "Add tests for the cart",
    "Increase test coverage of the cart",
    "Write unit tests for `cart`",
    "Improve the tests of app.py",
    "Cover the cart with tests",
    "Add tests and docs for the cart",
    "Add more tests",
    "Test the cart with property-based tests",
    "Raise the test coverage of app.py to 90 %",
    "Make sure the cart is covered by tests",
    "Extend the test suite with tests for empty carts",
]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("change", [FEATURE, FUNCTION])
def test_company_is_no_kind_of_work(change: str, ending: str) -> None:
    goal = read_goal(change + ending)
    assert recognised(goal, has_code=True)[0] == "feature"
    assert goal.main.text.casefold() == change.casefold()
    others = [ask for ask in goal.asks if ask is not goal.main]
    assert "tests" in {ask.aside for ask in others} or any("test" in a.text for a in others)
    assert not any(ask.text.lower().startswith(("add with", "add incl")) for ask in others)


@pytest.mark.parametrize("goal", TEST_WORK)
def test_work_on_tests_stays_work_on_tests(goal: str) -> None:
    assert recognised(read_goal(goal), has_code=True)[0] == "tests"


def test_company_may_stand_first() -> None:
    goal = read_goal("With tests, add a discount to the cart")
    assert [(ask.text, ask.aside) for ask in goal.asks] == [
        ("Add a discount to the cart", ""),
        ("Add tests", "tests"),
    ]


@pytest.mark.parametrize("verb", ["Delete the old cart", "Rename `cart` to `basket`"])
def test_what_a_sweep_includes_is_not_asked_for(verb: str) -> None:
    goal = read_goal(f"{verb}, including tests and docs")
    assert [ask.text for ask in goal.asks] == [verb]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    (root / "tests").mkdir()
    (root / "app.py").write_text(
        'def cart(items):\n    """Return what a cart costs."""\n    return sum(items)\n'
    )
    (root / "tests/test_app.py").write_text(
        "from app import cart\n\n\ndef test_cart():\n    assert cart([2]) == 2\n"
    )
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    for argv in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-qm", "First")):
        subprocess.run(["git", *argv], cwd=root, check=True)
    return root


@pytest.mark.parametrize(
    "ending", ["", ", with tests", ", including tests and docs", ". Add tests."]
)
def test_the_change_begins_in_the_code(ending: str, shop: Path, tmp_path: Path) -> None:
    brief = Brief(FEATURE + ending, "", (), "", shop, None, None, {}, 60)
    plan = LocalPlanner().plan(brief, LocalDesk(tmp_path))
    assert "begins at `app.py`" in plan.summary
