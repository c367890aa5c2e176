"""The real Codex, asked by scripted models."""

import asyncio
import json
import os
import sys
from pathlib import Path

import msgspec
import pytest

from missioncontrol.adapters.agents.coding.codex import CodexKind
from missioncontrol.adapters.processes import end_orphans
from missioncontrol.adapters.worktrees import remove_settled, sweep
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Declaration, Limits
from missioncontrol.domain.work import CommandRan, Usage
from missioncontrol.ports.agent import Assignment, ProcessHandle
from missioncontrol.testing.scripted_models import Reply, serving
from missioncontrol.testing.scripted_models.script import codex_command, codex_patch
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
from tests.agents.repositories import applied, everything, git, repository

pytestmark = pytest.mark.journey

KIND = CodexKind()
PATCH = """*** Begin Patch
*** Add File: new.txt
+hello
*** Update File: src/app.py
@@
-print('hello')
+print('goodbye')
*** End Patch"""


def codex(program: Path, **more: object) -> Declaration:
    fields = {"settings": {"program": str(program)}, "model": "scripted", **more}
    return Declaration("coder", "codex", **fields)  # type: ignore[arg-type]


def tried(root: Path, program: Path, *script: Reply, **more: object) -> Attempted:
    """Have Codex work on a fresh repository by a script."""
    source = root / "r" if (root / "r").exists() else repository(root / "r")
    with serving(*script) as server:
        shop = workshop(root, Door(server.origin))
        given = {"prompt": "Do it.", "repository": str(source), **more}
        return attempt(KIND, codex(program), shop, **given)  # type: ignore[arg-type]


def test_its_changes_come_out_as_a_patch_with_evidence(tmp_path: Path, codex_program: Path) -> None:
    source = repository(tmp_path / "r")
    (source / "README.md").write_text("dirty\n")
    before = everything(source)
    ended = tried(
        tmp_path,
        codex_program,
        Reply("I look around.", calls=(codex_command("cat src/app.py"),)),
        Reply(calls=(codex_patch(PATCH),)),
        Reply(calls=(codex_command("python3 src/app.py && exit 3"),)),
        Reply("All \x1b[31mdone\x1b[0m."),
    )
    work = ended.done
    assert everything(source) == before
    assert [each["path"] for each in work.output["files"]] == ["new.txt", "src/app.py"]
    fresh = applied(source, work.output["base"], ended.line.kept["changes.patch"], tmp_path / "f")
    assert (fresh / "src/app.py").read_text() == "print('goodbye')\n"
    assert (fresh / "new.txt").read_text() == "hello\n"
    assert work.output["base"] == git(source, "rev-parse", "HEAD")
    assert work.output["summary"] == "All done."
    assert work.summary == "Codex changed 2 files. All done."
    assert work.output["notes"] == [
        "Uncommitted changes of the checkout (1 file) are not in this tree."
    ]
    ran = [each for each in work.evidence if isinstance(each, CommandRan)]
    assert [each.exit_code for each in ran] == [0, 3]
    assert ran[0].argv == ("/bin/bash", "-lc", "cat src/app.py")
    assert "goodbye" in ended.line.text
    assert "\x1b" not in ended.line.text
    assert not work.findings
    assert ended.line.used == Usage()  # The gateway counts.
    assert KEY not in ended.line.text


def test_without_a_gateway_its_own_count_is_told(tmp_path: Path, codex_program: Path) -> None:
    source = repository(tmp_path / "r")
    first = Reply(calls=(codex_command("python3 src/app.py"),), cache_write_tokens=7)
    with serving(first, Reply("Done.", input_tokens=333, cached_tokens=50)) as server:
        settings = {
            "program": str(codex_program),
            "base_url": server.url,
            "key_variable": "OPENAI_API_KEY",
        }
        shop = workshop(tmp_path, environment={"OPENAI_API_KEY": "canary-secret-42"})
        ended = attempt(
            KIND, codex(codex_program, settings=settings), shop, prompt="x", repository=str(source)
        )
        assert set(server.authorizations) == {"Bearer canary-secret-42"}
    assert ended.done.output["files"] == []
    assert ended.line.used == Usage(433, 90, 40, 10, None, 7)
    assert ended.line.models == ["scripted"]


@pytest.mark.parametrize(
    ("status", "code", "is_final"),
    [
        (402, "codex.budget_refused", True),
        (403, "codex.policy_refused", True),
        (429, "codex.rate_limited", False),
        (503, "codex.unavailable", False),
    ],
)
def test_a_refusal_of_the_gateway_is_the_reason(
    tmp_path: Path, codex_program: Path, status: int, code: str, is_final: bool
) -> None:
    words = "The budget of run-1 is spent: 0 of $1.00 are left."
    ended = tried(tmp_path, codex_program, Reply(words, status=status))
    assert ended.refused.code == code
    if status != 429:  # Codex keeps the words of that one to itself.
        assert words in ended.refused.reason
    assert "http://" not in ended.refused.reason
    assert ended.refused.retryable is not is_final


def test_a_stream_that_breaks_is_no_success(tmp_path: Path, codex_program: Path) -> None:
    ended = tried(tmp_path, codex_program, Reply("Half of", cut_after=5))
    assert ended.refused.code == "codex.failed"
    assert "stream" in ended.refused.reason


def test_a_step_that_reads_can_write_nothing(tmp_path: Path, codex_program: Path) -> None:
    ended = tried(
        tmp_path,
        codex_program,
        Reply(calls=(codex_command("echo x > x.txt"),)),
        Reply("I could not."),
        risk="read",
    )
    assert ended.done.output["files"] == []
    assert ended.done.output["commands"][0]["exit_code"] != 0


def test_a_step_that_writes_does_so_in_its_tree_alone(tmp_path: Path, codex_program: Path) -> None:
    target = tmp_path / "outside.txt"
    ended = tried(
        tmp_path,
        codex_program,
        Reply(calls=(codex_command(f"echo x > {target}"),)),
        Reply(calls=(codex_command("echo x > /tmp/mission-outside.txt"),)),
        Reply(calls=(codex_command(f"echo x > $TMPDIR/t && git -C {tmp_path / 'r'} tag x"),)),
        Reply("Tried."),
    )
    # Commands that failed are no work.
    assert ended.refused.code == "codex.nothing_done"
    assert len(ended.refused.detail["failed_calls"]) == 3
    assert not target.exists()


def test_its_commands_do_not_see_the_key(tmp_path: Path, codex_program: Path) -> None:
    ended = tried(tmp_path, codex_program, Reply(calls=(codex_command("env"),)), Reply("Looked."))
    assert "MISSION_STEP=build" in ended.line.text
    assert "MISSION_MODEL_KEY" not in ended.line.text


def test_success_without_a_tool_and_a_change_is_a_failure(
    tmp_path: Path, codex_program: Path
) -> None:
    ended = tried(tmp_path, codex_program, Reply("I did everything."))
    assert ended.refused.code == "codex.nothing_done"
    assert "It called no tool." in ended.refused.reason


@pytest.mark.parametrize(
    "command", ["apply_magic", "ls && cat src/app.py", "true", 'echo "Done; all tests pass"']
)
def test_success_after_reading_or_commands_that_failed_is_a_failure(
    tmp_path: Path, codex_program: Path, command: str
) -> None:
    script = (Reply(calls=(codex_command(command),)), Reply("Done."))
    ended = tried(tmp_path, codex_program, *script)
    assert ended.refused.code == "codex.nothing_done"
    assert ("apply_magic" in ended.refused.reason) is (command == "apply_magic")


def test_a_prompt_of_any_length_goes_in_and_stays_out_of_argv(
    tmp_path: Path, codex_program: Path
) -> None:
    source = repository(tmp_path / "r")
    long = "word " * 60_000
    with serving(Reply("Read.", seconds=0.1)) as server:
        shop = workshop(tmp_path, Door(server.origin))
        attempt(
            KIND, codex(codex_program), shop, prompt=long, repository=str(source), spec={"a": 1}
        )
        (request,) = server.requests
    (text,) = [
        part["text"]
        for item in request["input"]
        for part in item.get("content", ())
        if "word word" in part["text"]
    ]
    assert text.startswith(long.strip())
    assert '"inputs"' in text


def test_a_declared_answer_is_asked_for_until_it_fits(tmp_path: Path, codex_program: Path) -> None:
    source = repository(tmp_path / "r")
    shape = Shape("object", {"passed": Shape("boolean")})
    replies = [
        Reply("It passed.", calls=(codex_command("true"),)),
        Reply("It passed."),
        Reply('{"passed": "yes"}'),
        Reply('```json\n{"passed": true}\n```'),
    ]
    with serving(*replies) as server:
        settings = {
            "program": str(codex_program),
            "base_url": server.url,
            "key_variable": "OPENAI_API_KEY",
        }
        shop = workshop(tmp_path, environment={"OPENAI_API_KEY": "canary-secret-42"})
        ended = attempt(
            KIND,
            codex(codex_program, settings=settings, output=shape),
            shop,
            prompt="x",
            repository=str(source),
        )
        assert len(server.calls) == 4
    assert ended.done.output["answer"] == {"passed": True}
    # The usage that is reported after a conversation was resumed counts all of it.
    assert ended.line.used == Usage(400, 160, 80, 20, None, 0)


def test_an_answer_that_never_fits_is_refused(tmp_path: Path, codex_program: Path) -> None:
    source = repository(tmp_path / "r")
    with serving(Reply("It passed.")) as server:
        shop = workshop(tmp_path, Door(server.origin))
        declared = codex(codex_program, output=Shape("object", {"passed": Shape("boolean")}))
        ended = attempt(KIND, declared, shop, prompt="x", repository=str(source))
        assert len(server.calls) == 3
    assert ended.refused.code == "codex.bad_answer"


def test_too_many_calls_of_tools_end_it(tmp_path: Path, codex_program: Path) -> None:
    source = repository(tmp_path / "r")
    with serving(Reply(calls=(codex_command("true"),))) as server:
        shop = workshop(tmp_path, Door(server.origin))
        declared = codex(codex_program, limits=Limits(turns_max=3))
        ended = attempt(KIND, declared, shop, prompt="x", repository=str(source))
    assert ended.refused.code == "codex.too_many_turns"


def test_a_cancel_in_the_middle_leaves_nothing(tmp_path: Path, codex_program: Path) -> None:
    source = repository(tmp_path / "r")
    line = TestLine()
    with serving(Reply(calls=(codex_command("sleep 98761 & sleep 98762"),))) as server:
        door = Door(server.origin)
        shop = workshop(tmp_path, door)
        agent = KIND.make(codex(codex_program), shop)
        inputs = {"prompt": "x", "repository": str(source)}
        given = Assignment("run-1", "w", "build", 1, 7, "k", "coder", inputs, risk="write")

        async def story() -> None:
            task = asyncio.create_task(agent.perform(given, line))
            await line.heard("sleep 98762")
            await until_running("sleep 98762")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(story())
    assert not line.has_living_processes
    assert not is_running("sleep 9876")
    asyncio.run(remove_settled(shop.worktrees, "run-1", str))
    assert not list(shop.worktrees.iterdir())
    assert not door.is_open


def test_what_a_killed_engine_left_is_ended_and_removed_at_the_next_start(
    tmp_path: Path, codex_program: Path
) -> None:
    source = repository(tmp_path / "r")
    before = everything(source)

    async def story() -> None:
        with serving(Reply(calls=(codex_command("sleep 98771 & sleep 98772"),))) as server:
            argv = ["-m", "tests.agents.abandoned", str(tmp_path), str(codex_program)]
            engine = await asyncio.create_subprocess_exec(
                sys.executable,
                *argv,
                server.origin,
                "codex",
                "scripted",
                env={**os.environ, "PYTHONPATH": "src"},
            )
            await until_running("sleep 98772")
            engine.kill()
            await engine.wait()
        for line in (tmp_path / "processes").read_bytes().splitlines():
            await end_orphans(msgspec.json.decode(line, type=ProcessHandle))
        assert await sweep(tmp_path / "trees", str) == 0, "the next attempt resumes in it"

    asyncio.run(story())
    assert not is_running("sleep 9877")
    assert everything(source) == before


def test_it_proves_that_it_works(tmp_path: Path, codex_program: Path) -> None:
    with serving(Reply("ready")) as server:
        shop = workshop(tmp_path, Door(server.origin))
        health = asyncio.run(KIND.prove(codex(codex_program), shop, round_trip=True))
    assert health.version == "0.169.0"
    assert health.said.endswith("answers: ready")


def test_another_version_is_refused_with_what_to_do(tmp_path: Path, codex_program: Path) -> None:
    source = repository(tmp_path / "r")
    with serving(Reply("ready")) as server:
        shop = workshop(tmp_path, Door(server.origin))
        settings = {"program": str(codex_program), "version": "0.1.2"}
        declared = codex(codex_program, settings=settings)
        ended = attempt(KIND, declared, shop, prompt="x", repository=str(source))
        assert not server.calls
    assert ended.refused.code == "codex.wrong_version"
    assert "has version 0.169.0 instead of 0.1.2" in ended.refused.reason
    assert json.dumps("0.169.0") in ended.refused.hint
