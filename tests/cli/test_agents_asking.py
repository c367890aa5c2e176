"""Requests of an agent at work: as itself, for the user who began its run, and no more."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.cli.exit_codes import UNPROVEN
from missioncontrol.cli.main import main
from tests.cli.command import answer, mission
from tests.cli.test_governed_runs import Up

INNER = """
name: inner
steps:
  ship: {agent: command, risk: irreversible, with: {argv: [touch, /nowhere/shipped]}}
"""
PLAIN = "name: plain\nsteps: {say: {agent: command, with: {argv: [echo, hi]}}}\n"
OUTER = f"""
name: outer
steps:
  ask:
    agent: command
    with:
      argv: ["{sys.executable}", -c, "import subprocess, sys; subprocess.run(sys.argv[1:])",
        "{sys.executable}", -m, missioncontrol, workflow, run, inner]
"""


class Agent:
    """A home in which alice's run waits, and a program of its agent that types."""

    def __init__(
        self, home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._home = home
        self._capfd = capfd
        self._monkeypatch = monkeypatch

    def save(self, text: str) -> None:
        file = self._home.parent / "workflow.yaml"
        file.write_text(text)
        self("workflow", "save", str(file))

    def begins_work(self, run: str, *, claims: str = "") -> None:
        for name, value in (("RUN", run), ("STEP", "ship"), ("ATTEMPT", "1"), ("ACTOR", claims)):
            self._monkeypatch.setenv(f"MISSION_{name}", value)

    def is_gone(self, person: str = "alice") -> None:
        self._monkeypatch.delenv("MISSION_ATTEMPT", raising=False)
        self._monkeypatch.setenv("MISSION_ACTOR", person)

    def __call__(self, *arguments: str, code: int = 0) -> str:
        return "".join(self._told(arguments, code))

    def _told(self, arguments: Sequence[str], code: int) -> tuple[str, str]:
        given = main([*arguments, "--home", str(self._home)])
        out, err = self._capfd.readouterr()
        assert given == code, out + err
        return out, err

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        out, _ = self._told((*arguments, "--json"), code)
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found

    def who_began(self, run: object) -> tuple[object, object, object]:
        view = self.json("show", str(run))
        return view["author"], view["on_behalf"], view["trigger"]


@pytest.fixture
def agent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Agent:
    for name in ("ATTEMPT", "RUN", "STEP"):
        monkeypatch.delenv(f"MISSION_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MISSION_ACTOR", "alice")
    monkeypatch.setenv("COLUMNS", "200")
    found = Agent(tmp_path / "home", capfd, monkeypatch)
    found.save(PLAIN)
    found.save(INNER)
    return found


def test_what_an_agent_begins_is_the_work_of_whoever_began_its_run(agent: Agent) -> None:
    outer = agent.json("workflow", "run", "inner", code=4)["run"]
    agent("schedule", "add", "daily", "--workflow", "inner", "--cron", "0 0 * * *")
    agent.begins_work(str(outer))
    inner = agent.json("workflow", "run", "inner", code=4)["run"]
    assert agent.who_began(inner) == ("agent:command", "user:alice", "agent")
    agent("cancel", str(inner))
    for verb in (["retry", str(inner)], ["fork", str(inner), "--from", "ship"]):
        again = agent.json(*verb, code=4)["run"]
        assert agent.who_began(again)[:2] == ("agent:command", "user:alice")
    by_hand = agent.json("schedule", "run", "daily", code=4)["run"]
    assert agent.who_began(by_hand)[:2] == ("agent:command", "user:alice")
    agent.begins_work(str(inner))
    deeper = agent.json("workflow", "run", "inner", code=4)["run"]
    assert agent.who_began(deeper)[:2] == ("agent:command", "user:alice")


def test_the_author_cannot_approve_what_their_agent_asks_for(agent: Agent) -> None:
    outer = agent.json("workflow", "run", "inner", code=4)["run"]
    agent.begins_work(str(outer))
    (asked,) = agent.json("workflow", "run", "inner", code=4)["approvals"]
    words = ("approvals", "approve", asked["approval"], "--reason", "fine")
    assert "agents can't decide" in agent(*words, "--as", "bob", code=2)
    agent.is_gone()
    assert "asked for this" in agent(*words, code=2)
    agent(*words, "--as", "bob")


def test_an_agent_asks_under_no_other_name(agent: Agent) -> None:
    outer = agent.json("workflow", "run", "inner", code=4)["run"]
    agent.begins_work(str(outer), claims="bob")
    assert "'bob'" in agent("workflow", "run", "plain", code=2)
    agent.begins_work(str(outer), claims="Alice")
    assert agent.who_began(agent.json("workflow", "run", "plain")["run"])[0] == "agent:command"


def test_an_agent_of_another_home_asks_for_the_user_of_the_operating_system(agent: Agent) -> None:
    agent.begins_work("run-elsewhere")
    author, on_behalf, _ = agent.who_began(agent.json("workflow", "run", "plain")["run"])
    assert author == "agent:unknown"
    assert str(on_behalf).startswith("user:")


@pytest.mark.parametrize(
    "words",
    [
        "start --stage all --reason x",
        "limit set agent command --starts 3 --per 1m --reason x",
        "limit remove agent command --reason x",
        "schedule add hourly --workflow plain --cron 0_*_*_*_*",
        "schedule pause daily --reason x",
        "schedule resume daily --reason x",
        "schedule remove daily --reason x",
        "workflow save workflow.yaml",
        "workflow import workflow.yaml",
    ],
)
def test_an_agent_changes_nothing_that_it_is_held_to(agent: Agent, words: str) -> None:
    outer = agent.json("workflow", "run", "inner", code=4)["run"]
    agent("schedule", "add", "daily", "--workflow", "plain", "--cron", "0 0 * * *")
    agent("stop", "--reason", "smoke")
    before = agent("audit", "verify", code=UNPROVEN)
    agent.begins_work(str(outer))
    refusal = agent(*(word.replace("_", " ") for word in words.split()), code=2)
    assert "an agent at work (agent:command)" in refusal
    assert agent("audit", "verify", code=UNPROVEN) == before


def test_an_agent_may_stop_everything_and_ends_only_runs_of_its_own_people(agent: Agent) -> None:
    mine = agent.json("workflow", "run", "inner", code=4)["run"]
    agent.is_gone("carol")
    hers = agent.json("workflow", "run", "inner", code=4)["run"]
    agent.begins_work(str(mine))
    assert "begun by 'user:carol'" in agent("cancel", str(hers), code=2)
    assert "begun by 'user:carol'" in agent("resume", str(hers), code=2)
    agent("cancel", str(mine))
    agent("stop", "--reason", "smoke")


@pytest.mark.journey
def test_under_an_engine_too_an_agents_run_is_its_authors(tmp_path: Path) -> None:
    home = tmp_path / "home"
    file = tmp_path / "w.yaml"
    for text in (INNER, OUTER):
        file.write_text(text)
        assert mission(home, "workflow", "save", str(file)).returncode == 0
    up = Up(home, MISSION_CONFINEMENT="off")  # A confined program can't reach the engine.
    outer = ("workflow", "run", "outer", "--json", "--wait")
    done = mission(home, *outer, env={"MISSION_ACTOR": "alice"})
    assert done.returncode == 0, done.stderr.decode()
    view = answer(home, "show", "last")
    assert (view["workflow"], view["author"]) == ("inner", "agent:command")
    assert view["on_behalf"] == "user:alice"
    (asked,) = answer(home, "approvals", "list")
    words = ("approvals", "approve", asked["id"], "--reason", "fine")
    assert mission(home, *words, env={"MISSION_ACTOR": "alice"}).returncode == 2
    # Where nothing confines programs, a name proves nothing either.
    refused = mission(home, *words, env={"MISSION_ACTOR": "bob"})
    assert b"MISSION_TOKEN=TOKEN mission approvals approve" in refused.stderr
    up.process.terminate()
    assert up.process.wait(timeout=20) == 0
