"""Programs as agents, with real processes."""

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents.program import ProgramAgent
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.processes import (
    end_group,
    end_orphans,
    is_alive,
    start_gated,
    start_time,
)
from missioncontrol.confinement import UNCONFINED
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.run.states import Cancelled, Failed, Run, Succeeded
from missioncontrol.domain.step import Retry, Step
from missioncontrol.domain.work import ArtifactRef, Usage, Work
from missioncontrol.ports.agent import ProcessHandle
from missioncontrol.runtime.registry import Registered
from tests.runtime.programs import a_program
from tests.runtime.workshop import Workshop, run, workshop
from tests.sandboxes import OpenBelow

STEP = Step("a", "program")


def outcome(root: Path, code: str, *, step: Step = STEP, **inputs: Any) -> tuple[Run, list[str]]:
    """Run `code` as the agent of one step; return the run and its output."""

    async def story() -> tuple[Run, list[str]]:
        agent = Registered("program", a_program(root, code, environment={"COLOUR": "red"}))
        async with workshop(root, agent) as shop:
            ended = await shop.finish(step, inputs=inputs)
            return ended, [line.message for line in shop.lines.read("run-1")]

    return run(story())


def failure(root: Path, code: str) -> Any:
    ended, _ = outcome(root, code)
    state = ended.states["a"]
    assert isinstance(state, Failed), state
    return state.failure


def work(root: Path, code: str, **inputs: Any) -> Work:
    ended, _ = outcome(root, code, **inputs)
    state = ended.states["a"]
    assert isinstance(state, Succeeded), state
    return state.work


# Success.


def test_a_program_gets_its_order_and_hands_in_its_work(tmp_path: Path) -> None:
    found = work(
        tmp_path,
        """
        send(type="progress", done=1, total=2, note="half")
        send(type="usage", usage={"input_tokens": 3})
        done(summary="Done.", output={"order": order, "cwd": os.getcwd(), "env": dict(os.environ)})
        """,
        goal="größe",
    )
    order = found.output["order"]
    assert order["version"] == 1
    assert order["assignment"]["step"] == "a"
    assert order["assignment"]["run_inputs"] == {"goal": "größe"}
    assert found.output["cwd"] == order["scratch"]
    assert found.output["env"]["COLOUR"] == "red"
    assert "PYTEST_CURRENT_TEST" not in found.output["env"]
    assert not Path(order["scratch"]).exists()


def test_what_a_program_says_is_output(tmp_path: Path) -> None:
    ended, lines = outcome(
        tmp_path,
        """
        send(type="log", level="info", message="one")
        sys.stderr.write("two\\nthree\\n")
        sys.stderr.flush()
        send(type="usage", usage={"input_tokens": 3})
        done()
        """,
    )
    assert sorted(lines) == ["one", "three", "two"]
    assert ended.usage == Usage(input_tokens=3, cost=None)


def test_an_artifact_is_taken_over_with_its_words(tmp_path: Path) -> None:
    found = work(
        tmp_path,
        """
        reference = kept("notes/a.txt".replace("/", "-"), b"words", title="Notes", obtained="so")
        done(artifacts=[dict(reference, title="Notes", obtained="so")])
        """,
    )
    (reference,) = found.artifacts
    assert reference == ArtifactRef("notes-a.txt", reference.digest, 5, "text/plain", "Notes", "so")
    assert FolderArtifactStore(tmp_path / "artifacts").get(reference.digest) == b"words"


def test_a_later_program_finds_the_files_of_an_earlier_one(tmp_path: Path) -> None:
    async def story() -> None:
        agent = a_program(
            tmp_path,
            """
            if order["assignment"]["step"] == "a":
                done(artifacts=[kept("a.txt", b"words")])
            else:
                (path,) = order["files"].values()
                done(output=pathlib.Path(path).read_text())
            """,
        )
        async with workshop(tmp_path, Registered("program", agent)) as shop:
            ended = await shop.finish(STEP, Step("b", "program", ("a",)))
            assert ended.states["b"] == Succeeded(Work(output="words"))

    run(story())


def test_a_process_is_on_record_before_it_executes(tmp_path: Path) -> None:
    async def story() -> None:
        agent = a_program(tmp_path, "done(output=[os.getpid(), os.getpgrp()])")
        async with workshop(tmp_path, Registered("program", agent)) as shop:
            ended = await shop.finish(STEP)
            state = ended.states["a"]
            assert isinstance(state, Succeeded)
            (recorded,) = [
                event.data
                for event in await shop.store.read_stream("run-1")
                if event.type == "process_started"
            ]
            assert [recorded["pid"], recorded["group"]] == state.work.output
            assert abs(recorded["started"] - time.time()) < 60  # noqa: TID251 - a real process

    run(story())


# Refusals and faults.


def test_a_refusal_is_told_in_the_words_of_the_program(tmp_path: Path) -> None:
    found = failure(
        tmp_path,
        """
        send(type="failed", code="x.y", reason="No.", hint="Do.", retryable=False)
        """,
    )
    assert (found.code, found.reason, found.hint, found.retryable) == ("x.y", "No.", "Do.", False)


@pytest.mark.parametrize(
    ("code", "expected", "words"),
    [
        ("print('hello')", "program.bad_line", "'hello'"),
        ("send(type='dance')", "program.bad_line", "dance"),
        ("send(type='log', level='loud', message='x')", "program.bad_line", "loud"),
        ("sys.stdout.buffer.write(b'\\xff\\n')", "program.bad_line", "not a message"),
        ("sys.stdout.write('{\"type\":')", "program.bad_line", "not a message"),
        ("print('[' * 100_000)", "program.bad_line", "not a message"),
        ("pass", "program.no_result", "exit code 0 without a result"),
        ("sys.exit(3)", "program.no_result", "exit code 3 without a result"),
        ("done(); sys.exit(3)", "program.no_result", "exit code 3 after a result"),
        ("sys.stderr.write('it hurts\\n'); sys.exit(1)", "program.no_result", "it hurts"),
        ("os.kill(os.getpid(), 9)", "program.no_result", "exit code -9"),
        ("sys.stdout.write('x' * 9_000_000)", "program.line_too_long", "8 MiB"),
    ],
    ids=[
        "no json",
        "unknown message",
        "unknown level",
        "no utf-8",
        "half a line",
        "too deep",
        "silence",
        "exit code",
        "exit code after a result",
        "standard error",
        "killed",
        "long line",
    ],
)
def test_a_program_that_breaks_the_protocol_is_told_apart(
    tmp_path: Path, code: str, expected: str, words: str
) -> None:
    found = failure(tmp_path, code)
    assert found.code == expected
    assert words in found.reason


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    async def story() -> None:
        agent = ProgramAgent(
            [str(tmp_path / "nobody")],
            scratch=tmp_path / "scratch",
            artifacts=FolderArtifactStore(tmp_path / "artifacts"),
            environment={},
            sandbox=OpenBelow(tmp_path),
        )
        async with workshop(tmp_path, Registered("program", agent)) as shop:
            state = (await shop.finish(STEP)).states["a"]
            assert isinstance(state, Failed)
            assert "127" in state.failure.reason
            assert "nobody" in state.failure.reason

    run(story())


def test_a_program_that_never_reads_its_order_is_no_trouble(tmp_path: Path) -> None:
    async def story() -> None:
        agent = ProgramAgent(
            ["/bin/true"],
            scratch=tmp_path / "scratch",
            artifacts=FolderArtifactStore(tmp_path / "artifacts"),
            environment={},
            sandbox=OpenBelow(tmp_path),
        )
        async with workshop(tmp_path, Registered("program", agent)) as shop:
            ended = await shop.finish(STEP, inputs={"large": "x" * 2_000_000})
            assert isinstance(ended.states["a"], Failed)

    run(story())


@pytest.mark.parametrize(
    "code",
    [
        "kept('a.txt', b'words', pathlib.Path(order['assignment']['run_inputs']['elsewhere']))",
        "(scratch / 'l').symlink_to('/etc/hostname'); announce(scratch / 'l')",
        "announce(scratch / 'none')",
        "announce(scratch)",
        "os.mkfifo(scratch / 'f'); announce(scratch / 'f')",
        "announce('a\\x00b')",
        "(scratch / 'l').write_text('other'); announce(scratch / 'l', size=5)",
        "done(artifacts=[dict(name='a.txt', digest='0' * 64, size=1, media_type='text/plain')])",
        "r = kept('a.txt', b'words'); done(artifacts=[dict(r, size=6)])",
    ],
    ids=[
        "outside",
        "link to the outside",
        "absent",
        "directory",
        "pipe",
        "no path",
        "changed",
        "never handed in",
        "another size",
    ],
)
def test_a_file_is_taken_only_from_scratch_and_as_announced(tmp_path: Path, code: str) -> None:
    ended, _ = outcome(tmp_path, code, elsewhere=str(tmp_path / "elsewhere.txt"))
    state = ended.states["a"]
    assert isinstance(state, Failed)
    assert state.failure.code in {"program.bad_artifact", "agent.crashed"}


def test_a_step_name_leads_no_scratch_directory_astray(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    precious = tmp_path / "precious-1"
    precious.mkdir()
    (precious / "file").write_text("mine")

    async def story() -> None:
        agent = a_program(home, "done()")
        async with workshop(home, Registered("program", agent)) as shop:
            await shop.finish(Step("../../../precious", "program"))

    run(story())
    assert (precious / "file").read_text() == "mine"


# Processes that stay.


def pids_in(path: Path) -> list[int]:
    return [int(pid) for pid in path.read_text().split()]


def alive(path: Path) -> list[int]:
    return [pid for pid in pids_in(path) if start_time(pid) is not None]


STRAY = """
child = subprocess.Popen(["sleep", "60"]{options})
pathlib.Path(order["assignment"]["run_inputs"]["pids"]).write_text(f"{{os.getpid()}} {{child.pid}}")
done(output=1)
"""


@pytest.mark.parametrize(
    "options",
    [
        ", stdin=-3, stdout=-3, stderr=-3",
        ", stdin=-3, stdout=-3",
        ", stdin=-3, stderr=-3",
        "",
    ],
    ids=["detached", "holds standard error", "holds standard output", "holds everything"],
)
def test_what_a_program_leaves_running_ends_with_its_attempt(tmp_path: Path, options: str) -> None:
    pids = tmp_path / "pids"
    ended, _ = outcome(tmp_path, STRAY.format(options=options), pids=str(pids))
    assert ended.states["a"] == Succeeded(Work(output=1))
    assert alive(pids) == []


def test_a_child_that_left_the_group_does_not_keep_its_attempt_from_ending(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    async def story() -> None:
        agent = a_program(tmp_path, STRAY.format(options=", start_new_session=True"))
        async with workshop(tmp_path, Registered("program", agent)) as shop:
            try:
                async with asyncio.timeout(20):
                    ended = await shop.finish(STEP, inputs={"pids": str(pids)})
                assert ended.states["a"] == Succeeded(Work(output=1))
            finally:
                for pid in alive(pids):
                    os.kill(pid, 9)
                await asyncio.sleep(0.1)

    run(story())


STUBBORN = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-S", "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); "
    "time.sleep(60)"], stdout=subprocess.PIPE)
child.stdout.readline()
path = pathlib.Path(order["assignment"]["run_inputs"]["pids"])
path.with_suffix(".new").write_text(f"{os.getpid()} {child.pid}")
path.with_suffix(".new").rename(path)
time.sleep(60)
"""

OBEDIENT = """
child = subprocess.Popen(["sleep", "60"])
path = pathlib.Path(order["assignment"]["run_inputs"]["pids"])
path.with_suffix(".new").write_text(f"{os.getpid()} {child.pid}")
path.with_suffix(".new").rename(path)
time.sleep(60)
"""


async def begun(shop: Workshop, pids: Path, step: Step = STEP) -> None:
    shop.begin(step, inputs={"pids": str(pids)})
    while not pids.exists():  # noqa: ASYNC110, ASYNC240 - another process makes it
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("code", [OBEDIENT, STUBBORN], ids=["obedient", "stubborn"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_cancel_ends_the_whole_process_group(tmp_path: Path, code: str, times: int) -> None:
    pids = tmp_path / "pids"

    async def story() -> None:
        agent = Registered("program", a_program(tmp_path, code))
        async with workshop(tmp_path, agent) as shop:
            await begun(shop, pids)
            assert len(alive(pids)) == 2
            for _ in range(times):
                with suppress(MissionControlError):  # It may have ended after the first.
                    shop.engine.cancel("run-1", "Enough.", actor="test")
                await asyncio.sleep(0.01)
            ended = await shop.engine.settled("run-1")
            assert isinstance(ended.states["a"], Cancelled)
            assert alive(pids) == []
            assert not any((tmp_path / "scratch" / "run-1").iterdir())

    run(story())


def test_a_program_that_takes_too_long_is_ended_before_it_is_tried_again(tmp_path: Path) -> None:
    async def story() -> None:
        agent = a_program(
            tmp_path,
            """
            here = pathlib.Path(order["assignment"]["run_inputs"]["here"])
            if order["assignment"]["attempt"] == 1:
                here.write_text(str(os.getpid()))
                time.sleep(60)
            done(output=os.path.exists(f"/proc/{here.read_text()}"))
            """,
        )
        async with workshop(tmp_path, Registered("program", agent)) as shop:
            step = Step("a", "program", seconds_max=0.5, retry=Retry(2, wait_seconds=0.0))
            ended = await shop.finish(step, inputs={"here": str(tmp_path / "here")})
            assert ended.states["a"] == Succeeded(Work(output=False))

    run(story())


def test_closing_the_engine_ends_its_programs(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    async def story() -> None:
        async with workshop(tmp_path, Registered("program", a_program(tmp_path, OBEDIENT))) as shop:
            await begun(shop, pids)
        assert alive(pids) == []

    run(story())


# The gate, groups and orphans.

SHOW = [sys.executable, "-S", "-c", "import sys; open(sys.argv[1], 'w').write('ran')"]


def test_a_program_behind_the_gate_runs_only_when_it_is_opened(tmp_path: Path) -> None:
    async def story() -> None:
        ran = tmp_path / "ran"
        program = await start_gated(
            [*SHOW, str(ran)], cwd=tmp_path, environment={}, rules=UNCONFINED
        )
        await asyncio.sleep(0.1)
        assert is_alive(program.handle)
        assert not ran.exists()
        program.open_gate()
        assert await program.exited() == 0
        assert ran.read_text() == "ran"
        assert not is_alive(program.handle)
        await program.end()

    run(story())


KILLED_AT_THE_GATE = """
import asyncio, os, pathlib, sys
from missioncontrol.adapters.processes import start_gated
from missioncontrol.confinement import UNCONFINED
async def story():
    here = pathlib.Path(sys.argv[1])
    argv = [sys.executable, "-S", "-c", "open('ran', 'w').write('ran')"]
    program = await start_gated(argv, cwd=here, environment={}, rules=UNCONFINED)
    print(program.handle.pid, flush=True)
    os.kill(os.getpid(), 9)
asyncio.run(story())
"""


def test_nothing_runs_where_the_engine_died_before_the_process_was_on_record(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        engine = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            KILLED_AT_THE_GATE,
            str(tmp_path),
            stdout=asyncio.subprocess.PIPE,
        )
        assert engine.stdout is not None
        pid = int(await engine.stdout.readline())
        assert await engine.wait() == -9
        for _ in range(100):
            if start_time(pid) is None:
                break
            await asyncio.sleep(0.02)
        assert start_time(pid) is None
        assert not (tmp_path / "ran").exists()

    run(story())


def test_a_process_is_told_apart_by_when_it_began() -> None:
    me = os.getpid()
    begun_at = start_time(me)
    assert begun_at is not None
    assert is_alive(ProcessHandle(me, begun_at, os.getpgrp()))
    assert not is_alive(ProcessHandle(me, begun_at - 5, os.getpgrp()))
    assert start_time(2**22 + 5) is None


def test_a_stranger_with_the_number_of_an_old_process_is_left_alone() -> None:
    async def story() -> None:
        stranger = await asyncio.create_subprocess_exec("sleep", "60", start_new_session=True)
        try:
            handle = ProcessHandle(stranger.pid, 1_000_000_000.0, stranger.pid)
            assert not await end_orphans(handle)
            assert start_time(stranger.pid) is not None
        finally:
            stranger.kill()
            await stranger.wait()

    run(story())


def test_no_group_of_ours_or_of_the_system_is_ever_ended() -> None:
    async def story() -> None:
        for group in (os.getpgrp(), 0, 1, -1):
            await end_group(group)

    run(story())


def test_an_orphan_is_ended_with_its_group(tmp_path: Path) -> None:
    async def story() -> None:
        shell = "sleep 60 & echo $!; wait"
        orphan = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", shell, start_new_session=True, stdout=asyncio.subprocess.PIPE
        )
        assert orphan.stdout is not None
        child = int(await orphan.stdout.readline())
        started = start_time(orphan.pid)
        assert started is not None
        assert await end_orphans(ProcessHandle(orphan.pid, started, orphan.pid))
        await orphan.wait()
        assert start_time(child) is None

    run(story())


def test_a_child_is_an_orphan_too_where_its_leader_has_gone() -> None:
    async def story() -> None:
        shell = "sleep 60 & echo $!; read wait"
        leader = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            shell,
            start_new_session=True,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert leader.stdout is not None
        assert leader.stdin is not None
        child = int(await leader.stdout.readline())
        started = start_time(leader.pid)
        assert started is not None
        leader.stdin.close()
        leader.kill()
        try:
            for _ in range(100):
                if start_time(leader.pid) is None:
                    break
                await asyncio.sleep(0.01)
            await end_orphans(ProcessHandle(leader.pid, started, leader.pid))
            assert start_time(child) is None
        finally:
            if start_time(child) is not None:
                os.kill(child, 9)

    run(story())


def test_the_order_is_one_line_of_json(tmp_path: Path) -> None:
    from missioncontrol.ports import wire
    from missioncontrol.ports.agent import Assignment

    assignment = Assignment("run-1", "w", "a", 1, 1, "run-1/a", "hand", {"text": "one\ntwo"})
    line = wire.encode(wire.Order(wire.VERSION, assignment, str(tmp_path), {}))
    assert line.count(b"\n") == 1
    assert json.loads(line)["assignment"]["inputs"] == {"text": "one\ntwo"}
