"""Hears a program out: what it writes, line by line within bounds, until it has ended."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from missioncontrol.adapters.processes import Program

DRAIN_SECONDS = 0.5
"""Of silence between the exit of a program and the last look at what it wrote."""

DRAIN_SECONDS_MAX = 5.0
"""However much a child that stayed still has to say."""

CHUNK_BYTES = 65_536

LineHandler = Callable[[bytes, bool], None]
"""Takes a line with its end, if it has one, and whether the rest of it was left out."""


class OutputReader:
    """Hears one program."""

    def __init__(self, program: Program) -> None:
        """Nothing is read yet."""
        self._program = program
        self._bytes_read = 0  # bytes, of all streams
        self.ended_at = 0.0
        """When the program ended, in the time of the loop."""

    async def read_lines(
        self, stream: asyncio.StreamReader, take: LineHandler, *, bytes_max: int
    ) -> None:
        """Pass every line of `stream` on; of a longer one, what fits into `bytes_max`."""
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
        """Let `readers` hear the program; return its exit code.

        What a reader raises ends the wait at once. A child of the program may hold its pipes for
        ever: what the program itself wrote is there when they have been silent for a moment.
        """
        exited = asyncio.create_task(self._program.exited())
        readers = [asyncio.create_task(reader) for reader in readers]
        try:
            while not exited.done():
                open_ones = [task for task in readers if not task.done()]
                await asyncio.wait((exited, *open_ones), return_when=asyncio.FIRST_COMPLETED)
                _refuse_as(readers)
            self.ended_at = asyncio.get_running_loop().time()
            await self._drain(readers)
            return exited.result()
        finally:
            for task in (exited, *readers):
                task.cancel()

    async def _drain(self, readers: list[asyncio.Task[None]]) -> None:
        heard = -1
        loop = asyncio.get_running_loop()
        ends = loop.time() + DRAIN_SECONDS_MAX
        while heard != self._bytes_read and loop.time() < ends:
            if all(task.done() for task in readers):
                return
            heard = self._bytes_read
            await asyncio.wait(readers, timeout=DRAIN_SECONDS)
            _refuse_as(readers)


def _pass_on(line: bytearray, take: LineHandler, bytes_max: int) -> None:
    take(bytes(line[:bytes_max]), len(line) > bytes_max)


def line_text(line: bytes, *, is_cut: bool) -> str:
    """Return a line as text; one that was cut ends at a space and says so.

    Half a secret, at the end of what is left of it, would not be recognised.
    """
    if is_cut:
        return line.rpartition(b" ")[0].decode("utf-8", "replace") + " [cut]"
    return line.decode("utf-8", "replace").rstrip("\r\n")


def _refuse_as(readers: list[asyncio.Task[None]]) -> None:
    """Raise what a reader raised."""
    for task in readers:
        if task.done():
            task.result()
