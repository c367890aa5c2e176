"""Goals that give a definition another name or another home, and keep what it does."""

from pathlib import Path

import pytest
from tests.planner.test_local_planning import made
from tests.planner.test_what_maintainers_object_to import POT, changes, planned

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.goal import read_goal
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.planner.renaming import Renaming, keeps_alias, renaming
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

GREEN = (
    "class GreenReader(Reader):\n    def read_leaves(self):\n        return super().read_leaves()\n"
)
SHOP = POT | {
    "README.md": "# teapot\n\n`Reader.read_leaves` reads leaves, and read_leaves again.\n",
    "CHANGES.md": "# Changes\n\n## 1.0\n\n- `read_leaves` is new.\n",
    "teapot/green.py": f"from teapot.reading import Reader\n\n\n{GREEN}",
}


def shop(tmp_path: Path, goal: str) -> Plan:
    brief = Brief(goal, "", (), "", made(tmp_path / "code", SHOP), None, None, {}, 60)
    return LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("Rename `Reader.read` to `Reader.scan` (keep a deprecated alias)", "Reader.read", "scan"),
        ("Rename the function `heat()` to `warm()`", "heat", "warm"),
        ("Rename read_leaves into take_leaves", "read_leaves", "take_leaves"),
        ("rename the option `--colour` to `--color`", "--colour", "--color"),
        ("Rename the argument `raw` of `read` to `exact`", "raw", "exact"),
    ],
)
def test_a_renaming_is_known_by_its_two_names(text: str, old: str, new: str) -> None:
    found = renaming(read_goal(text).main)
    assert found is not None
    assert (found.old, found.becomes) == (old, new)


@pytest.mark.parametrize(
    "text",
    [
        "Rename the file `a/reading.py` to `a/scanning.py`",
        "Rename files on upload",
        "Add `rename` to `Store`",
        "Rename `heat` to `heat`",
    ],
)
def test_what_gives_no_definition_another_name_is_no_renaming(text: str) -> None:
    assert renaming(read_goal(text).main) is None


def test_the_new_name_of_a_method_stands_in_the_class_of_the_old_one() -> None:
    assert Renaming("Reader.read", "scan").whole_new == "Reader.scan"
    assert Renaming("Reader.read", "Reader.scan").whole_new == "Reader.scan"
    assert Renaming("heat", "warm").whole_new == "warm"


def test_an_alias_is_kept_where_the_goal_says_so_anywhere() -> None:
    assert keeps_alias(read_goal("Rename `a_b` to `c_d` (keep a deprecated alias)"))
    assert keeps_alias(read_goal("Rename `a_b` to `c_d`. The old name must keep working."))
    assert not keeps_alias(read_goal("Rename `a_b` to `c_d`. Leave no alias."))
    assert not keeps_alias(read_goal("Rename `a_b` to `c_d`"))


def test_a_renaming_reaches_every_file_that_says_the_name_and_not_the_record(
    tmp_path: Path,
) -> None:
    [task, announce] = changes(shop(tmp_path, "Rename `Reader.read_leaves` to `Reader.scan`."))
    assert set(task.scope) == {
        "teapot/reading.py",
        "teapot/parsing.py",
        "teapot/green.py",
        "tests/test_reading.py",
        "tests/util.py",
        "README.md",
    }
    assert "`Reader.read_leaves` is defined at `teapot/reading.py:5`" in task.detail
    assert "`teapot/parsing.py` (once)" in task.detail
    assert "`README.md` (twice)" in task.detail
    assert "`GreenReader.read_leaves` (`teapot/green.py:5`) overrides it" in task.detail
    assert "means `teapot/_old.py:5`" in task.acceptance[-1]
    assert announce.acceptance[0].endswith("to write `Reader.scan` for `Reader.read_leaves`.")


def test_an_alias_that_is_asked_for_warns_and_is_all_that_is_left(tmp_path: Path) -> None:
    goal = "Rename `Reader.read_stems` to `read_twigs` (keep a deprecated alias)."
    plan = planned(tmp_path, goal)
    [task, announce] = changes(plan)
    assert "Leave `Reader.read_stems` at `teapot/reading.py:8`" in task.detail
    expected = "one `DeprecationWarning` that names `read_twigs`"
    assert any(expected in each for each in task.acceptance)
    left = "finds `read_stems` in the alias `Reader.read_stems`, in its test and in `CHANGES.md`"
    assert left in task.acceptance[-1]
    assert announce.scope == ("CHANGES.md",)
    assert plan.decisions[0].title.startswith("How long `Reader.read_stems` stays")
    assert not [each for each in plan.risks if "signature" in each.mitigation]


def test_an_alias_that_a_sentence_of_its_own_asks_for_is_tested(tmp_path: Path) -> None:
    goal = "Rename `heat` to `warm`. Keep the old name as a deprecated alias."
    plan = planned(tmp_path, goal)
    shown = next(task for task in plan.tasks() if task.key.startswith("hold"))
    assert "equal answers of `heat` and `warm`" in shown.acceptance[0]


def test_a_name_without_an_alias_is_gone_and_that_is_a_decision(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Rename `Reader` to `LeafReader`.")
    [task, *_] = changes(plan)
    assert "`Reader` can be reached no more: a test asks for the error that says so." in (
        task.acceptance
    )
    assert "`teapot/__init__.py` hands `Reader` on: let it hand on `LeafReader` in its place" in (
        task.detail
    )
    assert plan.decisions[0].title == "Whether `Reader` goes on working as a deprecated alias"


def test_a_new_name_that_is_taken_and_an_old_one_that_nobody_says_are_asked_about(
    tmp_path: Path,
) -> None:
    occupied = planned(tmp_path / "one", "Rename `Reader.read_stems` to `Reader.read_leaves`.")
    assert any(
        "defines `read_leaves` already" in each or "define `read_leaves` already" in each
        for each in occupied.questions
    )
    nothing = planned(tmp_path / "two", "Rename `Reader.read_twigs` to `Reader.read_buds`.")
    assert "No file says `read_twigs`: what is called so in R1?" in nothing.questions


def test_a_constant_is_found_where_it_gets_its_value_and_is_read_and_not_called(
    tmp_path: Path,
) -> None:
    files = POT | {"teapot/limits.py": '"""Limits."""\n\nHEAT_MAX: int = 90\n'}
    code = made(tmp_path / "code", files)
    goal = "Rename `HEAT_MAX` to `HEAT_LIMIT` and keep a deprecated alias."
    brief = Brief(goal, "", (), "", code, None, None, {}, 60)
    [task, *_] = changes(LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk")))
    assert "`HEAT_MAX` is defined at `teapot/limits.py:3`" in task.detail
    assert any(each.startswith("Reading `HEAT_MAX`") for each in task.acceptance)


def test_a_private_name_changes_without_telling_anybody(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Rename `_parse_leaf` to `_parse_one`.")
    assert [task.scope for task in changes(plan)] == [("teapot/parsing.py",)]
    assert not plan.decisions


def test_a_move_names_both_homes_and_who_takes_it_from_there(tmp_path: Path) -> None:
    goal = "Move `Reader` from `teapot.reading` to a module `teapot.leaves`."
    plan = planned(tmp_path, goal)
    assert plan.kinds[0] == "refactoring"
    [task, *_] = changes(plan)
    assert "goes to `teapot/leaves.py`" in task.detail
    assert (
        "`Reader` taken from `teapot.leaves` and from `teapot.reading` is one and the same"
        in (task.acceptance[0])
    )
    assert {"teapot/reading.py", "teapot/parsing.py", "teapot/__init__.py"} <= set(task.scope)


def test_an_extraction_leaves_the_old_definition_calling_the_new_one(tmp_path: Path) -> None:
    goal = "Extract the reading of stems from `Reader` into a class `StemReader`."
    [task, *_] = changes(planned(tmp_path, goal))
    assert (
        "`StemReader` can be made and asked for the reading of stems without `Reader`"
        in (task.acceptance[0])
    )
    assert "`Reader` has no reading of stems of its own any more" in task.acceptance[1]
