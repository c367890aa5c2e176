"""A mission that a model plans, through the same command line and the same checks."""

import json
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.testing.scripted_models import Reply, serving
from tests.cli.command import GOAL, answer, lines_of, mission, repository

KEY = "sk-a-key-that-nobody-may-see"


def planned_by(replies: list[Reply], home: Path, root: Path) -> tuple[int, list[dict[str, Any]]]:
    """Run a mission whose planner asks a scripted model; return the exit code and the lines."""
    with serving(*replies) as server:
        model = {
            "MISSION_MODEL_URL": server.url,
            "MISSION_MODEL_NAME": "scripted",
            "MISSION_MODEL_KEY": KEY,
        }
        done = mission(home, "run", GOAL, "--repo", str(root), "--json", env=model)
        assert server.authorizations == [f"Bearer {KEY}"] * len(server.requests)
    return done.returncode, lines_of(done.stdout)


def usage_of(lines: list[dict[str, Any]]) -> list[int]:
    used = [line["data"]["usage"] for line in lines if line.get("event") == "usage_reported"]
    return [usage["input_tokens"] for usage in used]


@pytest.mark.journey
def test_a_model_is_asked_again_with_the_faults_and_its_plan_is_carried_out(tmp_path: Path) -> None:
    root, home = repository(tmp_path / "tiny"), tmp_path / "home"
    good = answer(tmp_path / "other", "plan", GOAL, "--repo", str(root))
    bad = json.loads(json.dumps(good))
    bad["phases"][0]["tasks"][0]["needs"] = ["nowhere"]
    computed = good["summary"]
    good["summary"] = "All 1,000 tests pass."  # It is computed, whatever a model says.
    replies = [Reply(json.dumps(bad)), Reply(json.dumps(good))]
    code, lines = planned_by(replies, home, root)
    assert code == 0
    assert usage_of(lines) == [100, 100, 100]  # The writer asked once, too.
    accepted = next(line for line in lines if line.get("event") == "plan_accepted")
    assert accepted["data"]["plan"]["summary"] == computed
    content = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert KEY.encode() not in content


@pytest.mark.slow
@pytest.mark.journey
def test_the_local_plan_stands_in_for_a_model_that_never_gets_it_right(tmp_path: Path) -> None:
    root, home = repository(tmp_path / "tiny"), tmp_path / "home"
    code, lines = planned_by([Reply("This is no plan.")], home, root)
    assert code == 0
    assert usage_of(lines)[:3] == [100, 100, 100]
    local = answer(tmp_path / "other", "plan", GOAL, "--repo", str(root))
    accepted = next(line for line in lines if line.get("event") == "plan_accepted")
    summary = accepted["data"]["plan"]["summary"]
    why = "This is the local plan, as the model gave none: its plan was refused 3 times"
    assert summary.startswith(why)
    assert summary.endswith(local["summary"])
    assert why in Path(lines[-1]["report"]).read_text("utf-8")
