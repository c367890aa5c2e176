"""What a change has to agree with: callers, entries of settings, baselines, lists of versions."""

from pathlib import Path

import pytest
from tests.planner.test_local_planning import made

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.goal import read_goal
from missioncontrol.specialists.planner.kinds import recognised
from missioncontrol.specialists.planner.labels import labelled
from missioncontrol.specialists.planner.markdown import markdown
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.specialists.symbols import symbols
from missioncontrol.testing.local_workspace import LocalDesk

KETTLE = {
    "composer.json": '{"name": "kettle/kettle", "scripts": {"test": "phpunit"}}\n',
    ".github/workflows/tests.yml": "on: push\njobs:\n  tests:\n    strategy:\n      matrix:\n"
    "        php-version: ['8.1', '8.2']\n",
    ".kettlelint.yml": "rules:\n  Brew/LeafSize:\n    enabled: true\n",
    ".eslintrc.json": '{"rules": {}}\n',
    "Makefile": "lint:\n\teslint src\n",
    "phpstan-baseline.neon": "parameters:\n  ignoreErrors:\n    -\n      path: src/Boiler.php\n",
    ".pre-commit-config.yaml": "repos:\n  - repo: https://github.com/x/black\n    hooks:\n"
    "      - id: black\n",
    "src/Boiler.php": "<?php\nclass Boiler\n{\n    public function preheat($water)\n    {\n"
    "        return $water;\n    }\n}\n",
    "src/Kitchen.php": "<?php\nclass Kitchen\n{\n    public function tea($boiler)\n    {\n"
    "        return $boiler->preheat(1);\n    }\n\n    public function oven($stove)\n    {\n"
    "        return $stove->preheat(2);\n    }\n}\n",
    "src/LeafSize.php": "<?php\nclass LeafSize\n{\n    public function check($leaf)\n    {\n"
    "        return $leaf;\n    }\n}\n",
    "tests/BoilerTest.php": "<?php\nclass BoilerTest extends TestCase\n{\n"
    "    public function testPreheat()\n    {\n        (new Boiler())->preheat(1);\n    }\n}\n",
}


def planned(tmp_path: Path, goal: str) -> Plan:
    code = made(tmp_path / "code", KETTLE)
    brief = Brief(goal, "", (), "", code, None, None, {}, 600.0)
    return LocalPlanner().plan(brief, LocalDesk(tmp_path / "out"))


def detail(plan: Plan) -> str:
    return next(task for task in plan.tasks() if task.is_change).detail


def test_a_method_is_told_with_the_calls_on_what_is_named_like_its_class(tmp_path: Path) -> None:
    text = detail(planned(tmp_path, "Fix `Boiler#preheat` being called twice"))
    assert "`Boiler.preheat` is used at `src/Kitchen.php:6`." in text
    assert "src/Kitchen.php:11" not in text


def test_a_baseline_that_records_findings_of_a_file_is_brought_up_to_date(tmp_path: Path) -> None:
    text = detail(planned(tmp_path, "Declare the type of what `Boiler::preheat` returns"))
    assert "`phpstan-baseline.neon:4` records findings in `src/Boiler.php`" in text


def test_settings_with_an_entry_of_what_is_named_are_looked_at(tmp_path: Path) -> None:
    text = detail(planned(tmp_path, "Let `Brew/LeafSize` refuse small leaves"))
    assert "`.kettlelint.yml:2` has an entry of `Brew/LeafSize`" in text


def test_a_version_goes_where_the_others_are_listed(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Add PHP 8.3 to CI")
    assert "`.github/workflows/tests.yml:6` lists `php-version: ['8.1', '8.2']`" in detail(plan)
    assert "No CI file" not in markdown(plan)
    assert "credentials" not in markdown(plan)


def test_a_tool_is_moved_to_another_version_in_its_settings(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Migrate to eslint v9")
    page = markdown(plan)
    assert "begins at `.eslintrc.json`" in page
    assert "`eslint src` (`Makefile:2`) passes" in page
    assert "cannot be undone" not in page


def test_a_formatter_is_run_and_no_test_is_asked_for(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Fix style issues using Black")
    page = markdown(plan)
    assert "Run `black` as `.pre-commit-config.yaml:4` has it" in page
    assert "fails on the unchanged" not in page


def test_a_typo_asks_for_no_test(tmp_path: Path) -> None:
    page = markdown(planned(tmp_path, "Typo in `LeafSize`"))
    assert "new test" not in page
    assert "The typo is gone" in page


def test_a_need_that_goes_takes_nothing_else_away(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Remove the need for `AllowDynamicProperties` in `Boiler`")
    assert plan.kinds[0] == "refactoring"
    assert "removal" not in plan.kinds
    assert "tests what goes" not in markdown(plan)


@pytest.mark.parametrize(
    ("goal", "kind"),
    [
        ("Fix sys_platform patch in test suite leaking patching", "tests"),
        ("Fix the parser in the shell", "bug-fix"),
        ("Update test workflow trigger", "release"),
        ("Remove usage of `pkg_resources`", "refactoring"),
        ("Remove `pkg_resources`", "removal"),
    ],
)
def test_what_is_changed_says_the_kind_of_work(goal: str, kind: str) -> None:
    assert recognised(read_goal(goal), has_code=True)[0] == kind


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("[Fix #14673] Make the cop catch typos", "Make the cop catch typos"),
        ("[#12] Make the cop catch typos", "Make the cop catch typos"),
        ("Handle options with the same name, fixes", "Handle options with the same name"),
        ("Handle options with the same name, fixes #9", "Handle options with the same name"),
        ("Document what it fixes", "Document what it fixes"),
    ],
)
def test_the_number_of_an_issue_is_no_part_of_a_title(title: str, plain: str) -> None:
    assert labelled(title).text == plain


def test_what_the_body_asks_of_the_thing_in_the_title_is_detail() -> None:
    goal = read_goal(
        "Add x86_64 Assembly to x86 sublime syntax file\n\n"
        '* Using ARM Assembly works with .language("ARM Assembly"), while x86 has no name.\n'
        "  Add name to sublime syntax file."
    )
    assert [(ask.text, ask.is_property) for ask in goal.asks] == [
        ("Add x86_64 Assembly to x86 sublime syntax file", False),
        ("Add name to sublime syntax file", True),
    ]


def test_a_second_thing_in_the_body_stays_one() -> None:
    goal = read_goal("Add a cache to the session store\n\nDocument the metrics endpoint.")
    assert not any(ask.is_property for ask in goal.asks)


def test_what_is_put_on_a_prototype_is_a_definition() -> None:
    text = "Command.prototype.action = function(fn) {\n  return this;\n};\n"
    assert [each.name for each in symbols(text)] == ["action"]


@pytest.mark.parametrize(
    ("goal", "title", "kind"),
    [
        ("log: support days in the interval", "Support days in the interval", "feature"),
        ("remove ! operator from leaves", "Remove ! operator from leaves", "removal"),
        ("Fixup file permission logic", "Fixup file permission logic", "bug-fix"),
    ],
)
def test_a_label_a_sign_or_a_permission_is_no_kind_of_work(
    goal: str, title: str, kind: str
) -> None:
    read = read_goal(goal)
    assert read.main.text == title
    assert recognised(read, has_code=True)[0] == kind
    assert not {"security", "observability"} & set(recognised(read, has_code=True))


def test_a_deprecation_keeps_what_it_warns_of(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Deprecate Boiler.preheat()")
    text = markdown(plan)
    assert "keeps working" in text
    assert "git grep" not in text


def test_a_task_quotes_lines_with_the_name_beside_its_definition(tmp_path: Path) -> None:
    task = detail(planned(tmp_path, "Make `preheat` slower"))
    assert "`src/Kitchen.php:6` (`return $boiler->preheat(1);`)" in task
    assert "`src/Boiler.php:4` (" not in task
