"""A step leaves a link, so that the next one may write where it leads: that is refused."""

from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents.command_inputs import command_of
from missioncontrol.ports.agent import Assignment, AttemptFailed


def refused(**inputs: Any) -> str:
    given = {"argv": ["true"], **inputs}
    with pytest.raises(AttemptFailed) as no:
        command_of(Assignment("run-1", "w", "two", 1, 1, "k", "command", given), str)
    return no.value.reason


def test_a_link_in_a_repository_opens_nothing_outside_of_it(tmp_path: Path) -> None:
    repository, target = tmp_path / "r", tmp_path / "target"
    repository.mkdir()
    target.mkdir()
    (repository / "sub").symlink_to(target)
    at = {"repository": str(repository)}
    assert "leads out of its repository" in refused(**at, cwd="sub")
    assert "leads out of its repository" in refused(**at, cwd=str(repository / "sub"))
    assert "a link leads out" in refused(**at, writes=[str(repository / "sub/new")])
    assert "a link leads out" in refused(
        cwd=str(repository), writes=[str(repository / "sub") + "/"]
    )


def test_links_that_stay_inside_and_directories_that_people_link_are_fine(tmp_path: Path) -> None:
    repository = tmp_path / "r"
    (repository / "releases/1").mkdir(parents=True)
    (repository / "current").symlink_to(repository / "releases/1")
    (tmp_path / "linked").symlink_to(repository)
    for top in (repository, tmp_path / "linked"):
        given = {"argv": ["true"], "repository": str(top), "cwd": "current"}
        given["writes"] = [str(top / "current"), str(tmp_path / "linked")]
        assignment = Assignment("run-1", "w", "two", 1, 1, "k", "command", given)
        assert command_of(assignment, str).cwd == top / "current"
