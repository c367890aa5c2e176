"""A test that a goal names is found in each language, and run alone."""

import json
from pathlib import Path

import pytest

from missioncontrol.specialists.tester.command_runner import Ran
from missioncontrol.specialists.tester.criterion import of_goal
from missioncontrol.specialists.tester.named_tests import named_test
from missioncontrol.specialists.tester.nearest import nearest
from missioncontrol.specialists.tester.project_commands import ReadyCommand
from missioncontrol.specialists.tester.shown import shown
from missioncontrol.specialists.tester.trial import Trial
from missioncontrol.specialists.tester.verdict import Verdict
from missioncontrol.specialists.tree import Tree, read_tree
from tests.specialists.tester.projects import SHOP, plan, written

FILES = SHOP | {
    "package.json": json.dumps({"scripts": {"test": "vitest"}}),
    "web/cart.test.ts": "describe('cart', () => {\n  it('adds (and sums) prices', () => {})\n})\n",
    "go/cart_test.go": "package cart\n\nfunc TestCart_Add(t *testing.T) {}\n",
    "rust/src/lib.rs": "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds_prices() {}\n}\n",
    "tests/api.rs": "#[tokio::test]\n#[ignore]\nasync fn answers_twice() {}\n",
}
TITLE = "npx --no-install vitest run -t adds \\(and sums\\) prices web/cart.test.ts"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return read_tree(written(tmp_path, FILES))


@pytest.mark.parametrize(
    ("goal", "command"),
    [
        ("test_basket fails since 1.2", "python -m pytest tests/test_prices.py::test_basket"),
        ("Mend TestCart_Add", "go test ./go -run ^TestCart_Add$"),
        ("`tests::adds_prices` is red", "cargo test adds_prices"),
        ("answers_twice hangs", "cargo test --test api answers_twice"),
        ("it('adds (and sums) prices') is flaky", TITLE),
        ("The test \u201cadds (and sums) prices\u201d fails on Windows", TITLE),
    ],
)
def test_it_is_found_by_how_people_write_it(tree: Tree, goal: str, command: str) -> None:
    found = named_test(goal, tree)
    assert found is not None
    assert " ".join(found.command) == command


@pytest.mark.parametrize(
    "goal",
    ["Add TestCase to the docs", "Let adds_price take a currency", "Say 'adds prices' in the test"],
)
def test_what_no_file_has_is_no_test(tree: Tree, goal: str) -> None:
    assert named_test(goal, tree) is None


def test_its_file_is_the_nearest_one(tree: Tree) -> None:
    import msgspec

    asked = msgspec.structs.replace(plan(), goal="TestCart_Add fails")
    assert nearest(asked, tree).files == ("go/cart_test.go",)


@pytest.mark.parametrize(
    ("output", "exit_code", "state", "message"),
    [
        (
            "AssertionError: expected 3 to be 4\n Tests  1 failed | 2 skipped (3)\n",
            1,
            "red",
            "AssertionError: expected 3 to be 4",
        ),
        (" Tests  1 passed | 2 skipped (3)\n", 0, "green", "passes"),
        ("sh: 1: vitest: not found\n", 127, "unclear", "not found"),
    ],
)
def test_how_it_ends_today_is_read_from_what_the_runner_prints(
    tree: Tree, output: str, exit_code: int, state: str, message: str
) -> None:
    def run(argv: tuple[str, ...], _name: str, _text: str) -> Trial:
        status = {0: "passed", 1: "failed"}.get(exit_code, "could_not_start")
        ended = Ran(argv, exit_code, 0.1, "")
        verdict = Verdict(status, "" if exit_code < 2 else output.strip())  # type: ignore[arg-type]
        ready = ReadyCommand(argv, argv, argv, False)
        return Trial(ready, "the goal", verdict, ended, output=output, seen=shown(output))

    found = of_goal("it('adds (and sums) prices') fails", "", [], tree, run, has_python=False)
    assert found is not None
    assert (found.kind, found.state) == ("named test", state)
    assert message in found.said
