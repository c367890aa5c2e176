"""A history states how much of it was read, and no plan depends on the clock."""

from pathlib import Path

import pytest

from missioncontrol.specialists import past_changes
from missioncontrol.specialists.estimating import reading
from missioncontrol.specialists.historian import log as history_log
from missioncontrol.specialists.historian.history import history_of
from missioncontrol.specialists.historian.log import Log, count_commits, read_log
from missioncontrol.specialists.historian.page import page, sentence
from missioncontrol.specialists.planner import assembly
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.specialists.tree import read_tree
from missioncontrol.testing.desk import LocalDesk
from tests.specialists.sample_repository import SampleRepository


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sample = SampleRepository(tmp_path / "project")
    for number in range(5):
        sample.put("shop.py", f"def total():\n    return {number}\n")
        sample.commit(f"Change {number}", author="Ann", day=f"2026-01-0{number + 1}")
    return sample.root


def plan_at(root: Path, directory: Path) -> str:
    brief = Brief("Add a discount to `total`", "", (), "", root, None, None, {}, 60)
    return LocalPlanner().plan(brief, LocalDesk(directory)).obtained


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


def test_a_slow_git_gives_a_plan_no_half_history(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read_log(root, seconds=10)
    assert whole is not None
    late = Log(whole.commits[:2], 5, f"{history_log.LATE} than 1 seconds")
    monkeypatch.setattr(past_changes, "read_log", lambda *_, **__: late)
    monkeypatch.setattr(reading, "read_log", lambda *_, **__: late)
    assert past_changes.read_past(read_tree(root)) == []
    assert reading.read_changes(root).all == []


def test_a_plan_says_how_much_of_the_history_it_rests_on(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "commits" not in plan_at(root, tmp_path / "whole").partition("files")[2]
    monkeypatch.setattr(assembly, "COMMITS_MAX", 3)
    assert plan_at(root, tmp_path / "part").endswith("; of 5 commits the newest 3")
    monkeypatch.undo()
    monkeypatch.setattr("missioncontrol.specialists.indexing.read_past", lambda *_, **__: [])
    assert plan_at(root, tmp_path / "none").endswith("; none of 5 commits could be used")
