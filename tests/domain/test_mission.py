"""What may happen to a mission."""

import pytest

from missioncontrol.domain.errors import Corrupt, NotFound, Rejected
from missioncontrol.domain.mission import (
    CONSTRAINTS_MAX,
    GOAL_MAX,
    TEXT_MAX,
    AcceptPlan,
    CreateMission,
    MissionCommand,
    MissionCreated,
    MissionEvent,
    MissionSettled,
    MissionStarted,
    PlanAccepted,
    SettleMission,
    StartMission,
    decide,
    evolve,
)
from tests.domain.history import mission_after
from tests.domain.plans import a_plan, without

CREATE = CreateMission(
    "mission-1", "Faster search", "Make search fast.", "/repo", "It is slow.", ("No new service",)
)
CREATED = MissionCreated(
    "mission-1", "Faster search", "Make search fast.", "/repo", "It is slow.", ("No new service",)
)


def test_a_mission_begins_with_its_goal() -> None:
    assert decide(CREATE, None) == [CREATED]


def test_a_mission_is_created_once() -> None:
    with pytest.raises(Rejected) as no:
        decide(CREATE, mission_after(CREATED))
    assert no.value.code == "mission.exists"


@pytest.mark.parametrize(
    "command",
    [
        AcceptPlan("run-1", a_plan()),
        StartMission("run-1"),
        SettleMission("run-1", "failed"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_mission_that_does_not_exist_knows_no_other_command(command: MissionCommand) -> None:
    with pytest.raises(NotFound) as no:
        decide(command, None)
    assert no.value.code == "mission.unknown"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"goal": " \n"}, "The goal is empty"),
        ({"title": ""}, "The title is empty"),
        ({"goal": "x" * (GOAL_MAX + 1)}, "The goal has 20,001 characters"),
        ({"title": "x" * 301}, "The title has 301 characters"),
        ({"context": "x" * (TEXT_MAX + 1)}, "The context has 200,001 characters"),
        ({"constraints": ("a",) * (CONSTRAINTS_MAX + 1)}, "There are 201 constraints"),
        ({"constraints": ("fine", "  ")}, "The constraint 2 is empty"),
        ({"goal": "a\x00b"}, "The goal holds the control character U+0000"),
        ({"context": "a\x1bb"}, "The context holds the control character U+001B"),
        ({"goal": "a\ud800b"}, "The goal holds the control character U+D800"),
        ({"repository": "/repo/\udcff"}, "repository"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_bad_input_is_refused_by_the_name_of_its_field(
    change: dict[str, object], words: str
) -> None:
    fields = {name: getattr(CREATE, name) for name in CREATE.__struct_fields__}
    with pytest.raises(Rejected) as no:
        decide(CreateMission(**{**fields, **change}), None)
    assert no.value.code == "mission.bad_input"
    assert words in no.value.reason


def test_line_breaks_and_tabs_are_fine() -> None:
    goal = "one\r\n\ttwo"
    [made] = decide(CreateMission("mission-1", "t", goal, context="", constraints=()), None)
    assert isinstance(made, MissionCreated)
    assert made.goal == goal


def test_a_sound_plan_becomes_the_plan() -> None:
    mission = mission_after(CREATED)
    assert decide(AcceptPlan("run-1", a_plan()), mission) == [PlanAccepted("run-1", a_plan())]
    assert mission_after(CREATED, PlanAccepted("run-1", a_plan())).plan == a_plan()


def test_an_unsound_plan_is_refused_with_the_path_of_its_first_fault() -> None:
    with pytest.raises(Rejected) as no:
        decide(AcceptPlan("run-1", without(a_plan(), title="")), mission_after(CREATED))
    assert no.value.code == "plan.malformed"
    assert "/title" in no.value.reason


def test_a_run_takes_the_mission_up_once() -> None:
    assert decide(StartMission("run-1"), mission_after(CREATED)) == [MissionStarted("run-1")]
    mission = mission_after(CREATED, MissionStarted("run-1"))
    assert decide(StartMission("run-1"), mission) == []
    assert (mission.status, mission.runs) == ("running", ("run-1",))


def test_the_newest_run_speaks_for_the_mission() -> None:
    mission = mission_after(CREATED, MissionStarted("run-1"), MissionStarted("run-2"))
    assert decide(SettleMission("run-1", "failed"), mission) == [MissionSettled("run-1", "failed")]
    evolve(mission, MissionSettled("run-1", "failed"), 1.0)
    assert mission.status == "running"
    evolve(mission, MissionSettled("run-2", "succeeded"), 2.0)
    assert mission.status == "succeeded"


def test_a_mission_knows_when_it_changed() -> None:
    mission = evolve(mission_after(CREATED, at=1.0), MissionStarted("run-1"), 2.0)
    assert (mission.created_at, mission.updated_at) == (1.0, 2.0)


def test_a_second_beginning_is_corrupt() -> None:
    with pytest.raises(Corrupt) as no:
        evolve(mission_after(CREATED), CREATED, 0.0)
    assert no.value.code == "mission.two_beginnings"


@pytest.mark.parametrize("event", [MissionStarted("run-1"), MissionSettled("run-1", "failed")])
def test_a_log_that_begins_in_the_middle_is_corrupt(event: MissionEvent) -> None:
    with pytest.raises(Corrupt) as no:
        evolve(None, event, 0.0)
    assert no.value.code == "mission.no_beginning"
