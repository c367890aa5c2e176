"""A goal for a new product gets no hollow plan that looks like success."""

from pathlib import Path

import pytest

from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.planner.planner import Planner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.desk import LocalDesk
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
