"""What is known of a branch before agents are paid for it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from missioncontrol.cli.checkout_record import Record
from missioncontrol.cli.task_branch import look_at_branch
from missioncontrol.specialists.merger.branch_update import red_ref
from tests.agents.repositories import git, repository

OTHER = "mission/other"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = repository(tmp_path / "r")
    git(root, "branch", OTHER)
    git(root, "commit", "-q", "--allow-empty", "-m", "Mine")
    return root


def looked_at(root: Path, into: str) -> str:
    record: Any = SimpleNamespace(checkout=SimpleNamespace(root=root))
    return look_at_branch(into, cast("Record", record))


def made_red(root: Path, branch: str) -> str:
    """Mark a branch as red, and return the commit at which it stands."""
    tip = git(root, "rev-parse", branch)
    red = git(root, "commit-tree", "-p", tip, "-m", "1 test fails.", f"{tip}^{{tree}}")
    git(root, "update-ref", red_ref(branch), red)
    return tip


def test_a_branch_of_something_else_is_left_as_it_is(root: Path) -> None:
    assert looked_at(root, OTHER) == ""


def test_a_red_branch_of_something_else_is_tested_as_it_stands_before_anybody_builds(
    root: Path,
) -> None:
    tip = made_red(root, OTHER)
    assert looked_at(root, OTHER) == tip != git(root, "rev-parse", "HEAD")


def test_a_branch_of_the_checkout_gets_what_it_lacks(root: Path) -> None:
    mine = f"mission/{git(root, 'symbolic-ref', '--short', 'HEAD')}"
    git(root, "branch", mine, "HEAD~1")
    assert looked_at(root, mine) == git(root, "rev-parse", "HEAD")
    git(root, "branch", "-f", mine, "HEAD")
    assert looked_at(root, mine) == ""
    assert made_red(root, mine) == looked_at(root, mine)
