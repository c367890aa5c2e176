"""`mission task board`: the roadmap, the workload and the flow from the command line."""

from pathlib import Path

import pytest

from missioncontrol.adapters.home import Home
from missioncontrol.cli.main import VERBS
from missioncontrol.operations import every as operations
from missioncontrol.queries import every as queries
from tests.cli.command import answer, mission
from tests.console.board_house import write_board

pytestmark = pytest.mark.journey
NOW = 1_790_000_000.0


def test_every_declared_command_has_a_function() -> None:
    commands = {each.of.command for each in queries() if each.of is not None and each.of.command}
    assert commands <= set(VERBS)
    assert operations()


def test_the_views_of_the_board_are_answers_of_the_command_line(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    write_board(home, now=NOW)
    road = answer(tmp_path, "task", "board", "roadmap")
    assert {each["id"] for each in road["epics"]} >= {"M-1", "M-2", "M-3"}
    assert road["grounds"]["is_shown"] is False
    load = answer(tmp_path, "task", "board", "workload")
    assert [each["name"] for each in load["agents"] if each["relief"]] == ["agent:reviewer"]
    flow = answer(tmp_path, "task", "board", "flow")
    assert sum(each["new"] for each in flow["weeks"]) >= 0
    assert b"builder-1" in mission(tmp_path, "task", "board", "workload").stdout
