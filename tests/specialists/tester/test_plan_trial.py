"""A plan is tried in a mission: near tests, what they lack, which lines ran, what is red."""

import json
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.estimates import Spot
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.work import CommandRan, Work
from missioncontrol.specialists.tester import Tester
from missioncontrol.specialists.tester.environment import ENVIRONMENTS_DIRECTORY, REGISTRIES_SWITCH
from missioncontrol.testing.local_workspace import LocalDesk
from tests.specialists.small_mission import brief_for
from tests.specialists.tester.projects import SHOP, installed_wheels, plan, wheel, written

TOTAL, DISCOUNT = Spot("total", 4, 5), Spot("discount", 8, 9)


def tried(
    tmp_path: Path, asked: Plan, goal: str = "Round totals", files: dict[str, str] | None = None
) -> tuple[Work, dict[str, Any], LocalDesk]:
    import msgspec

    desk = LocalDesk(tmp_path / "desk", seconds=200.0)
    brief = brief_for("tests", written(tmp_path / "shop", files or SHOP), plan=asked)
    work = Tester().work(msgspec.structs.replace(brief, goal=goal, context=""), desk)
    return work, json.loads((desk.directory / "tests.json").read_text()), desk


def test_only_the_near_tests_run_and_their_lines_are_told(tmp_path: Path) -> None:
    work, report, desk = tried(tmp_path, plan(TOTAL, DISCOUNT))
    assert (report["status"], report["passed"], report["failed"]) == ("passed", 2, 0)
    assert report["nearest"] == [{"path": "tests/test_prices.py", "ran": 2, "failed": 0}]
    [total, discount] = report["lines"]
    assert (total["tests"], total["of"]) == (2, 2)
    assert total["test"] == "tests/test_prices.py::test_total"
    assert (discount["tests"], discount["on_import"]) == (0, False)
    assert work.summary.startswith("Nearest tests: 2 passed in ")
    assert work.summary.endswith("(tests/test_prices.py); lines 4-5 run by 2 of them.")
    text = (desk.directory / "tests.md").read_text()
    assert "`src/shop/prices.py:8-9` `discount`: no test runs these lines" in text
    ran = [each for each in work.evidence if isinstance(each, CommandRan)]
    assert "tests/test_prices.py" in ran[-1].argv


def test_the_whole_suite_is_named_and_left_alone(tmp_path: Path) -> None:
    _, report, _ = tried(tmp_path, plan(TOTAL))
    by_purpose = {each["purpose"]: each for each in report["commands"]}
    assert by_purpose["test a part"]["status"] == "ran"
    suite = by_purpose["test"]
    assert (suite["command"], suite["status"]) == (["python", "-m", "pytest"], "not_run")
    assert suite["result"] == "only the tests nearest to the change were run"


def test_a_definition_with_the_goals_words_is_named_where_the_first_spot_never_runs(
    tmp_path: Path,
) -> None:
    work, report, _ = tried(tmp_path, plan(DISCOUNT), "The total must be rounded")
    assert report["sharpened"].startswith(
        "No nearest test runs lines 8-9 of `src/shop/prices.py`; `total` (lines 4-5"
    )
    assert [each.rule for each in work.findings] == ["tester.not-run"]


def test_a_member_to_be_added_is_red_before(tmp_path: Path) -> None:
    work, report, desk = tried(tmp_path, plan(TOTAL), "Add a `clear` method to `Basket`")
    criterion = report["criterion"]
    assert (criterion["kind"], criterion["state"]) == ("existence", "red")
    assert criterion["sentence"] == (
        "`python -m pytest test_goal.py` fails today (AssertionError: there is no Basket.clear) "
        "and passes after the change."
    )
    assert "hasattr(Basket" in (desk.directory / "test_goal.py").read_text()
    assert "test_goal.py" in {each.name for each in work.artifacts}
    assert "Red before the change: `python -m pytest test_goal.py`" in work.summary
    assert report["failed"] == 0  # it is none of the project's own tests


def test_a_member_that_is_there_stands_on_top(tmp_path: Path) -> None:
    work, report, _ = tried(tmp_path, plan(TOTAL), "Add an `add` method to `Basket`")
    assert report["criterion"]["state"] == "green"
    assert work.findings[0].rule == "tester.already-there"
    assert work.summary.startswith("Already there: `Basket.add` is there already")


def test_an_example_that_ends_as_the_goal_says_is_reproduced(tmp_path: Path) -> None:
    goal = (
        "`total` fails for None\n\n```python\nfrom shop.prices import total\ntotal(None)\n```\n"
        "\nIt ends in a TypeError."
    )
    _, report, desk = tried(tmp_path, plan(TOTAL), goal)
    assert (report["criterion"]["kind"], report["criterion"]["state"]) == ("example", "red")
    assert report["criterion"]["said"].startswith("TypeError: ")
    assert (desk.directory / "reproducer.py").read_text().endswith("total(None)\n")


def test_an_example_that_ends_otherwise_reproduces_nothing(tmp_path: Path) -> None:
    goal = "`total` is slow\n\n```python\nfrom shop.prices import total\ntotal(None)\n```\n"
    _, report, _ = tried(tmp_path, plan(TOTAL), goal)
    assert report["criterion"]["kind"] == "nearest tests"
    assert "ends today with 2 passed" in report["criterion"]["sentence"]


def test_a_test_that_the_goal_names_is_run(tmp_path: Path) -> None:
    _, report, _ = tried(tmp_path, plan(TOTAL), "test_far fails since last week")
    criterion = report["criterion"]
    assert criterion["command"] == ["python", "-m", "pytest", "tests/test_far.py::test_far"]
    assert (criterion["kind"], criterion["state"]) == ("named test", "red")


def test_without_a_near_test_none_is_run(tmp_path: Path) -> None:
    many = {f"tests/test_{number}.py": "def test(): assert False\n" for number in range(9)}
    work, report, _ = tried(tmp_path, plan(TOTAL, tests=()), files=SHOP | many)
    assert work.summary == "No test file is near where the change will be, so no test was run."
    assert (report["status"], report["nearest"]) == ("no_test_command", [])


NEEDY = SHOP | {
    "pyproject.toml": SHOP["pyproject.toml"]
    .replace(
        'version = "1.2"', 'version = "1.2"\n[project.optional-dependencies]\ntests = ["oddlib"]'
    )
    .replace(
        "[project.optional-dependencies]", "dependencies = []\n[project.optional-dependencies]"
    ),
    "tests/test_prices.py": (
        "import importlib.metadata, oddlib\n"
        "from shop.prices import total\n"
        "def test_total(): assert total([oddlib.VALUE]) == 7\n"
        "def test_version(): assert importlib.metadata.version('shop') == '1.2'\n"
    ),
}


@pytest.mark.slow
def test_what_the_tests_lack_is_installed_from_what_the_project_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_wheels(tmp_path / "wheels")
    wheel(tmp_path / "wheels", "oddlib", "1.0", {"oddlib.py": "VALUE = 7\n"})
    (tmp_path / "kept").mkdir()
    monkeypatch.setenv(REGISTRIES_SWITCH, "on")
    monkeypatch.setenv(ENVIRONMENTS_DIRECTORY, str(tmp_path / "kept"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    work, report, _ = tried(tmp_path, plan(TOTAL), files=NEEDY)
    assert (report["status"], report["passed"]) == ("passed", 2), work.summary
    environment = report["environment"]
    assert (environment["state"], environment["requirements"]) == ("made", ["oddlib", "pytest"])
    assert environment["lacked"] == "No module named 'oddlib'"
    assert report["python"]["origin"] == "an environment made from what the project declares"
    assert report["lines"][0]["tests"] == 1


def test_what_is_missing_is_said_in_one_line_where_nothing_may_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REGISTRIES_SWITCH, "off")
    work, report, _ = tried(tmp_path, plan(TOTAL), files=NEEDY)
    assert report["status"] == "could_not_start"
    assert work.summary == (
        "Nearest tests (tests/test_prices.py) could not start: `pip install oddlib` is missing for "
        "tests/test_prices.py: environments are switched off."
    )
