"""A goal for a new product gets no hollow plan: what it is and does is designed, part by part."""

import re
import shlex
import subprocess
from pathlib import Path

import msgspec
import pytest

from missioncontrol.domain.plan import Plan
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.greenfield.work import TASKS_MIN
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
def test_a_new_product_is_designed_and_not_called_done(
    goal: str, has_repository: bool, tmp_path: Path
) -> None:
    repository = tmp_path / "gym"
    repository.mkdir()
    (repository / "README.md").write_text("# Gym\n")
    work = Planner().work(brief(goal, repository if has_repository else None), LocalDesk(tmp_path))
    plan = msgspec.convert(work.output["plan"], Plan)
    assert plan.design is not None
    titles = [task.title for task in plan.tasks()]
    assert len(titles) >= TASKS_MIN
    assert len(titles) == len(set(titles))
    assert all(task.is_handover for task in plan.tasks())
    assert all(task.acceptance for task in plan.tasks())
    checks = [sentence for task in plan.tasks() for sentence in task.acceptance]
    assert len(checks) == len(set(checks))


@pytest.mark.parametrize(
    "goal",
    [
        "Raise a ValueError when Store.add is given None",
        "Let `total` of `shop.py` take a discount",
        "parse() returns None for an empty file",
    ],
)
def test_a_goal_that_names_code_is_refused_where_there_is_none(goal: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(AttemptFailed, match="there is none here") as refused:
        Planner().work(brief(goal, tmp_path / "empty"), LocalDesk(tmp_path))
    assert refused.value.code == "plan.no_code"
    assert "--repo" in refused.value.hint


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


def test_a_designed_product_is_ready_to_build_and_not_done(tmp_path: Path) -> None:
    repository = tmp_path / "gym"
    repository.mkdir()
    (repository / "README.md").write_text("# Gym\n")
    done = mission(tmp_path / "home", "run", GOAL, "--repo", str(repository))
    printed = " ".join((done.stdout + done.stderr).decode().split())
    assert "is designed and ready to build" in printed
    assert "Ready to build" in printed
    assert "succeeded" not in printed
    assert "Which file" not in printed
    advice = re.search(r"mission (runs pack \S+) --output PACK.md", printed)
    assert advice is not None
    pack = mission(tmp_path / "home", *advice[1].split()).stdout.decode()
    assert GOAL in pack
    assert "Done when" in pack
