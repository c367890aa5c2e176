"""A history states how much of it was read, and no plan depends on the clock."""

import os
import shutil
import sys
from pathlib import Path

import msgspec
import pytest

from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists import git
from missioncontrol.specialists.historian import Historian, walk
from missioncontrol.specialists.historian.history import history_of
from missioncontrol.specialists.historian.log import Log, count_commits, read_log
from missioncontrol.specialists.historian.page import page, sentence
from missioncontrol.specialists.planner import sources as planner_reading
from missioncontrol.specialists.planner.planner import LocalPlanner, Planner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.specialists.tree import read_tree
from missioncontrol.testing.local_workspace import LocalDesk
from tests.specialists.sample_repository import SampleRepository


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sample = SampleRepository(tmp_path / "project")
    for number in range(5):
        sample.put("shop.py", f"def total():\n    return {number}\n")
        sample.commit(f"Change {number}", author="Ann", day=f"2026-01-0{number + 1}")
    return sample.root


SLOW_GIT = """#!{python} -IS
import subprocess, sys, time
if "log" in sys.argv:
    open("{log}", "a").write("walked\\n")
git = subprocess.Popen(["{git}", *sys.argv[1:]], stdout=subprocess.PIPE)
while content := git.stdout.read(200):
    time.sleep(0.02)
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
sys.exit(git.wait())
"""


def brief_for(root: Path) -> Brief:
    return Brief("Add a discount to `total`", "", (), "", root, None, None, {}, 60)


def plan_at(root: Path, directory: Path) -> str:
    return LocalPlanner().plan(brief_for(root), LocalDesk(directory)).obtained


def whole_plan(root: Path, directory: Path) -> bytes:
    output = Planner().work(brief_for(root), LocalDesk(directory)).output
    return msgspec.json.encode(output)


def test_a_part_of_the_history_is_stated_as_a_part(root: Path) -> None:
    log = read_log(root, seconds=10, commits_max=3)
    assert log is not None
    assert (len(log.commits), log.total) == (3, 5)
    history = history_of(log, read_tree(root))
    assert sentence(history).startswith("The newest 3 of 5 commits, from 2026-01-03")
    assert "- 2 older commits left out, so nothing here counts them" in page(history, "", [], [])


def test_a_whole_history_is_stated_as_it_is(root: Path) -> None:
    log = read_log(root, seconds=10)
    assert sentence(history_of(log, read_tree(root))).startswith("5 commits from 2026-01-01")


def test_a_directory_counts_its_own_commits(root: Path) -> None:
    (root / "docs").mkdir()
    assert (count_commits(root), count_commits(root / "docs")) == (5, 0)


def test_a_git_that_hangs_ends_in_a_refusal_and_no_plan(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Log((), 5, f"{git.LATE} than 1 seconds")
    monkeypatch.setattr(walk, "read_log", lambda *_, **__: late)
    with pytest.raises(AttemptFailed, match="could not read the history") as refused:
        plan_at(root, tmp_path)
    assert (refused.value.code, refused.value.retryable) == ("history.too_slow", True)


def test_files_that_take_too_long_end_in_a_refusal_and_no_plan(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner_reading, "read_tree", lambda root: read_tree(root, seconds_max=0))
    with pytest.raises(AttemptFailed, match="took longer to read") as refused:
        plan_at(root, tmp_path)
    assert refused.value.code == "repository.too_slow"


def test_a_slow_git_gives_the_same_plan(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = whole_plan(root, tmp_path / "fast")
    slow, walks = tmp_path / "bin/git", tmp_path / "walks"
    slow.parent.mkdir()
    script = SLOW_GIT.format(python=sys.executable, git=shutil.which("git"), log=walks)
    slow.write_text(script)
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    walk.forget_history()
    assert whole_plan(root, tmp_path / "slow") == fast
    assert walks.read_text().count("walked") == 1


def test_ranking_estimates_and_historian_share_one_walk(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks: list[Path] = []

    def counted(at: Path, *, seconds: float) -> Log | None:
        walks.append(at)
        return read_log(at, seconds=seconds)

    monkeypatch.setattr(walk, "read_log", counted)
    walk.forget_history()
    whole_plan(root, tmp_path / "plan")
    desk = LocalDesk(tmp_path / "desk")
    assert "5 commits" in Historian().work(brief_for(root), desk).summary
    assert walks == [root]


def test_a_plan_says_how_much_of_the_history_it_rests_on(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "commits" not in plan_at(root, tmp_path / "whole").partition("files")[2]
    monkeypatch.setattr(walk, "read_log", lambda at, **how: read_log(at, **how, commits_max=3))
    walk.forget_history()
    assert plan_at(root, tmp_path / "part").endswith("; of 5 commits the newest 3")
    monkeypatch.undo()
    monkeypatch.setattr("missioncontrol.specialists.indexing.read_past", lambda *_, **__: [])
    walk.forget_history()
    assert plan_at(root, tmp_path / "none").endswith("; none of 5 commits could be used")
