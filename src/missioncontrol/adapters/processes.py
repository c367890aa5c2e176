"""Operating-system processes: start behind a gate, identity by start time, end as groups."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import IO

import psutil

from missioncontrol.adapters import process_table
from missioncontrol.adapters.ancestry import ANCESTRY, StepProgram
from missioncontrol.adapters.process_ends import watch_end
from missioncontrol.confinement import start
from missioncontrol.ports.agent import ProcessHandle
from missioncontrol.ports.confinement import Rules

LINE_BYTES_MAX = 8 * 1024 * 1024
TERM_SECONDS = 2.0
"""Between asking a process group to end and ending it."""

KILL_SECONDS = 5.0
"""A killed process may still be leaving the kernel; waiting for it never takes longer."""

POLL_SECONDS = 0.02
POLLS_PER_LOOK = 4
"""Asking for a group is quick; only a look at all processes tells the living from zombies."""

STARTS_AT_ONCE = 16
"""Starting a program keeps the loop for half a millisecond: many at once begin in portions.

Between two portions the loop hears everybody else, and the first programs are at work while the
last ones are being started."""

_GATE = 'read -r go && exec "$@"'
"""A shell that waits for a line and then becomes the program, under the same process id.

The line is sent once the process is on record. If the engine dies before that, the shell reads the
end of its input and exits: no program ever runs that the log does not know."""


class Process:
    """A program that was started, and the pipes to it."""

    def __init__(
        self,
        started: "subprocess.Popen[bytes]",
        pipes: tuple[asyncio.StreamWriter, asyncio.StreamReader, asyncio.StreamReader],
    ) -> None:
        """`start_gated` makes these."""
        self.pid = started.pid
        self.stdin, self.stdout, self.stderr = pipes
        self._started = started

    @property
    def returncode(self) -> int | None:
        """The exit code, once it is known; a negative one is that of a signal."""
        return self._started.returncode

    def terminate(self) -> None:
        """Ask it to end."""
        self._started.terminate()


class Program:
    """A program behind its gate, and after that at work."""

    def __init__(
        self,
        process: Process,
        close_pipes: Callable[[], None],
        exited: "asyncio.Future[int]",
    ) -> None:
        """`start_gated` makes these."""
        self.process = process
        self.handle = ProcessHandle(process.pid, start_time(process.pid) or 0.0, process.pid)
        self._close_pipes = close_pipes
        self._exited = exited

    def open_gate(self) -> None:
        """Start the program."""
        self.process.stdin.write(b"go\n")

    async def exited(self) -> int:
        """Return the exit code as soon as the process has one, even if its pipes are open."""
        return await asyncio.shield(self._exited)

    async def end(self) -> None:
        """End its process group and close its pipes, even if others hold them open."""
        await end_group(self.handle.group)
        await self.exited()
        self._close_pipes()


async def start_gated(
    argv: Sequence[str], *, cwd: Path, environment: Mapping[str, str], rules: Rules
) -> Program:
    """Start `argv` under `rules`, in a process group of its own, held until `open_gate`."""
    loop = asyncio.get_running_loop()
    async with _turns(loop):
        started = await _started_aside(
            ("/bin/sh", "-c", _GATE, "gate", *argv), cwd, environment, rules
        )
        exited = loop.create_future()
        watch_end(started, loop, exited)
        assert started.stdin is not None
        assert started.stdout is not None
        assert started.stderr is not None
        pipes = ExitStack()
        try:
            stdin, close = await _writer(loop, started.stdin)
            pipes.callback(close)
            stdout, out = await _reader(loop, started.stdout)
            pipes.callback(out.close)
            stderr, errors = await _reader(loop, started.stderr)
            pipes.callback(errors.close)
        except BaseException:
            pipes.close()
            _end_unopened(started)
            raise
        names = (environment.get("MISSION_RUN", ""), environment.get("MISSION_STEP", ""))
        ANCESTRY.note(started.pid, StepProgram(*names))
        return Program(Process(started, (stdin, stdout, stderr)), pipes.close, exited)


async def _started_aside(
    argv: Sequence[str], cwd: Path, environment: Mapping[str, str], rules: Rules
) -> "subprocess.Popen[bytes]":
    """Start a program on a thread: what its rules are made of is looked up on disk."""
    # A task would be cancelled with all others when the loop ends, and lose a running program.
    starting = asyncio.get_running_loop().run_in_executor(
        None,
        partial(
            start,
            argv,
            rules,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=cwd,
            env=dict(environment),
            start_new_session=True,
        ),
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        starting.add_done_callback(_discard)
        raise


def _discard(starting: "asyncio.Future[subprocess.Popen[bytes]]") -> None:
    """End a program whose start was cancelled."""
    if not starting.cancelled() and starting.exception() is None:
        _end_unopened(starting.result())


def _end_unopened(process: "subprocess.Popen[bytes]") -> None:
    """End a program whose gate was never opened, and wait for its end."""
    with process:
        process.kill()


class _Input(asyncio.StreamReaderProtocol):
    """The end of a pipe that is written to."""

    is_lost = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        super().connection_lost(exc)


async def _writer(
    loop: asyncio.AbstractEventLoop, pipe: IO[bytes]
) -> tuple[asyncio.StreamWriter, Callable[[], None]]:
    """Return a writer to `pipe`, and a function that closes it even with unwritten data."""
    unused = asyncio.StreamReader(loop=loop)
    transport, protocol = await loop.connect_write_pipe(lambda: _Input(unused, loop=loop), pipe)

    def close() -> None:
        if not protocol.is_lost:
            transport.abort()

    return asyncio.StreamWriter(transport, protocol, None, loop), close


async def _reader(
    loop: asyncio.AbstractEventLoop, pipe: IO[bytes]
) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    reader = asyncio.StreamReader(limit=LINE_BYTES_MAX, loop=loop)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader, loop=loop), pipe
    )
    return reader, transport


_turns_of: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


def _turns(loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    """Return the semaphore that limits how many programs of `loop` start at once."""
    if loop not in _turns_of:
        for closed in [each for each in _turns_of if each.is_closed()]:
            _turns_of.pop(closed, None)
        _turns_of[loop] = asyncio.Semaphore(STARTS_AT_ONCE)
    return _turns_of[loop]


def start_time(pid: int) -> float | None:
    """Return when the process began, in seconds since the epoch, or None if there is none."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


def is_alive(handle: ProcessHandle) -> bool:
    """Whether that very process is still there, and not another one with its number."""
    started = start_time(handle.pid)
    # The kernel counts in hundredths of a second since boot, and boot time is a rounded number.
    return started is not None and abs(started - handle.started) < 1.0


async def end_group(group: int, *, seconds: float = TERM_SECONDS) -> None:
    """End every process of `group`: asked first, killed after `seconds`."""
    if not _signal(group, signal.SIGTERM):
        return
    if not await _is_gone(group, seconds) and _signal(group, signal.SIGKILL):
        await _is_gone(group, KILL_SECONDS)


async def _is_gone(group: int, seconds: float) -> bool:
    """Wait until nothing but zombies is left of `group`; False if something is after `seconds`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while _signal(group, 0):
        for _ in range(POLLS_PER_LOOK):
            await asyncio.sleep(POLL_SECONDS)
            if not _signal(group, 0):
                return True
        if not await _members(group):
            return True  # Zombies whose parent does not care for them can still be signalled.
        if loop.time() >= deadline:
            return False
    return True


def _signal(group: int, number: int) -> bool:
    """Signal a group; say whether it is there, and ours. Number 0 only asks."""
    if _is_ours_to_keep(group):
        return False
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


def _is_ours_to_keep(group: int) -> bool:
    """Whether it is the group of this process, or one of the system."""
    return group <= 1 or group == os.getpgrp()


async def _members(group: int) -> bool:
    """Whether anything but zombies is left of `group`."""
    return any(
        each.group == group and not each.is_zombie for each in await process_table.everybody()
    )


async def end_orphans(handle: ProcessHandle) -> bool:
    """End what is left of a recorded process and its group; say whether anything was.

    A group outlives its leader, and no new process gets the number of a living group. So the group
    is still ours if its leader is, or if the leader is gone, unless the machine has restarted.
    What the group has started elsewhere goes with it.
    """
    if psutil.boot_time() > handle.started + 1.0 or _is_ours_to_keep(handle.group):
        return False
    if start_time(handle.pid) is not None and not is_alive(handle):
        return False
    seen = await process_table.everybody()
    left = [
        each for each in seen if each.group == handle.group == each.session and not each.is_zombie
    ]
    if not left:
        return False
    started = process_table.with_descendants(left, seen)
    # Before their parents: if we are killed in between, the next one must find them as we did.
    await process_table.kill_all(each for each in started if each.group != handle.group)
    await end_group(handle.group)
    await process_table.kill_all(started)
    return True
