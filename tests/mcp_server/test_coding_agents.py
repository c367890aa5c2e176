"""The real Codex and Claude Code, set up as the guide says, work through `mission mcp`."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.testing.scripted_models import Reply, ToolCall, serving
from missioncontrol.testing.scripted_models.script import claude_mcp, codex_mcp
from tests.agents.repositories import repository
from tests.cli.command import ARGV, GOAL, answer, end_all, environment, mission
from tests.mcp_server.house import GREETING, RELEASE, saved, up, waiting
from tests.workers.house import Talker, until

pytestmark = pytest.mark.journey

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "mcp.md").read_text(encoding="utf-8")
QUIET = """\
model = "scripted"
model_provider = "scripted"
approval_policy = "never"
check_for_update_on_startup = false
web_search = "disabled"
[model_providers.scripted]
name = "Scripted"
base_url = "{origin}/v1"
env_key = "KEY"
wire_api = "responses"
[analytics]
enabled = false
[feedback]
enabled = false
[features]
plugins = false
remote_plugin = false
apps = false
daemon_auto_start = false
"""


class Desk:
    """The checkout and home directory of a user, with `mission` on the path."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.source = repository(
            root / "tiny", {"tiny/__init__.py": "def add(a, b): return a + b\n"}
        )
        # Not below a temporary directory for Codex, which warns of that.
        self.own = Path.home() / ".cache" / "missioncontrol" / f"desk-{os.getpid()}"
        self.tools = root / "tools"
        self.tools.mkdir()
        program = self.tools / "mission"
        given = environment(self.home, MISSION_ACTOR="bob")
        assigned = " ".join(f"{name}={shlex.quote(text)}" for name, text in given.items())
        program.write_text(f'#!/bin/sh\n{assigned} exec {sys.executable} -m missioncontrol "$@"\n')
        program.chmod(0o755)
        self.own.mkdir(parents=True)

    def run(self, argv: list[str], **more: str) -> list[dict[str, Any]]:
        """Run a tool to its end, and return what it says, a JSON object a line."""
        path = f"{self.tools}:{os.environ['PATH']}"
        done = subprocess.run(
            argv,
            cwd=self.source,
            env={"HOME": str(self.own), "PATH": path, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def codex(self, program: Path, call: ToolCall, config: str = "", **more: str) -> dict[str, Any]:
        """Have Codex call a tool; return the result of the call. `config` is the server's."""
        with serving(Reply(calls=(call,)), Reply("Done.")) as models:
            settings = QUIET.format(origin=models.origin) + (config or shown("toml"))
            (self.own / "config.toml").write_text(settings)
            argv = [str(program), "exec", "--json", "--sandbox", "read-only", "Go on."]
            events = self.run(argv, CODEX_HOME=str(self.own), KEY="k", **more)
        ended = [each["item"] for each in events if each["type"] == "item.completed"]
        (found,) = (each for each in ended if each["type"] == "mcp_tool_call")
        return dict(found)

    def claude(self, program: Path, call: ToolCall) -> dict[str, Any]:
        """Have Claude Code call a tool; return the result of the call."""
        (self.source / ".mcp.json").write_text(shown("json"))
        switches = {
            "CLAUDE_CONFIG_DIR": str(self.own),
            "ANTHROPIC_API_KEY": "k",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
        }
        with serving(Reply(calls=(call,)), Reply("Done.")) as models:
            argv = [str(program), "--print", "--verbose", "--output-format", "stream-json"]
            argv += ["--mcp-config", ".mcp.json", "--strict-mcp-config"]
            argv += ["--allowedTools", "mcp__mission", "--model", "claude-sonnet-4-5"]
            events = self.run([*argv, "--", "Go on."], ANTHROPIC_BASE_URL=models.origin, **switches)
        contents = [each["message"]["content"] for each in events if each["type"] == "user"]
        (found,) = (part for content in contents for part in content if "tool_use_id" in part)
        return dict(found)


def shown(kind: str, number: int = 1) -> str:
    """Return the settings that the guide shows."""
    return GUIDE.split(f"```{kind}\n")[number].partition("```")[0]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    saved(found.home, GREETING)
    saved(found.home, RELEASE)
    up(found.home)
    yield found
    end_all()
    shutil.rmtree(found.own)


def test_codex_plans_a_mission_and_decides_nothing(desk: Desk, codex_program: Path) -> None:
    asked = {"goal": GOAL, "repository": str(desk.source)}
    planned = desk.codex(codex_program, codex_mcp("mission", "plan_mission", **asked))
    run = planned["result"]["structured_content"]["run"]
    until(lambda: answer(desk.home, "show", run)["status"] == "succeeded", "the plan")
    approval = waiting(desk.home, desk.source.parent / "place")
    asked = {"approval": approval}
    tried = desk.codex(codex_program, codex_mcp("mission", "approve", **asked))
    assert tried["result"]["structured_content"]["told"] is False
    assert [each["id"] for each in answer(desk.home, "approvals", "list")] == [approval]


def test_codex_reads_over_http_with_a_token(desk: Desk, codex_program: Path) -> None:
    server = Talker([*ARGV, "mcp", "--http", "0"], desk.home)
    url = server.until(r"served at (http://\S+) ")[1]
    made = mission(desk.home, "token", "new", "codex", "--scope", "read")
    found = desk.codex(
        codex_program,
        codex_mcp("mission", "list_missions"),
        shown("toml", 2).replace("http://127.0.0.1:8710/mcp", url),
        MISSION_TOKEN=made.stdout.decode().strip(),
    )
    assert found["result"]["structured_content"] == {"items": [], "next": ""}


@pytest.mark.slow
def test_claude_code_plans_a_mission_and_decides_nothing(desk: Desk, claude_program: Path) -> None:
    asked = {"goal": GOAL, "repository": str(desk.source)}
    planned = desk.claude(claude_program, claude_mcp("mission", "plan_mission", **asked))
    run = json.loads(planned["content"])["run"]
    until(lambda: answer(desk.home, "show", run)["status"] == "succeeded", "the plan")
    approval = waiting(desk.home, desk.source.parent / "place")
    tried = desk.claude(claude_program, claude_mcp("mission", "approve", approval=approval))
    assert json.loads(tried["content"])["told"] is False
    assert [each["id"] for each in answer(desk.home, "approvals", "list")] == [approval]
