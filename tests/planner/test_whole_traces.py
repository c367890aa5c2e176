"""Plans of the local planner hang together, and no part can be removed unnoticed."""

from pathlib import Path

import pytest
from tests.planner.goals import GOALS, REPORTS, WISHES
from tests.planner.test_local_planning import SHOP, made
from tests.planner.test_origins import without_requirement, without_task

from missioncontrol.domain.coverage_gaps import Asked, gaps
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

CONSTRAINTS = ("Keep the public API",)
TELLING = list(
    dict.fromkeys(goal for goal in [*GOALS, *REPORTS, *WISHES] if any(map(str.isalnum, goal)))
)


@pytest.mark.parametrize("goal", TELLING[::6])
@pytest.mark.parametrize("builder", ["", "codex"])
def test_a_plan_has_no_gap_until_something_is_taken_out(
    tmp_path: Path, goal: str, builder: str
) -> None:
    shop = made(tmp_path / "shop", SHOP, commits=0)
    brief = Brief(goal, "", CONSTRAINTS, "We sell tea.", shop, None, None, {}, 60, builder=builder)
    plan = LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))
    asked = Asked(goal, CONSTRAINTS, "We sell tea.")
    assert gaps(plan, asked) == ()
    assert all(risk.owner for risk in plan.risks)
    for each in plan.requirements:
        for thoroughly in (False, True):
            assert gaps(without_requirement(plan, each.id, thoroughly=thoroughly), asked), each
    for task in plan.tasks():
        others = [other for other in plan.tasks() if other.is_change and other.key != task.key]
        served = {name for other in others for name in other.requirements}
        if task.is_change and others and set(task.requirements) - served and not builder:
            codes = {gap.code for gap in gaps(without_task(plan, task.key), asked)}
            assert "requirement.uncovered" in codes, task.key
