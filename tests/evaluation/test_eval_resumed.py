"""An evaluation that is killed goes on where it was, also beside an engine; trials end once."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests import prefork
from tests.agents.test_killed_completing import told
from tests.cli.command import BEGUN, answer, environment
from tests.cli.test_operating import up
from tests.evaluation.test_eval_command import SCRIPTED, evaluated, outcomes, scenarios

pytestmark = pytest.mark.journey

ROOT = Path(__file__).parents[2]
AGENT = f"""[agents.builder]
kind = "acp"
[agents.builder.settings]
argv = ["{sys.executable}", "-m", "tests.evaluation.scripted_acp"]
variables = {{PYTHONPATH = "{ROOT}"}}
"""
THREE = {"one": "slowly", "two": "slowly", "three": "slowly"}


def begun(home: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    process = prefork.start(
        ["eval", "run", *arguments],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    BEGUN.append(process)
    return process


def until(place: Path, lines: int) -> list[str]:
    """Wait until the agent has begun so often; return where."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = place.read_text().splitlines() if place.exists() else []
        if len(found) >= lines:
            return found
        time.sleep(0.02)
    raise AssertionError(f"it has not begun {lines} times")


def test_a_killed_evaluation_goes_on_and_repeats_nothing_that_has_ended(
    tmp_path: Path, shared_memory: Path
) -> None:
    home, place = tmp_path / "home", shared_memory
    names = scenarios(tmp_path, {name: f"slowly {place} {name}" for name in THREE})
    asked = (*names, "--command", f"{SCRIPTED} as-told", "--seed", "4")
    (place / "go").write_text("1")
    process = begun(home, *asked)
    first, second = until(place / "begun", 2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (place / "go").write_text("9")
    found = evaluated(home, *asked, code=0)
    assert Counter((place / "begun").read_text().split()) == {
        first: 1,
        second: 2,
        ({*THREE} - {first, second}).pop(): 1,
    }
    counted = told(home, found["evaluation"], "evaluations")
    assert counted["trial_judged"] == 3
    assert counted["trial_begun"] == 4
    assert (counted["evaluation_listed"], counted["evaluation_ended"]) == (1, 1)
    assert not list((home / "evaluations").iterdir())
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(place) in str(p.info["cmdline"])]


@pytest.mark.slow
def test_agents_with_trees_of_their_own_are_tried_beside_an_engine(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "agents.toml").write_text(AGENT)
    behaviours = {
        name: name for name in ("solve", "nothing", "asks", "waits", "overspends", "dies")
    }
    names = scenarios(tmp_path, behaviours)
    engine = up(home)
    try:
        found = evaluated(home, *names, "--agent", "builder", "--parallel", "2")
    finally:
        engine.terminate()
        engine.wait()
    results = outcomes(found)
    assert {name: each[0] for name, each in results.items()} == {
        "solve": "passed",
        "nothing": "stuck",
        "asks": "stuck",
        "waits": "stuck",
        "overspends": "over_budget",
        "dies": "failed",
    }
    assert results["asks"][1] == "It asked a person, and a trial has no person to answer."
    assert found["subject"]["version"] == "small 0.1"
    assert found["trials"][0]["judged"]["tokens"] in (0, 15, 900_000)
    states = {each["status"] for each in answer(home, "runs")}
    assert not states & {"running", "waiting", "halted", "queued"}
