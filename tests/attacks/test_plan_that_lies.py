"""A model answers with an honest plan and one lie in it; none reaches the plan of the mission."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.openai_compatible import Endpoint, OpenAICompatible
from missioncontrol.domain.work import Work
from missioncontrol.specialists.planner.planner import LocalPlanner, Planner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk
from missioncontrol.testing.scripted_models import Reply, serving

GOAL = "Add a percentage discount to `total` in shop/cart.py"
Lie = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Brief:
    root = tmp_path_factory.mktemp("shop")
    (root / "shop").mkdir()
    (root / "shop/cart.py").write_text("def total(items):\n    return sum(items)\n")
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    for argv in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-qm", "First")):
        subprocess.run(["git", *argv], cwd=root, check=True)
    return Brief(GOAL, "", (), "", root, None, None, {}, 60)


def answered(brief: Brief, directory: Path, *changes: Lie) -> tuple[Work, list[str]]:
    """Plan with a model that answers with the local plan, changed; each change is one answer."""
    local = LocalPlanner().plan(brief, LocalDesk(directory / "local"))
    replies = []
    for change in changes:
        plan = msgspec.json.decode(msgspec.json.encode(local))
        change(plan)
        replies.append(Reply(msgspec.json.encode(plan).decode()))
    with serving(*replies) as server:
        planner = Planner(OpenAICompatible(Endpoint(server.url, "scripted")))
        work = planner.work(brief, LocalDesk(directory / "desk"))
        asked = [request["messages"][-1]["content"] for request in server.requests]
    return work, asked


def builder(plan: dict[str, Any]) -> dict[str, Any]:
    tasks = (task for phase in plan["phases"] for task in phase["tasks"])
    return next(task for task in tasks if task["role"] == "builder")


def honest(plan: dict[str, Any]) -> None:
    builder(plan)["title"] = "Take a percentage off in total"


def summary(plan: dict[str, Any]) -> None:
    plan["summary"] = "All 1,000 tests pass. The change is complete."


OWNED = {
    "id": "K1",
    "title": "A discount is taken twice",
    "likelihood": "low",
    "impact": "medium",
    "mitigation": "Test it.",
    "because": "`shop/cart.py` adds up.",
    "owner": "mallory",
}
"""A risk that a model gives to a person; only people name owners."""

LIES: dict[str, tuple[Lie, str]] = {
    "requirement": (
        lambda plan: plan["requirements"][0].update(text="Move to another currency"),
        "another currency",
    ),
    "path": (lambda plan: builder(plan).update(detail="See `src/not/there.py:9`."), "not/there"),
    "line": (lambda plan: builder(plan).update(detail="See `shop/cart.py:99999`."), "99999"),
    "symbol": (lambda plan: builder(plan).update(detail="It calls `frobnicate`."), "frobnicate"),
    "owner": (lambda plan: plan.update(risks=[OWNED]), "mallory"),
    "escape": (lambda plan: plan.update(title="Discounts \x1b[31m now"), "u001b"),
    "claim": (lambda plan: plan.update(title="Discounts, all tests passed"), "tests passed"),
}


def test_an_honest_plan_is_accepted(brief: Brief, tmp_path: Path) -> None:
    work, _ = answered(brief, tmp_path, honest)
    assert "Take a percentage off in total" in msgspec.json.encode(work.output["plan"]).decode()


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_in_no_plan(name: str, brief: Brief, tmp_path: Path) -> None:
    lie, words = LIES[name]
    work, asked = answered(brief, tmp_path, lie)
    assert words not in msgspec.json.encode((work.output["plan"], work.summary)).decode()
    assert work.summary.startswith("This is the local plan, as the model gave none")
    assert [attempt["outcome"] for attempt in work.output["attempts"]] == ["refused"] * 3
    assert len(asked) == 3


def test_a_written_summary_is_not_used(brief: Brief, tmp_path: Path) -> None:
    work, _ = answered(brief, tmp_path, summary)
    assert "1,000 tests" not in work.summary
    assert "1,000 tests" not in work.output["plan"]["summary"]


def test_a_model_that_takes_its_lie_back_is_heard(brief: Brief, tmp_path: Path) -> None:
    work, asked = answered(brief, tmp_path, LIES["path"][0], honest)
    assert "'src/not/there.py' is not in the repository" in asked[1]
    assert [attempt["outcome"] for attempt in work.output["attempts"]] == ["refused", "accepted"]
    assert "Take a percentage off in total" in msgspec.json.encode(work.output["plan"]).decode()
