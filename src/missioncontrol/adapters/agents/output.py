"""Read the output of a program line by line, within bounds, until the program ends."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from missioncontrol.adapters.processes import Program

DRAIN_SECONDS = 0.5
"""Silence on the pipes after the exit of a program, after which its output is complete."""

DRAIN_SECONDS_MAX = 5.0
"""Longest wait for output after the exit: a child may hold the pipes and go on writing."""

CHUNK_BYTES = 65_536

LineHandler = Callable[[bytes, bool], None]
"""Receives a line with its line end, if it has one, and whether the line was cut."""


class OutputReader:
    """Reads the streams of one program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._bytes_read = 0  # bytes, of all streams
        self.ended_at = 0.0
        """When the program ended, in the time of the loop."""

    async def read_lines(
        self, stream: asyncio.StreamReader, take: LineHandler, *, bytes_max: int
    ) -> None:
        """Pass every line of `stream` to `take`, cut to `bytes_max`."""
        begun, is_cut = bytearray(), False
        while raw := await stream.read(CHUNK_BYTES):
            self._bytes_read += len(raw)
            *ends, rest = raw.split(b"\n")
            for end in ends:
                if not is_cut:
                    _pass_on(begun + end + b"\n", take, bytes_max)
                begun.clear()
                is_cut = False
            if not is_cut:
                begun += rest
                if len(begun) > bytes_max:
                    _pass_on(begun, take, bytes_max)
                    begun.clear()
                    is_cut = True
        if begun:
            _pass_on(begun, take, bytes_max)

    async def wait_for_exit(self, *readers: Coroutine[Any, Any, None]) -> int:
        """Run `readers` until the program exits; return its exit code.

        An exception from a reader ends the wait at once. A child of the program may hold its pipes
        open for ever, so the output counts as complete once the pipes are silent for a moment.
        """
        exited = asyncio.create_task(self._program.exited())
        tasks = [asyncio.create_task(reader) for reader in readers]
        try:
            while not exited.done():
                running = [task for task in tasks if not task.done()]
                await asyncio.wait((exited, *running), return_when=asyncio.FIRST_COMPLETED)
                _raise_failure(tasks)
            self.ended_at = asyncio.get_running_loop().time()
            await self._drain(tasks)
            return exited.result()
        finally:
            for task in (exited, *tasks):
                task.cancel()

    async def _drain(self, tasks: list[asyncio.Task[None]]) -> None:
        bytes_before = -1
        loop = asyncio.get_running_loop()
        ends = loop.time() + DRAIN_SECONDS_MAX
        while bytes_before != self._bytes_read and loop.time() < ends:
            if all(task.done() for task in tasks):
                return
            bytes_before = self._bytes_read
            await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
            _raise_failure(tasks)


def _pass_on(line: bytearray, take: LineHandler, bytes_max: int) -> None:
    take(bytes(line[:bytes_max]), len(line) > bytes_max)


def line_text(line: bytes, *, is_cut: bool) -> str:
    """Return a line as text; a cut line ends at its last space, with a mark."""
    # Half a secret at the end of a cut line would not be recognised and removed.
    if is_cut:
        return line.rpartition(b" ")[0].decode("utf-8", "replace") + " [cut]"
    return line.decode("utf-8", "replace").rstrip("\r\n")


def _raise_failure(tasks: list[asyncio.Task[None]]) -> None:
    """Raise the exception of a reader that has failed."""
    for task in tasks:
        if task.done():
            task.result()
