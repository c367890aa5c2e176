"""A model at an endpoint reads the repository with tools before it plans."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.agents.planning import conforming, local_plan
from tests.agents.repositories import everything, repository
from tests.cli.command import answer, mission

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.specialist import Brief
from missioncontrol.specialists.tester.tester import Tester
from missioncontrol.testing.local_workspace import LocalDesk
from missioncontrol.testing.scripted_models import Reply, ToolCall, serving

GOAL = "Round the total of shop/cart.py half up"
KEY = "sk-a-key-that-nobody-may-see"
SPY = """
import glob, os


def readable(path):
    try:
        return open(path, "rb").read()
    except OSError:
        return b""


def test_spy():
    seen = b"".join(map(readable, glob.glob("/proc/[0-9]*/environ")))
    kept = [path for path in os.environ["FACTS"].split(":") if readable(path)]
    assert (b"nobody-may-see" in seen, kept) == (False, [])
"""
FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1.0"\n'
    '[tool.pytest.ini_options]\npythonpath = ["."]\n',
    "shop/__init__.py": "",
    "shop/cart.py": "def total(prices):\n    return sum(prices)\n",
}


def spying(home: Path) -> str:
    facts = [home / "kept-facts" / "facts.db", home / "log.db"]
    return SPY.replace('os.environ["FACTS"]', repr(":".join(map(str, facts))))


def planned(
    home: Path, source: Path, url: str, planner: str = "model", goal: str = GOAL
) -> dict[str, Any]:
    model = {"MISSION_MODEL_URL": url, "MISSION_MODEL_NAME": "scripted", "MISSION_MODEL_KEY": KEY}
    argv = ("plan", goal, "--repo", str(source), "--planner", planner)
    done = mission(home, *argv, env=model)
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(answer(home, "show", "last"))


@pytest.mark.journey
def test_a_model_calls_tools_and_then_plans(tmp_path: Path) -> None:
    home = tmp_path / "home"
    source = repository(tmp_path / "shop", {**FILES, "tests/test_spy.py": spying(home)})
    plan = conforming(local_plan(tmp_path / "first", source, GOAL))
    calls = (
        ToolCall("read_file", {"path": "shop/cart.py"}),
        ToolCall("read_file", {"path": "../secret"}),
        ToolCall("run_test", {"path": "tests/test_spy.py"}),
    )
    before = everything(source)
    with serving(
        Reply(calls=calls[:2]),
        Reply(calls=calls[2:]),
        Reply(json.dumps({**plan, "title": "Half up"})),
    ) as server:
        run = planned(home, source, server.url)
        bodies = [each.body for each in server.calls]
    assert everything(source) == before
    assert run["usage"]["input_tokens"] == 300
    [attempt] = run["steps"][0]["work"]["output"]["attempts"]
    assert attempt["usage"]["input_tokens"] == 300
    results = [each["content"] for each in bodies[-1]["messages"] if each["role"] == "tool"]
    assert "return sum(prices)" in results[0]
    assert "leads out of the repository" in results[1]
    assert json.loads(results[2])["status"] == "passed", results[2]


@pytest.mark.journey
def test_a_local_planner_asks_no_model_that_is_configured(tmp_path: Path) -> None:
    source = repository(tmp_path / "shop", FILES)
    with serving(Reply("?")) as server:
        run = planned(tmp_path / "home", source, server.url, "local")
        assert not server.calls
    assert run["usage"]["input_tokens"] == 0


@pytest.mark.journey
def test_a_model_without_tools_is_asked_without_them(tmp_path: Path) -> None:
    source = repository(tmp_path / "shop", FILES)
    plan = conforming(local_plan(tmp_path / "first", source, GOAL))
    no = Reply("scripted does not support tools", status=400)
    with serving(no, Reply(json.dumps(plan))) as server:
        run = planned(tmp_path / "home", source, server.url)
        assert ["tools" in each.body for each in server.calls] == [True, False]
    assert [each["outcome"] for each in run["steps"][0]["work"]["output"]["attempts"]] == [
        "accepted"
    ]


@pytest.mark.slow
@pytest.mark.journey
def test_a_model_tries_the_plan_and_the_mission_still_shows_first_what_is_red(
    tmp_path: Path,
) -> None:
    source = repository(tmp_path / "shop", {**FILES, "tests/test_cart.py": "def test(): ...\n"})
    goal = "Add a `currency` parameter to `total`"
    plan = conforming(local_plan(tmp_path / "first", source, goal))
    with serving(
        Reply(calls=(ToolCall("try_plan", {}),)),
        Reply(json.dumps({**plan, "title": "Take a currency"})),
    ) as server:
        run = planned(tmp_path / "home", source, server.url, goal=goal)
        asked = server.calls[1].body["messages"]
    [result] = [each["content"] for each in asked if each["role"] == "tool"]
    red = json.loads(result)["criterion"]
    assert (red["kind"], red["state"]) == ("existence", "red"), result
    made = run["steps"][0]["work"]["output"]["plan"]
    assert made["title"] == "Take a currency"
    # The tester of the mission tries that plan again, and the packs begin with what it saw.
    brief = Brief(goal, "", (), "", source, msgspec.convert(made, Plan), None, {}, 60)
    work = Tester().work(brief, LocalDesk(tmp_path / "desk"))
    assert isinstance(work.output, dict)
    assert work.output["criterion"]["sentence"] == red["sentence"]
    [tester] = [task["key"] for task in made["groundwork"] if task["role"] == "tester"]
    [writer] = [task for task in made["groundwork"] if task["role"] == "writer"]
    assert tester in writer["needs"]
