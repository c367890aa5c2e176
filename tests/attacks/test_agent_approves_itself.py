"""A step's program can't decide about its own run, whatever it does to environment and ancestry."""

import json
import sys
from pathlib import Path

import pytest

from missioncontrol.confinement import available_confinement
from tests.cli.command import answer, mission
from tests.prefork import SOURCE

HELPER = Path(__file__).with_name("agent_at_work.py")
WORKFLOW = """
name: sneak
steps:
  publish: {{agent: command, risk: irreversible, with: {{argv: ['true']}}}}
  helper: {{agent: command, with: {{argv: [{python}, {helper}, {home}, {out}, {source}]}}}}
"""


@pytest.mark.journey
def test_an_orphan_without_environment_and_session_is_still_the_step(tmp_path: Path) -> None:
    home, out, file = tmp_path / "home", tmp_path / "out.jsonl", tmp_path / "sneak.yaml"
    file.write_text(
        WORKFLOW.format(python=sys.executable, helper=HELPER, home=home, out=out, source=SOURCE)
    )
    # Without confinement, so that ancestry alone has to hold.
    unconfined = {"MISSION_CONFINEMENT": "off", "MISSION_ACTOR": "ann"}
    assert mission(home, "workflow", "save", str(file), env=unconfined).returncode == 0
    mission(home, "workflow", "run", "sneak", env=unconfined)
    tried = dict(json.loads(line) for line in out.read_text().splitlines())
    assert tried.pop("end") == "end"
    assert len(tried) == 20
    through = {name: code for name, code in tried.items() if not code}
    assert not through
    assert tried.pop("approve, signed in") == "control.not_the_console"
    assert not {name: code for name, code in tried.items() if "agent" not in code}
    approvals = answer(home, "approvals", "list")
    assert len(approvals) == 1, "it waits as before"


@pytest.mark.journey
@pytest.mark.skipif(
    not available_confinement({}).is_available, reason="nothing confines programs here"
)
def test_a_confined_step_is_told_how_it_may_ask_the_engine(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "ask.yaml"
    argv = json.dumps([sys.executable, "-m", "missioncontrol", "runs"])
    step = f"{{agent: command, with: {{argv: {argv}, env: {{PYTHONPATH: {SOURCE}}}}}}}"
    file.write_text(f"name: ask\nsteps: {{ask: {step}}}\n")
    assert mission(home, "workflow", "save", str(file)).returncode == 0
    done = mission(home, "workflow", "run", "ask")
    assert b"Programs of steps can't reach the data directory" in done.stderr
    assert b"MISSION_SERVER" in done.stderr


def test_a_name_of_the_program_is_refused_wherever_one_is_given(tmp_path: Path) -> None:
    for name in ("engine", "Engine", "system", "planner", "\u0435ngine", "mission control"):
        done = mission(tmp_path, "stop", "--reason", "x", env={"MISSION_ACTOR": name})
        assert b"no person" in done.stderr, (name, done.stderr)
        done = mission(tmp_path, "approvals", "approve", "a", "--reason", "x", "--as", name)
        assert b"no person" in done.stderr, (name, done.stderr)
        assert done.returncode == 2
