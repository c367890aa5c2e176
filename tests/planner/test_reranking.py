"""A model may put likely files into another order, and can say nothing else about them."""

import json
from pathlib import Path

import msgspec
import pytest
from tests.planner.test_likely_places import shop

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.planner.reranking import kept_places
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.desk import LocalDesk


@pytest.fixture
def local(tmp_path: Path) -> Plan:
    brief = Brief(
        "Let the session store expire sessions",
        "",
        (),
        "",
        shop(tmp_path / "shop"),
        None,
        None,
        {},
        60,
    )
    return LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))


def order(*paths: str, requirement: str = "R1") -> str:
    return json.dumps({"likely_order": [{"requirement": requirement, "paths": paths}]})


def paths(plan: Plan) -> list[str]:
    return [file.path for file in plan.likely[0].files]


def test_the_order_is_the_models_and_the_shares_stay_from_most_to_least(local: Plan) -> None:
    second = paths(local)[1]
    found = kept_places(local, local, order(second), "wise")
    assert paths(found) == [second, *(path for path in paths(local) if path != second)]
    shares = [file.share for file in found.likely[0].files]
    assert shares == [file.share for file in local.likely[0].files]
    assert "put into this order by the model wise" in found.likely[0].obtained


@pytest.mark.parametrize(
    "answer",
    ["no JSON", "{}", order("invented.py"), order(requirement="R9"), '{"likely_order": 7}'],
)
def test_an_order_that_does_not_fit_is_not_followed(local: Plan, answer: str) -> None:
    assert kept_places(local, local, answer, "wise").likely == local.likely


def test_a_model_cannot_widen_what_a_change_touches(local: Plan) -> None:
    wide = msgspec.structs.replace(
        local,
        likely=(),
        phases=tuple(
            msgspec.structs.replace(
                phase,
                tasks=tuple(
                    msgspec.structs.replace(task, scope=("/etc/passwd",)) for task in phase.tasks
                ),
            )
            for phase in local.phases
        ),
    )
    found = kept_places(wide, local, "{}", "wise")
    assert found.likely == local.likely
    assert [task.scope for task in found.tasks()] == [task.scope for task in local.tasks()]
