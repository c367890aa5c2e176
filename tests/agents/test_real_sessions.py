"""Sessions of the real programs: what their files and our hooks in their settings say of them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from missioncontrol.adapters.agent_sessions.hooks import install
from missioncontrol.adapters.agent_sessions.spool import spool_of
from missioncontrol.adapters.agent_sessions.watcher import SessionWatcher, roots_of
from missioncontrol.domain.agent_session import Standing
from missioncontrol.ports.agent_sessions import Activity
from missioncontrol.testing.scripted_models import Reply, serving
from missioncontrol.testing.scripted_models.script import claude_bash, codex_command
from tests.agents.repositories import repository

pytestmark = pytest.mark.journey

MISSION = (sys.executable, "-m", "missioncontrol")
QUIET = (
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
    "DISABLE_AUTOUPDATER",
    "DISABLE_TELEMETRY",
    "DISABLE_ERROR_REPORTING",
)
CODEX = """
model_provider = "mc"
approval_policy = "never"
check_for_update_on_startup = false
web_search = "disabled"
[model_providers.mc]
name = "scripted"
base_url = "ORIGIN/v1"
env_key = "MC_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
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


class Person:
    """Somebody's home directory, with both programs' settings in it and our hooks in those."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.checkout = repository(root / "shop")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONPATH": os.pathsep.join(sys.path),
            **dict.fromkeys(QUIET, "1"),
        }
        self.roots = roots_of(self.environment)
        for each in self.roots.values():
            each.mkdir(parents=True)
        spool = spool_of(self.environment)
        self.watcher = SessionWatcher(self.roots, spool, time.time)  # noqa: TID251 - real programs

    def run(self, program: Path, *words: str, **environment: str) -> Activity:
        """Run a program to its end, and return the session as the watcher sees it."""
        done = subprocess.run(
            [str(program), *words],
            cwd=self.checkout,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr or done.stdout
        [row] = self.watcher.look()
        return row


def test_claude_code_tells_its_session_through_hooks_and_its_file(
    tmp_path: Path, claude_program: Path
) -> None:
    ann = Person(tmp_path)
    install(ann.roots, ("claude",), MISSION)
    with serving(Reply(calls=(claude_bash("echo hi"),)), Reply("All done.")) as server:
        row = ann.run(
            claude_program,
            *("-p", "--model", "claude-sonnet-4-5", "--allowedTools", "Bash(echo:*)", "--"),
            "Say hi",
            ANTHROPIC_BASE_URL=server.origin,
            ANTHROPIC_API_KEY="key",
        )
    assert (row.program, row.title, row.turns) == ("claude", "Say hi", 1)
    assert row.directory == str(ann.checkout)
    assert [(each.tool, each.target) for each in row.recent] == [("Bash", "echo hi")]
    assert row.standing == Standing(end="ended")  # Only its hook says that.
    assert row.usage.output_tokens == 40
    assert row.usage.input_tokens == 200


def test_codex_tells_its_session_through_notify_and_its_file(
    tmp_path: Path, codex_program: Path
) -> None:
    ann = Person(tmp_path)
    with serving(Reply(calls=(codex_command("echo hi"),)), Reply("All done.")) as server:
        (ann.roots["codex"] / "config.toml").write_text(CODEX.replace("ORIGIN", server.origin))
        install(ann.roots, ("codex",), MISSION)
        row = ann.run(
            codex_program, "exec", "-s", "workspace-write", "-m", "gpt-x", "Say hi", MC_KEY="key"
        )
    assert (row.program, row.title, row.turns) == ("codex", "Say hi", 1)
    assert [(each.tool, each.target) for each in row.recent] == [("exec_command", "echo hi")]
    assert row.standing.wait in ("prompt", None)
    assert (row.usage.input_tokens, row.usage.output_tokens) == (200, 40)
    written = spool_of(ann.environment)
    for _ in range(100):  # Codex does not wait for it.
        if written.exists() and row.session in written.read_text():
            return
        time.sleep(0.1)
    raise AssertionError("Codex did not call our program")
