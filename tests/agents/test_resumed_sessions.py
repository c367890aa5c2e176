"""Interrupted attempts of the real Codex and Claude Code are resumed: no work is paid twice."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from missioncontrol.adapters.agents.coding.claude import ClaudeKind
from missioncontrol.adapters.agents.coding.codex import CodexKind
from missioncontrol.adapters.processes import end_orphans
from missioncontrol.adapters.worktrees import sweep
from missioncontrol.domain.declaration import Declaration
from missioncontrol.ports.agent import ProcessHandle
from missioncontrol.testing.scripted_models import ModelServer, Reply, ToolCall, serving
from missioncontrol.testing.scripted_models.script import claude_bash, codex_command
from tests.agents.bench import Attempted, Door, attempt, is_running, until_running, workshop
from tests.agents.repositories import repository
from tests.some import some

pytestmark = pytest.mark.journey


class Tool(NamedTuple):
    """A real tool, and how its model calls its shell."""

    kind: Any
    name: str
    program: Path
    model: str
    shell: Callable[[str], ToolCall]


@pytest.fixture(params=some(["codex", "claude"], 0))
def tool(request: pytest.FixtureRequest) -> Tool:
    program = request.getfixturevalue(f"{request.param}_program")
    if request.param == "codex":
        return Tool(CodexKind(), "codex", program, "scripted", codex_command)
    return Tool(ClaudeKind(), "claude", program, "claude-sonnet-4-5", claude_bash)


def tried(root: Path, tool: Tool, server: ModelServer, **more: Any) -> Attempted:
    settings = {"program": str(tool.program)}
    declared = Declaration("coder", tool.name, settings, model=tool.model)
    given = {"prompt": "Do it.", "repository": str(root / "r"), **more}
    return attempt(tool.kind, declared, workshop(root, Door(server.origin)), **given)


def wrote(tool: Tool, name: str) -> Reply:
    return Reply(calls=(tool.shell(f"echo {name} > {name}.txt"),))


def files(ended: Attempted) -> set[str]:
    return {each["path"] for each in ended.done.output["files"]}


def test_a_refused_attempt_goes_on_where_it_was(tmp_path: Path, tool: Tool) -> None:
    repository(tmp_path / "r")
    refusal = Reply("The budget is spent.", status=402)
    with serving(wrote(tool, "one"), refusal, wrote(tool, "two"), Reply("Done.")) as server:
        first = tried(tmp_path, tool, server)
        assert first.refused.code == f"{tool.name}.budget_refused"
        second = tried(tmp_path, tool, server)
        assert files(second) == {"one.txt", "two.txt"}
        assert len(server.calls) == 4, "the refused call alone is asked again"
        assert "one > one.txt" in str(server.requests[2]), "it knows what it did before"
    assert "Resuming session" in second.line.text
    assert not list((tmp_path / "trees").glob("*/*"))


def test_another_task_and_a_lost_session_start_over(tmp_path: Path, tool: Tool) -> None:
    repository(tmp_path / "r")
    refusal = Reply("The budget is spent.", status=402)
    with serving(
        *(wrote(tool, "one"), refusal, wrote(tool, "other"), Reply("Other.")),
        *(wrote(tool, "two"), Reply("Done.")),
    ) as server:
        tried(tmp_path, tool, server)
        other = tried(tmp_path, tool, server, prompt="Something else.")
        assert files(other) == {"other.txt"}
        for session in (tmp_path / "trees").glob("*/*/home/**/*.jsonl"):
            session.unlink()
        again = tried(tmp_path, tool, server)
    assert files(again) == {"two.txt"}
    assert "is gone, so this attempt starts over" in again.line.text


@pytest.mark.parametrize("is_in_call", [False, True])
def test_after_a_kill_no_more_than_one_call_is_paid_twice(
    tmp_path: Path, tool: Tool, is_in_call: bool
) -> None:
    repository(tmp_path / "r")
    slow = tool.shell("touch began.txt; sleep 97531")
    meanwhile = Reply(calls=(slow,), seconds=600.0 if is_in_call else 0.0)
    with serving(wrote(tool, "one"), meanwhile, wrote(tool, "two"), Reply("Done.")) as server:
        asyncio.run(killed(tmp_path, tool, server, is_in_call=is_in_call))
        ended = tried(tmp_path, tool, server)
        assert len(server.calls) == 4
        assert "one > one.txt" in str(server.requests[2])
    assert files(ended) >= {"one.txt", "two.txt"}


async def killed(root: Path, tool: Tool, server: ModelServer, *, is_in_call: bool) -> None:
    """Kill the process that carries out an attempt, in its second call or after it."""
    argv = ["-m", "tests.agents.abandoned", str(root), str(tool.program)]
    engine = await asyncio.create_subprocess_exec(
        *(sys.executable, *argv, server.origin, tool.name, tool.model),
        env={**os.environ, "PYTHONPATH": "src"},
    )
    if is_in_call:
        while len(server.calls) < 2:  # noqa: ASYNC110 - the server counts in a thread of its own
            await asyncio.sleep(0.02)
    else:
        await until_running("sleep 97531")
    engine.kill()
    await engine.wait()
    for line in (root / "processes").read_bytes().splitlines():
        await end_orphans(msgspec.json.decode(line, type=ProcessHandle))
    assert await sweep(root / "trees", str) == 0
    assert not is_running("sleep 97531")
