"""Whatever the goal of a user, the local planner answers with a sound plan."""

from pathlib import Path

import pytest
from tests.planner.goals import GOALS, LANGUAGES, REPORTS, WISHES
from tests.planner.test_local_planning import SHOP, made

from missioncontrol.domain.plan import faults
from missioncontrol.specialists.planner.goal import read_goal
from missioncontrol.specialists.planner.markdown import markdown
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.specialists.uncovered_sentences import uncovered_sentences
from missioncontrol.testing.local_workspace import LocalDesk

CONTEXT = "We sell tea. Orders arrive by fax! The shop must stay open. Currently we use PHP."


def check(goals: list[str], repository: Path | None, desk: LocalDesk, context: str = "") -> None:
    for goal in goals:
        plan = LocalPlanner().plan(
            Brief(goal, "", (), context, repository, None, None, {}, 60), desk
        )
        assert faults(plan) == [], goal
        text = markdown(plan)
        assert "[is|are]" in goal or "[is|are]" not in text, goal
        assert "“”" not in text, goal


def test_any_goal_is_planned_without_a_repository(tmp_path: Path) -> None:
    check(GOALS, None, LocalDesk(tmp_path / "desk"), CONTEXT)


def test_any_goal_is_planned_for_an_empty_directory(tmp_path: Path) -> None:
    check(GOALS, made(tmp_path / "empty", {}), LocalDesk(tmp_path / "desk"))


@pytest.mark.parametrize("part", range(6))
def test_any_goal_is_planned_for_standing_code(tmp_path: Path, part: int) -> None:
    shop = made(tmp_path / "shop", SHOP, commits=0)
    check(GOALS[part::6], shop, LocalDesk(tmp_path / "desk"))


def test_many_relations_name_only_parts_that_are_shown(tmp_path: Path) -> None:
    names = [f"part{number}" for number in range(20)]
    files = {f"src/{name}.py": f"def {name}():\n    return 1\n" for name in names}
    files |= {f"tests/test_{name}.py": f"from src import {name}\n" for name in names}
    goal = "\n".join(f"- change `{name}`" for name in names)
    check([goal], made(tmp_path / "many", files, commits=0), LocalDesk(tmp_path / "desk"))


@pytest.mark.parametrize("goal", [*REPORTS, *WISHES, *LANGUAGES])
def test_no_sentence_of_a_goal_is_lost(goal: str) -> None:
    assert uncovered_sentences([goal], read_goal(goal).requirements()) == []
