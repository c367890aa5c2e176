"""Real coding agents under real rules: one engine, its gateway, a repository, and a cap."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.testing.scripted_models import ModelServer, Reply, serving
from missioncontrol.testing.scripted_models.script import claude_bash, codex_command, codex_patch
from tests.agents.houses import MODELS, cost, furnished, total
from tests.agents.repositories import everything, git, repository
from tests.cli.command import answer, mission
from tests.cli.test_operating import up

pytestmark = pytest.mark.journey

PATCH = """*** Begin Patch
*** Update File: src/app.py
@@
-print('hello')
+print('goodbye')
*** End Patch"""
CODEX_SCRIPT = (
    Reply(calls=(codex_patch(PATCH),), input_tokens=1_200, cached_tokens=200, output_tokens=90),
    Reply(calls=(codex_command("python3 src/app.py"),), input_tokens=1_400, output_tokens=30),
    Reply("It says goodbye.", input_tokens=1_500, cached_tokens=1_000, output_tokens=12),
)
CLAUDE_SCRIPT = (
    Reply(
        calls=(claude_bash("sed -i s/hello/goodbye/ src/app.py"),),
        input_tokens=1_200,
        cached_tokens=200,
        output_tokens=90,
    ),
    Reply("It says goodbye.", input_tokens=1_500, cached_tokens=1_000, output_tokens=12),
)


class House:
    """A home with a gateway to scripted models and one coding agent."""

    def __init__(self, root: Path, models: ModelServer, kind: str, program: Path) -> None:
        self.home = furnished(root / "home", models, kind, program)
        self.source = repository(root / "source")
        self.model = MODELS[kind]
        self.file = root / "change.yaml"
        self.file.write_text(
            "name: change\ninputs: {repository: {type: path}}\n"
            'steps:\n  build: {agent: coder, with: {prompt: "Say goodbye."}}\n'
        )
        self.said("workflow", "save", str(self.file), begin=True)

    def said(self, *arguments: str, begin: bool = False) -> str:
        """Run a command line that succeeds; `begin` hides the agents of the file from it."""
        file = self.home / "agents.toml"
        if begin:  # No engine has read the file yet, so its agents are unknown.
            with engine(self.home):
                return self.said(*arguments)
        assert file.exists()
        done = mission(self.home, *arguments)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        return done.stdout.decode()

    def run(self) -> tuple[int, str]:
        done = mission(
            self.home, "workflow", "run", "change", "--input", f"repository={self.source}"
        )
        return done.returncode, (done.stdout + done.stderr).decode()


@contextmanager
def engine(home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = up(home)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


def shown(house: House) -> dict[str, Any]:
    found: dict[str, Any] = answer(house.home, "show", "last")
    return found


@pytest.mark.parametrize("kind", ["codex", "claude"])
def test_what_it_changed_and_what_it_cost_are_known_exactly(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(f"{kind}_program")
    script = CODEX_SCRIPT if kind == "codex" else CLAUDE_SCRIPT
    with serving(*script) as models:
        house = House(tmp_path, models, kind, program)
        before = everything(house.source)
        code, out = house.run()
        assert code == 0, out
    assert everything(house.source) == before
    mission(house.home, "artifacts", "last", "--output", str(tmp_path / "out"))
    patch = tmp_path / "out/build/changes.patch"
    fresh = tmp_path / "fresh"
    git(tmp_path, "clone", "-q", str(house.source), str(fresh))
    git(fresh, "apply", str(patch))
    assert (fresh / "src/app.py").read_text() == "print('goodbye')\n"
    used, run = total(script), shown(house)
    assert run["usage"]["input_tokens"] == used.input_tokens
    assert run["usage"]["output_tokens"] == used.output_tokens
    assert run["usage"]["cost"] == cost(script, house.model)
    calls = answer(house.home, "gateway", "calls")
    assert len(calls) == len(script)


@pytest.mark.parametrize("kind", ["codex", "claude"])
def test_a_cap_that_is_one_token_short_stops_it_and_it_says_so(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(f"{kind}_program")
    script = CODEX_SCRIPT if kind == "codex" else CLAUDE_SCRIPT
    with serving(*script) as models:
        house = House(tmp_path, models, kind, program)
        cap = total(script[:1]).tokens
        args = ("budget", "set", "agent", "coder", "--tokens", str(cap), "--reason", "t")
        house.said(*args)
        code, out = house.run()
        assert code != 0
        assert "agent 'coder'" in out
        asked = len(models.calls)
    assert asked < len(script)
    outcomes = [each["outcome"] for each in answer(house.home, "gateway", "calls")]
    assert "refused" in outcomes
