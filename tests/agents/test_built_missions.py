"""Missions whose code is changed by a real coding agent, and proven by the project's own tests."""

import asyncio
import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents.acp.kind import AcpKind
from missioncontrol.cli.exit_codes import FAILED, UNPROVEN
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.work import ArtifactRef, Work
from missioncontrol.ports.agent import Verdict
from missioncontrol.testing.scripted_models import Reply, Request, ToolCall, serving
from missioncontrol.testing.scripted_models.script import claude_bash, codex_command, codex_patch
from tests import prefork
from tests.agents.bench import is_running, until_running
from tests.agents.heard import HeardLine, a_workshop, assignment, run
from tests.agents.houses import MODELS, cost, furnished, total
from tests.agents.repositories import PYTEST_ALONE, applied, everything, git, repository
from tests.cli.command import answer, environment, mission

pytestmark = pytest.mark.journey

GOAL = "Add a discount to total: total(prices, discount=0) takes a percentage off"
FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "0.1.0"\n'
    f'[tool.pytest.ini_options]\npythonpath = ["."]\n{PYTEST_ALONE}',
    "shop/__init__.py": "",
    "shop/prices.py": "def total(prices):\n    return sum(prices)\n",
    "tests/test_prices.py": "from shop.prices import total\n\n\n"
    "def test_total():\n    assert total([1, 2]) == 3\n",
}
PATCH = """*** Begin Patch
*** Update File: shop/prices.py
@@
-def total(prices):
-    return sum(prices)
+def total(prices, discount=0):
+    return sum(prices) * (100 - discount) / 100
*** End Patch"""
BROKEN = PATCH.replace("(100 - discount)", "(101 - discount)")
SED = (
    "sed -i 's/def total(prices):/def total(prices, discount=0):/; "
    "s/return sum(prices)/return sum(prices) * (100 - discount) \\/ 100/' shop/prices.py"
)


def script(kind: str, *, patch: str = PATCH) -> tuple[Reply, ...]:
    if kind == "claude":
        first, then = claude_bash(SED), claude_bash("cat shop/prices.py")
    else:
        first, then = codex_patch(patch), codex_command("cat shop/prices.py")
    return (
        Reply(calls=(first,), input_tokens=1_200, output_tokens=90),
        Reply(calls=(then,), input_tokens=1_400, output_tokens=30),
        Reply("total() takes a discount now.", input_tokens=1_500, output_tokens=12),
    )


def built(home: Path, source: Path, goal: str = GOAL) -> tuple[int, str]:
    done = mission(home, "run", goal, "--repo", str(source), "--builder", "coder")
    return done.returncode, (done.stdout + done.stderr).decode()


def steps(home: Path) -> dict[str, dict[str, Any]]:
    return {each["step"]: each for each in answer(home, "show", "last")["steps"]}


@pytest.mark.parametrize("kind", ["codex", pytest.param("claude", marks=pytest.mark.slow)])
def test_a_mission_is_built_proven_and_told_with_its_diff(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(f"{kind}_program")
    source = repository(tmp_path / "source", FILES)
    replies = script(kind)
    with serving(*replies) as models:
        home = furnished(tmp_path / "home", models, kind, program)
        before = everything(source)
        code, out = built(home, source)
        assert code == 0, out
        asked = json.dumps(models.calls[0].body)
    assert everything(source) == before
    assert GOAL in asked
    assert "execution-pack.md" in asked
    found = steps(home)
    assert found["proof"]["state"] == "succeeded"
    assert found["proof"]["work"]["output"]["counts"]["passed"] == 1
    run = answer(home, "show", "last")
    assert run["usage"]["input_tokens"] == total(replies).input_tokens
    assert run["usage"]["output_tokens"] == total(replies).output_tokens
    assert run["usage"]["cost"] == cost(replies, MODELS[kind])
    checked = mission(home, "trace", "check", "last")
    assert checked.returncode == 0, checked.stdout
    assert run["is_completed"], run["lacking"]
    report = tmp_path / "report.md"
    mission(home, "export", "last", "--format", "md", "--output", str(report))
    assert "+def total(prices, discount=0):" in report.read_text()
    mission(home, "artifacts", "last", "--output", str(tmp_path / "out"))
    [patch] = (tmp_path / "out").glob("*/changes.patch")
    clone = applied(
        source, git(source, "rev-parse", "HEAD"), patch.read_bytes(), tmp_path / "fresh"
    )
    assert "discount" in (clone / "shop/prices.py").read_text()


@pytest.mark.slow
def test_a_change_with_which_a_test_fails_is_not_done(tmp_path: Path, codex_program: Path) -> None:
    source = repository(tmp_path / "source", FILES)
    with serving(*script("codex", patch=BROKEN)) as models:
        home = furnished(tmp_path / "home", models, "codex", codex_program)
        code, out = built(home, source)
    assert code == 1, out
    assert "a test fails that did not before: tests.test_prices::test_total" in out
    assert steps(home)["proof"]["state"] == "failed"


@pytest.mark.slow
def test_a_mission_whose_agent_changes_nothing_is_not_called_built(
    tmp_path: Path, codex_program: Path
) -> None:
    source = repository(tmp_path / "source", FILES)
    with serving(Reply("It was done already.")) as models:
        home = furnished(tmp_path / "home", models, "codex", codex_program)
        code, out = built(home, source)
    assert code == FAILED, out
    assert "changed no file and proved nothing" in " ".join(out.split())


TWO = "Add a discount to total, and add a function average(prices) to shop/prices.py"
SECOND = """*** Begin Patch
*** Update File: shop/prices.py
@@
     return sum(prices) * (100 - discount) / 100
+
+
+def average(prices):
+    return sum(prices) / len(prices)
*** End Patch"""


@pytest.mark.slow
def test_each_change_goes_on_from_the_one_before_and_the_last_patch_holds_all(
    tmp_path: Path, codex_program: Path
) -> None:
    source = repository(tmp_path / "source", FILES)

    def meanwhile(_: Request) -> Reply:
        """Commit to the source while the first change is made."""
        (source / "shop/prices.py").write_text("def total():\n    return 0\n")
        git(source, "commit", "-qam", "Other work")
        return Reply("Discounts.")

    replies = (
        Reply(calls=(codex_patch(PATCH),)),
        meanwhile,
        Reply(calls=(codex_patch(SECOND),)),
        Reply("Averages."),
    )
    with serving(*replies) as models:
        home = furnished(tmp_path / "home", models, "codex", codex_program)
        code, out = built(home, source, TWO)
        assert code == 0, out
        asked = json.dumps(models.calls[2].body)
    changes = [each for each in steps(home).values() if each["agent"] == "coder"]
    first, second = sorted(changes, key=lambda each: len(each["needs"]))
    assert first["step"] in second["needs"]
    assert f"What step {first['step']} changed is there" in asked
    mission(home, "artifacts", "last", "--output", str(tmp_path / "out"))
    patch = (tmp_path / "out" / second["step"] / "changes.patch").read_bytes()
    clone = applied(source, second["work"]["output"]["base"], patch, tmp_path / "fresh")
    text = (clone / "shop/prices.py").read_text()
    assert "discount=0" in text
    assert "def average" in text


@pytest.mark.slow
def test_a_cap_that_is_one_token_short_ends_the_mission_and_says_which(
    tmp_path: Path, codex_program: Path
) -> None:
    source = repository(tmp_path / "source", FILES)
    replies = script("codex")
    with serving(*replies) as models:
        home = furnished(tmp_path / "home", models, "codex", codex_program)
        cap = sum(each.input_tokens + each.output_tokens for each in replies[:1])
        args = ("budget", "set", "agent", "coder", "--tokens", str(cap), "--reason", "t")
        assert mission(home, *args).returncode == 0
        code, out = built(home, source)
        asked = len(models.calls)
    assert code != 0, out
    assert "agent 'coder'" in out
    assert asked < len(replies)


@pytest.mark.slow
def test_a_mission_goes_on_after_its_engine_was_killed_while_it_was_built(
    tmp_path: Path, codex_program: Path
) -> None:
    source = repository(tmp_path / "source", FILES)
    replies = (Reply(calls=(codex_command("echo half > half.txt; sleep 98791"),)), *script("codex"))
    with serving(*replies) as models:
        home = furnished(tmp_path / "home", models, "codex", codex_program)
        argv = ["run", GOAL, "--repo", str(source), "--builder", "coder"]
        engine = prefork.start(argv, env=environment(home), stdout=subprocess.DEVNULL)
        asyncio.run(until_running("sleep 98791"))
        engine.kill()
        engine.wait()
        run = answer(home, "runs")[0]["id"]
        done = mission(home, "resume", run)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
    assert not is_running("sleep 98791")
    assert not list((home / "worktrees").glob("*/*"))
    mission(home, "artifacts", run, "--output", str(tmp_path / "out"))
    [patch] = (tmp_path / "out").glob("*/changes.patch")
    assert "half.txt" in patch.read_text()  # the session went on in its tree
    assert "discount" in patch.read_text()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--builder", "nobody"), "There is no agent 'nobody'."),
        (("--builder", "tester"), "'tester' is of kind specialist, and hands in no patch"),
    ],
)
def test_who_cannot_build_is_refused_before_anything_begins(
    tmp_path: Path, more: tuple[str, ...], words: str
) -> None:
    source = repository(tmp_path / "source", FILES)
    done = mission(tmp_path / "home", "run", GOAL, "--repo", str(source), *more)
    assert done.returncode == 2
    assert words in done.stderr.decode()
    assert answer(tmp_path / "home", "runs") == []


def test_a_directory_without_git_is_refused_before_the_groundwork(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("print('hello')\n")
    done = mission(tmp_path / "home", "run", GOAL, "--repo", str(tmp_path), "--builder", "coder")
    assert done.returncode == 2
    assert "is no git repository" in done.stderr.decode()
    assert not (tmp_path / "home").exists()


OPENCODE = {
    "model": "mc/{model}",
    "small_model": "mc/{model}",
    "autoupdate": False,
    "share": "disabled",
    "permission": {"edit": "allow", "bash": "allow"},
    "provider": {
        "mc": {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": "{url}/v1", "apiKey": "{key}"},
            "models": {"{model}": {"limit": {"context": 100_000, "output": 400}}},
        }
    },
}


@pytest.mark.slow
def test_an_agent_that_speaks_acp_builds_a_mission_too(
    tmp_path: Path, opencode_program: Path
) -> None:
    source = repository(tmp_path / "source", FILES)

    def says(request: Request) -> Reply:
        if not request.tools:
            return Reply("A title")
        if any(each["role"] == "tool" for each in request.body["messages"]):
            return Reply("total() takes a discount now.")
        return Reply(calls=(ToolCall("bash", {"command": SED, "description": "change"}),))

    with serving(says) as models:
        home = furnished(tmp_path / "home", models, "codex", opencode_program)
        files = {".config/opencode/opencode.json": json.dumps(OPENCODE)}
        more = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}
        (home / "agents.toml").write_text(
            '[agents.coder]\nkind = "acp"\nmodel = "gpt-5.5"\nlimits = {by_call = true}\n'
            f'[agents.coder.settings]\nargv = ["{opencode_program}", "acp"]\n'
            f"files = {{'.config/opencode/opencode.json' = {json.dumps(files.popitem()[1])}}}\n"
            f"[agents.coder.settings.variables]\n"
            + "".join(f'{name} = "{value}"\n' for name, value in more.items())
        )
        code, out = built(home, source)
    assert code == 0, out
    found = steps(home)
    assert found["proof"]["state"] == "succeeded"
    [change] = [each for each in found.values() if each["agent"] == "coder"]
    assert [each["path"] for each in change["work"]["output"]["files"]] == ["shop/prices.py"]
    assert answer(home, "show", "last")["usage"]["cost"] > 0


class Scrubbing(HeardLine):
    """A line on which "hello" is a secret."""

    def keep(self, name: str, content: bytes, **more: Any) -> ArtifactRef:
        return super().keep(name, content.replace(b"hello", b"[secret]"), **more)


def test_a_patch_that_lost_a_secret_is_said_to_be_no_longer_what_was_made(tmp_path: Path) -> None:
    source = repository(tmp_path / "source", FILES)
    program = str(Path(__file__).parent / "small_agent.py")
    agent = Declaration("coder", "acp", {"argv": [sys.executable, program]})
    line = Scrubbing(lambda action: Verdict(is_allowed=True))

    async def story() -> Work:
        given = assignment({"prompt": "write", "repository": str(source)})
        return await AcpKind().make(agent, a_workshop(tmp_path)).perform(given, line)

    work = run(story(), 60.0)
    assert b"[secret]" in line.kept["changes.patch"]
    assert [each.rule for each in work.findings] == ["acp.secret_taken_out"]


@pytest.mark.slow
def test_an_agent_is_given_the_pack_with_the_files_that_a_person_named_since(
    tmp_path: Path, codex_program: Path
) -> None:
    source = repository(tmp_path / "source", {**FILES, "shop/tax.py": "VAT = 0.19\n"})
    with serving(*script("codex"), *script("codex")) as models:
        home = furnished(tmp_path / "home", models, "codex", codex_program)
        assert built(home, source)[0] == 0
        first = json.dumps(models.calls[0].body)
        [key] = [name for name, each in steps(home).items() if each["agent"] == "coder"]
        command = ("trace", "scope", "last", key, "shop/tax.py", "--reason", "The tax is the place")
        assert mission(home, *command).returncode == 0
        shown = mission(home, "pack", "last").stdout
        again = mission(home, "retry", "last", key)
        assert again.returncode == 0, (again.stdout + again.stderr).decode()
        asked = json.dumps(models.calls[3].body)
    assert "VAT = 0.19" not in first
    assert "VAT = 0.19" in asked
    assert "The tax is the place" in asked
    found = steps(home)[key]
    assert [each["digest"] for each in found["handed"]] == [sha256(shown).hexdigest()]
    mission(home, "artifacts", "last", "--output", str(tmp_path / "out"))
    assert (tmp_path / "out" / key / "handed/execution-pack.md").read_bytes() == shown
    assert mission(home, "audit", "verify").returncode == UNPROVEN
    path = home / "artifacts" / found["handed"][0]["digest"][:2]
    assert path.exists(), "the bytes that the agent was given are kept"
