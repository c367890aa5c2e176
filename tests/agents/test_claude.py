"""The real Claude Code, asked by scripted models."""

import asyncio
import re
from pathlib import Path

import pytest

from missioncontrol.adapters.agents.coding.claude import ClaudeKind
from missioncontrol.adapters.worktrees import remove_settled
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.work import CommandRan, Usage
from missioncontrol.ports.agent import Assignment
from missioncontrol.testing.scripted_models import Answering, Reply, Request, serving
from missioncontrol.testing.scripted_models.script import (
    claude_bash,
    claude_edit,
    claude_read,
    claude_write,
)
from tests.agents.bench import (
    KEY,
    Attempted,
    Door,
    TestLine,
    attempt,
    is_running,
    until_running,
    workshop,
)
from tests.agents.repositories import applied, everything, repository

pytestmark = pytest.mark.journey

KIND = ClaudeKind()
MODEL = "claude-sonnet-4-5"


def claude(program: Path, **more: object) -> Declaration:
    fields = {"settings": {"program": str(program)}, "model": MODEL, **more}
    return Declaration("coder", "claude", **fields)  # type: ignore[arg-type]


def tried(root: Path, program: Path, *script: Answering, **more: object) -> Attempted:
    """Have Claude Code work on a fresh repository by a script."""
    source = root / "r" if (root / "r").exists() else repository(root / "r")
    with serving(*script) as server:
        shop = workshop(root, Door(server.origin))
        given = {"prompt": "Do it.", "repository": str(source), **more}
        return attempt(KIND, claude(program), shop, **given)  # type: ignore[arg-type]


def tree_of(request: Request) -> str:
    """Return the directory in which Claude Code says that it works."""
    found = re.search(r"working directory: (/[^\s\"\\]+)", str(request.body))
    assert found is not None
    return found[1]


def writes(request: Request) -> Reply:
    return Reply(calls=(claude_write(f"{tree_of(request)}/new.txt", "hello\n"),))


def reads(request: Request) -> Reply:
    return Reply(calls=(claude_read(f"{tree_of(request)}/src/app.py"),))


def edits(request: Request) -> Reply:
    path = f"{tree_of(request)}/src/app.py"
    return Reply(calls=(claude_edit(path, "hello", "goodbye"),))


def test_its_changes_come_out_as_a_patch_with_evidence(
    tmp_path: Path, claude_program: Path
) -> None:
    source = repository(tmp_path / "r")
    (source / ".claude").mkdir()
    before = everything(source)
    ended = tried(
        tmp_path,
        claude_program,
        reads,
        edits,
        writes,
        Reply(calls=(claude_bash("python3 src/app.py && exit 3"),)),
        Reply("All \x1b[31mdone\x1b[0m."),
    )
    work = ended.done
    assert everything(source) == before
    assert [each["path"] for each in work.output["files"]] == ["new.txt", "src/app.py"]
    fresh = applied(source, work.output["base"], ended.line.kept["changes.patch"], tmp_path / "f")
    assert (fresh / "src/app.py").read_text() == "print('goodbye')\n"
    assert work.output["summary"] == "All done."
    (ran,) = [each for each in work.evidence if isinstance(each, CommandRan)]
    assert ran.argv == ("python3 src/app.py && exit 3",)
    assert ran.exit_code == 3
    assert not work.findings
    assert ended.line.used == Usage()  # The gateway counts.
    assert KEY not in ended.line.text
    assert "\x1b" not in ended.line.text


def test_without_a_gateway_its_own_count_is_told(tmp_path: Path, claude_program: Path) -> None:
    source = repository(tmp_path / "r")
    shape = Shape("object", {"passed": Shape("boolean")})
    script = [
        Reply(calls=(claude_bash("python3 src/app.py"),), cache_write_tokens=7),
        Reply("It passed.", input_tokens=333, cached_tokens=50),
        Reply('{"passed": true}', reasoning_tokens=0),
    ]
    with serving(*script) as server:
        settings = {
            "program": str(claude_program),
            "base_url": server.origin,
            "key_variable": "THE_KEY",
        }
        shop = workshop(tmp_path, environment={"THE_KEY": "canary-secret-42"})
        declared = claude(claude_program, settings=settings, output=shape)
        ended = attempt(KIND, declared, shop, prompt="x", repository=str(source))
        assert set(server.authorizations) == {"canary-secret-42"}
        assert len(server.calls) == 3
    assert ended.done.output["answer"] == {"passed": True}
    used = ended.line.used
    assert (used.input_tokens, used.cached_tokens, used.cache_write_tokens) == (533, 130, 7)
    assert used.output_tokens == 60
    assert set(ended.line.models) == {MODEL}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (402, "claude.budget_refused"),
        (403, "claude.policy_refused"),
        (429, "claude.rate_limited"),
        (503, "claude.unavailable"),
    ],
)
def test_a_refusal_of_the_gateway_is_the_reason_and_comes_once(
    tmp_path: Path, claude_program: Path, status: int, code: str
) -> None:
    words = "The budget of run-1 is spent: 0 of $1.00 are left."
    source = repository(tmp_path / "r")
    with serving(Reply(words, status=status)) as server:
        shop = workshop(tmp_path, Door(server.origin))
        ended = attempt(KIND, claude(claude_program), shop, prompt="x", repository=str(source))
        assert len(server.calls) == 1
    assert ended.refused.code == code
    assert words.rstrip(".") in ended.refused.reason


def test_a_denied_tool_is_a_failure_that_names_it(tmp_path: Path, claude_program: Path) -> None:
    target = tmp_path / "outside.txt"
    ended = tried(
        tmp_path,
        claude_program,
        Reply(calls=(claude_write(str(target), "x"),)),
        Reply("All done."),
    )
    assert ended.refused.code == "claude.permission_denied"
    assert f"Write ({target})" in ended.refused.reason
    assert not target.exists()


def test_a_step_that_reads_has_no_tool_that_writes(tmp_path: Path, claude_program: Path) -> None:
    ended = tried(
        tmp_path,
        claude_program,
        Reply(calls=(claude_bash("echo x > x.txt"),)),
        writes,
        reads,
        Reply("I have read it."),
        risk="read",
    )
    assert ended.done.output["files"] == []
    assert ended.done.output["commands"] == []


def test_settings_and_hooks_of_the_repository_are_not_followed(
    tmp_path: Path, claude_program: Path
) -> None:
    mark = tmp_path / "started"
    hook = '{"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "touch %s"}]}]}}'
    source = repository(
        tmp_path / "r",
        {".claude/settings.json": hook % mark, ".mcp.json": '{"mcpServers": {}}', "a.txt": "a"},
    )
    assert source.exists()
    tried(tmp_path, claude_program, Reply("Done."))
    assert not mark.exists()


def test_success_without_a_tool_and_a_change_is_a_failure(
    tmp_path: Path, claude_program: Path
) -> None:
    ended = tried(tmp_path, claude_program, Reply("I did everything."))
    assert ended.refused.code == "claude.nothing_done"
    assert "It called no tool." in ended.refused.reason


def test_a_prompt_of_any_length_goes_in(tmp_path: Path, claude_program: Path) -> None:
    long = "word " * 60_000
    asked: list[Request] = []

    def answer(request: Request) -> Reply:
        asked.append(request)
        return Reply("Read.")

    tried(tmp_path, claude_program, answer, prompt=long)
    assert long.strip() in str(asked[0].body)


def test_a_cancel_in_the_middle_leaves_nothing(tmp_path: Path, claude_program: Path) -> None:
    source = repository(tmp_path / "r")
    line = TestLine()
    with serving(
        Reply(calls=(claude_bash("python3 -c 'import time; time.sleep(98762)'"),))
    ) as server:
        shop = workshop(tmp_path, Door(server.origin))
        agent = KIND.make(claude(claude_program), shop)
        inputs = {"prompt": "x", "repository": str(source)}
        given = Assignment("run-1", "w", "build", 1, 7, "k", "coder", inputs, risk="write")

        async def story() -> None:
            task = asyncio.create_task(agent.perform(given, line))
            await until_running("time.sleep(98762)")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(story())
    assert not line.has_living_processes
    assert not is_running("time.sleep(98762)")
    asyncio.run(remove_settled(shop.worktrees, "run-1", str))
    assert not list(shop.worktrees.iterdir())


def test_it_proves_that_it_works(tmp_path: Path, claude_program: Path) -> None:
    with serving(Reply("ready")) as server:
        shop = workshop(tmp_path, Door(server.origin))
        health = asyncio.run(KIND.prove(claude(claude_program), shop, round_trip=True))
    assert health.version == "2.1.329"
    assert health.said.endswith("answers: ready")


def test_settings_that_do_not_fit_are_refused() -> None:
    wrong: list[dict[str, object]] = [{"tools": []}, {"colour": "red"}, {"base_url": "http://x"}]
    for settings in wrong:
        with pytest.raises(Rejected) as refused:
            KIND.card(Declaration("coder", "claude", settings))
        assert refused.value.code == "agent.bad_settings"
        assert "'coder'" in refused.value.reason
