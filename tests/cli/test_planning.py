import json
import re
from pathlib import Path

import pytest

from tests.cli.command import GOAL, answer, git, mission, repository

pytestmark = pytest.mark.journey


def test_a_plan_is_the_same_bytes_from_another_clone_and_another_home(tmp_path: Path) -> None:
    first = repository(tmp_path / "tiny")
    (tmp_path / "elsewhere").mkdir()
    git(tmp_path, "clone", "-q", str(first), str(tmp_path / "elsewhere" / "tiny"))
    plans = [
        mission(tmp_path / home, "plan", GOAL, "--repo", str(tmp_path / path), "--json")
        for home, path in (("a", "tiny"), ("a", "tiny"), ("b c", "elsewhere/tiny"))
    ]
    assert [plan.returncode for plan in plans] == [0, 0, 0]
    assert len({plan.stdout for plan in plans}) == 1
    assert json.loads(plans[0].stdout)["goal"] == GOAL
    messages = plans[0].stderr.decode()
    (run,) = set(re.findall(r"\brun-\w+", messages))
    assert messages.endswith(f"mission execute {run}\n")


def test_a_home_given_by_option_goes_before_the_environment(tmp_path: Path) -> None:
    path = repository(tmp_path / "tiny")
    done = mission(tmp_path / "no", "plan", GOAL, "--repo", str(path), "--home", f"{tmp_path}/yes")
    assert done.returncode == 0
    assert (tmp_path / "yes").stat().st_mode & 0o777 == 0o700
    assert not (tmp_path / "no").exists()


def test_a_plan_alone_is_listed_as_planned(tmp_path: Path) -> None:
    path = repository(tmp_path / "tiny")
    mission(tmp_path / "home", "plan", GOAL, "--repo", str(path))
    assert b"  planned  " in mission(tmp_path / "home", "list").stdout


@pytest.mark.journey
def test_a_plan_is_carried_out_later_and_costs_no_more_than_was_said(tmp_path: Path) -> None:
    home, path = tmp_path / "home", str(repository(tmp_path / "tiny"))
    assert mission(home, "plan", GOAL, "--repo", path).returncode == 0
    done = mission(home, "carry-out", "last")
    assert done.returncode == 0, done.stderr.decode()
    again = mission(home, "carry-out", "last")
    assert (again.returncode, b"already" in again.stderr) == (2, True), again.stderr
    bounded = mission(home, "run", GOAL, "--repo", path, "--cost", "0.50", "--tokens", "9000")
    assert bounded.returncode == 0, bounded.stderr.decode()
    budget = answer(home, "show", "last")["budget"]
    assert (budget["cost"], budget["tokens"]) == (500_000, 9_000)
    wrong = mission(home, "run", GOAL, "--repo", path, "--cost", "much")
    assert wrong.returncode == 2
