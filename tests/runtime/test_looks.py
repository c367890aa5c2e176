"""Looks at all processes, and what hears of their ends, with real processes."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from missioncontrol import confinement
from missioncontrol.adapters import process_ends, processes
from missioncontrol.adapters.process_table import Look, Seen, everybody, with_descendants
from missioncontrol.adapters.processes import (
    STARTS_AT_ONCE,
    end_group,
    end_orphans,
    start_gated,
    start_time,
)
from missioncontrol.confinement import UNCONFINED
from missioncontrol.ports.agent import ProcessHandle
from tests.runtime.workshop import run


def seen(pid: int, parent: int) -> Seen:
    return Seen(pid, parent, pid, pid, False, float(pid))


def test_one_look_serves_all_who_ask_before_it_begins() -> None:
    looks = iter(range(1, 10))
    look = Look(lambda: next(looks))

    async def story() -> None:
        assert await asyncio.gather(*(look() for _ in range(50))) == [1] * 50
        assert await look() == 2

    run(story())


def test_who_asks_during_a_look_gets_one_that_begins_after_it() -> None:
    begun, go_on, count = threading.Event(), threading.Event(), iter(range(10))

    def take() -> int:
        begun.set()
        assert go_on.wait(2)
        return next(count)

    async def story() -> None:
        look = Look(take)
        first = asyncio.create_task(look())
        await asyncio.to_thread(begun.wait, 2)
        others = [asyncio.create_task(look()) for _ in range(3)]
        await asyncio.sleep(0)
        go_on.set()
        assert await first == 0
        assert await asyncio.gather(*others) == [1, 1, 1]

    run(story())


def test_one_who_no_longer_wants_a_look_leaves_it_to_the_others() -> None:
    async def story() -> None:
        look = Look(lambda: 7)
        first, second = asyncio.create_task(look()), asyncio.create_task(look())
        await asyncio.sleep(0)
        first.cancel()
        assert await second == 7

    run(story())


def test_a_process_is_seen_as_it_is() -> None:
    (this,) = [each for each in run(everybody()) if each.pid == os.getpid()]
    assert (this.parent, this.group, this.session) == (os.getppid(), os.getpgrp(), os.getsid(0))
    assert not this.is_zombie


def test_those_who_descend_from_others_are_found_in_any_order() -> None:
    among = [seen(4, 3), seen(3, 2), seen(2, 1), seen(9, 1), seen(5, 2)]
    assert sorted(each.pid for each in with_descendants([seen(2, 1)], among)) == [2, 3, 4, 5]


def test_a_number_that_passed_to_another_process_finds_nobody() -> None:
    before = Seen(2, 1, 2, 2, False, 1.0)
    assert with_descendants([before], [seen(2, 1), seen(3, 2)]) == []


@contextmanager
def a_family() -> Iterator[tuple[int, int]]:
    """A process in a session of its own, and its child in another one without any environment."""
    code = (
        "import subprocess, time; child = subprocess.Popen(['sleep', '60'], env={}, "
        "start_new_session=True); print(child.pid, flush=True); time.sleep(60)"
    )
    argv = [sys.executable, "-c", code]
    with subprocess.Popen(argv, start_new_session=True, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            yield parent.pid, child
        finally:
            parent.kill()
            if start_time(child) is not None:
                os.kill(child, 9)


def gone(pid: int) -> bool:
    for _ in range(200):
        if start_time(pid) is None:
            return True
        time.sleep(0.01)
    return False


def test_an_orphan_is_ended_with_what_it_started_in_a_session_of_its_own() -> None:
    with a_family() as (parent, child):
        started = start_time(parent)
        assert started is not None
        assert run(end_orphans(ProcessHandle(parent, started, parent)))
        assert gone(child)


LIVED_IN = """
import asyncio, os
from missioncontrol.adapters.process_table import everybody, kill_all
from missioncontrol.adapters.processes import end_orphans, start_time
from missioncontrol.ports.agent import ProcessHandle
async def story():
    lived_in = (os.getpid(), os.getppid())
    await kill_all([each for each in await everybody() if each.pid in lived_in])
    handle = ProcessHandle(os.getpid(), start_time(os.getpid()), os.getpgrp())
    assert not await end_orphans(handle)
    print("alive", flush=True)
asyncio.run(story())
"""


def test_nobody_ends_himself_or_what_he_lives_in() -> None:
    # In a parent of its own: whatever else descends from that one is ended.
    argv = [sys.executable, "-c", LIVED_IN]
    parent = f"import subprocess; print(subprocess.run({argv!r}).returncode)"
    done = subprocess.run(
        [sys.executable, "-c", parent], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout.split(), done.returncode) == (["alive", "0"], 0), done.stderr


def test_a_group_of_which_only_zombies_are_left_is_gone() -> None:
    child = subprocess.Popen(["/bin/true"], start_new_session=True)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    run(end_group(child.pid, seconds=60))
    assert child.wait() == 0


def test_many_programs_are_started_in_portions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting: set[int] = set()
    most: list[int] = []

    async def story() -> None:
        really = confinement.start

        def counted(*args: Any, **more: Any) -> Any:
            starting.add(id(args))
            most.append(len(starting))
            try:
                return really(*args, **more)
            finally:
                starting.discard(id(args))

        monkeypatch.setattr(processes, "start", counted)
        begin = (
            start_gated(["true"], cwd=tmp_path, environment={"PATH": os.defpath}, rules=UNCONFINED)
            for _ in range(20)
        )
        programs = await asyncio.gather(*begin)
        await asyncio.gather(*(program.end() for program in programs))

    run(story())
    assert len(most) == 20
    assert max(most) <= STARTS_AT_ONCE


@pytest.mark.parametrize("place", ["the start", "the pipes"])
def test_a_start_that_the_end_of_the_loop_cancels_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    is_there = threading.Event()
    really = confinement.start

    def slow(*args: Any, **more: Any) -> Any:
        if place == "the start":
            is_there.set()
        time.sleep(0.05)
        started.append(really(*args, **more))
        return started[-1]

    async def never(*_: Any) -> Any:
        is_there.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(processes, "start", slow)
    if place == "the pipes":
        monkeypatch.setattr(processes, "_reader", never)

    async def story() -> None:
        starting = asyncio.ensure_future(
            start_gated(["true"], cwd=tmp_path, environment={"PATH": os.defpath}, rules=UNCONFINED)
        )
        await asyncio.to_thread(is_there.wait)
        assert not starting.done()

    asyncio.run(story())
    assert [process.returncode for process in started] == [-9]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system has no such files")
def test_no_thread_waits_for_a_program(tmp_path: Path) -> None:
    async def story() -> list[str]:
        program = await start_gated(
            ["sh", "-c", "exit 3"], cwd=tmp_path, environment={"PATH": os.defpath}, rules=UNCONFINED
        )
        names = [thread.name for thread in threading.enumerate()]
        program.open_gate()
        assert await program.exited() == 3
        await program.end()
        return names

    assert not [name for name in run(story()) if name.startswith("asyncio-waitpid")]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="asyncio does so by itself")
def test_where_no_file_is_left_a_thread_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    process_ends.wait_without_threads()

    def none_left(_: int) -> int:
        raise OSError(24, "Too many open files")

    async def story() -> int:
        monkeypatch.setattr(os, "pidfd_open", none_left)
        child = await asyncio.create_subprocess_exec("sh", "-c", "exit 4")
        return await child.wait()

    assert run(story()) == 4
