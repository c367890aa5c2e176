"""The process of the console: its socket, its start and its restarts.

The process that parses requests from outside holds no lock and no secrets of the engine, and a
busy page never delays a step. The engine owns the socket, so a console that ended is replaced
before a browser notices.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from missioncontrol.adapters.ancestry import ANCESTRY
from missioncontrol.app.settings import PASSED_ON
from missioncontrol.domain.errors import Unavailable
from missioncontrol.interfaces.listeners import LOOPBACK, listening

PORT = 8700
ROOT = "--root"
"""Says that the directory is the root of several workspaces."""

READY_SECONDS_MAX = 30.0
END_SECONDS_MAX = 8.0
RESTART_SECONDS = (0.5, 2.0, 10.0, 60.0)
"""Waits before the first and the following restarts of a console that ended by itself."""

HEALTHY_SECONDS = 300.0
"""After so long a console counts as healthy, and its next restart as the first."""

LINE_BYTES_MAX = 65_536


class Ready(msgspec.Struct, frozen=True):
    """What a console reports once it answers."""

    url: str
    link: str  # signs the owner in, once


class ConsoleProcess:
    """The console of one home."""

    def __init__(
        self,
        home: Path,
        *,
        port: int | None,
        address: str = LOOPBACK,
        heads: Path | None = None,
        is_root: bool = False,
        environment: Mapping[str, str],
    ) -> None:
        """Bind the port, so that an occupied one is known before anything else begins.

        `port` None stands for 8700, or any free port where that one is in use; `heads` is the
        file that signed heads are sent to. With `is_root`, `home` is the root of workspaces.

        Raises:
            Unavailable: `console.port_taken`.
        """
        self._home = home
        self._heads = heads
        self._is_root = is_root
        self._environment = environment
        self.report: Callable[[str], None] = lambda _: None  # called when it ended by itself
        self.has_started: Callable[[int], None] = ANCESTRY.trust  # called with its process
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._socket = _bound(port, address)

    async def open(self) -> Ready:
        """Start the console; return where it is once it answers.

        Raises:
            Unavailable: `console.broken`, with its output.
        """
        ready = await self._start()
        self._watch = asyncio.create_task(self._keep())
        return ready

    async def _start(self) -> Ready:
        handle = self._socket.fileno()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "missioncontrol.console",
            *([ROOT] if self._is_root else []),
            str(self._home),
            str(handle),
            *([str(self._heads)] if self._heads is not None else []),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES_MAX,
            pass_fds=[handle],
            env={name: self._environment[name] for name in PASSED_ON if name in self._environment},
            start_new_session=True,  # Ctrl-C is for us; it ends when we say so, or are gone.
        )
        self.has_started(self._process.pid)
        assert self._process.stdout is not None
        line = b""
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS_MAX):
                line = await self._process.stdout.readline()
        try:
            return msgspec.json.decode(line, type=Ready)
        except msgspec.DecodeError:
            await self._end()
            raise Unavailable(
                "console.broken",
                "The console did not start.",
                hint="Its output is above; `mission up --no-console` starts without it.",
            ) from None

    async def _keep(self) -> None:
        """Start the console again whenever it ends."""
        loop = asyncio.get_running_loop()
        times = 0
        while True:
            assert self._process is not None
            begun = loop.time()
            code = await self._process.wait()
            times = 0 if loop.time() - begun > HEALTHY_SECONDS else times
            wait = RESTART_SECONDS[min(times, len(RESTART_SECONDS) - 1)]
            times += 1
            self.report(f"The console ended ({code}); it is started again in {wait:g} s.")
            await asyncio.sleep(wait)
            try:
                await self._start()
            except (OSError, Unavailable) as error:
                self.report(f"The console could not be started again: {error}")

    async def close(self) -> None:
        """End the console, and give the port back."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        await self._end()
        self._socket.close()

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()  # It ends by itself when its input does.
        try:
            async with asyncio.timeout(END_SECONDS_MAX):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _bound(port: int | None, address: str) -> socket.socket:
    for wanted in (PORT, 0) if port is None else (port,):
        try:
            return listening(wanted, address)
        except OSError as error:
            refused = error
    raise Unavailable(
        "console.port_taken",
        f"The console can't listen on {address} port {port}: {refused.strerror or refused}.",
        hint="Name another one with --port; 0 takes one that is free.",
    )


def is_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether `mission up` opens a console where its command line names neither."""
    return environment.get("MISSION_CONSOLE", "on") != "off"
