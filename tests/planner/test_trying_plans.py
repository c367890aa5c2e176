"""A planner that reads tries the plan in the environment that the tester of the mission finds."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.agents.repositories import everything, repository
from tests.specialists.small_mission import brief_for
from tests.specialists.tester.projects import installed_wheels, plan, wheel
from tests.specialists.tester.test_plan_trial import NEEDY, TOTAL

from missioncontrol.confinement import within
from missioncontrol.domain.plan import Plan
from missioncontrol.ports import wire
from missioncontrol.ports.model import Message
from missioncontrol.specialists.planner.model_answers import AgentAnswers
from missioncontrol.specialists.planner.tools.testing import (
    SECONDS_PLAN,
    Trying,
    trying_in_planner,
)
from missioncontrol.specialists.planner.tools.toolbox import Toolbox
from missioncontrol.specialists.tester import Tester
from missioncontrol.specialists.tester.environment import ENVIRONMENTS_DIRECTORY, REGISTRIES_SWITCH
from missioncontrol.testing.local_workspace import LocalDesk


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where environments are stored; pip finds its packages on this machine alone."""
    installed_wheels(tmp_path / "wheels")
    wheel(tmp_path / "wheels", "oddlib", "1.0", {"oddlib.py": "VALUE = 7\n"})
    place = tmp_path / "kept"
    place.mkdir()
    for name, value in {
        REGISTRIES_SWITCH: "on",
        ENVIRONMENTS_DIRECTORY: str(place),
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path / "wheels"),
    }.items():
        monkeypatch.setenv(name, value)
    return place


@pytest.mark.slow
@pytest.mark.timeout(300)  # It makes an environment, and runs tests in it four times.
def test_what_tests_lack_is_installed_once_for_the_planner_and_the_tester(
    tmp_path: Path, kept: Path
) -> None:
    root = repository(tmp_path / "shop", NEEDY)
    before = everything(root)
    trying = trying_in_planner(root, lambda: 600.0)
    if trying is None:
        pytest.skip("nothing confines tests here")
    result = json.loads(Toolbox(root, plan=plan(TOTAL), trying=trying).call("try_plan", {}))
    assert result["environment"]["state"] == "made", result
    assert (result["tests"]["status"], result["tests"]["passed"]) == ("passed", 2), result
    assert result["lines"][0]["tests"] == 1
    assert everything(root) == before
    desk = LocalDesk(tmp_path / "desk", seconds=200.0)
    work = Tester().work(brief_for("tests", root, plan=plan(TOTAL)), desk)
    assert isinstance(work.output, dict)
    assert work.output["environment"]["state"] == "kept", "the tester makes none of its own"
    assert len([each for each in kept.iterdir() if not each.name.startswith(".")]) == 1


def test_trying_takes_a_share_of_the_time_for_planning_and_never_more_than_its_own() -> None:
    sandbox = within(os.environ)
    assert Trying(sandbox, seconds_left=lambda: 100.0).seconds_plan == 40.0
    assert Trying(sandbox, seconds_left=lambda: 1e6).seconds_plan == SECONDS_PLAN


class AskingDesk(LocalDesk):
    """A desk at which an agent can be asked; it keeps what was asked."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.asked: list[wire.Consults] = []

    def consult(self, asked: wire.Consults) -> wire.Consulted:
        self.asked.append(asked)
        return wire.Consulted(0, "{}")


def asked_of_agent(tmp_path: Path, box: Toolbox | None, made: Plan) -> list[wire.Consults]:
    desk = AskingDesk(tmp_path / "desk")
    answers = AgentAnswers("codex", made, box)
    messages = [Message("user", "Plan it.")]
    answers.answer(messages, {"type": "object"}, desk)
    answers.answer([*messages, Message("user", "Again.")], {"type": "object"}, desk)
    return desk.asked


def test_an_agent_is_handed_what_the_plan_showed_and_its_tool_tells_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial: Mapping[str, Any] = {"headline": "2 passed"}
    root = repository(tmp_path / "shop", NEEDY)
    made = plan(TOTAL)
    first, second = asked_of_agent(tmp_path, Toolbox(root, plan=made, tried=trial), made)
    assert json.loads(first.tried) == trial
    assert second.tried == ""
    assert msgspec.json.decode(first.plan, type=Plan) == made
    box = Toolbox(root, tried=trial)  # as the server of the agent has it, which can't run tests
    assert "try_plan" in [each.name for each in box.tools]
    assert json.loads(box.call("try_plan", {})) == trial


def test_a_plan_that_can_not_be_tried_is_planned_all_the_same(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop", NEEDY)
    made = plan(TOTAL)
    for box in (None, Toolbox(root, plan=made)):
        assert [each.tried for each in asked_of_agent(tmp_path, box, made)] == ["", ""]
