"""Missions that are asked for while an engine holds the home: carried out there, watched here."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests import prefork
from tests.cli.command import (
    BEGUN,
    GOAL,
    answer,
    environment,
    lines_of,
    mission,
    repository,
    waiting_for,
)
from tests.cli.test_operating import up

pytestmark = pytest.mark.journey

VARIES = re.compile(rb"(?:run|mission)-[0-9a-z]{14}|\S*/home\b|in \d\.\d s|process \d+")


def same(text: bytes) -> list[bytes]:
    """Return the lines of an output without what differs from run to run, in any order."""
    return sorted(VARIES.sub(b"?", text).splitlines())


def test_a_mission_is_told_as_by_the_process_that_carries_it_out(tmp_path: Path) -> None:
    path = str(repository(tmp_path / "tiny"))
    alone, beside = tmp_path / "alone" / "home", tmp_path / "beside" / "home"
    up(beside)
    here, there = (mission(home, "run", GOAL, "--repo", path, "--wait") for home in (alone, beside))
    assert (here.returncode, there.returncode) == (0, 0), there.stderr
    assert same(here.stdout) == same(there.stdout)
    first, *rest = there.stderr.splitlines()
    assert b"is carried out by process" in first
    assert same(b"\n".join(here.stderr.splitlines()[1:])) == same(b"\n".join(rest))
    rows = [re.split(rb"\s+", line)[:2] for line in rest]
    assert rows.index([b"\xe2\x9c\x93", b"planner"]) > rows.index([b"\xc2\xb7", b"planner"])


def test_a_plan_is_the_same_bytes_and_a_program_sees_every_event(tmp_path: Path) -> None:
    path = str(repository(tmp_path / "tiny"))
    home = tmp_path / "home"
    alone = mission(tmp_path / "other", "plan", GOAL, "--repo", path, "--json")
    up(home)
    beside = mission(home, "plan", GOAL, "--repo", path, "--json")
    assert (beside.returncode, beside.stdout) == (0, alone.stdout)
    done = mission(home, "run", GOAL, "--repo", path, "--json", "--wait")
    lines = lines_of(done.stdout)
    assert Path(lines[-1]["report"]).exists()
    positions = [line["position"] for line in lines if "event" in line]
    assert positions == list(range(positions[0], positions[0] + len(positions)))
    assert [line["event"] for line in lines if "event" in line][:3] == [
        "mission_created",
        "run_created",
        "mission_started",
    ]
    assert sum("log" in line for line in lines) > 10


def test_a_goal_that_is_refused_has_the_same_exit_code_beside_an_engine(tmp_path: Path) -> None:
    home = tmp_path / "home"
    path = str(repository(tmp_path / "tiny"))
    wrong = ("run", "...", "--repo", path)
    alone = mission(home, *wrong)
    up(home)
    beside = mission(home, *wrong)
    assert (beside.returncode, beside.stderr) == (alone.returncode, alone.stderr)
    assert alone.returncode == 2
    assert mission(home, "stop", "--reason", "smoke").returncode == 0
    refused = mission(home, "plan", GOAL, "--repo", path)
    assert (refused.returncode, b"smoke" in refused.stderr) == (1, True)
    mission(home, "start", "--stage", "paused")
    waits = mission(home, "plan", GOAL, "--repo", path)
    assert (waits.returncode, waits.stdout.count(b"is stuck")) == (4, 1)


def test_ctrl_c_leaves_a_mission_to_the_engine_and_a_cancel_ends_it(tmp_path: Path) -> None:
    home, gate = tmp_path / "home", tmp_path / "gate"
    path = str(repository(tmp_path / "tiny", waiting_for(gate)))
    up(home)
    watching = prefork.start(
        ["run", GOAL, "--repo", path, "--json", "--wait"],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    BEGUN.append(watching)
    assert watching.stdout is not None
    assert any(json.loads(line).get("event") == "plan_accepted" for line in watching.stdout)
    os.killpg(watching.pid, signal.SIGINT)
    _, err = watching.communicate(timeout=20)
    assert (watching.returncode, b"goes on; `mission runs cancel" in err) == (3, True)
    assert answer(home, "list")[0]["status"] == "building"
    assert mission(home, "cancel", "last").returncode == 0
    end = time.monotonic() + 20
    while answer(home, "list")[0]["status"] != "cancelled":
        assert time.monotonic() < end


def test_a_run_is_told_by_its_id_at_once_and_may_be_watched_later(tmp_path: Path) -> None:
    home, gate = tmp_path / "home", tmp_path / "gate"
    path = str(repository(tmp_path / "tiny", waiting_for(gate)))
    up(home)
    begun = mission(home, "run", GOAL, "--repo", path)
    assert begun.returncode == 0
    (name,) = begun.stdout.decode().split()  # The gate is shut: it can't have ended.
    assert answer(home, "show", name)["status"] in ("queued", "running")
    gate.touch()
    watched = mission(home, "watch", name)
    assert (watched.returncode, name in watched.stdout.decode()) == (0, True)
