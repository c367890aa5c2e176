"""The engine is killed while the real Codex works: its session is resumed, and nothing stays."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from missioncontrol.testing.scripted_models import Reply, serving
from missioncontrol.testing.scripted_models.script import codex_command
from tests.agents.bench import is_running, until_running
from tests.agents.repositories import everything, repository

WORKFLOW = """
name: greet
inputs:
  repository: {type: path}
steps:
  change:
    agent: coder
    with: {prompt: Let app.py say goodbye.}
"""


@pytest.mark.journey
def test_a_run_goes_on_after_its_engine_was_killed_and_nothing_is_left(
    tmp_path: Path, codex_program: Path
) -> None:
    source = repository(tmp_path / "r")
    before = everything(source)
    (tmp_path / "greet.yaml").write_text(WORKFLOW)
    home = tmp_path / "home"
    environment = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path("src").resolve()),
        "MISSION_SECRET_OPENAI": "sk-scripted-key-0123456789",
        "MISSION_HOME": str(home),
    }
    mission = [sys.executable, "-m", "missioncontrol"]

    def output_of(*words: str) -> str:
        done = subprocess.run(
            [*mission, *words], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    script = (
        Reply(calls=(codex_command("echo half > half.txt; sleep 98781"),)),
        Reply(calls=(codex_command("echo whole > whole.txt"),)),
        Reply("Done."),
    )
    with serving(*script) as server:
        output_of(
            *("agent", "add", "coder", "--kind", "codex", "--model", "gpt-5.5"),
            *("--set", f"program={codex_program}", "--set", f"base_url={server.url}"),
            *("--set", "key_variable=OPENAI_API_KEY", "--secret", "OPENAI_API_KEY=openai"),
            *("--input-tokens", "200000", "--output-tokens", "20000"),
        )
        output_of("workflow", "save", "greet.yaml")
        argv = [*mission, "workflow", "run", "greet", "--input", f"repository={source}"]
        engine = subprocess.Popen(argv, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
        asyncio.run(until_running("sleep 98781"))
        engine.kill()
        engine.wait()
        (run,) = re.findall(r"run-[0-9a-z]{14}", output_of("runs"))
        assert "has succeeded" in output_of("resume", run)
        assert len(server.calls) == 3
    assert not is_running("sleep 98781")
    assert not list((home / "worktrees").glob("*/*"))
    out = tmp_path / "out"
    output_of("artifacts", run, "--output", str(out))
    patch = (out / "change" / "changes.patch").read_text()
    assert "whole.txt" in patch
    # The session goes on in its tree: what it had changed is not done again, and not lost.
    assert "half.txt" in patch
    assert everything(source) == before
