"""Sessions of the real programs: what their files and our hooks in their settings say of them."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from missioncontrol.adapters.agent_sessions.hooks import install
from missioncontrol.adapters.agent_sessions.spool import spool_of
from missioncontrol.adapters.agent_sessions.watcher import SessionWatcher, roots_of
from missioncontrol.adapters.agents.coding.claude import ClaudeKind
from missioncontrol.adapters.agents.coding.codex import CodexKind
from missioncontrol.adapters.agents.outside_session import LocalSessions
from missioncontrol.application.agent_sessions import AdoptAgentSession, ReportSessions
from missioncontrol.application.agents import DeclareAgent
from missioncontrol.application.repositories import RepositoryAsked, RepositoryTaskAsked
from missioncontrol.application.review_changes import proposals_of
from missioncontrol.domain.agent_session import Standing
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.repository.process import MergeRule, PhaseRule, Process
from missioncontrol.ports.agent_sessions import Activity
from missioncontrol.testing.scripted_models import ModelServer, Reply, ToolCall, serving
from missioncontrol.testing.scripted_models.script import claude_bash, codex_command
from tests.agents.bench import Door, attempt, workshop
from tests.agents.repositories import everything, repository
from tests.console.houses import console_house
from tests.some import some

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


class Tool(NamedTuple):
    """A program: how a person and how an agent starts it, and how its model calls its shell."""

    kind: Any
    program: Path
    model: str
    words: tuple[str, ...]
    shell: Callable[[str], ToolCall]


@pytest.fixture(params=some(["codex", "claude"], 0))
def tool(request: pytest.FixtureRequest) -> Tool:
    program = request.getfixturevalue(f"{request.param}_program")
    if request.param == "codex":
        begin = ("exec", "-s", "workspace-write", "-m", "gpt-x")
        return Tool(CodexKind(), program, "gpt-x", begin, codex_command)
    allowed = ("--allowedTools", "Bash(echo:*)", "--permission-mode", "acceptEdits", "--")
    words = ("-p", "--model", "claude-sonnet-4-5", *allowed)
    return Tool(ClaudeKind(), program, "claude-sonnet-4-5", words, claude_bash)


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


@pytest.mark.parametrize("is_metered", [True, False])
def test_a_session_of_a_person_goes_on_as_an_attempt_of_ours(
    tmp_path: Path, tool: Tool, is_metered: bool
) -> None:
    ann = Person(tmp_path)
    began = Reply(calls=(tool.shell("echo one > one.txt"),))
    with serving(began, Reply("The word is heron.")) as server:
        session = started(ann, tool, server)
        assert (ann.checkout / "one.txt").exists()
    found = LocalSessions(ann.roots, tmp_path / "snapshots")
    taken = asyncio.run(
        found.snapshot(tool.kind.name, session.session, session.directory, session.started)
    )
    before = everything(ann.checkout)
    more = Reply(calls=(tool.shell("cat one.txt && echo two > two.txt"),))
    with serving(more, Reply("Went on.")) as server:
        shop = workshop(tmp_path, Door(server.origin) if is_metered else None, {"KEY": "key"})
        url = f"{server.origin}/v1" if tool.kind.name == "codex" else server.origin
        source = {} if is_metered else {"base_url": url, "key_variable": "KEY"}
        settings = {"program": str(tool.program), **source}
        declared = Declaration("coder", tool.kind.name, settings, model=tool.model)
        ended = attempt(
            tool.kind,
            declared,
            shop,
            prompt="Go on with it.",
            repository=session.directory,
            base=taken.base,
            former=shop.artifacts.put(taken.patch),
            session={
                "id": session.session,
                "record": shop.artifacts.put(taken.record),
                "directory": session.directory,
            },
        )
        assert ended.failure is None, ended.failure and (ended.failure.reason, ended.line.text)
        assert "The word is heron." in str(server.requests[0]), "it knows what was said before"
        assert "Go on with it." in str(server.requests[0])
    assert {each["path"] for each in ended.done.output["files"]} == {"one.txt", "two.txt"}
    assert everything(ann.checkout) == before
    assert ended.line.used.output_tokens == (0 if is_metered else 40), "the rest was the person's"


def started(ann: Person, tool: Tool, server: ModelServer) -> Activity:
    """Have a person begin a session that writes a file."""
    (ann.roots["codex"] / "config.toml").write_text(CODEX.replace("ORIGIN", server.origin))
    keys = {"ANTHROPIC_BASE_URL": server.origin, "ANTHROPIC_API_KEY": "key", "MC_KEY": "key"}
    return ann.run(tool.program, *tool.words, "Begin", **keys)


def test_a_continued_session_is_the_work_of_a_task(tmp_path: Path, claude_program: Path) -> None:
    ann = Person(tmp_path)
    words = ("--allowedTools", "Bash(echo:*)", "--permission-mode", "acceptEdits", "--")
    tool = Tool(
        ClaudeKind(),
        claude_program,
        "claude-sonnet-4-5",
        ("-p", "--model", "claude-sonnet-4-5", *words),
        claude_bash,
    )
    with serving(Reply(calls=(claude_bash("echo one > one.txt"),)), Reply("Begun.")) as server:
        session = msgspec.structs.replace(
            started(ann, tool, server), standing=Standing(end="ended")
        )
    before = everything(ann.checkout / "src")
    more = Reply(calls=(claude_bash("echo two > two.txt"),))
    with serving(more, Reply("Finished.")) as server:
        asyncio.run(reviewed(ann, session, tool, server))
        assert "Begun." in str(server.requests[0])
        assert "Name both files in English." in str(server.requests[0])
    assert everything(ann.checkout / "src") == before
    assert not (ann.checkout / "two.txt").exists()


async def reviewed(ann: Person, session: Activity, tool: Tool, server: ModelServer) -> None:
    """Have an agent continue a session as the work of a task, until its merge waits."""
    environment = {**ann.environment, "KEY": "key"}
    settings = {"program": str(tool.program), "base_url": server.origin, "key_variable": "KEY"}
    declared = {
        "kind": "claude",
        "settings": settings,
        "model": tool.model,
        "environment": ["KEY"],
    }
    async with console_house(ann.home.parent / "engine", environment) as house:
        held = house.held
        repository = "repository-0123456789abcd"
        phases = {"implementation": PhaseRule(), "review": PhaseRule()}
        merge = MergeRule(into="mission/main", untested=True)
        process = Process(phases, own=True, merge=merge)  # type: ignore[arg-type]
        await held.command_bus.agents.add(DeclareAgent("coder", declared), actor="user:ann")
        for asked in (
            RepositoryAsked(repository, str(ann.checkout), process),
            RepositoryTaskAsked("add", repository, title="Number the files"),
            RepositoryTaskAsked("scope", repository, 1, scope=("*.txt",)),
        ):
            await held.command_bus.do(asked, "user:ann")
        sessions = held.command_bus.sessions
        await sessions.report(ReportSessions((session,)), actor="user:ann")
        wanted = "Name both files in English."
        command = AdoptAgentSession(
            session.session, builder="coder", instruction=wanted, task="SHOP-1"
        )
        made = await sessions.adopt(command, actor="user:ann")
        async with asyncio.timeout(100):
            while not held.journal.runs[made.run].held:
                assert not held.journal.runs[made.run].is_settled, held.journal.runs[made.run]
                await asyncio.sleep(0.2)
        run = held.journal.runs[made.run]
        [proposal] = proposals_of(run, "task-1")
        patch = held.artifacts.get(proposal.digest)
        assert b"+one" in patch
        assert b"+two" in patch
        row = held.command_bus.work_items.row("SHOP-1")
        assert (row.assignee, row.session) == ("session:Claude Code of ann", session.session)
