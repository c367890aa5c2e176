"""The engine of one workspace as a process of its own: its start, its restarts and its end.

It learns over its input which process is the console, whose word about who signed in it believes.
Its input ends with the process that started it, and it ends with its input.
"""

import asyncio
import os
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from missioncontrol.domain.errors import Unavailable

RESTART_SECONDS = (0.5, 2.0, 10.0, 60.0)
"""Waits before the first and the following restarts of an engine that ended by itself."""

HEALTHY_SECONDS = 300.0
"""After so long an engine counts as healthy, and its next restart as the first."""

END_SECONDS_MAX = 30.0
LINE_BYTES_MAX = 65_536
Note = Callable[[str], None]


class EngineProcess:
    """Keeps the engine of one workspace at work."""

    def __init__(
        self, name: str, home: Path, environment: Mapping[str, str], note: Note, console: int
    ) -> None:
        """`note` takes lines for the person who looks on; `console` is a process, 0 for none."""
        self._name = name
        self._home = home
        self._environment = environment
        self._note = note
        self._console = console
        self._process: asyncio.subprocess.Process | None = None
        self._again = asyncio.Event()
        self._keeping = asyncio.create_task(self._keep())

    def trust(self, console: int) -> None:
        """Have the engine believe what the process `console` says about who signed in."""
        self._console = console
        process = self._process
        if process is not None and process.returncode is None and process.stdin is not None:
            with suppress(OSError, RuntimeError):  # It has just ended, and hears it when it starts.
                process.stdin.write(f"{console}\n".encode())

    def start(self) -> None:
        """Start the engine at once, where it is down."""
        self._again.set()

    async def _keep(self) -> None:
        """Start the engine again whenever it ends."""
        loop, times = asyncio.get_running_loop(), 0
        while True:
            self._again.clear()
            begun = loop.time()
            ending = await self._run()
            times = 0 if loop.time() - begun > HEALTHY_SECONDS else times
            wait = RESTART_SECONDS[min(times, len(RESTART_SECONDS) - 1)]
            times += 1
            self._note(
                f"[{self._name}] The engine ended ({ending}); it is started again in {wait:g} s, "
                f"or at once by `mission workspace start {self._name}`."
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._again.wait()

    async def _run(self) -> str:
        """Run the engine to its end; return how it ended."""
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "missioncontrol", "up", "--supervised"),
                *("--home", str(self._home), "--no-console"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                limit=LINE_BYTES_MAX,
                env=dict(self._environment),
                start_new_session=True,  # Ctrl-C is for us; it ends when its input does.
            )
        except OSError as error:
            return str(error.strerror or error)
        self.trust(self._console)
        await self._pass_lines(process)
        return f"exit code {await process.wait()}"

    async def _pass_lines(self, process: asyncio.subprocess.Process) -> None:
        """Pass on what the engine reports, line by line, with the name of its workspace."""
        assert process.stderr is not None
        while True:
            try:
                line = await process.stderr.readline()
            except ValueError:  # A line beyond the limit is left out.
                continue
            if not line:
                return
            self._note(f"[{self._name}] {line.decode('utf-8', 'replace').rstrip()}")

    async def close(self) -> None:
        """End the engine; what is at work can go on with its next start."""
        self._keeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeping
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        reading = asyncio.create_task(self._pass_lines(process))
        try:
            async with asyncio.timeout(END_SECONDS_MAX):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        reading.cancel()


async def follow_supervisor(trust: Callable[[int], None]) -> None:
    """Read what `EngineProcess` writes, in the engine, until it ends or its process does."""
    reader = asyncio.StreamReader()
    source = os.fdopen(os.dup(0), "rb")
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), source
    )
    while line := await reader.readline():
        if line.strip().isdigit() and int(line) > 0:
            trust(int(line))


def refuse_no_input() -> None:
    """Refuse to be supervised where the input is no pipe of a supervisor.

    Raises:
        Unavailable: `engine.no_supervisor`.
    """
    if not _is_pipe():
        raise Unavailable(
            "engine.no_supervisor",
            "--supervised is for engines that `mission up --root` starts.",
            hint="`mission up --home DIR` serves one data directory.",
        )


def _is_pipe() -> bool:
    mode = os.fstat(0).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
