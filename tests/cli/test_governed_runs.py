"""Workflows from the command line: run, wait for people and money, stop, and go on."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import prefork
from tests.cli.command import BEGUN, answer, environment, mission

pytestmark = pytest.mark.journey

RELEASE = """
name: release
inputs:
  place: {type: path}
  word: {type: string, default: shipped}
  big: {type: boolean, default: false}
steps:
  build: {agent: command, with: {argv: [echo, "${{ inputs.word }}"]}}
  check: {agent: command, needs: build, if: "inputs.big", with: {argv: ["false"]}}
  ship:
    agent: command
    needs: build
    risk: irreversible
    with: {argv: [touch, "${{ inputs.place }}/${{ inputs.word }}"], writes: ["${{ inputs.place }}"]}
outputs: {built: "${{ steps.build.output.stdout }}"}
"""


def place_of(home: Path) -> Path:
    """Return the directory that the release may write to: beside the data directory, not above."""
    place = home.parent / "place"
    place.mkdir(exist_ok=True)
    return place


NAPS = """
name: naps
steps:
  nap:
    agent: command
    for_each: [1, 2, 3, 4]
    concurrency: 2
    with: {argv: [sleep, "30"]}
"""


ALICE = {"MISSION_ACTOR": "alice"}
"""Who begins the runs: other names at this terminal are other people then."""


def saved(home: Path, text: str) -> None:
    file = home.parent / "workflow.yaml"
    file.write_text(text)
    done = mission(home, "workflow", "save", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def begun(home: Path, *arguments: str, code: int) -> dict[str, Any]:
    done = mission(home, *arguments, "--json", env=ALICE)
    assert done.returncode == code, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_release(home: Path) -> dict[str, Any]:
    saved(home, RELEASE)
    return begun(home, "workflow", "run", "release", "--input", f"place={place_of(home)}", code=4)


def test_a_run_that_needs_a_person_exits_with_4_and_nothing_was_done(home: Path) -> None:
    ended = run_release(home)
    assert ended["status"] == "waiting"
    assert [each["step"] for each in ended["approvals"]] == ["ship"]
    assert not (place_of(home) / "shipped").exists()
    steps = {step["step"]: step["state"] for step in answer(home, "show", "last")["steps"]}
    assert steps == {"build": "succeeded", "check": "skipped", "ship": "held"}


def test_the_author_cannot_approve_and_another_person_can(home: Path) -> None:
    approval = run_release(home)["approvals"][0]["approval"]
    for author in (ALICE, {}):  # By their claimed name, and by that of the operating system.
        own = mission(home, "approvals", "approve", approval, "--reason", "mine", env=author)
        assert own.returncode == 2
    assert answer(home, "runs")[0]["status"] == "waiting"
    other = mission(home, "approvals", "approve", approval, "--reason", "fine", "--as", "bob")
    assert other.returncode == 0, other.stderr
    assert f"`mission runs resume {answer(home, 'runs')[0]['id']}`" in other.stdout.decode()
    assert not (place_of(home) / "shipped").exists()
    ended = begun(home, "resume", "last", code=0)
    assert ended["outputs"] == {"built": "shipped\n"}
    assert (place_of(home) / "shipped").exists()


def test_a_rejected_step_fails_its_run_and_a_fork_asks_again(home: Path) -> None:
    first = run_release(home)
    approval = first["approvals"][0]["approval"]
    no = mission(home, "approvals", "reject", approval, "--reason", "not today", "--as", "bob")
    assert no.returncode == 0, no.stderr
    assert answer(home, "runs")[0]["status"] == "failed"
    again = begun(home, "fork", first["run"], "--from", "ship", "--input", "word=later", code=4)
    view = answer(home, "show", again["run"])
    assert (view["fork_of"], view["forked_at"]) == (first["run"], "ship")
    assert {s["step"]: s.get("kept_from") for s in view["steps"]}["build"] == first["run"]
    held = next(step for step in view["steps"] if step["step"] == "ship")
    assert held["inputs"]["argv"][1].endswith("/later")


def test_a_program_of_an_agent_cannot_approve(home: Path) -> None:
    approval = run_release(home)["approvals"][0]["approval"]
    done = mission(
        home,
        "approvals",
        "approve",
        approval,
        "--reason",
        "x",
        "--as",
        "bob",
        env={"MISSION_ATTEMPT": "run-1/ship"},
    )
    assert done.returncode == 2
    assert b"agent" in done.stderr


class Up:
    """`mission up` at work."""

    def __init__(self, home: Path, **more: str) -> None:
        self.process = prefork.start(
            ["up"],
            env=environment(home, **more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        BEGUN.append(self.process)
        self.until("Mission Control works in")

    def until(self, words: str) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if words in line.decode():
                return
        raise AssertionError(f"it never said {words!r}")

    def naps(self) -> list[psutil.Process]:
        family = psutil.Process(self.process.pid).children(recursive=True)
        return [each for each in family if each.is_running() and "sleep" in each.name()]

    def until_naps(self, count: int) -> None:
        end = time.monotonic() + 20
        while len(self.naps()) != count:
            assert time.monotonic() < end, f"{len(self.naps())} naps, not {count}"
            time.sleep(0.05)

    def end(self, number: int = signal.SIGINT) -> None:
        os.killpg(self.process.pid, number)
        self.process.wait(timeout=20)


@pytest.fixture
def napping(home: Path) -> Iterator[Up]:
    saved(home, NAPS)
    up = Up(home)
    watching = prefork.start(
        ["workflow", "run", "naps"],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    BEGUN.append(watching)
    up.until_naps(2)
    yield up
    for process in (watching, up.process):
        process.kill()


def test_an_emergency_stop_ends_all_work_at_once_and_outlives_a_restart(
    home: Path, napping: Up
) -> None:
    begun_at = time.monotonic()
    answer(home, "stop", "--reason", "smoke")
    napping.until_naps(0)
    elapsed = time.monotonic() - begun_at
    refused = mission(home, "workflow", "run", "naps")
    assert (refused.returncode, b"smoke" in refused.stderr) == (1, True)
    napping.end(signal.SIGKILL)
    again = Up(home)
    again.until("Everything is stopped")
    assert again.naps() == []
    answer(home, "start", "--stage", "drain")
    again.until_naps(2)
    refused = mission(home, "workflow", "run", "naps")
    assert refused.returncode == 1
    answer(home, "start", "--stage", "all")
    answer(home, "cancel", "last")
    again.until_naps(0)
    again.end()
    starts = answer(home, "limit", "list")
    assert starts["stage"] == "all"
    # A stop is two processes' start-up and one commit; the work itself ends within a second.
    assert elapsed < 20


def test_a_stop_without_an_engine_holds_for_the_next_one(home: Path) -> None:
    saved(home, NAPS)
    answer(home, "stop", "--reason", "smoke")
    refused = mission(home, "workflow", "run", "naps")
    assert refused.returncode == 1
    answer(home, "start", "--stage", "paused")
    waits = mission(home, "workflow", "run", "naps", "--json")
    assert waits.returncode == 4
    view = answer(home, "show", "last")
    assert {step["state"] for step in view["steps"]} <= {"due", "ready"}


def test_a_run_too_dear_for_its_cap_is_halted_and_goes_on_once_the_cap_is_raised(
    home: Path, tmp_path: Path
) -> None:
    script = tmp_path / "speak.py"
    script.write_text(
        "import json\n"
        "usage = {'input_tokens': 100, 'output_tokens': 50}\n"
        "print(json.dumps({'type': 'usage', 'usage': usage, 'model': 'gpt-5'}))\n"
    )
    saved(
        home,
        "name: talk\n"
        "inputs: {script: {type: path}}\n"
        "budget: {tokens: 1000}\n"
        "steps:\n"
        "  speak: {agent: command, budget: {tokens: 500}, needs: [],\n"
        f"    with: {{argv: [{sys.executable}, '${{{{ inputs.script }}}}'], reports: true}}}}\n",
    )
    answer(home, "budget", "set", "workflow", "talk", "--tokens", "10", "--reason", "try")
    halted = begun(home, "workflow", "run", "talk", "--input", f"script={script}", code=4)
    assert halted["status"] == "halted"
    assert "talk" in halted["halt"]["reason"]
    still = begun(home, "resume", halted["run"], code=4)
    assert still["status"] == "halted"
    answer(home, "budget", "set", "workflow", "talk", "--tokens", "900", "--reason", "more")
    begun(home, "resume", halted["run"], code=0)
    view = answer(home, "show", halted["run"])
    assert view["usage"]["input_tokens"] == 100
    assert view["usage_by_model"]["gpt-5"] == view["usage"]


def test_a_limit_on_runs_holds_from_one_process_to_the_next(home: Path) -> None:
    saved(home, "name: hi\nsteps:\n  hi: {agent: command, with: {argv: [echo, hi]}}\n")
    who = {"MISSION_ACTOR": "robot"}
    answer(
        home, "limit", "set", "actor", "user:robot", "--starts", "1", "--per", "1h", "--reason", "x"
    )
    assert mission(home, "workflow", "run", "hi", env=who).returncode == 0
    refused = mission(home, "workflow", "run", "hi", env=who)
    assert (refused.returncode, b"limit" in refused.stderr) == (1, True)
    assert mission(home, "workflow", "run", "hi").returncode == 0


def test_a_run_says_which_rate_limit_holds_it_up_and_until_when(home: Path) -> None:
    twice = "name: twice\nsteps:\n"
    for key in ("one", "two"):
        twice += f"  {key}: {{agent: command, with: {{argv: [echo, hi]}}}}\n"
    saved(home, twice)
    limit = ("limit", "set", "agent", "command", "--starts", "1", "--per", "1h", "--reason", "x")
    assert mission(home, *limit).returncode == 0
    cron = ("--workflow", "twice", "--cron", "0 9 1 1 *", "--timezone", "UTC")
    assert mission(home, "schedule", "add", "rarely", *cron).returncode == 0
    up = Up(home)
    run = answer(home, "schedule", "run", "rarely")["run"]
    end = time.monotonic() + 20
    while "1 of 2 steps succeeded" not in (shown := mission(home, "show", run).stdout.decode()):
        assert time.monotonic() < end, shown
    output = " ".join(shown.split())
    limit_line = (
        "A rate limit holds the next step up: agent command, at most 1 start in 1h, until 2"
    )
    assert limit_line in output
    up.end()


def test_an_engine_that_looks_after_a_home_says_what_begins_waits_and_ends(home: Path) -> None:
    saved(home, RELEASE)
    up = Up(home)
    begun(home, "workflow", "run", "release", "--input", f"place={place_of(home)}", code=0)
    run = answer(home, "runs")[0]["id"]
    up.until(f"{run}: release@1 begins")
    up.until(f"{run}: ship waits for a person, approval-")
    (waiting,) = answer(home, "approvals", "list")
    mission(home, "approvals", "approve", waiting["id"], "--reason", "fine", "--as", "bob")
    up.until(f"{run} has succeeded")
    mission(home, "stop", "--reason", "look")
    up.until("Everything is stopped")
    up.end()


def test_the_paths_that_a_schedule_starts_with_begin_where_it_is_added(home: Path) -> None:
    saved(
        home,
        "name: audit\n"
        "inputs: {scripts: {type: path, default: scripts}, word: {type: string, default: a}}\n"
        "steps: {look: {agent: command, with: {argv: [ls, '${{ inputs.scripts }}']}}}\n",
    )
    cron = ("--workflow", "audit", "--cron", "0 2 * * *", "--timezone", "UTC")
    done = mission(home, "schedule", "add", "nightly", *cron, cwd=home.parent)
    assert done.returncode == 0, done.stderr
    assert f"scripts={home.parent}/scripts" in done.stdout.decode()
    assert answer(home, "schedule", "show", "nightly")["inputs"] == {
        "scripts": f"{home.parent}/scripts"
    }


def test_a_run_that_ends_as_it_begins_is_told_like_any_other(home: Path) -> None:
    saved(
        home,
        "name: idle\n"
        "inputs: {go: {type: boolean, default: false}}\n"
        "steps:\n"
        '  never: {agent: command, if: "inputs.go", with: {argv: [echo, hi]}}\n',
    )
    assert begun(home, "workflow", "run", "idle", code=0)["status"] == "succeeded"


def test_an_approval_that_ran_out_while_nobody_was_here_ends_its_run(home: Path) -> None:
    saved(home, RELEASE.replace("risk: irreversible", "risk: write\n    approval: {expires: 1s}"))
    begun(home, "workflow", "run", "release", "--input", f"place={place_of(home)}", code=4)
    time.sleep(1.1)
    assert mission(home, "resume", "last").returncode == 2
    assert answer(home, "runs")[0]["status"] == "failed"
    assert not (place_of(home) / "shipped").exists()
