"""A push whose starter is killed: it goes on to its end, and leaves no lock behind."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import missioncontrol
from missioncontrol.refs.push import value_of
from tests.agents.repositories import ENVIRONMENT, git, repository
from tests.refs.test_push import REF, borrowing, commit

SOURCES = str(Path(missioncontrol.__file__).parents[1])

PUSHING = """
import sys
from pathlib import Path
from missioncontrol.refs import push
repository, own, commit, ref = sys.argv[1:]
print("now", flush=True)
push(Path(repository), Path(own), commit, ref, "")
"""


@pytest.mark.parametrize("number", range(3))
def test_a_push_whose_starter_is_killed_with_its_group_goes_on_to_its_end(
    tmp_path: Path, number: int
) -> None:
    root = repository(tmp_path / "r")
    own = borrowing(tmp_path, root)
    new = commit(own, git(root, "rev-parse", "HEAD"), "a file")
    marked = {**ENVIRONMENT, "PYTHONPATH": SOURCES, "MISSION_MARK": "attempt"}
    starter = subprocess.Popen(
        [sys.executable, "-c", PUSHING, str(root), str(own), new, REF],
        stdout=subprocess.PIPE,
        env=marked,
        start_new_session=True,
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == b"now\n"
    process = psutil.Process(starter.pid)
    while starter.poll() is None and not any(_is_push(e) for e in process.children(recursive=True)):
        pass
    with suppress(ProcessLookupError):
        os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    ends = time.monotonic() + 30.0
    while value_of(root, REF) != new:
        assert time.monotonic() < ends
        time.sleep(0.02)
    while list((root / ".git").rglob("*.lock")) or list((root / ".git").rglob("*incoming*")):
        assert time.monotonic() < ends
        time.sleep(0.02)


def _is_push(process: psutil.Process) -> bool:
    try:
        return "push" in process.cmdline()
    except psutil.Error:
        return False
