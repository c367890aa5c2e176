"""What only goes with a change: it has a home of its own, and leaves the change what it is."""

from pathlib import Path

import pytest
from tests.planner.test_local_planning import made
from tests.planner.test_what_maintainers_object_to import POT

from missioncontrol.domain.plan import Plan, Task
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.planner.side_changes import aside, split_asides
from missioncontrol.specialists.planner.subject import given
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

MAIN = (
    "Give `Reader.read_leaves` a limit",
    "Let `parse` take a `strict` flag",
    "Make `heat` stop at 100 degrees",
    "Fix `read_stems`: it forgets the last stem",
    "Speed up `parse` for large bags",
    "Rename `PotWriter` to `TeaWriter`",
    "Show the kind of tea in `PotWriter.write`",
)
ASIDES = (
    ". Say in the README how.",
    " and say so in the README.",
    ". Mention it in the changelog.",
    ", and document it.",
    ". Tell users in the docs. Add tests.",
    ". Add tests and a changelog entry.",
    ". Leave a line about it in CHANGES.md.",
    ". The README must say how to use it.",
)


@pytest.fixture(scope="module")
def pot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("pot") / "code", POT)


def planned(pot: Path, goal: str) -> Plan:
    desk = LocalDesk(pot.parent / "desk")
    return LocalPlanner().plan(Brief(goal, "", (), "", pot, None, None, {}, 60), desk)


def changes(plan: Plan) -> list[Task]:
    return [task for task in plan.tasks() if task.is_change]


def for_requirement(plan: Plan, name: str) -> Task:
    return next(task for task in changes(plan) if name in task.requirements)


@pytest.mark.parametrize("main", MAIN)
def test_an_aside_changes_neither_the_kind_of_a_change_nor_where_it_is_made(
    pot: Path, main: str
) -> None:
    alone = planned(pot, f"{main}.")
    for after in ASIDES:
        plan = planned(pot, main + after)
        task, bare = for_requirement(plan, "R1"), for_requirement(alone, "R1")
        assert plan.kinds[0] == alone.kinds[0], after
        assert plan.requirements[0].text == alone.requirements[0].text, after
        assert (task.title, sorted(task.scope), task.acceptance) == (
            bare.title,
            sorted(bare.scope),
            bare.acceptance,
        ), after
        assert plan.architecture.components[0].path == alone.architecture.components[0].path


@pytest.mark.parametrize(
    ("after", "home"),
    [
        ("Say in the README how.", "README.md"),
        ("Mention it in the changelog.", "CHANGES.md"),
        ("Note it in the release notes.", "CHANGES.md"),
        ("Spell it out in `README.md`.", "README.md"),
        ("Say in the docstring how.", "teapot/reading.py"),
    ],
)
def test_an_aside_is_a_requirement_with_its_document_in_scope(
    pot: Path, after: str, home: str
) -> None:
    plan = planned(pot, f"Give `Reader.read_leaves` a limit. {after}")
    assert plan.requirements[1].text == after.strip(".")
    task = for_requirement(plan, "R2")
    assert task.scope == (home,)
    assert task is not for_requirement(plan, "R1")
    assert f"`{home}`" in task.acceptance[0]
    assert not [each for each in for_requirement(plan, "R1").acceptance if "A test shows" in each]


def test_what_the_goal_has_told_in_the_changelog_is_not_told_there_twice(pot: Path) -> None:
    plan = planned(pot, "Give `parse` a limit. Mention it in the changelog.")
    assert [task.key for task in changes(plan) if "CHANGES.md" in task.scope] == [
        "mention-it-in-changelog"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Add a `--changelog` option that lists releases",
        "Print the help text in colour",
        "Generate release notes from the git history",
        "Read the version from the changelog",
        "Users find it in the docs",
        "Add support for skipping tests",
        "Add a test client",
        "Keep the history of changes",
        "Add a help page to the site",
        "Note the time of each request",
        "Add a reference to the parent to each node",
    ],
)
def test_what_is_done_to_the_code_is_no_aside(text: str) -> None:
    assert aside(text) == ""


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        (
            "Mention it in the README and in the changelog",
            ["Mention it in the README", "Mention it in the changelog"],
        ),
        ("Explain it in the user guide", ["Explain it in the user guide"]),
    ],
)
def test_what_is_said_in_two_documents_is_two(text: str, apart: list[str]) -> None:
    assert split_asides(text) == apart


def test_a_document_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    bare = made(tmp_path / "code", {k: v for k, v in POT.items() if k != "CHANGES.md"})
    plan = planned(bare, "Give `parse` a limit. Mention it in the changelog.")
    task = for_requirement(plan, "R2")
    assert task.scope == ()
    assert task.detail.startswith("teapot has no change log yet: begin one")


def test_two_changes_in_one_place_are_told_where_it_is_once(pot: Path) -> None:
    plan = planned(pot, "Give `read_leaves` a limit. Let `read_leaves` take a `strict` flag.")
    first, second = for_requirement(plan, "R1"), for_requirement(plan, "R2")
    assert first.detail.startswith("Begin at `teapot/reading.py`")
    assert second.detail.startswith("It begins where “Give `read_leaves` a limit” begins")
    assert not set(first.acceptance) & set(second.acceptance)


def test_a_change_log_is_no_place_to_explain_anything(pot: Path) -> None:
    [task, *_] = changes(planned(pot, "Document `Reader`."))
    assert "CHANGES.md" not in task.scope


def test_two_asides_under_one_verb_are_two() -> None:
    assert split_asides("Add tests and docs") == ["Add tests", "Add docs"]
    assert split_asides("Add retries and docs") == ["Add retries and docs"]


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("Give `get` a limit", "limit of `get`"),
        ("Let `cached` take a `timeout`", "`timeout` for `cached`"),
        ("Give `add` an option to skip blanks", "option of `add` to skip blanks"),
        ("Allow `stop` to accept a timedelta, too", "timedelta for `stop`"),
        ("Give the CLI a `--quiet` flag", "`--quiet` flag of the CLI"),
    ],
)
def test_what_is_given_is_called_by_its_name(text: str, thing: str) -> None:
    found = given(text)
    assert found is not None
    assert found.thing == thing
