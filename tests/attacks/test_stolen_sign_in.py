"""A step finds the link or the cookie of a person on this machine, and comes to the console."""

import asyncio
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from missioncontrol.adapters.connections import StepConnections, inode_of
from tests.console.doors import BROWSER, closed_door

THERE = StepConnections(lambda: (os.getpid(),)).is_available
kernel = pytest.mark.skipif(not THERE, reason="this kernel does not tell of connections")

CLIENT = """
import socket, sys
line = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print(line.getsockname()[1], flush=True)
sys.stdin.read()
"""
HIDDEN = "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)"  # PR_SET_DUMPABLE
ORPHAN = f"""
import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    subprocess.run([sys.executable, "-c", {CLIENT!r}, sys.argv[1]])
"""


@pytest.fixture
def console() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def verdict(console: socket.socket, code: str, engine: int) -> bool:
    """Say whether a client that runs `code` as a child of this process counts as a step."""
    argv = [sys.executable, "-c", code, str(console.getsockname()[1])]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe) as client:
        line, address = console.accept()
        with line:
            found = StepConnections(lambda: (engine,)).is_of_step(address, line.getsockname())
        assert client.stdin is not None
        client.stdin.close()
    return found


@kernel
@pytest.mark.parametrize("code", [CLIENT, ORPHAN, f"{HIDDEN}\n{CLIENT}"])
def test_what_descends_from_the_engine_is_a_step(console: socket.socket, code: str) -> None:
    # The helper stands for the engine: it starts the client, and what stands for the console.
    helper = f"""
        import os, socket, subprocess, sys
        from missioncontrol.adapters.ancestry import adopt_orphans
        from missioncontrol.adapters.connections import StepConnections
        adopt_orphans()
        console = socket.create_server(("127.0.0.1", 0))
        argv = [sys.executable, "-c", {code!r}, str(console.getsockname()[1])]
        engine = os.getpid()
        client = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line, address = console.accept()
        if os.fork() == 0:  # the console, beside the client
            found = StepConnections(lambda: (engine,)).is_of_step(address, line.getsockname())
            print(found, flush=True)
            os._exit(0)
        os.wait()
        client.stdin.close()
    """
    argv = [sys.executable, "-c", textwrap.dedent(helper)]
    result = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout == "True\n", result.stderr


@kernel
def test_a_program_of_a_person_is_no_step(console: socket.socket) -> None:
    with subprocess.Popen(["sleep", "60"]) as engine:
        assert not verdict(console, CLIENT, engine.pid)
        assert not verdict(console, f"{HIDDEN}\n{CLIENT}", engine.pid)
        engine.kill()


@kernel
def test_who_has_hung_up_is_taken_for_a_step(console: socket.socket) -> None:
    found = StepConnections(lambda: (1 << 22,))
    with socket.create_connection(console.getsockname()) as client:
        line, address = console.accept()
        assert not found.is_of_step(address, line.getsockname())
        assert inode_of(address, line.getsockname()) == os.fstat(client.fileno()).st_ino
    with line:
        assert found.is_of_step(address, line.getsockname())


def test_other_machines_and_addresses_that_are_none_are_no_steps() -> None:
    found = StepConnections(lambda: (os.getpid(),))
    assert not found.is_of_step(("192.0.2.7", 4711), ("192.0.2.1", 8700))
    assert not found.is_of_step(("testclient", 50000), ("testserver", 80))


def test_a_step_neither_signs_in_nor_uses_a_session_but_a_token(tmp_path: Path) -> None:
    asyncio.run(comes_as_a_person(tmp_path))


async def comes_as_a_person(root: Path) -> None:
    async with closed_door(root) as door:
        link, second = (f"/sign-in/link?token={door.people.new_link()}" for _ in range(2))
        async with door.client() as person:
            await person.get(link, headers=BROWSER)
            assert (await person.get("/api/v1/runs")).status_code == 200
            door.gate._is_of_step = lambda client, server: client[1] == 4711
            for path in ("/api/v1/runs", "/approvals", "/"):
                answer = await person.get(path)
                assert (answer.status_code, answer.json()["code"]) == (403, "session.by_step")
        async with door.client() as step:
            assert (await step.get(second)).status_code == 403
            assert (await step.post("/sign-in", data={"name": "a"})).status_code == 403
            assert not step.cookies
            bearer = {"authorization": f"Bearer {await door.token('read')}"}
            assert (await step.get("/api/v1/runs", headers=bearer)).status_code == 200
        (noted, *_) = door.people.store.arrivals()
        assert (noted.way, noted.outcome) == ("step", "refused")
