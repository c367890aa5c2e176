"""The real Codex as a server: what it wants to do is asked of a person first."""

import asyncio
from pathlib import Path

import pytest

from missioncontrol.adapters.agents.coding.codex import CodexKind
from missioncontrol.adapters.worktrees import remove_settled
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.work import Usage
from missioncontrol.ports.agent import Action, Assignment, AttemptFailed, Verdict
from missioncontrol.testing.scripted_models import Reply, ToolCall, serving
from missioncontrol.testing.scripted_models.script import codex_command, codex_patch
from tests.agents.bench import Attempted, Door, TestLine, attempt, workshop
from tests.agents.repositories import everything, repository

pytestmark = pytest.mark.journey

KIND = CodexKind()
PATCH = "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch"


def tried(root: Path, program: Path, *script: Reply, line: TestLine | None = None) -> Attempted:
    source = root / "r" if (root / "r").exists() else repository(root / "r")
    with serving(*script) as server:
        shop = workshop(root, Door(server.origin))
        return attempt(
            KIND, asking(program), shop, line=line, prompt="Do it.", repository=str(source)
        )


def asking(program: Path, **more: object) -> Declaration:
    settings = {"program": str(program), "approvals": "ask", **more}
    return Declaration("coder", "codex", settings, model="scripted")


def test_what_it_wants_to_do_is_asked_and_then_done(tmp_path: Path, codex_program: Path) -> None:
    source = repository(tmp_path / "r")
    before = everything(source)
    ended = tried(
        tmp_path,
        codex_program,
        Reply(calls=(codex_command("echo one > one.txt && cat one.txt"),)),
        Reply(calls=(codex_patch(PATCH),)),
        Reply("Done."),
    )
    command, change = ended.line.actions
    assert command == Action(
        "command",
        "Run `echo one > one.txt && cat one.txt`",
        {"argv": ["/bin/bash", "-lc", "echo one > one.txt && cat one.txt"], "directory": "."},
        ("runs_programs",),
    )
    assert change.kind == "change"
    assert change.title == "Change new.txt"
    assert change.detail == {
        "changes": [{"path": "new.txt", "kind": {"type": "add"}, "diff": "hello\n"}]
    }
    work = ended.done
    assert [each["path"] for each in work.output["files"]] == ["new.txt", "one.txt"]
    assert [each["exit_code"] for each in work.output["commands"]] == [0]
    assert work.output["summary"] == "Done."
    assert everything(source) == before


def test_what_is_refused_is_not_done_and_it_goes_on(tmp_path: Path, codex_program: Path) -> None:
    line = TestLine(lambda action: Verdict(action.kind == "change", "not on a Sunday"))
    ended = tried(
        tmp_path,
        codex_program,
        Reply(calls=(codex_command("echo one > one.txt"),)),
        Reply(calls=(codex_patch(PATCH),)),
        Reply("As far as I may."),
        line=line,
    )
    assert [each["path"] for each in ended.done.output["files"]] == ["new.txt"]
    assert "Refused: not on a Sunday: Run `echo one > one.txt`" in ended.line.text


def test_why_it_wants_to_leave_the_sandbox_is_shown(tmp_path: Path, codex_program: Path) -> None:
    call = codex_command("echo one > ../one.txt", escalated="The file belongs there.")
    ended = tried(
        tmp_path,
        codex_program,
        Reply(calls=(call,)),
        Reply("Done."),
        line=TestLine(lambda action: Verdict(False)),
    )
    (action,) = ended.line.actions
    assert action.detail["reason"] == "The file belongs there."


def test_a_refusal_of_the_gateway_is_the_reason(tmp_path: Path, codex_program: Path) -> None:
    ended = tried(tmp_path, codex_program, Reply("The budget is spent.", status=402))
    assert ended.refused.code == "codex.budget_refused"
    assert "The budget is spent." in ended.refused.reason


def test_a_person_who_cannot_be_asked_ends_it(tmp_path: Path, codex_program: Path) -> None:
    def fail(action: Action) -> Verdict:
        raise AttemptFailed("lease.lost", "The lease was lost.")

    call = Reply(calls=(codex_command("echo one > one.txt"),))
    ended = tried(tmp_path, codex_program, call, Reply("Done."), line=TestLine(fail))
    assert ended.refused.code == "lease.lost"


def test_a_conversation_is_taken_up_again_and_counted_once(
    tmp_path: Path, codex_program: Path
) -> None:
    source = repository(tmp_path / "r")
    script = [Reply(calls=(codex_command("true"),)), Reply("Passed."), Reply('{"passed": true}')]
    with serving(*script) as server:
        declared = Declaration(
            "coder",
            "codex",
            {
                "program": str(codex_program),
                "approvals": "ask",
                "base_url": server.url,
                "key_variable": "THE_KEY",
            },
            output=Shape("object", {"passed": Shape("boolean")}),
            model="scripted",
        )
        shop = workshop(tmp_path, environment={"THE_KEY": "canary-secret-42"})
        ended = attempt(KIND, declared, shop, prompt="x", repository=str(source))
        assert len(server.calls) == 3
    assert ended.done.output["answer"] == {"passed": True}
    assert ended.line.used == Usage(300, 120, 60, 15, None, 0)


def test_a_tool_that_does_not_exist_is_no_work(tmp_path: Path, codex_program: Path) -> None:
    ended = tried(
        tmp_path, codex_program, Reply(calls=(ToolCall("no_such_tool", {"a": 1}),)), Reply("Well.")
    )
    assert ended.refused.code == "codex.nothing_done"


def test_a_cancel_while_a_person_is_asked_leaves_nothing(
    tmp_path: Path, codex_program: Path
) -> None:
    source = repository(tmp_path / "r")

    class Waiting(TestLine):
        async def permit(self, action: Action) -> Verdict:
            self.log("info", "asked")
            await asyncio.Event().wait()
            raise AssertionError

    line = Waiting()
    with serving(Reply(calls=(codex_command("echo one > one.txt"),))) as server:
        shop = workshop(tmp_path, Door(server.origin))
        agent = KIND.make(asking(codex_program), shop)
        inputs = {"prompt": "x", "repository": str(source)}
        given = Assignment("run-1", "w", "build", 1, 7, "k", "coder", inputs, risk="write")

        async def story() -> None:
            task = asyncio.create_task(agent.perform(given, line))
            await line.heard("asked")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(story())
    assert not line.has_living_processes
    asyncio.run(remove_settled(shop.worktrees, "run-1", str))
    assert not list(shop.worktrees.iterdir())
