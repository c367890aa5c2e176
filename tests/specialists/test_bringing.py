"""Bringing a branch of ours up to what people have committed: their commits, and nothing else."""

from pathlib import Path
from typing import Any

import pytest

from missioncontrol.refs import push
from missioncontrol.specialists.commits.lent import Theirs
from missioncontrol.specialists.merger import bringing as module
from missioncontrol.specialists.merger.bringing import Brought, brought_up
from tests.agents.repositories import git, repository
from tests.specialists.changes import kept
from tests.specialists.test_merger import FILES, INTO, TEXT, merged, tip, users, written


def brought(root: Path) -> Brought:
    return brought_up(Theirs.found(root), INTO, git(root, "rev-parse", "HEAD"))


def commit(root: Path, name: str, text: str) -> str:
    (root / name).write_text(text)
    git(root, "commit", "-qam", f"Change {name}")
    return git(root, "rev-parse", "HEAD")


def test_a_branch_that_is_behind_is_moved_forward(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    git(root, "branch", INTO)
    mine = commit(root, "b.txt", "mine\n")
    (root / "a.txt").write_text("half done\n")
    git(root, "config", f"url.{tmp_path}/elsewhere.insteadOf", str(root))
    before = users(root)
    assert brought(root) == Brought("forward", mine, 1)
    assert tip(root) == mine
    assert users(root) == before
    assert brought(root) == Brought("level")


def test_a_branch_with_merges_of_its_own_gets_the_commits_as_they_are(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    one = kept(root, {"a.txt": written(TEXT, 3, "three")}, name="one")
    first = merged(tmp_path, root, one).output["commit"]
    mine = commit(root, "a.txt", written(TEXT, 17, "seventeen"))
    before = users(root)
    found = brought(root)
    assert (found.way, found.commit, found.lacked) == ("merged", tip(root), 1)
    assert git(root, "rev-parse", f"{INTO}^1", f"{INTO}^2").split() == [first, mine]
    assert users(root) == before
    both = written(written(TEXT, 3, "three"), 17, "seventeen")
    assert git(root, "show", f"{INTO}:a.txt") == both.strip()
    # The queue goes on from there, knows its own merges, and people take it in without a merge.
    two = kept(root, {"b.txt": "B\n"}, base=INTO, name="two")
    assert "earlier attempt" in merged(tmp_path, root, one, base="main~1").output["reason"]
    output = merged(tmp_path, root, two, base=found.commit, run="run-2").output
    assert (output["state"], output["onto"]) == ("merged", found.commit)
    git(root, "merge", "-q", "--ff-only", INTO)


@pytest.mark.parametrize("kind", ["other words", "nothing in common"])
def test_what_does_not_agree_is_left_to_people(tmp_path: Path, kind: str) -> None:
    root = repository(tmp_path / "r", FILES)
    if kind == "other words":
        merged(tmp_path, root, kept(root, {"b.txt": "theirs\n"}))
    else:
        git(root, "branch", INTO)
        git(root, "switch", "-q", "--orphan", "fresh")
        (root / "b.txt").write_text("b\n")
        git(root, "add", "b.txt")
    commit(root, "b.txt", "mine\n")
    before = tip(root)
    assert brought(root).way == "clashing"
    assert tip(root) == before


def test_whoever_moves_the_branch_meanwhile_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "r", FILES)
    git(root, "branch", INTO)
    mine = commit(root, "b.txt", "mine\n")
    others: list[str] = []

    def slow(*args: Any) -> None:
        if len(others) < most:
            base = INTO
            others.append(kept(root, {f"n-{len(others)}": "n\n"}, base=base, name=f"{len(others)}"))
            git(root, "update-ref", f"refs/heads/{INTO}", others[-1])
        push(*args)

    most = 2
    monkeypatch.setattr(module, "push", slow)
    assert brought(root).way == "merged"
    assert git(root, "rev-parse", f"{INTO}^1", f"{INTO}^2").split() == [others[-1], mine]
    most = 100
    commit(root, "b.txt", "mine again\n")
    assert brought(root).way == "outrun"
    assert tip(root) == others[-1]
