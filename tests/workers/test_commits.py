"""A coding agent on a worker that has a clone of its own: its commit comes to the engine's."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.worktrees.transfer import PACK, receive_commit
from missioncontrol.domain.work import ArtifactRef, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed
from missioncontrol.refs.transfer import pack_commit
from tests.agents.repositories import git, repository
from tests.specialists.changes import kept
from tests.workers.house import House, until
from tests.workers.together import run as finish

FILES = {"Makefile": "test:\n\t@grep -q built b.txt\n", "b.txt": "b\n"}
AGENTS = Path(__file__).parents[1] / "agents"


def apart(path: Path, clone: Path) -> tuple[str, ...]:
    """Return what begins a program for which `path` is what lies at `clone`: another machine's."""
    script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    begin = ("unshare", "-m", "sh", "-c", script, "sh", str(clone), str(path))
    if shutil.which("unshare") is None:
        pytest.skip("`unshare` is not installed")
    tried = subprocess.run([*begin, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"no mount namespaces here: {tried.stderr.decode()[:100]}")
    return begin


@pytest.mark.journey
def test_a_commit_survives_the_kill_of_its_worker_and_is_tested_as_it_was_built(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "shop", FILES)
    git(tmp_path, "clone", "-q", str(here), "clone")
    elsewhere = apart(here, tmp_path / "clone")
    house = House(tmp_path)
    argv = [sys.executable, str(AGENTS / "gate_builder.py"), "b.txt", str(house.anvil / "gate")]
    house.more_agents = (
        f'[agents.coder]\nkind = "acp"\n[agents.coder.settings]\nargv = {json.dumps(argv)}\n'
        f'variables = {{PYTHONPATH = "{AGENTS.parents[1]}"}}\nwrites = ["{house.anvil}"]\n'
    )
    flow = (
        "name: change\nsteps:\n  change:\n    agent: coder\n    effects: [writes_repository]\n"
        f"    with: {{prompt: Build it, repository: {here}, keep: true}}\n"
        "  test:\n    agent: tester\n    needs: [change]\n    with:\n"
        f"      repository: {here}\n"
        "      base: ${{ steps.change.output.base }}\n"
        "      commit: ${{ steps.change.output.commit }}\n"
    )
    worker = house.worker("box", "--agents", "coder", before=elsewhere)
    run = house.begin(flow, agent="coder")
    until((house.anvil / "begun").exists, "a change")
    house.server.kill()
    house.open_gate()
    leases = tmp_path / "home-of-box/workers/box/leases"
    until(lambda: '"done"' in "".join(p.read_text() for p in leases.glob("*/said.jsonl")), "an end")
    worker.kill()
    assert git(here, "for-each-ref", "refs/mission") == ""
    house.open()
    house.worker("box", "--agents", "coder", before=elsewhere)
    house.until_settled(run)
    assert house.types(run).count("attempt_interrupted") == 0
    refs = git(here, "for-each-ref", "refs/mission")
    assert refs == git(tmp_path / "clone", "for-each-ref", "refs/mission")
    commit = refs.split()[0]
    assert git(here, "show", f"{commit}:b.txt") == "built"
    assert git(here, "status", "--porcelain") == ""
    ended = [body for kind, body in house.events(run) if kind == "step_succeeded"]
    assert f"At {commit[:12]}: `make test` succeeded" in json.dumps(ended)


class Told:
    """The line of an attempt, of which only the messages count."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def log(self, level: str, message: str) -> None:
        self.said.append(f"{level} {message}")


def handed_in(tmp_path: Path, here: Path, there: Path, **more: Any) -> Told:
    """Bring a commit of `there` into `here`."""
    commit, base = kept(there, {"b.txt": "B\n"}), git(there, "rev-parse", "HEAD")
    (tmp_path / "1").write_bytes(pack_commit(there, commit, base))
    inputs = {"repository": str(here), "keep": True, **more}
    assignment = Assignment("run-1", "w", "build", 1, 1, "run-1/build", "coder", inputs)
    artifacts = (ArtifactRef(PACK, "1", 1, "application/octet-stream", "", ""),)
    work = Work("It is built.", {"commit": commit, "base": base}, artifacts=artifacts)
    recorder = Told()
    line: Any = recorder
    finish(receive_commit(assignment, work, line, tmp_path))
    return recorder


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"base": "main"}, "is saved here as refs/mission/kept/run-1/build-1"),
        ({"repository": "/nowhere"}, "exists only on the worker's machine: '/nowhere' is not here"),
        ({"keep": False}, ""),
    ],
)
def test_what_becomes_of_a_commit_is_said(
    tmp_path: Path, more: Mapping[str, Any], words: str
) -> None:
    here = repository(tmp_path / "here", FILES)
    git(tmp_path, "clone", "-q", str(here), "there")
    recorder = handed_in(tmp_path, here, tmp_path / "there", **more)
    assert words in "".join(recorder.said)
    assert bool(git(here, "for-each-ref", "refs/mission")) is words.startswith("is saved")


def test_a_commit_on_another_base_than_was_given_out_fails_the_step(tmp_path: Path) -> None:
    here = repository(tmp_path / "here", FILES)
    first = git(here, "rev-parse", "HEAD")
    git(here, "commit", "-q", "--allow-empty", "-m", "Later")
    git(tmp_path, "clone", "-q", str(here), "there")
    with pytest.raises(AttemptFailed) as no:
        handed_in(tmp_path, here, tmp_path / "there", base=first)
    assert (no.value.code, no.value.retryable) == ("worker.bad_commit", False)
    assert git(here, "for-each-ref", "refs/mission") == ""


def test_what_can_not_be_written_here_is_said_with_where_it_still_is(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "here", FILES)
    git(tmp_path, "clone", "-q", str(here), "there")
    # A file where git wants a directory: git can't write there, even as root.
    (here / ".git/refs/mission").write_text("")
    with pytest.raises(AttemptFailed) as no:
        handed_in(tmp_path, here, tmp_path / "there")
    assert no.value.code == "worker.not_kept"
    assert "`mission repo recover`" in no.value.hint
