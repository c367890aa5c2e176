"""What a plan says where the goal names a definition, one to come, or one to take away."""

from pathlib import Path

from tests.planner.test_local_planning import made

from missioncontrol.domain.plan import Plan, Task
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

KETTLE = {
    "pyproject.toml": '[project]\nname = "teakettle"\nversion = "1.0"\n'
    '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
    "CHANGES.md": "# Changes\n\n## 1.0\n",
    "README.rst": "teakettle\n=========\n\nCall ``brew`` with leaves.\n\n``Kettle`` holds water.\n",
    "teakettle/__init__.py": "from .brewing import brew\nfrom .kettle import Kettle\n",
    "teakettle/brewing.py": "def brew(leaves, limit=0):\n    return _cut_at_limit(leaves, limit)\n"
    "\n\ndef _cut_at_limit(leaves, limit):\n    return leaves[:limit] if limit else leaves\n",
    "teakettle/_old.py": "def brew(leaves, limit=0):\n    return leaves\n",
    "tools/reference.py": "def brew(leaves):\n    return leaves\n",
    "teakettle/kettle.py": "from .warning import deprecated\n\n\nclass Kettle:\n"
    "    def check_water(self, water):\n        return bool(water)\n\n"
    "    def pour(self):\n        return 1\n\n"
    "    @deprecated(\n        'Use pour().'\n    )\n    def pour_all(self):\n"
    "        return self.pour()\n",
    "teakettle/warning.py": "import warnings\n\n\ndef deprecated(text):\n"
    "    warnings.warn(text, DeprecationWarning)\n    return lambda f: f\n",
    "tests/test_limits.py": "from teakettle import brew\n\n\ndef test_limit():\n"
    "    assert brew('abc', limit=2) == 'ab'\n",
    "tests/test_many.py": "from teakettle import brew\n\n\ndef test_brew():\n"
    + "    assert brew('abc')\n" * 9,
    "tests/util.py": "def kettle_cases():\n    return ['Kettle', 'pour']\n",
    "tests/test_kettle.py": "from teakettle import Kettle\n\n\ndef test_pour():\n"
    "    assert Kettle().pour() == 1\n\n\ndef test_check_water():\n"
    "    assert Kettle().check_water(1)\n",
}


def planned(tmp_path: Path, goal: str, *constraints: str) -> Plan:
    code = made(tmp_path / "code", KETTLE)
    brief = Brief(goal, "", constraints, "", code, None, None, {}, 60)
    return LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))


def change(plan: Plan) -> Task:
    return next(task for task in plan.tasks() if task.is_handover)


def test_a_fault_is_looked_for_in_the_definition_that_the_package_hands_on(tmp_path: Path) -> None:
    goal = (
        "Fix `brew`: where the limit cuts leaves, the last leaf is lost. "
        "It should keep the last leaf."
    )
    plan = planned(tmp_path, goal)
    detail = change(plan).detail
    assert "`brew` at `teakettle/brewing.py:1`; beside it: `_cut_at_limit`" in detail
    assert "First write a test in `tests/test_limits.py`" in detail
    assert not [risk for risk in plan.risks if "without a test" in risk.title]
    assert not [risk for risk in plan.risks if "cannot be reproduced" in risk.title]
    assert plan.questions == ()


def test_a_method_that_is_to_come_stands_beside_the_one_named_most_like_it(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Add `Kettle.explain_water`, which says why the water is refused.")
    [decision] = plan.decisions
    assert decision.title == "How `Kettle.explain_water` is called"
    assert "`Kettle.check_water` (`teakettle/kettle.py:5`)" in decision.choice
    [new] = [part for part in plan.architecture.components if part.change == "new"]
    assert new.detail == "New method of `Kettle` for R1, beside `Kettle.check_water`."
    assert "`explain_water`" not in change(plan).detail
    assert not [risk for risk in plan.risks if "signature" in risk.mitigation]


def test_a_method_goes_alone_and_its_own_warning_counts(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Remove the deprecated `Kettle.pour_all`.")
    task = change(plan)
    assert "Nothing of the product outside `teakettle/kettle.py` uses `pour_all`." in task.detail
    assert "No test names `Kettle.pour_all`." in task.detail
    assert "has to let go" not in task.detail
    assert "goes with it" not in task.detail
    assert "documents" not in task.detail  # The README speaks of the class alone.
    assert any("finds `pour_all` in no code" in text for text in task.acceptance)
    [decision] = plan.decisions
    assert decision.title == "Whether the warning at `teakettle/kettle.py:11` has stood long enough"
    assert not [risk for risk in plan.risks if "Keep the signature" in risk.mitigation]
    assert plan.questions == ("Who outside teakettle is known to use `pour_all`?",)


def test_what_is_to_be_faster_is_called_by_its_name(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Make `brew` faster for lists of 10,000 leaves.")
    titles = [each.title for each in plan.decisions] + [task.title for task in plan.tasks()]
    assert "What may be given up for the speed of `brew`" in titles
    assert not [text for text in titles if "faster faster" in text]
    shown = change(plan).acceptance[0]
    assert shown.startswith("`python -m timeit` calls `brew` as R1 describes, five times on the")


def test_answers_that_have_to_agree_are_compared_and_not_left_as_they_are(tmp_path: Path) -> None:
    goal = "Add `Kettle.explain_water`, which says why the water is refused."
    plan = planned(tmp_path, goal, "All three metals give the same answer")
    [held] = [task for task in plan.tasks() if task.key.startswith("hold-")]
    assert held.detail.startswith("Write one test, beside those in `tests/test_kettle.py`")
    assert held.scope == ("tests/test_kettle.py",)


def test_a_part_that_a_task_may_change_is_not_called_unchanged(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Add `Kettle.explain_water`, which says why the water is refused.")
    scope = {path for task in plan.tasks() if task.is_change for path in task.scope}
    assert "tests/util.py" not in scope
    for part in plan.architecture.components:
        assert (plan.change_of(part) != "unchanged") == (
            part.path in scope or part.change != "unchanged"
        )


def test_a_key_does_not_end_in_the_middle_of_a_clause(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Add `Kettle.explain_water`, which says why it is refused.")
    assert change(plan).key == "add-kettle-explain-water"


def test_to_compare_a_list_changes_no_test(tmp_path: Path) -> None:
    goal = "Add `Kettle.explain_water`, which says why it is refused."
    plan = planned(tmp_path, goal, "No new dependency")
    [held] = [task for task in plan.tasks() if task.key.startswith("hold-")]
    assert held.scope == ()


def test_work_beside_the_code_changes_none_of_it(tmp_path: Path) -> None:
    tested = planned(tmp_path, "Test `brew` where `limit` is 0, and where it is negative.")
    assert change(tested).scope
    assert all(path.startswith("tests/") for path in change(tested).scope)
    written = planned(tmp_path / "other", "Document how to brew, with an example.")
    assert change(written).scope == ("README.rst",)


def test_a_method_of_a_class_is_one_however_it_is_asked_for(tmp_path: Path) -> None:
    short = planned(tmp_path / "short", "Add `Kettle.whistle`")
    for number, goal in enumerate(
        ["Add a `whistle` method to `Kettle`", "Add a new method `whistle()` to the `Kettle` class"]
    ):
        plan = planned(tmp_path / str(number), goal)
        titles = [each.title for each in plan.decisions]
        assert titles[0] == "How `Kettle.whistle` is called"
        assert titles == [each.title for each in short.decisions]
        assert plan.questions == short.questions
        assert change(plan).scope[0] == "teakettle/kettle.py"


def test_a_method_that_stands_already_is_asked_about(tmp_path: Path) -> None:
    for number, goal in enumerate(["Add a `pour` method to `Kettle`", "Add `Kettle.pour`."]):
        plan = planned(tmp_path / str(number), goal)
        assert "`Kettle.pour` stands at `teakettle/kettle.py:8` already" in plan.questions[0]
        assert not [each for each in plan.decisions if each.title.startswith("How callers")]
        assert "defines `Kettle.pour`, which the goal names" in change(plan).detail
