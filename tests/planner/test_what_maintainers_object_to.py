"""A maintainer's objections to a plan, each stated as what the plan has in its place."""

from pathlib import Path

import msgspec
import pytest
from tests.planner.test_local_planning import made

from missioncontrol.domain.plan import Plan, Task, faults
from missioncontrol.specialists.kinds import has_frozen_head
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

POT = {
    "pyproject.toml": '[project]\nname = "teapot"\nversion = "1.0"\n'
    'requires-python = ">=3.10"\ndependencies = ["boiler>=2.1"]\n'
    '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
    "requirements.txt": "pytest\ntox\n",
    "CHANGES.md": "# Changes\n\n## [1.0](https://example.org/1.0)\n",
    "LICENSE": "Tea may be drunk.\n",
    "README.md": "# teapot\n\nA pot for tea.\n\n`Reader` reads leaves.\n",
    "teapot/__init__.py": "from teapot.reading import Reader\nfrom teapot.parsing import parse\n",
    "teapot/_old.py": '"""Frozen: do not modify.\n\nThe leaves of old."""\n\n'
    "def read_leaves(leaves):\n    return leaves\n",
    "teapot/heating.py": "import boiler\n\n\ndef heat(water):\n    return boiler.boil(water)\n",
    "teapot/parsing.py": "from teapot.reading import Reader\n\n\n"
    "def parse(leaves):\n    return _parse_leaf(Reader(leaves))\n\n\n"
    "def _parse_leaf(reader):\n    return reader.read_leaves()\n",
    "teapot/reading.py": "class Reader:\n    def __init__(self, leaves):\n"
    "        self.leaves = leaves\n\n    def read_leaves(self):\n        return self.leaves\n\n"
    "    def read_stems(self):\n        return []\n",
    "teapot/writing.py": "class PotWriter:\n    def write(self, tea):\n        return tea\n\n\n"
    "class SqliteWriter(PotWriter):\n    pass\n",
    "testing/benchmark.py": "def read_leaves_often():\n    return 'leaves' * 9\n",
    "tests/smoke.py": "import unittest\n\n\nclass Smoke(unittest.TestCase):\n"
    "    def test_stems(self):\n        from teapot import Reader\n"
    "        assert Reader('a').read_stems() == []\n",
    "tests/test_reading.py": "from teapot import Reader\n\n\ndef test_leaves():\n"
    "    assert Reader('a').read_leaves() == 'a'\n",
    "tests/util.py": "def leaves():\n    return ['Reader', 'read_leaves', 'stems']\n",
}
TRACE = """parse fails on an empty bag.

```
Traceback (most recent call last):
  File "shop.py", line 3, in <module>
    parse(None)
  File "/usr/lib/python3/site-packages/teapot/parsing.py", line 5, in parse
    return _parse_leaf(Reader(leaves))
  File "/usr/lib/python3/site-packages/teapot/reading.py", line 9, in read_leaves
    return self.leaves
Error: no leaves
```

The bag should be read as no leaves."""


def planned(tmp_path: Path, goal: str, *constraints: str, kind: str = "") -> Plan:
    code = made(tmp_path / "code", POT)
    brief = Brief(goal, "", constraints, "", code, None, None, {}, 60)
    brief = msgspec.structs.replace(brief, kind=kind)
    plan = LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))
    assert faults(plan) == []
    return plan


def changes(plan: Plan) -> list[Task]:
    return [task for task in plan.tasks() if task.is_handover]


def told(plan: Plan) -> str:
    return msgspec.json.encode(plan).decode()


def test_a_trace_leads_the_lines_to_look_at(tmp_path: Path) -> None:
    files = planned(tmp_path, TRACE).likely[0].files
    assert files[0].path.endswith("teapot/reading.py")
    assert files[0].spots[0].name == "read_leaves"
    assert files[0].reasons[0] == "the trace ends in `read_leaves`"


def test_a_fault_is_looked_for_where_its_trace_ends(tmp_path: Path) -> None:
    plan = planned(tmp_path, TRACE)
    [repair, *_] = changes(plan)
    assert repair.detail.startswith("Begin at `teapot/reading.py`")
    assert "ends in `read_leaves` (`teapot/reading.py:5`) with `Error: no leaves`" in repair.detail
    assert {"teapot/reading.py", "teapot/parsing.py"} <= set(repair.scope)
    [decision] = plan.decisions
    assert "between `parse` (`teapot/parsing.py:4`) and `read_leaves`" in decision.title


def test_what_a_report_wants_instead_is_part_of_the_repair(tmp_path: Path) -> None:
    plan = planned(tmp_path, TRACE)
    repair = changes(plan)[0]
    assert [each.text for each in plan.requirements] == [
        "The bag should be read as no leaves; today parse fails on an empty bag"
    ]
    assert repair.title == "Fix parse: it fails on an empty bag"
    assert (
        "The new test asks that “The bag should be read as no leaves” holds." in repair.acceptance
    )


def test_each_of_two_definitions_that_go_is_planned_for(tmp_path: Path) -> None:
    [task, *_] = changes(planned(tmp_path, "Remove `Reader.read_stems` and `heat`."))
    assert "`Reader.read_stems` (`teapot/reading.py:8`) is used nowhere else" in task.detail
    assert "tested by `tests/smoke.py`" in task.detail
    assert "`heat` (`teapot/heating.py:4`) is used nowhere else in the product" in task.detail
    assert "`read_stems` and `heat` in no code" in task.acceptance[0]
    assert {"teapot/reading.py", "teapot/heating.py"} <= set(task.scope)


def test_a_module_that_goes_is_searched_for_by_its_name(tmp_path: Path) -> None:
    [task, *_] = changes(planned(tmp_path, "Remove `teapot.heating`."))
    assert "`git grep -nw` finds `heating` in no code" in task.acceptance[0]


def test_what_is_to_go_and_is_not_there_is_asked_about(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Remove `Reader.read_stems` and `cool_down`.")
    assert "Nothing in teapot is called `cool_down`: what is meant by it in R1?" in plan.questions


def test_a_goal_about_a_named_class_is_called_by_its_name(tmp_path: Path) -> None:
    goal = "Limit the size of a bag in `Reader` to 1024 bytes, and refuse what is larger."
    plan = planned(tmp_path, goal)
    assert plan.phases[-1].purpose == "Tell those who use teapot about the change of `Reader`."
    assert any("“1024 bytes”" in text for task in changes(plan) for text in task.acceptance)
    assert not [each for each in plan.decisions if "stands beside it" in each.title]


def test_a_name_that_no_prose_has_is_a_definition_without_marks_too(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Let SqliteWriter refuse cold tea.")
    assert "`SqliteWriter` at `teapot/writing.py:6`" in changes(plan)[0].detail
    assert not [each for each in plan.decisions if "stands beside it" in each.title]


def test_a_title_says_what_it_is_about_and_changes_documents_alone(tmp_path: Path) -> None:
    goal = "Add a `strict` option to `Reader.read_leaves` that refuses stems. Document it."
    plan = planned(tmp_path, goal)
    document = next(task for task in changes(plan) if task.key == "document-it")
    assert document.title == "Document the `strict` option to `Reader.read_leaves`"
    assert document.scope
    assert all(path.endswith(".md") for path in document.scope)


def test_an_option_is_no_part_of_its_own(tmp_path: Path) -> None:
    goal = "Add a `strict` option to `Reader.read_leaves` that refuses stems."
    plan = planned(tmp_path, goal)
    assert not [part for part in plan.architecture.components if part.change == "new"]
    assert plan.decisions[0].title == "How callers of `Reader.read_leaves` ask for `strict`"
    assert not [risk for risk in plan.risks if "signature" in risk.mitigation]


def test_benchmarks_helpers_and_papers_are_not_expected_to_change(tmp_path: Path) -> None:
    for number, goal in enumerate(
        ("Let `Reader.read_leaves` skip stems.", "Document how to read leaves.")
    ):
        plan = planned(tmp_path / str(number), goal)
        scope = {path for task in plan.tasks() for path in task.scope}
        assert not scope & {"testing/benchmark.py", "tests/util.py", "LICENSE"}


@pytest.mark.parametrize(
    ("head", "frozen"),
    [
        ('"""Frozen legacy output.\n\nDO NOT MODIFY."""\n', True),
        ("# This file is generated by make tables.\n", True),
        ("# Vendored from boiler 2.1\n", True),
        ('"""Freezes water. Do not edit it while it cools."""\n', False),
        ('"""Generates tables."""\n', False),
    ],
)
def test_a_file_that_says_so_is_left_alone(head: str, frozen: bool) -> None:
    assert has_frozen_head(head) is frozen


def test_a_frozen_file_is_nowhere_likely(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Let the reading of leaves skip stems.")
    paths = {file.path for likely in plan.likely for file in likely.files}
    assert "teapot/reading.py" in paths
    assert "teapot/_old.py" not in paths


def test_an_upgrade_reaches_what_declares_and_what_imports_it(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Upgrade boiler to 2.1 and drop support for older versions.")
    [likely] = [each for each in plan.likely if each.requirement == "R1"]
    assert [file.path for file in likely.files] == ["pyproject.toml", "teapot/heating.py"]
    [task, *_] = changes(plan)
    assert task.requirements == ("R1", "R2")
    assert task.scope[:2] == ("pyproject.toml", "teapot/heating.py")
    assert "Nothing older than 2.1 is allowed by `>=2.1` already" in task.detail
    assert not [each for each in plan.questions if "where should" in each]


def test_each_check_before_a_release_says_what_it_is(tmp_path: Path) -> None:
    goal = (
        "Release version 1.1 to PyPI. Make sure that the wheel installs on every supported Python."
        " Make sure that the changelog is complete."
    )
    plan = planned(tmp_path, goal)
    wheel, log, release = changes(plan)
    details = [{*task.detail.split(". ")} for task in (wheel, log, release)]
    assert not details[0] & details[2]
    assert not details[1] & details[2]
    assert {wheel.key, log.key} <= set(release.needs)
    assert "Python >=3.10" in wheel.detail
    assert "Compare `CHANGES.md`" in log.detail
    assert plan.decisions[0].title == "What is done when 1.1 turns out to be broken"


def test_to_move_something_is_no_migration_of_data(tmp_path: Path) -> None:
    goal = "Refactor the writers: split the SQLite operations into a module of their own."
    plan = planned(tmp_path, goal)
    assert plan.kinds[0] == "refactoring"
    assert "First move `SqliteWriter`" in changes(plan)[0].detail
    assert "SQLite file" not in told(plan)
    assert "copy of real data" not in told(plan)


def test_who_reviews_for_secrets_changes_nothing(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Review the reader of leaves for secrets that end up in logs.")
    assert plan.kinds[0] == "security-review"
    assert [task.scope for task in changes(plan)] == [()]


def test_a_plan_that_documents_and_removes_does_not_say_that_no_code_changes(
    tmp_path: Path,
) -> None:
    plan = planned(tmp_path, "Document how to read leaves. Also remove `Reader.read_stems`.")
    assert "no code" not in plan.summary
    removal = next(task for task in changes(plan) if task.key.startswith("remove-"))
    assert "teapot/reading.py" in removal.scope


def test_an_interface_without_http_is_not_spoken_of_as_one(tmp_path: Path) -> None:
    goal = "Add an interface for infusers. Let callers register an infuser."
    library = told(planned(tmp_path / "one", goal, kind="api"))
    assert "in pages" not in library
    assert "path of" not in library
    served = told(planned(tmp_path / "two", "Add an HTTP endpoint for infusers.", kind="api"))
    assert "in pages" in served


def test_something_new_beside_a_library_begins_at_none_of_its_modules(tmp_path: Path) -> None:
    goal = "Build a service that reads leaves from a queue in Python. Let it read stems too."
    plan = planned(tmp_path, goal, kind="new-service")
    assert not [part for part in plan.architecture.components if part.path]
    assert "a folder of its own beside the code of teapot" in changes(plan)[0].detail
    assert not [each for each in plan.questions if "in which language" in each]


def test_tests_are_told_of_by_what_they_test(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Add tests for `Reader.read_leaves` where the bag is empty.")
    assert plan.decisions == ()  # How far tests reach is no decision for a person.
    assert "“the bag is empty” has a test of its own" in changes(plan)[0].acceptance[0]


def test_what_the_code_works_with_already_is_not_brought_in(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Support cold tea in `PotWriter.write` on SQLite.")
    assert "SQLite file" not in told(plan)
    assert not [each for each in plan.decisions if "plugs in" in each.title]


def test_the_new_name_of_what_is_renamed_is_not_missed(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Rename `Reader.read_stems` to `Reader.read_twigs`.")
    assert not [each for each in plan.questions if "is called" in each]


def test_more_coverage_begins_with_what_no_test_reaches(tmp_path: Path) -> None:
    [task, *_] = changes(planned(tmp_path, "Increase test coverage of `heat`."))
    assert "Begin with what of `heat` no test reaches today." in task.detail


def test_what_only_developers_need_goes_without_a_warning(tmp_path: Path) -> None:
    files = POT | {
        "pyproject.toml": '[project]\nname = "teapot"\nversion = "1.0"\n'
        'dependencies = ["boiler>=2.1"]\n[dependency-groups]\ndev = ["pytest-pycodestyle"]\n'
    }
    code = made(tmp_path / "code", files)

    def announced(goal: str) -> bool:
        brief = Brief(goal, "", (), "", code, None, None, {}, 60)
        plan = LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))
        return any("announced a release earlier" in each.title for each in plan.decisions)

    assert not announced("Drop the pytest-pycodestyle dev dependency.")
    assert announced("Drop the boiler dependency.")


def test_a_module_that_is_imported_by_a_text_is_imported(tmp_path: Path) -> None:
    files = POT | {
        "teapot/heating.py": "from importlib import import_module\n\n\n"
        "def heat(water):\n    return import_module('boiler').boil(water)\n"
    }
    code = made(tmp_path / "code", files)
    brief = Brief("Upgrade boiler to 3.0.", "", (), "", code, None, None, {}, 60)
    plan = LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))
    assert "`teapot/heating.py`" in changes(plan)[0].detail


def test_the_upgrade_of_what_nothing_imports_begins_where_it_is_declared(tmp_path: Path) -> None:
    files = POT | {
        "requirements/docs.in": "sphinx>=7\n",
        "tox.ini": "[testenv:docs]\ncommands = sphinx-build docs docs/_build\n",
    }
    code = made(tmp_path / "code", files)
    brief = Brief("Upgrade sphinx to 8.", "", (), "", code, None, None, {}, 60)
    plan = LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))
    [survey, *_] = plan.tasks()
    assert "begins at `requirements/docs.in`" in plan.summary
    assert "tox.ini" not in survey.detail
