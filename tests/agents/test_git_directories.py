"""Which directories of git a program may write in: those of its own checkout."""

from pathlib import Path

import pytest

from missioncontrol.adapters.agents.attempt_process import git_directories
from tests.agents.repositories import git, repository


def test_those_of_a_checkout_and_of_its_linked_work_trees(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    git(source, "worktree", "add", "-q", str(tmp_path / "linked"))
    assert git_directories(source / "src") == [source / ".git"]
    assert git_directories(tmp_path / "linked") == [
        source / ".git/worktrees/linked",
        source / ".git",
    ]
    assert git_directories(tmp_path) == []


def test_those_of_a_submodule(tmp_path: Path) -> None:
    part = repository(tmp_path / "part")
    whole = repository(tmp_path / "whole")
    allow = ("-c", "protocol.file.allow=always")
    git(whole, *allow, "submodule", "--quiet", "add", str(part), "part")
    assert git_directories(whole / "part") == [whole / ".git/modules/part"]


@pytest.mark.parametrize("named", ["/", "/root", "../r/.git", "../r/.git/worktrees/linked", "x\0"])
def test_none_that_an_earlier_step_made_up(tmp_path: Path, named: str) -> None:
    source = repository(tmp_path / "r")
    git(source, "worktree", "add", "-q", str(tmp_path / "linked"))
    place = tmp_path / "own"
    place.mkdir()
    (place / ".git").write_text(f"gitdir: {named}\n")
    assert git_directories(place) == []
    (place / ".git").unlink()
    (place / ".git").symlink_to(source / ".git")
    assert git_directories(place) == []
