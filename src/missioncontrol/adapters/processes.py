"""Operating-system processes: started behind a gate, told apart by start time, ended as groups."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from missioncontrol.adapters import looks
from missioncontrol.adapters.process_ends import wait_without_threads
from missioncontrol.ports.agent import ProcessHandle

LINE_BYTES_MAX = 8 * 1024 * 1024
TERM_SECONDS = 2.0
"""Between asking a process group to end and ending it."""

KILL_SECONDS = 5.0
"""A killed process may still be leaving the kernel; nobody waits longer than this for it."""

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


class Program:
    """A program behind its gate, and after that at work."""

    def __init__(
        self,
        transport: asyncio.SubprocessTransport,
        protocol: "_Protocol",
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """`start_gated` makes these."""
        self.process = process = asyncio.subprocess.Process(transport, protocol, loop)
        self.handle = ProcessHandle(process.pid, start_time(process.pid) or 0.0, process.pid)
        self._transport = transport
        self._protocol = protocol

    def open_gate(self) -> None:
        """Let the program begin."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")

    async def exited(self) -> int:
        """Return the exit code as soon as the process has one.

        `Process.wait` also waits for the ends of its pipes, which a child may hold for ever.
        """
        await self._protocol.exited.wait()
        assert self.process.returncode is not None
        return self.process.returncode

    async def end(self) -> None:
        """End its process group and let go of its pipes, whoever else holds them."""
        await end_group(self.handle.group)
        await self.exited()
        self._transport.close()


async def start_gated(argv: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> Program:
    """Start `argv` in a process group of its own, held at the gate until `open_gate`."""
    loop = asyncio.get_running_loop()
    wait_without_threads()
    async with _turns(loop):
        transport, protocol = await loop.subprocess_exec(
            lambda: _Protocol(limit=LINE_BYTES_MAX, loop=loop),
            "/bin/sh",
            "-c",
            _GATE,
            "gate",
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=cwd,
            env=dict(environment),
            start_new_session=True,
        )
        return Program(transport, protocol, loop)


_turns_of: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


def _turns(loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    """Return what lets only so many programs of `loop` be started at once."""
    if loop not in _turns_of:
        for closed in [each for each in _turns_of if each.is_closed()]:
            _turns_of.pop(closed, None)
        _turns_of[loop] = asyncio.Semaphore(STARTS_AT_ONCE)
    return _turns_of[loop]


class _Protocol(asyncio.subprocess.SubprocessStreamProtocol):
    """Says when the process itself has ended, whoever still holds its pipes."""

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=limit, loop=loop)
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()


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
    return any(each.group == group and not each.is_zombie for each in await looks.everybody())


async def end_orphans(handle: ProcessHandle) -> bool:
    """End what is left of a recorded process and its group; say whether anything was.

    A group outlives its leader, and no new process gets the number of a living group. So the group
    is still ours if its leader is, or if the leader is gone, unless the machine has started anew.
    What the group has started elsewhere goes with it.
    """
    if psutil.boot_time() > handle.started + 1.0 or _is_ours_to_keep(handle.group):
        return False
    if start_time(handle.pid) is not None and not is_alive(handle):
        return False
    seen = await looks.everybody()
    left = [
        each for each in seen if each.group == handle.group == each.session and not each.is_zombie
    ]
    if not left:
        return False
    started = looks.with_descendants(left, seen)
    # Before their parents: if we are killed in between, the next one must find them as we did.
    await looks.kill_all(each for each in started if each.group != handle.group)
    await end_group(handle.group)
    await looks.kill_all(started)
    return True
