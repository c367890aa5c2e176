"""Which program of a step a process descends from, whatever it says about itself.

A program may empty its environment, leave its session and outlive its parent. It can't change who
started it: orphans of this process's descendants stay its descendants, see `adopt_orphans`, and a
program that was confined stays without the right to gain privileges, as do all that it starts.
"""

import asyncio
import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from missioncontrol.adapters.process_table import (
    Seen,
    everybody,
    kill_all,
    seen_now,
    with_descendants,
)
from missioncontrol.domain.errors import Unavailable

DEPTH_MAX = 4_096
READINGS_MAX = 5
PROGRAMS_MAX = 20_000
REAP_SECONDS = 5.0
_PR_SET_CHILD_SUBREAPER = 36


class StepProgram(msgspec.Struct, frozen=True):
    """The step whose program a process descends from; empty names where that is not known."""

    run: str = ""
    step: str = ""


UNKNOWN_STEP = StepProgram()


class Ancestry:
    """Knows the programs that this process started for steps."""

    def __init__(self) -> None:
        """Start with none; descendants that nothing is known of are not judged before `adopt`."""
        self._programs: dict[int, tuple[float, StepProgram]] = {}  # by session, with its start
        self._trusted: set[int] = set()
        self.is_parent_of_orphans = False

    def note(self, pid: int, program: StepProgram) -> None:
        """Remember that `pid` leads the session of a step's program; the oldest are forgotten."""
        seen = seen_now(pid)
        if seen is None:
            return
        self._programs.pop(pid, None)
        self._programs[pid] = (seen.began, program)
        while len(self._programs) > PROGRAMS_MAX:
            del self._programs[next(iter(self._programs))]

    def trust(self, pid: int) -> None:
        """Remember that `pid` is a part of Mission Control itself, such as the console."""
        self._trusted = {each for each in self._trusted if seen_now(each) is not None} | {pid}

    def is_trusted(self, pid: int) -> bool:
        """Whether `pid` is this process or a part of Mission Control that it started."""
        return pid == os.getpid() or pid in self._trusted

    def adopt(self) -> None:
        """Make this process the parent of orphans, and every descendant of it a step's program."""
        self.is_parent_of_orphans = adopt_orphans()

    def program_of(self, pid: int) -> StepProgram | None:
        """Return the step that `pid` works for, or None where it works for none.

        Raises:
            Unavailable: `control.gone`, where the process has ended, so that nothing can be known.
        """
        if self.is_trusted(pid):
            return None
        chain = _chain(pid)
        for each in chain:
            for leader in (each.pid, each.session, each.group):
                if (program := self._led_by(leader)) is not None:
                    return program
        pids = [each.pid for each in chain]
        if self.is_parent_of_orphans and os.getpid() in pids:
            return UNKNOWN_STEP
        return UNKNOWN_STEP if _is_confined(pid) else None

    def _led_by(self, leader: int) -> StepProgram | None:
        """Return the program whose session `leader` began, unless the number is another's now."""
        began, program = self._programs.get(leader, (0.0, None))
        seen = seen_now(leader) if program is not None else None
        if seen is not None and seen.began != began:
            del self._programs[leader]
            return None
        return program

    async def end_descendants(self) -> None:
        """End what programs of steps have left running, where this process adopted it."""
        if not self.is_parent_of_orphans:
            return
        seen = await everybody()
        here = [each for each in seen if each.pid == os.getpid()]
        session = os.getsid(0)
        left = [
            each
            for each in with_descendants(here, seen)
            if each.session != session and not each.is_zombie and each.pid not in self._trusted
        ]
        if left:
            await kill_all(left)

    async def reap(self) -> None:
        """Take the exit codes of adopted processes for as long as this is awaited."""
        ended: set[tuple[int, float]] = set()
        while self.is_parent_of_orphans:
            await asyncio.sleep(REAP_SECONDS)
            ended = await _reaped(ended)


async def _reaped(before: set[tuple[int, float]]) -> set[tuple[int, float]]:
    """Reap what had ended at the look before and was not waited for since; return what has ended.

    What this process started itself is waited for within milliseconds; the rest was adopted.
    """
    if not _has_ended_children():
        return set()
    ended = {
        (each.pid, each.began)
        for each in await everybody()
        if each.parent == os.getpid() and each.is_zombie
    }
    for pid, _ in ended & before:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 - it does not wait
    return ended - before


def _has_ended_children() -> bool:
    with suppress(ChildProcessError):
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return False


def adopt_orphans() -> bool:
    """Make this process the parent of its descendants' orphans; False where no system call does."""
    if not sys.platform.startswith("linux"):
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def _chain(pid: int) -> list[Seen]:
    """Return a process and its ancestors, nearest first.

    Raises:
        Unavailable: `control.gone`.
    """
    for _ in range(READINGS_MAX):
        chain = _read_chain(pid)
        if chain:
            return chain
    raise Unavailable(
        "control.gone",
        f"Process {pid} asked and has ended, or can't be seen, so it is not known who asked.",
        hint="Ask from a process that waits for the answer, on the same machine.",
    )


def _read_chain(pid: int) -> list[Seen]:
    """Return what `_chain` does; empty where a process ended, or was adopted, meanwhile."""
    chain: list[Seen] = []
    while pid and len(chain) < DEPTH_MAX:
        seen = seen_now(pid)
        # A parent that is younger than its child has got the number of one that ended.
        if (
            seen is None
            or (not chain and seen.is_zombie)
            or (chain and seen.began > chain[-1].began)
        ):
            return []
        chain.append(seen)
        pid = seen.parent
    return chain


def _is_confined(pid: int) -> bool:
    """Whether `pid` can't gain privileges although this process can: a mark that is inherited."""
    return _no_new_privileges("self") is False and _no_new_privileges(str(pid)) is True


def _no_new_privileges(pid: str) -> bool | None:
    """Return the mark of a process; None where the system does not tell."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines():
            if line.startswith("NoNewPrivs:"):
                return line.split()[1] == "1"
    return None


ANCESTRY = Ancestry()
"""Of this process: a process has one set of children, however many engines it holds."""
