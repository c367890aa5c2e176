"""The nearest tests are those that the plan names, run by file with the project's own runner."""

import json
from pathlib import Path

import msgspec
import pytest

from missioncontrol.domain.estimates import Likely, LikelyFile
from missioncontrol.specialists.tester.nearest import commands_for, counts_in, nearest
from missioncontrol.specialists.tree import read_tree
from tests.specialists.tester.projects import SHOP, plan, written


def test_the_tests_that_the_plan_names_are_run_and_no_others(tmp_path: Path) -> None:
    found = nearest(plan(), read_tree(written(tmp_path, SHOP)))
    assert found.files == ("tests/test_prices.py",)
    [(argv, _)] = found.commands
    assert argv == ("python", "-m", "pytest", "tests/test_prices.py")
    assert not found.is_all


def test_a_likely_file_that_is_a_test_is_near_itself(tmp_path: Path) -> None:
    file = LikelyFile("tests/test_far.py", 1.0, ("says so",))
    asked = msgspec.structs.replace(plan(), likely=(Likely("R1", (file,)),))
    assert nearest(asked, read_tree(written(tmp_path, SHOP))).files == ("tests/test_far.py",)


def test_all_tests_of_a_small_project_are_near(tmp_path: Path) -> None:
    found = nearest(plan(tests=()), read_tree(written(tmp_path, SHOP)))
    assert found.is_all
    assert found.files == ("tests/test_far.py", "tests/test_prices.py")


def test_a_large_project_without_near_tests_runs_none(tmp_path: Path) -> None:
    many = {f"tests/test_{number}.py": "def test(): ...\n" for number in range(9)}
    found = nearest(plan(tests=()), read_tree(written(tmp_path, SHOP | many)))
    assert (found.files, found.commands, found.is_known) == ((), (), True)


def test_examples_come_behind_tests(tmp_path: Path) -> None:
    files = SHOP | {"examples/test_shop.py": "def test(): ...\n"}
    asked = plan(tests=("examples/test_shop.py", "tests/test_prices.py"))
    found = nearest(asked, read_tree(written(tmp_path, files)))
    assert found.files == ("tests/test_prices.py", "examples/test_shop.py")


def test_tests_that_drive_a_browser_run_only_where_no_others_are_near(tmp_path: Path) -> None:
    files = SHOP | {"tests/browser/test_shop.py": "def test(): ...\n"}
    tree = read_tree(written(tmp_path, files))
    asked = plan(tests=("tests/browser/test_shop.py", "tests/test_prices.py"))
    assert nearest(asked, tree).files == ("tests/test_prices.py",)
    alone = plan(tests=("tests/browser/test_shop.py",))
    assert nearest(alone, tree).files == ("tests/browser/test_shop.py",)


def test_each_language_has_its_runner(tmp_path: Path) -> None:
    scripts = {"devDependencies": {"vitest": "^3"}, "scripts": {"test": "vitest"}}
    tree = read_tree(
        written(
            tmp_path,
            {
                "package.json": json.dumps({"scripts": {"test": "jest --coverage"}}),
                "packages/web/package.json": json.dumps(scripts),
                "packages/web/a.test.ts": "",
                "b.test.js": "",
            },
        )
    )
    [web] = commands_for(["packages/web/a.test.ts"], tree)
    assert web == ("sh", "-c", "cd packages/web && npx --no-install vitest run a.test.ts")
    [top] = commands_for(["b.test.js"], tree)
    assert top == ("npx", "--no-install", "jest", "b.test.js")
    assert commands_for(["pkg/a_test.go", "pkg/b_test.go", "c_test.go"], tree) == [
        ("go", "test", "./pkg", ".")
    ]
    assert commands_for(["tests/api.rs"], tree) == [("cargo", "test", "--test", "api")]
    assert commands_for(["spec/a_spec.rb"], tree)[-1] == ("rspec", "spec/a_spec.rb")
    assert commands_for([], tree) == []


def test_a_file_of_another_runner_does_not_keep_the_rest_from_running(tmp_path: Path) -> None:
    scripts = {
        "test": "npm run test:mocha && npm run test:karma",
        "test:karma": "karma start karma.conf.cjs",
        "test:mocha": "node bin/fix.js mocha test/unit/**/*.js --timeout 30000",
    }
    files = {"test/unit/a.js": "", "test/specs/a.spec.js": "", "lib/a.js": ""}
    manifest = json.dumps({"scripts": scripts})
    tree = read_tree(written(tmp_path, SHOP | files | {"package.json": manifest}))
    asked = plan(tests=("test/specs/a.spec.js", "test/unit/a.js"))
    assert nearest(asked, tree).files == ("test/unit/a.js",)
    alone = plan(tests=("test/specs/a.spec.js",))
    assert nearest(alone, tree).files == ("test/specs/a.spec.js",)


@pytest.mark.parametrize(
    ("scripts", "packages", "command"),
    [
        (
            {"test": "mocha --require test/support/env --reporter spec --check-leaks test/"},
            {"mocha": "^11"},
            "npx --no-install mocha --require test/support/env test/a.js",
        ),
        ({"lint": "standard", "unit": "borp"}, {"borp": "^1"}, "npx --no-install borp test/a.js"),
        (
            {"test": "npm run lint && npm run unit", "unit": "c8 node --import tsx --test test/"},
            {"vitest-like": "^1"},
            "node --import tsx --test test/a.js",
        ),
        (
            {"test": "npm run test:unit", "test:unit": "jest --config=a.cjs"},
            {"mocha": "^1"},
            "npx --no-install jest --config=a.cjs test/a.js",
        ),
        ({}, {"ava": "^6"}, "npx --no-install ava test/a.js"),
    ],
)
def test_files_run_as_the_scripts_run_them(
    tmp_path: Path, scripts: dict[str, str], packages: dict[str, str], command: str
) -> None:
    manifest = {"scripts": scripts, "devDependencies": packages}
    files = {"package.json": json.dumps(manifest), "test/a.js": ""}
    [found] = commands_for(["test/a.js"], read_tree(written(tmp_path, files)))
    assert " ".join(found) == command


def test_counts_of_vitest_are_read_by_file() -> None:
    output = (
        " \u2713 src/a.test.ts (12 tests) 8ms\n"
        " \u276f |web| src/b.test.ts (4 tests | 1 failed) 9ms\n"
    )
    assert counts_in(output, ["src/b.test.ts", "src/a.test.ts", "src/c.test.ts"]) == [
        ("src/b.test.ts", 4, 1),
        ("src/a.test.ts", 12, 0),
    ]
