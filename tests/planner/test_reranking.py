"""A model may put likely files into another order, and can say nothing else about them."""

import json
from pathlib import Path

import msgspec
import pytest
from tests.planner.test_likely_places import shop

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.answer import order_faults, with_local_places
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

FILES = ("shop/other.py",)


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
    found = with_local_places(local, local, order(second), "wise", paths(local))
    assert paths(found) == [second, *(path for path in paths(local) if path != second)]
    shares = [file.share for file in found.likely[0].files]
    assert shares == [file.share for file in local.likely[0].files]
    assert "put into this order by wise" in found.likely[0].obtained


@pytest.mark.parametrize(
    "answer",
    ["no JSON", "{}", order("invented.py"), order(requirement="R9"), '{"likely_order": 7}'],
)
def test_an_order_that_does_not_fit_is_not_followed(local: Plan, answer: str) -> None:
    assert with_local_places(local, local, answer, "wise", FILES).likely == local.likely


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
    found = with_local_places(wide, local, "{}", "wise", FILES)
    assert found.likely == local.likely
    assert [task.scope for task in found.tasks()] == [task.scope for task in local.tasks()]


def test_a_file_that_the_ranking_did_not_find_is_taken_where_it_is_there(local: Plan) -> None:
    found = with_local_places(local, local, order("shop/other.py"), "wise", FILES)
    first = found.likely[0].files[0]
    assert (first.path, first.reasons, first.chance) == ("shop/other.py", ("named by wise",), 0.0)
    assert paths(found)[1:] == paths(local)


def test_a_file_that_is_not_there_is_a_fault(local: Plan) -> None:
    (fault,) = order_faults(order("shop/other.py", "invented.py"), FILES)
    assert str(fault) == "/likely_order/0/paths/1: 'invented.py' is no file of the repository"


def test_a_task_that_merges_others_has_the_files_of_both(local: Plan) -> None:
    merged = tuple(
        msgspec.structs.replace(
            phase,
            tasks=tuple(
                msgspec.structs.replace(task, key=f"{task.key}-merged", scope=())
                for task in phase.tasks
            ),
        )
        for phase in local.phases
    )
    plan = msgspec.structs.replace(local, phases=merged)
    found = with_local_places(plan, local, "{}", "wise", FILES)
    changed = {path for task in local.tasks() if task.is_change for path in task.scope}
    assert {path for task in found.tasks() for path in task.scope} == changed
