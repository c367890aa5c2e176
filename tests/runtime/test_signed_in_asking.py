"""What people who are signed in ask for: recorded first, done once, and no more than they may."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol import operations
from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.settings import Settings
from missioncontrol.application.asks import OnBehalfCommand, RaiseCaps
from missioncontrol.application.audit import verify
from missioncontrol.application.authority import (
    LOOKS,
    NEEDED,
    SHOWN_ONCE,
    NotPermitted,
    refuse_agents,
)
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.principal import Asking, Permission, Role, Way, permissions_of
from tests.cli.command import environment

HELD = """
name: held
steps:
  ship: {agent: command, risk: irreversible, with: {argv: [echo, x]}}
"""
SAVE = {"text": HELD, "file": "held.yaml"}
ALICE = "user:alice"
KNOWN = 2
"""Events with which the log begins: who acts here."""


def asking(
    request: str,
    *roles: Role,
    permissions: tuple[Permission, ...] = (),
    digest: str = "",
    way: Way = "password",
) -> Asking:
    held = permissions or tuple(sorted(permissions_of(roles or ("admin",))))
    return Asking(request, held, way, "session-1", "192.0.2.1", "curl/8", digest)


def with_engine(root: Path, story: Callable[[EngineContext], Awaitable[None]]) -> None:
    async def run_story() -> None:
        async with holding(Settings(root), {}) as held:
            await held.work()
            await know(held)
            await story(held)

    asyncio.run(asyncio.wait_for(run_story(), 60))


async def know(held: EngineContext) -> None:
    """Record in the log the people who act here, with all permissions that a test names."""
    owner = f"user:{held.approvals.os_user}"
    for name in ("alice", "bob"):
        if not await held.command_bus.access.allowed(f"user:{name}"):
            await held.executor.perform("user.add", {"name": name, "roles": ["admin"]}, owner)


async def log(held: EngineContext) -> list[Recorded]:
    """Return what happened once the people were known."""
    rows = await held.store.read(limit=5_000)
    return [row for row in rows if row.type != "user_added"]


async def refused(work: Awaitable[Any]) -> str:
    with pytest.raises(MissionControlError) as no:
        await work
    return no.value.code


# What is recorded.


def test_a_request_stands_before_all_that_it_made_true_and_all_of_it_names_it(
    tmp_path: Path,
) -> None:
    async def story(held: EngineContext) -> None:
        perform = held.executor.perform
        asks: list[tuple[str, dict[str, Any]]] = [
            ("SaveWorkflow", SAVE),
            ("run.start", {"workflow": "held"}),
            ("StopAll", {"reason": "smoke"}),
        ]
        for number, (verb, arguments) in enumerate(asks):
            await perform(verb, arguments, ALICE, asking(f"r{number}"))
        rows = await log(held)
        requests = {row.stream: row for row in rows if row.type == "request_taken"}
        assert list(requests) == ["request-r0", "request-r1", "request-r2"]
        for row in rows:
            if row.actor == ALICE and row.type != "request_taken":
                assert row.cause in {each.position for each in requests.values()}, row.type
                assert row.cause < row.position
        first = requests["request-r0"]
        assert (first.position, first.actor, first.cause) == (KNOWN + 1, ALICE, 0)
        assert msgspec.json.decode(first.body) == {
            "verb": "SaveWorkflow",
            "way": "password",
            "credential": "session-1",
            "address": "192.0.2.1",
            "agent": "curl/8",
        }
        begun = [row.type for row in rows if row.cause == requests["request-r1"].position]
        assert begun[0] == "run_created"
        assert begun[-1] == "request_answered"

    with_engine(tmp_path, story)


def test_what_goes_on_after_a_request_is_not_caused_by_it(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        quick = "name: quick\nsteps:\n  a: {agent: command, with: {argv: [echo, x]}}\n"
        perform = held.executor.perform
        await perform("SaveWorkflow", {**SAVE, "text": quick}, ALICE, asking("r0"))
        begun = await perform("run.start", {"workflow": "quick"}, ALICE, asking("r1"))
        await held.engine.settled(begun["run"])
        rows = await log(held)
        of_run = {row.type: row.cause for row in rows if row.stream == begun["run"]}
        assert of_run["run_created"] > 0
        assert of_run["step_started"] == of_run["run_settled"] == 0

    with_engine(tmp_path, story)


def test_who_signed_in_is_told_without_the_user_of_the_operating_system(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        perform = held.executor.perform
        await perform("SaveWorkflow", SAVE, ALICE, asking("r0"))
        signed_in = await perform("run.start", {"workflow": "held"}, ALICE, asking("r1"))
        typed = await perform("run.start", {"workflow": "held"}, ALICE)
        assert held.journal.runs[signed_in["run"]].os_user == ""
        assert held.journal.runs[typed["run"]].os_user == held.approvals.os_user

    with_engine(tmp_path, story)


def test_requests_leave_nothing_in_memory(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        perform = held.executor.perform
        for number in range(5):
            await perform("SaveWorkflow", SAVE, ALICE, asking(f"r{number}"))
            await refused(
                perform("run.cancel", {"run": "x", "reason": ""}, ALICE, asking(f"x{number}"))
            )
        await held.journal.durable()
        await perform("StopAll", {"reason": "x"}, ALICE, asking("last"))
        await held.journal.durable()
        left = [stream for stream in held.journal.others if stream.startswith("request-")]
        assert len(left) <= 1

    with_engine(tmp_path, story)


# Once.


def test_the_same_request_is_done_once_and_answered_the_same(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        perform = held.executor.perform
        await perform("SaveWorkflow", SAVE, ALICE, asking("r0"))
        first = await perform("run.start", {"workflow": "held"}, ALICE, asking("k", digest="aa"))
        again = await perform("run.start", {"workflow": "held"}, ALICE, asking("k", digest="aa"))
        assert again == first
        rows = await log(held)
        assert [row.type for row in rows].count("run_created") == 1
        other = asking("k", digest="bb")
        assert await refused(perform("run.start", {"workflow": "x"}, ALICE, other)) == (
            "request.another"
        )

    with_engine(tmp_path, story)


def test_a_request_that_was_answered_is_known_after_the_engine_was_closed(tmp_path: Path) -> None:
    answers: list[Any] = []

    async def story(held: EngineContext) -> None:
        key = asking("k", digest="aa")
        answers.append(await held.executor.perform("SaveWorkflow", SAVE, ALICE, key))

    with_engine(tmp_path, story)
    with_engine(tmp_path, story)
    assert answers[0] == answers[1]


def test_a_request_under_way_is_done_once_and_both_who_ask_get_its_answer(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        key = asking("k", digest="aa")
        first, second = await asyncio.gather(
            held.executor.perform("SaveWorkflow", SAVE, ALICE, key),
            held.executor.perform("SaveWorkflow", SAVE, ALICE, key),
        )
        assert first == second
        assert [row.type for row in await log(held)].count("request_taken") == 1

    with_engine(tmp_path, story)


def test_a_request_that_was_refused_may_be_made_again(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        key = asking("k", digest="aa")
        begin = ("run.start", {"workflow": "held"}, ALICE, key)
        assert await refused(held.executor.perform(*begin)) == "workflow.unknown"
        await held.executor.perform("SaveWorkflow", SAVE, ALICE, asking("r0"))
        assert (await held.executor.perform(*begin))["run"]
        of_key = [row.type for row in await log(held) if row.stream == "request-k"]
        assert of_key == [
            "request_taken",
            "request_refused",
            "request_taken",
            "request_answered",
        ]

    with_engine(tmp_path, story)


def test_what_is_shown_once_is_not_kept_and_the_repeat_says_so(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        owner = f"user:{held.approvals.os_user}"
        key = asking("k", digest="aa")
        ask = ("token.issue", {"name": "ci", "scopes": ["read"]}, owner, key)
        first = await held.executor.perform(*ask)
        again = await held.executor.perform(*ask)
        assert first["token"].startswith("mct_")
        assert "token" not in again
        assert again["shown_once"] == ["token"]
        assert again["id"] == first["id"]
        bodies = b"".join(row.body for row in await log(held))
        assert first["token"].encode() not in bodies
        assert len(held.command_bus.access._access.tokens) == 1

    with_engine(tmp_path, story)


# As far as they may.


def test_every_verb_says_what_it_needs(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        assert set(NEEDED) == set(held.command_bus._commands)
        assert set(NEEDED) >= LOOKS
        assert set(SHOWN_ONCE) <= set(NEEDED)
        # Every reader may export a report, and the export is recorded.
        noted = {"ExportNoted"}
        assert {verb for verb, needed in NEEDED.items() if needed == "read"} == LOOKS | noted

    with_engine(tmp_path, story)


NARROW: list[tuple[str, dict[str, Any], Role]] = [
    ("run.cancel", {"run": "run-1", "reason": "x"}, "viewer"),
    ("StopAll", {"reason": "x"}, "auditor"),
    ("StartAll", {"stage": "all"}, "operator"),
    ("user.add", {"name": "eve", "roles": ["admin"]}, "operator"),
    ("user.name_workspace", {"name": "x"}, "approver"),
    ("gateway_key.issue", {"name": "x"}, "operator"),
]


@pytest.mark.parametrize(("verb", "arguments", "role"), NARROW)
def test_what_goes_beyond_a_role_is_refused_here_too_and_leaves_nothing(
    tmp_path: Path, verb: str, arguments: dict[str, Any], role: Role
) -> None:
    async def story(held: EngineContext) -> None:
        before = len(await log(held))
        with pytest.raises(NotPermitted):
            await held.executor.perform(verb, arguments, ALICE, asking("r", role))
        assert len(await log(held)) == before

    with_engine(tmp_path, story)


def test_whom_the_log_does_not_know_may_do_nothing_whatever_is_said_of_them(
    tmp_path: Path,
) -> None:
    async def story(held: EngineContext) -> None:
        before = len(await log(held))
        for verb, arguments, _ in NARROW:
            said = asking(f"r-{verb}", "admin")
            told = held.executor.perform(verb, arguments, "user:mallory", said)
            assert await refused(told) == "permission.missing"
        issue: dict[str, Any] = {"name": "ci", "scopes": ["read"]}
        told = held.executor.perform("token.issue", issue, "user:mallory", asking("r", "admin"))
        assert await refused(told) == "token.beyond"
        rows = await log(held)
        assert [row.type for row in rows[before:]] == ["request_taken", "request_refused"]

    with_engine(tmp_path, story)


def test_the_log_has_the_last_word_on_what_somebody_may(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        perform, owner = held.executor.perform, f"user:{held.approvals.os_user}"
        await perform("user.change", {"name": "alice", "roles": ["viewer"]}, owner)
        stop = perform("StopAll", {"reason": "x"}, ALICE, asking("r", "admin"))
        assert await refused(stop) == "permission.missing"

    with_engine(tmp_path, story)


def test_a_verb_that_nobody_listed_is_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(held: EngineContext) -> None:
        monkeypatch.delitem(NEEDED, "StopAll")
        stop = held.executor.perform("StopAll", {"reason": "x"}, ALICE, asking("r"))
        assert await refused(stop) == "permission.undeclared"

    with_engine(tmp_path, story)


def test_an_agent_at_work_may_ask_for_nothing_that_it_is_held_to(tmp_path: Path) -> None:
    may = {"BeginMission", "CarryOut", "StopAll"}
    may_declared = {"run.start", "run.cancel", "run.fork", "run.resume", "run.retry"}

    async def story(held: EngineContext) -> None:
        assert {
            verb
            for verb, kind in held.command_bus._commands.items()
            if issubclass(kind, OnBehalfCommand)
        } == may
        declared = {each.name for each in operations.every() if each.by_agents}
        assert {each for each in declared if each.startswith("run.")} == may_declared
        with pytest.raises(Rejected) as no:
            refuse_agents(RaiseCaps("run-1", ()), "agent:smith")
        assert no.value.code == "actor.by_agent"

    with_engine(tmp_path, story)


def test_nobody_arrives_from_a_provider_by_saying_so(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        arrive = {"name": "alice", "subject": "x 1", "roles": ["admin"], "has_roles": True}
        for way in ("oidc", "token", "password"):
            said = asking(f"r-{way}", "viewer", way=way)
            told = held.executor.perform("user.arrive", arrive, ALICE, said)
            assert await refused(told) == "sign_in.not_vouched"
        typed = held.executor.perform("user.arrive", arrive, ALICE)
        assert await refused(typed) == "sign_in.not_vouched"

    with_engine(tmp_path, story)


# Approvals.


async def begun(held: EngineContext, actor: str, context: Asking) -> tuple[str, str]:
    """Begin a run that waits for an approval; return both."""
    await held.executor.perform("SaveWorkflow", SAVE, actor, asking(f"save-{context.request}"))
    answer = await held.executor.perform("run.start", {"workflow": "held"}, actor, context)
    await held.engine.rested(answer["run"])
    (waiting,) = held.approvals.pending(answer["run"])
    return answer["run"], waiting.id


def spoken(approval: str, actor: str, verb: str = "approve") -> dict[str, Any]:
    return {"verb": verb, "approval": approval, "actor": actor, "reason": "I looked at it."}


def test_who_signed_in_speaks_in_their_own_name_whatever_they_say(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        _, approval = await begun(held, ALICE, asking("r1"))
        mine = {**spoken(approval, "user:bob"), "on_behalf": "user:cid"}
        by_author = held.executor.perform("Spoken", mine, ALICE, asking("r2", way="token"))
        assert await refused(by_author) == "approval.by_author"
        await held.executor.perform("Spoken", spoken(approval, ALICE), "user:Bob", asking("r3"))
        rows = [row for row in await log(held) if row.type == "approval_given"]
        (given,) = [msgspec.json.decode(row.body) for row in rows]
        assert (given["by"], given["signed_in"]) == ("user:Bob", "password")
        assert "os_user" not in given
        assert "on_behalf" not in given

    with_engine(tmp_path, story)


def test_where_steps_are_not_confined_decisions_take_a_person_who_is_signed_in(
    tmp_path: Path,
) -> None:
    async def story(held: EngineContext) -> None:
        held.command_bus.is_confined = False
        _, approval = await begun(held, ALICE, asking("r1"))
        body = spoken(approval, "user:bob")
        assert (
            await refused(held.executor.perform("Spoken", body, "user:bob")) == "approval.sign_in"
        )
        by_system = asking("r2", way="os")
        attempt = held.executor.perform("Spoken", body, "user:bob", by_system)
        assert await refused(attempt) == "approval.sign_in"
        for verb, arguments in (
            ("AnswerGiven", {"question": "question-1", "answer": 1}),
            ("ElevationWished", {"verb": "approve", "name": "smith"}),
        ):
            attempt = held.executor.perform(verb, arguments, "user:bob")
            assert await refused(attempt) == "approval.sign_in"
        await held.executor.perform("StopAll", {"reason": "smoke"}, "user:bob")
        await held.executor.perform("Spoken", body, "user:Bob", asking("r3", way="token"))
        assert held.approvals.pending() == []

    with_engine(tmp_path, story)


def test_the_owner_of_the_machine_is_somebody_else_than_who_signed_in(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        owner = f"user:{held.approvals.os_user}"
        _, approval = await begun(held, ALICE, asking("r1"))
        await held.executor.perform(
            "Spoken", spoken(approval, owner), owner, asking("r2", way="link")
        )
        assert held.approvals.pending() == []

    with_engine(tmp_path, story)


def test_who_began_it_at_the_terminal_under_another_name_is_still_its_author(
    tmp_path: Path,
) -> None:
    async def story(held: EngineContext) -> None:
        owner, perform = f"user:{held.approvals.os_user}", held.executor.perform
        await perform("SaveWorkflow", SAVE, ALICE)
        answer = await perform("run.start", {"workflow": "held"}, ALICE)
        await held.engine.rested(answer["run"])
        (waiting,) = held.approvals.pending(answer["run"])
        attempt = perform("Spoken", spoken(waiting.id, owner), owner, asking("r2", way="link"))
        assert await refused(attempt) == "approval.by_author"

    with_engine(tmp_path, story)


def test_only_a_permission_to_approve_lets_somebody_speak(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        _, approval = await begun(held, ALICE, asking("r1"))
        body = spoken(approval, "user:bob")
        for role in ("viewer", "operator", "auditor"):
            attempt = held.executor.perform("Spoken", body, "user:bob", asking(f"r-{role}", role))
            assert await refused(attempt) == "permission.missing"
        withdraw = spoken(approval, ALICE, "withdraw")
        await held.executor.perform("Spoken", withdraw, ALICE, asking("r9", "operator"))
        assert held.approvals.pending() == []

    with_engine(tmp_path, story)


# Crashes and tampering.

BROKEN_OFF = """
import asyncio, os, pathlib, sys
from missioncontrol.application.asks import StopAll
from missioncontrol.app.container import holding
from missioncontrol.domain.principal import PERMISSIONS
from missioncontrol.domain.principal import Asking
from missioncontrol.app.settings import Settings

async def main():
    async with holding(Settings(pathlib.Path(sys.argv[1])), {}) as held:
        owner = f"user:{held.approvals.os_user}"
        await held.executor.perform("user.add", {"name": "alice", "roles": ["admin"]}, owner)
        stop = held.command_bus._verbs[StopAll]
        async def half(ask, actor):
            if sys.argv[2] == "half":
                await stop(ask, actor)
            await held.journal.durable()
            print(sys.argv[2], flush=True)
            await asyncio.Event().wait()
        held.command_bus._verbs[StopAll] = half
        said = Asking("k", tuple(PERMISSIONS), "token", "token-1", "192.0.2.1", "", "aa")
        await held.executor.perform("StopAll", {"reason": "smoke"}, "user:alice", said)

asyncio.run(main())
"""
STOP = ("StopAll", {"reason": "smoke"}, ALICE)


def break_off(root: Path, where: str) -> None:
    """Kill an engine while it does a request: when a half of it is done, or nothing but taken."""
    argv = [sys.executable, "-c", BROKEN_OFF, str(root), where]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=environment(root)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{where}\n".encode()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.journey
def test_a_request_that_was_killed_half_done_is_not_done_again_and_says_so(tmp_path: Path) -> None:
    break_off(tmp_path, "half")

    async def story(held: EngineContext) -> None:
        assert held.operations.present.stage == "stopped"
        again = asking("k", digest="aa", way="token")
        rows = await log(held)
        stopped = next(row for row in rows if row.type == "emergency_stopped")
        for _ in range(2):
            with pytest.raises(Rejected) as no:
                await held.executor.perform(*STOP, again)
            assert no.value.code == "request.half_done"
            assert f"event {stopped.position}" in no.value.reason
        other = asking("k", digest="cc", way="token")
        assert await refused(held.executor.perform(*STOP, other)) == "request.another"
        assert await held.executor.perform(
            "StartAll", {"stage": "all"}, ALICE, asking("l", digest="bb")
        ) in (None, {})
        request = next(row for row in rows if row.stream == "request-k")
        assert stopped.cause == request.position

    with_engine(tmp_path, story)
    with_engine(tmp_path, lambda held: _verified(held))


@pytest.mark.journey
def test_a_request_that_was_killed_before_anything_came_of_it_is_done_once(tmp_path: Path) -> None:
    break_off(tmp_path, "taken")

    async def story(held: EngineContext) -> None:
        before = held.operations.present.stage
        again = asking("k", digest="aa", way="token")
        answers = await asyncio.gather(*(held.executor.perform(*STOP, again) for _ in range(3)))
        assert all(answer in (None, {}) for answer in answers)
        assert (before, held.operations.present.stage) == ("all", "stopped")
        rows = await log(held)
        of_key = [row for row in rows if row.stream == "request-k"]
        assert [row.type for row in of_key] == [
            "request_taken",
            "request_taken",
            "request_answered",
        ]
        (stopped,) = [row for row in rows if row.type == "emergency_stopped"]
        assert stopped.cause == of_key[1].position

    with_engine(tmp_path, story)
    with_engine(tmp_path, lambda held: _verified(held))


async def _verified(held: EngineContext) -> None:
    assert (await verify(held.store, held.heads.all(), held.artifacts)).is_intact


def test_a_request_that_was_rewritten_is_found(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        await held.executor.perform("StopAll", {"reason": "x"}, ALICE, asking("r"))

    with_engine(tmp_path, story)
    with sqlite3.connect(tmp_path / "log.db") as other:
        triggers = other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            other.execute(f"DROP TRIGGER {name}")
        found = other.execute("SELECT position, body FROM events WHERE type = 'request_taken'")
        position, body = found.fetchone()
        changed = body.replace(b"192.0.2.1", b"192.0.2.9")
        other.execute("UPDATE events SET body = ? WHERE position = ?", (changed, position))
    other.close()
    done = subprocess.run(
        [sys.executable, "-m", "missioncontrol", "audit", "verify"],
        env=environment(tmp_path),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert f"event {position}".encode() in done.stdout + done.stderr


def test_a_request_with_a_name_is_done_once_where_the_operating_system_vouches(
    tmp_path: Path,
) -> None:
    async def story(held: EngineContext) -> None:
        office = held.executor
        await office.perform("SaveWorkflow", SAVE, ALICE)
        for name in ("one", "one", "two"):
            named = asking(name, permissions=("read",), digest="aa", way="os")
            answer = await office.perform("run.start", {"workflow": "held"}, ALICE, named)
            run = await held.journal.load_run(answer["run"])
            # Nobody is signed in, so it is known whose terminal that is.
            assert run.os_user == held.approvals.os_user
        made = [row for row in await log(held) if row.type == "run_created"]
        assert [row.actor for row in made] == [ALICE, ALICE]
        by_agent = {**SAVE, "on_behalf": ALICE}
        again = office.perform("SaveWorkflow", by_agent, "agent:x", asking("three", way="os"))
        assert await refused(again) == "actor.by_agent"

    with_engine(tmp_path, story)
