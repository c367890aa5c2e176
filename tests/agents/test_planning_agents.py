"""Plans made by real agents that read a repository with our tools, and write nothing in it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.testing.scripted_models import Reply, Request, ToolCall, serving
from missioncontrol.testing.scripted_models.script import (
    claude_mcp,
    claude_write,
    codex_command,
    codex_mcp,
)
from tests.agents.houses import MODELS, cost, furnished, total
from tests.agents.planning import conforming, local_plan
from tests.agents.repositories import everything, repository
from tests.agents.test_built_missions import FILES, GOAL
from tests.cli.command import answer, mission

pytestmark = pytest.mark.journey

NOWHERE = {
    "id": "K9",
    "title": "`shop/nowhere.py` breaks",
    "likelihood": "low",
    "impact": "low",
    "mitigation": "Look there first.",
    "because": "",
    "owner": "",
}


def mcp(kind: str, tool: str, **arguments: Any) -> ToolCall:
    if kind == "opencode":
        return ToolCall(f"planning_{tool}", arguments)
    make = codex_mcp if kind == "codex" else claude_mcp
    return make("planning", tool, **arguments)


def writing(kind: str, source: Path) -> ToolCall:
    """Try to change a file, of the tree or of the repository itself."""
    if kind == "codex":
        there = f"touch here.txt; touch {source}/there.txt; ls here.txt {source}/there.txt"
        return codex_command(there)
    return claude_write(str(source / "there.txt"), "x")


def final(kind: str, plan: dict[str, Any]) -> Reply:
    if kind == "claude":
        return Reply(calls=(ToolCall("StructuredOutput", plan),), input_tokens=900)
    return Reply(json.dumps(plan), input_tokens=900)


def planned(home: Path, source: Path, planner: str, **more: str) -> tuple[int, str, dict[str, Any]]:
    """Plan; return the exit status, what was printed, and the run."""
    done = mission(home, "plan", GOAL, "--repo", str(source), "--planner", planner, env=more)
    return done.returncode, (done.stdout + done.stderr).decode(), answer(home, "show", "last")


def furnish(home: Path, models: Any, kind: str, program: Path) -> Path:
    if kind != "opencode":
        return furnished(home, models, kind, program)
    furnished(home, models, "codex", program)
    (home / "agents.toml").unlink()
    return home


@pytest.mark.parametrize("kind", ["codex", pytest.param("claude", marks=pytest.mark.slow)])
def test_an_agent_reads_with_our_tools_and_its_plan_is_held_to_the_repository(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(f"{kind}_program")
    source = repository(tmp_path / "source", FILES)
    plan = conforming(local_plan(tmp_path / "first", source, GOAL))
    better = {**plan, "title": "A discount, by hand"}
    script = (
        Reply(calls=(mcp(kind, "read_file", path="shop/prices.py"),), input_tokens=800),
        Reply(calls=(mcp(kind, "run_test", path="tests/test_prices.py"),), input_tokens=850),
        Reply(calls=(writing(kind, source),), input_tokens=860),
        final(kind, {**better, "risks": [NOWHERE]}),
        *((Reply("It is there."),) if kind == "claude" else ()),
        final(kind, better),
        *((Reply("It is there."),) if kind == "claude" else ()),
    )
    with serving(*script) as models:
        home = furnish(tmp_path / "home", models, kind, program)
        before = everything(source)
        code, out, run = planned(home, source, "coder")
        asked = [json.dumps(each.body) for each in models.calls]
    assert code == 0, out
    assert everything(source) == before
    assert "# A discount, by hand" in out
    assert "def total(prices)" in asked[1]
    assert '\\"passed\\":1' in asked[2].replace("\\\\", "\\")
    assert "there.txt" in asked[3]
    assert not (source / "there.txt").exists()
    work = answer(home, "show", "last")["steps"][0]["work"]
    attempts = work["output"]["attempts"]
    assert [each["outcome"] for each in attempts] == ["refused", "accepted"]
    assert "'shop/nowhere.py' is not in the repository" in attempts[0]["faults"][0]
    assert "shop/nowhere.py" in asked[-1]
    used = script[: len(asked)]
    assert run["usage"]["input_tokens"] == total(used).input_tokens
    assert run["usage"]["cost"] >= cost(used, MODELS[kind])  # The gateway counts long answers.


@pytest.mark.slow
def test_opencode_plans_without_being_declared(
    tmp_path: Path, opencode_program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{opencode_program.parent}:{os.environ['PATH']}")
    source = repository(tmp_path / "source", FILES)
    better = {**conforming(local_plan(tmp_path / "first", source, GOAL)), "title": "By opencode"}
    calls = [
        mcp("opencode", "locate", text="total of prices"),
        ToolCall("write", {"filePath": "x"}),
    ]

    def answered(asked: Request) -> Reply:
        """Name the session where that is asked for; else call a tool, or answer."""
        if not asked.tools:
            return Reply("A title")
        return Reply(calls=(calls.pop(0),)) if calls else final("opencode", better)

    with serving(*(answered,) * 6) as models:
        home = furnish(tmp_path / "home", models, "opencode", opencode_program)
        before = everything(source)
        named = {"MISSION_MODEL_NAME": "gpt-5.5", "MISSION_MODEL_URL": models.url}
        code, out, _ = planned(home, source, "opencode", **named)
        asked = [json.dumps(each.body) for each in models.calls]
    assert code == 0, out
    assert everything(source) == before
    assert "# By opencode" in out
    assert any("is_sure" in each for each in asked)  # What our ranking says of a file.


@pytest.mark.slow
def test_three_refused_answers_let_the_local_plan_stand_in_and_say_why(
    tmp_path: Path, codex_program: Path
) -> None:
    source = repository(tmp_path / "source", FILES)
    plan = conforming(local_plan(tmp_path / "first", source, GOAL))
    bad = final("codex", {**plan, "risks": [NOWHERE]})
    with serving(bad, bad, bad) as models:
        home = furnish(tmp_path / "home", models, "codex", codex_program)
        code, out, run = planned(home, source, "coder")
    assert code == 0, out
    assert run["usage"]["input_tokens"] == 2_700
    text = " ".join(out.split())
    assert "This is the local plan, as agent coder gave none: its plan was refused 3 times" in text


def test_a_spent_cap_lets_the_local_plan_stand_in(tmp_path: Path, codex_program: Path) -> None:
    source = repository(tmp_path / "source", FILES)
    with serving(Reply(calls=(codex_command("ls"),), input_tokens=900), Reply("?")) as models:
        home = furnish(tmp_path / "home", models, "codex", codex_program)
        args = ("budget", "set", "agent", "planner", "--tokens", "1000", "--reason", "t")
        assert mission(home, *args).returncode == 0
        code, out, _ = planned(home, source, "coder")
        asked = len(models.calls)
    assert code == 0, out
    assert asked < 2
    assert "agent 'planner'" in " ".join(out.split())


@pytest.mark.parametrize(
    ("planner", "reason", "hint"),
    [
        ("nobody", "Agent 'nobody' is not known and can't plan.", "mission agent list"),
        ("model", "No model is configured that could plan.", "MISSION_MODEL_URL"),
        ("claude-code", "There is no program 'claude' to run.", "npm install -g"),
    ],
)
def test_a_planner_that_is_not_there_is_refused_with_what_to_do(
    tmp_path: Path, planner: str, reason: str, hint: str
) -> None:
    source = repository(tmp_path / "source", FILES)
    with serving(Reply("?")) as models:
        home = furnished(tmp_path / "home", models, "codex", Path("/nowhere/codex"))
        done = mission(home, "plan", GOAL, "--repo", str(source), "--planner", planner)
    output = " ".join((done.stdout + done.stderr).decode().split())
    assert done.returncode != 0
    assert reason in output
    assert hint in output
