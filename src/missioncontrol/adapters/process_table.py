"""Looks at all processes of this machine: one look serves everybody who asks for it meanwhile."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import msgspec
import psutil

T = TypeVar("T")

_PROC = Path("/proc/self/stat")
_STAT_BYTES = 4_096


class Look(Generic[T]):
    """Looks on a thread, one look after the other.

    A look takes milliseconds, and when a hundred attempts end together each of them needs one.
    """

    def __init__(self, take: Callable[[], T]) -> None:
        """`take` looks; it is called on a thread."""
        self._take = take
        self._turn = Lock()
        self._pending: dict[asyncio.AbstractEventLoop, asyncio.Future[T]] = {}

    async def __call__(self) -> T:
        """Return what a look saw that began after this call."""
        loop = asyncio.get_running_loop()
        asked = self._pending.get(loop)
        if asked is None:
            asked = asyncio.ensure_future(asyncio.to_thread(self._begin, loop))
            self._pending[loop] = asked
        return await asyncio.shield(asked)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> T:
        with self._turn:
            # Who asks from now on needs another look.
            self._pending.pop(loop, None)
            return self._take()


class Seen(msgspec.Struct, frozen=True, gc=False):
    """A process as it was seen."""

    pid: int
    parent: int
    group: int
    session: int
    is_zombie: bool
    began: float  # in a unit of the operating system; no two processes of a number share it


def _everybody() -> list[Seen]:
    return [seen for pid in psutil.pids() if (seen := seen_now(pid)) is not None]


everybody = Look(_everybody)
"""Returns every process of this machine."""


async def descendants(pid: int) -> list[Seen]:
    """Return the processes that a living one has started, and those that these have started."""
    seen = await everybody()
    roots = [each for each in seen if each.pid == pid]
    return [each for each in with_descendants(roots, seen) if each.pid != pid]


async def kill_all(processes: Iterable[Seen]) -> None:
    """Kill these processes, and what they have started since; one that is gone is no trouble.

    This process, and those that it lives in, are never among them.
    """
    seen = await everybody()
    spared = _lived_in(seen)
    for each in reversed(with_descendants(processes, seen)):  # Children before their parents.
        if each.pid not in spared:
            _kill(each)


def with_descendants(roots: Iterable[Seen], among: Iterable[Seen]) -> list[Seen]:
    """Return those of `roots` that are among these processes, and all that descend from them."""
    known = {(each.pid, each.began) for each in roots}
    found: dict[int, Seen] = {}
    children: dict[int, list[Seen]] = {}
    for each in among:
        children.setdefault(each.parent, []).append(each)
        if (each.pid, each.began) in known:
            found[each.pid] = each
    row = list(found.values())
    while row:
        row = [each for one in row for each in children.get(one.pid, ()) if each.pid not in found]
        found |= {each.pid: each for each in row}
    return list(found.values())


def _lived_in(seen: Iterable[Seen]) -> set[int]:
    parents = {each.pid: each.parent for each in seen}
    found, pid = set[int](), os.getpid()
    while pid and pid not in found:
        found.add(pid)
        pid = parents.get(pid, 0)
    return found


def _kill(seen: Seen) -> None:
    """Kill a process, unless its number belongs to another by now."""
    now = seen_now(seen.pid)
    if now is not None and now.began == seen.began:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(seen.pid, signal.SIGKILL)


def seen_now(pid: int) -> Seen | None:
    """Return a process as it is now, or None where there is none."""
    with suppress(psutil.Error, OSError):
        return _from_kernel(pid) if _PROC.exists() else _from_psutil(pid)
    return None


def _from_kernel(pid: int) -> Seen:
    """Read what proc(5) says in `stat`, which takes microseconds."""
    handle = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    try:
        line = os.read(handle, _STAT_BYTES)
    finally:
        os.close(handle)
    # The name of the program is in brackets and may hold anything.
    state, parent, group, session, *more = line[line.rindex(b")") + 2 :].split()
    return Seen(pid, int(parent), int(group), int(session), state in b"ZX", float(more[15]))


def _from_psutil(pid: int) -> Seen:
    process = psutil.Process(pid)
    return Seen(
        pid,
        process.ppid(),
        os.getpgid(pid),
        os.getsid(pid),
        process.status() == psutil.STATUS_ZOMBIE,
        float(process.create_time()),
    )
