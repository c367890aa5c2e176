"""A plan asks for an entry in the change log as the project does."""

from pathlib import Path

import pytest

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.goal import read_goal
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

KETTLE = {
    "pyproject.toml": '[project]\nname = "kettle"\nversion = "1.0"\n',
    "kettle/heat.py": "def heat(water):\n    return water\n",
    "tests/test_heat.py": "from kettle.heat import heat\n\n\ndef test_heat():\n    heat(1)\n",
}
TOWNCRIER = KETTLE["pyproject.toml"] + '[tool.towncrier]\ndirectory = "docs/changelog"\n'
GOAL = "fix: let `heat` stop at the boiling point"


def planned(root: Path, files: dict[str, str], goal: str = GOAL) -> Plan:
    for path, text in {**KETTLE, **files}.items():
        (root / "code" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "code" / path).write_text(text)
    brief = Brief(goal, "", (), "", root / "code", None, None, {}, 60)
    return LocalPlanner().plan(brief, LocalDesk(root / "desk"))


def note(plan: Plan) -> str:
    return " ".join(task.detail for task in plan.tasks() if task.key.startswith("announce-"))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"pyproject.toml": TOWNCRIER}, "`docs/changelog/`"),
        ({"pyproject.toml": TOWNCRIER}, "named as `NUMBER.bugfix.rst` is"),
        ({"changelog/new_lid.md": "* Lid", "changelog/fix_leak.md": "* Leak"}, "`fix_leak.md`"),
        (
            {"CHANGES.md": "## unreleased\n", "CONTRIBUTING.md": "Add a changelog entry.\n"},
            "The project asks for it (CONTRIBUTING.md:1).",
        ),
    ],
)
def test_fragments_and_the_rule_of_the_guide_are_named(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    assert message in note(planned(tmp_path, files))


def test_no_entry_is_asked_for_where_the_guide_wants_none(tmp_path: Path) -> None:
    guide = "There is no need to update the changelog.\n"
    files = {"CHANGES.md": "## unreleased\n", "CONTRIBUTING.md": guide}
    assert note(planned(tmp_path, files)) == ""


def test_an_annotation_asks_for_no_failing_test(tmp_path: Path) -> None:
    plan = planned(tmp_path, {}, "fix annotation of `heat`")
    changes = [task for task in plan.tasks() if task.is_change]
    words = " ".join(text for task in changes for text in (task.detail, *task.acceptance))
    assert "type checker accepts `heat`" in words
    assert "fails" not in words
    assert plan.questions == ()


def test_a_theme_is_no_page_where_no_page_stands(tmp_path: Path) -> None:
    assert "ui" not in planned(tmp_path, {}, "Add a theme of whistles to `heat`").kinds


@pytest.mark.parametrize(
    ("goal", "asks"),
    [
        ("🐛 fix(config): honor the limit", ["Honor the limit"]),
        (":sparkles: feat: add a lid", ["Add a lid"]),
        ("Adding a lid to the kettle", ["Add a lid to the kettle"]),
        (
            "Added Suspend and Reset methods to `Kettle`",
            ["Add Suspend and Reset methods to `Kettle`"],
        ),
        ("Add a lid. But I have ideas that may or may not work.", ["Add a lid"]),
    ],
)
def test_goals_are_read_as_people_write_them(goal: str, asks: list[str]) -> None:
    assert [ask.text for ask in read_goal(goal).asks] == asks


def test_a_list_below_the_goal_is_detail_of_one_task() -> None:
    goal = "Simplify the kettles\n\nReplace the old valves:\n\n- Lid: `a` instead of `b`\n"
    main, *details = read_goal(goal).asks
    assert not main.is_property
    assert details
    assert all(each.is_property for each in details)
