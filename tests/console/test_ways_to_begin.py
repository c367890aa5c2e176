"""Every way to begin a mission has the same options: page, program, tool or command line."""

import inspect

from missioncontrol.application.missions import Goal
from missioncontrol.cli.arguments import parser
from missioncontrol.client.missions import Missions
from missioncontrol.interfaces.goals import MissionAsked
from missioncontrol.interfaces.web.mission_form import Typed, parse_mission
from missioncontrol.mcp.missions import begin_mission, plan_mission

OF_GOAL = {"repository", "title", "context", "constraints", "memory", "patterns", "planner"}
"""The fields of a goal everywhere; its words and its template have ways of their own."""


def names(function: object) -> set[str]:
    function = getattr(function, "__wrapped__", function)
    assert callable(function)
    return {*inspect.signature(function).parameters}


def test_what_is_said_of_a_goal_can_be_said_wherever_a_mission_begins() -> None:
    assert {*Goal.__struct_fields__} - {"text", "template", "kind", "scaffold"} == OF_GOAL
    # Only what is carried out can create a repository.
    for creating in (Missions.create, begin_mission):
        assert "scaffold" in names(creating)
    assert {"scaffold"} <= {*MissionAsked.__struct_fields__} & {*Typed.__struct_fields__}
    assert {*MissionAsked.__struct_fields__} >= OF_GOAL
    assert {*Typed.__struct_fields__} >= OF_GOAL
    for way in (Missions.create, plan_mission, begin_mission):
        assert names(way) >= OF_GOAL, way
    assert names(Missions.create_from) >= {"repository", "memory", "patterns"}
    for verb in ("run", "plan"):
        given = vars(parser().parse_args([verb, "Codes", "--no-patterns", "--no-memory"]))
        assert (given["patterns"], given["memory"]) == (False, False)


def test_the_form_says_what_is_left_out_and_begins_with_all_of_it() -> None:
    for choice, is_wanted in (("off", False), ("on", True), ("", True)):
        asked, faults = parse_mission(Typed(goal="Codes", patterns=choice))
        assert not faults
        assert asked is not None
        assert asked.patterns is is_wanted
    plain, _ = parse_mission(Typed(goal="Codes"))
    assert plain is not None
    assert plain.patterns
