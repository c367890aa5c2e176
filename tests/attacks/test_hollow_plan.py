"""A goal for a new product gets no hollow plan that looks like success."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.planner.planner import Planner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk
from tests.cli.command import mission

GOAL = "Build a booking app for a climbing gym. Members book a slot, trainers publish courses."


def brief(goal: str, repository: Path | None) -> Brief:
    return Brief(goal, "", (), "", repository, None, None, {}, 60)


@pytest.mark.parametrize("has_repository", [True, False])
@pytest.mark.parametrize(
    "goal",
    [
        GOAL,
        "A booking app for a gym",
        "I want an app for booking slots",
        "Write a CLI that sorts photos",
        "We need a tool to track time",
        "Develop a SaaS for invoices",
        "Create an inventory service with an API",
    ],
)
def test_a_new_product_is_refused_in_plain_words(
    goal: str, has_repository: bool, tmp_path: Path
) -> None:
    repository = tmp_path / "gym"
    repository.mkdir()
    (repository / "README.md").write_text("# Gym\n")
    with pytest.raises(AttemptFailed, match="can't be planned here") as refused:
        Planner().work(brief(goal, repository if has_repository else None), LocalDesk(tmp_path))
    assert refused.value.code == "plan.new_product"
    assert not refused.value.retryable
    assert "MISSION_MODEL_URL" in refused.value.hint


def test_no_goal_is_planned_in_an_empty_directory(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    asked = brief("Raise a ValueError when Store.add is given None", tmp_path / "empty")
    with pytest.raises(AttemptFailed, match="there is no code to plan from"):
        Planner().work(asked, LocalDesk(tmp_path))


def test_a_bare_repository_is_refused_and_the_advice_works(tmp_path: Path) -> None:
    def git(*argv: str) -> None:
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        subprocess.run(["git", *who, *argv], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q", "work")
    (tmp_path / "work" / "shop.py").write_text("def total():\n    return 1\n")
    git("-C", "work", "add", "-A")
    git("-C", "work", "commit", "-qm", "Add the shop")
    git("clone", "-q", "--bare", "work", "shop.git")
    goal = "Let `total` in shop.py take a discount"
    with pytest.raises(AttemptFailed, match="is a bare repository") as refused:
        Planner().work(brief(goal, tmp_path / "shop.git"), LocalDesk(tmp_path))
    advice = re.search(r"`(git clone .*?)`", refused.value.hint or "")
    assert advice is not None
    git(*shlex.split(advice[1].replace("DIRECTORY", "again"))[1:])
    plan = Planner().work(brief(goal, tmp_path / "again"), LocalDesk(tmp_path)).output["plan"]
    assert plan["likely"][0]["files"][0]["path"] == "shop.py"


@pytest.mark.parametrize("goal", ["Fix the broken link in README.md", "Document the deployment"])
def test_work_on_texts_is_planned_without_code(goal: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Gym\n")
    assert Planner().work(brief(goal, tmp_path), LocalDesk(tmp_path / "desk")).output["plan"]


def test_a_product_is_planned_where_there_is_code(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def book():\n    pass\n")
    assert Planner().work(brief(GOAL, tmp_path), LocalDesk(tmp_path / "desk")).output["plan"]


def test_the_mission_fails_and_says_what_can_be_done(tmp_path: Path) -> None:
    repository = tmp_path / "gym"
    repository.mkdir()
    (repository / "README.md").write_text("# Gym\n")
    done = mission(tmp_path / "home", "run", GOAL, "--repo", str(repository))
    printed = " ".join((done.stdout + done.stderr).decode().split())
    assert done.returncode != 0
    assert "can't be planned here" in printed
    assert "succeeded" not in printed
