"""Operating-system processes: started behind a gate, told apart by start time, ended as groups."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from missioncontrol.ports.agent import ProcessHandle

LINE_BYTES_MAX = 8 * 1024 * 1024
TERM_SECONDS = 2.0
"""Between asking a process group to end and ending it."""

KILL_SECONDS = 5.0
"""A killed process may still be leaving the kernel; nobody waits longer than this for it."""

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
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        if not _members(group):
            return
        await asyncio.sleep(0.02)
    _signal(group, signal.SIGKILL)
    for _ in range(round(KILL_SECONDS / 0.02)):
        if not _members(group):
            return
        await asyncio.sleep(0.02)


def _signal(group: int, number: signal.Signals) -> bool:
    if group <= 1 or group == os.getpgrp():
        return False
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


def _members(group: int, *, session: int = 0) -> bool:
    """Whether anything but zombies is left of `group`; with `session`, of that session alone."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) != group or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if not session or os.getsid(process.pid) == session:
                return True
    return False


async def end_orphans(handle: ProcessHandle) -> bool:
    """End what is left of a recorded process and its group; say whether anything was.

    A group outlives its leader, and no new process gets the number of a living group. So the group
    is still ours if its leader is, or if the leader is gone, unless the machine has started anew.
    """
    if psutil.boot_time() > handle.started + 1.0:
        return False
    is_strange = start_time(handle.pid) is not None and not is_alive(handle)
    if is_strange or not _members(handle.group, session=handle.group):
        return False
    await end_group(handle.group)
    return True
