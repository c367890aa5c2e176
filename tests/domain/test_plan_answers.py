"""Answers to questions of a plan: they become constraints, and the last one holds."""

from typing import Any

import msgspec
import pytest

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.mission import AcceptPlan, CreateMission, Mission, decide, evolve
from missioncontrol.domain.plan import Phase, Plan, Requirement, Task
from missioncontrol.domain.plan_answers import AnswerPlan, is_answer, open_points
from missioncontrol.domain.run.events import RunCreated
from missioncontrol.domain.run.label import LABEL_MAX, label_of

TASK = Task(
    "build", "Build it", "Build it.", "builder", acceptance=("It works.",), requirements=("R1",)
)
PLAN = Plan(
    goal="Show the tax",
    title="Show the tax",
    summary="Tax.",
    kinds=("feature",),
    stack=(),
    phases=(Phase("build", "Build", "Build it.", (TASK,)),),
    requirements=(Requirement("R1", "Show the tax"),),
    questions=("Round per line or per invoice?", "Which countries?"),
)


def planned() -> Mission:
    state: Mission | None = None
    create = CreateMission("mission-1", "Tax", "Show the tax", constraints=("Keep Cart",))
    for command in (create, AcceptPlan("run-1", PLAN)):
        for event in decide(command, state):
            state = evolve(state, event, 1.0)
    assert state is not None
    return state


def answered(mission: Mission, *answers: str) -> Mission:
    for event in decide(AnswerPlan("run-2", answers, "user:maya"), mission):
        mission = evolve(mission, event, 2.0)
    return mission


def test_an_answer_is_a_constraint_of_the_mission_from_then_on() -> None:
    mission = answered(planned(), "Q1: Per line.")
    assert mission.constraints == (
        "Keep Cart",
        "Answer to “Round per line or per invoice?”: Per line.",
    )
    assert [each.answer for each in open_points(PLAN, mission.answers)] == ["Per line.", ""]
    assert [is_answer(each) for each in mission.constraints] == [False, True]


def test_a_later_answer_stands_in_place_of_the_earlier_one() -> None:
    mission = answered(answered(planned(), "Q1: Per line.", "q2: Two."), "Q1: Per invoice.")
    assert mission.constraints[1:] == (
        "Answer to “Round per line or per invoice?”: Per invoice.",
        "Answer to “Which countries?”: Two.",
    )
    assert len(mission.answers) == 2


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("Q9: Per line.", "plan.unknown_question"),
        ("Per line.", "plan.unknown_question"),
        ("Q1:   ", "plan.bad_answer"),
        ("Q1: \u202eenil rep", "plan.bad_answer"),
    ],
)
def test_what_answers_no_question_is_refused_with_those_there_are(answer: str, code: str) -> None:
    with pytest.raises((NotFound, Rejected)) as refused:
        answered(planned(), answer)
    assert refused.value.code == code


def test_a_mission_without_a_plan_has_nothing_to_answer() -> None:
    mission = planned()
    mission.plan = None
    with pytest.raises(Rejected, match="no plan yet"):
        answered(mission, "Q1: Per line.")


@pytest.mark.parametrize(
    ("more", "label"),
    [
        ({"inputs": {"to": "staging", "count": 2}}, "to: staging, count: 2"),
        ({"inputs": {"to": "production", "count": 2}}, "to: production, count: 2"),
        ({"inputs": {}}, ""),
        ({"mission": "mission-1", "inputs": {"execute": False}}, "Plan"),
        ({"mission": "mission-1", "inputs": {"builder": "coder"}}, "Plan and build with coder"),
        (
            {
                "mission": "mission-1",
                "fork_of": "run-0",
                "forked_at": "plan",
                "inputs": {"execute": False, "constraints": ["Keep Cart", "Q1: Per line."]},
            },
            "Plan again with Q1: Per line.",
        ),
    ],
)
def test_runs_of_one_minute_are_told_apart_by_their_inputs(more: Any, label: str) -> None:
    event = msgspec.structs.replace(RunCreated("run-1", "deploy", (), 1), **more)
    assert label_of(event) == label


def test_a_label_is_bounded() -> None:
    event = RunCreated("run-1", "deploy", (), 1, inputs={f"n{i}": "x" * 90 for i in range(40)})
    assert len(label_of(event)) <= LABEL_MAX
