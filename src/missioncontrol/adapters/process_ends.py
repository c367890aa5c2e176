"""Hears of the end of processes from the kernel, where asyncio would have a thread for each.

From Python 3.12 on asyncio does so by itself.
"""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import Any, Self, TypeVarTuple, Unpack

Ts = TypeVarTuple("Ts")

if sys.version_info < (3, 12):

    class _Ends(asyncio.AbstractChildWatcher):
        """Waits for processes of any loop through a file that is readable once they have ended."""

        def __init__(self, instead: asyncio.AbstractChildWatcher) -> None:
            """`instead` waits for those that there are no files left for."""
            self._instead = instead

        def add_child_handler(
            self, pid: int, callback: Callable[[int, int, Unpack[Ts]], object], *args: *Ts
        ) -> None:
            """Call `callback` with the exit code, on this loop, when the process has ended."""
            try:
                file = os.pidfd_open(pid)
            except OSError:
                self._instead.add_child_handler(pid, callback, *args)
                return
            loop = asyncio.get_running_loop()
            loop.add_reader(file, self._end, loop, file, pid, callback, args)

        def _end(
            self,
            loop: asyncio.AbstractEventLoop,
            file: int,
            pid: int,
            callback: Callable[..., object],
            args: tuple[Any, ...],
        ) -> None:
            loop.remove_reader(file)
            os.close(file)
            callback(pid, _exit_code(pid), *args)

        def remove_child_handler(self, pid: int) -> bool:
            """See `AbstractChildWatcher`: asyncio never calls it."""
            del pid
            return False

        def is_active(self) -> bool:
            """It needs no loop of its own."""
            return True

        def attach_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
            """It needs no loop of its own."""

        def close(self) -> None:
            """Do nothing: there is nothing to release."""

        def __enter__(self) -> Self:
            return self

        def __exit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            trace: TracebackType | None,
        ) -> None:
            pass


def watch_end(
    process: "subprocess.Popen[bytes]",
    loop: asyncio.AbstractEventLoop,
    exited: "asyncio.Future[int]",
) -> None:
    """Set `exited` to the exit code of `process` when it has one."""

    def settle() -> None:
        if not exited.done():
            exited.set_result(process.wait())

    def settle_from_the_kernel(file: int) -> None:
        loop.remove_reader(file)
        os.close(file)
        settle()

    def wait() -> None:
        process.wait()
        with suppress(RuntimeError):  # The loop may be closed by then.
            loop.call_soon_threadsafe(settle)

    try:
        file = os.pidfd_open(process.pid)
    except (AttributeError, OSError):
        threading.Thread(target=wait, name="process-end", daemon=True).start()
    else:
        loop.add_reader(file, settle_from_the_kernel, file)


@cache
def wait_without_threads() -> None:
    """Make asyncio wait for processes without threads, unless another way was chosen."""
    if sys.version_info < (3, 12):
        present = asyncio.get_child_watcher()
        if type(present) is asyncio.ThreadedChildWatcher and _can_watch_ends():
            asyncio.set_child_watcher(_Ends(present))


def _can_watch_ends() -> bool:
    """Whether this kernel can tell of the end of a process through a file."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def _exit_code(pid: int) -> int:
    """Collect the exit code of an ended process; 255, as in asyncio, if already collected."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return 255
