"""A step that plants a hook or a setting of git, which runs as the person later, is named."""

import asyncio
import sys
from pathlib import Path

import pytest

from missioncontrol.adapters.agents.command import CommandAgent
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Assignment
from tests.agents.bench import TestLine, workshop
from tests.agents.repositories import repository

PLANTED = {
    "a hook": "open('.git/hooks/post-commit', 'w').write('x')",
    "a setting": "open('.git/config', 'a').write('[core]\\nfsmonitor = x\\n')",
    "back again": "import os; os.utime('.git/config', (0, 0))",
}


def ran(root: Path, code: str) -> tuple[Work, str]:
    source, shop, line = root / "r", workshop(root), TestLine()
    agent = CommandAgent(
        scratch=shop.scratch,
        artifacts=shop.artifacts,
        environment={},
        scrub=str,
        sandbox=shop.sandbox,
    )
    inputs = {"argv": [sys.executable, "-c", code], "repository": str(source)}
    given = Assignment("run-1", "w", "plant", 1, 1, "k", "command", inputs)
    return asyncio.run(agent.perform(given, line)), line.text


@pytest.mark.parametrize("code", PLANTED.values(), ids=PLANTED)
def test_what_git_runs_for_people_is_named_when_a_step_changes_it(
    tmp_path: Path, code: str
) -> None:
    repository(tmp_path / "r")
    work, output = ran(tmp_path, code)
    assert [each.rule for each in work.findings] == ["command.git_settings"]
    assert "Check them before you use git there" in output


def test_a_step_that_commits_changes_none_of_it(tmp_path: Path) -> None:
    repository(tmp_path / "r")
    git = [
        "git",
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b",
        "commit",
        "--allow-empty",
        "-qm",
        "x",
    ]
    work, _ = ran(tmp_path, f"import subprocess; subprocess.run({git}, check=True)")
    assert work.findings == ()
