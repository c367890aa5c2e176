"""The port at which other processes ask the engine: it always answers permitted callers."""

import asyncio
import os
import socket
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from stat import S_IMODE
from typing import Any

import msgspec
import pytest

from missioncontrol.app.container import holding
from missioncontrol.app.settings import Settings
from missioncontrol.domain.errors import Rejected
from missioncontrol.interfaces.control import (
    CONNECTIONS_MAX,
    Answer,
    Ask,
    ControlServer,
    ask_engine,
)


async def echo(
    pid: int, verb: str, arguments: dict[str, Any], actor: str, asking: Any, bearer: str
) -> Any:
    assert pid == os.getpid()
    del asking, bearer
    if verb == "refuse":
        raise Rejected("thing.refused", "No.")
    if verb == "break":
        raise RecursionError("too deep")
    return [verb, arguments, actor]


def served(story: Callable[[ControlServer, str], Awaitable[None]]) -> None:
    async def live() -> None:
        with tempfile.TemporaryDirectory() as folder:
            server, path = ControlServer(echo), Path(folder, "engine.sock")
            await server.open(path)
            assert S_IMODE(os.stat(path).st_mode) == 0o600  # noqa: PTH116 - in a loop
            try:
                await story(server, str(path))
            finally:
                await server.close()
            with pytest.raises(FileNotFoundError):
                connected(str(path))

    asyncio.run(asyncio.wait_for(live(), 60))


async def told(path: str, line: bytes) -> Answer:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(line + b"\n")
    answer = await reader.readline()
    writer.close()
    return msgspec.json.decode(answer, type=Answer)


def connected(path: str) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.connect(path)
    except OSError:
        line.close()
        raise
    return line


def test_who_knows_the_secret_is_answered_and_who_does_not_is_refused() -> None:
    async def story(server: ControlServer, path: str) -> None:
        ask = Ask(server.token, "do", {"a": 1}, "user:alice")
        answer = await asyncio.to_thread(ask_engine, path, ask)
        assert answer == Answer(data=["do", {"a": 1}, "user:alice"])
        wrong = await asyncio.to_thread(ask_engine, path, Ask("guessed", "do", {}, "user:alice"))
        assert wrong.code == "control.forbidden"

    served(story)


def test_lines_held_open_by_strangers_keep_nobody_out() -> None:
    async def story(server: ControlServer, path: str) -> None:
        idle = [connected(path) for _ in range(3 * CONNECTIONS_MAX)]
        ask = Ask(server.token, "do", {}, "user:alice")
        answer = await asyncio.to_thread(ask_engine, path, ask)
        assert answer.data == ["do", {}, "user:alice"]
        for line in idle:
            line.close()

    served(story)


def test_every_request_that_can_be_read_has_an_answer_whatever_became_of_it() -> None:
    async def story(server: ControlServer, path: str) -> None:
        def asked(verb: str) -> bytes:
            return msgspec.json.encode(Ask(server.token, verb, {}, "user:alice"))

        deep = b'{"token":"","verb":"","actor":"","arguments":{"a":%s}}' % (
            b"[" * 100_000 + b"]" * 100_000
        )
        assert (await told(path, deep)).code == "control.malformed"
        assert (await told(path, b"[]")).code == "control.malformed"
        assert (await told(path, asked("refuse"))).code == "thing.refused"
        broken = await told(path, asked("break"))
        assert broken.code == "control.broken"
        assert "RecursionError" in broken.reason

    served(story)


@pytest.mark.parametrize("actor", ["engine", "agent:writer", "", "user:alice\nuser:bob"])
def test_nobody_asks_in_the_name_of_a_program_or_of_two(tmp_path: Path, actor: str) -> None:
    async def story() -> None:
        async with holding(Settings(home=tmp_path), {}) as held:
            with pytest.raises(Rejected) as no:
                await held.command_bus.perform("StopAll", {"reason": "smoke"}, actor)
            assert no.value.code == "actor.bad_name"
            assert held.operations.present.stage == "all"

    asyncio.run(story())
