"""Processes that outlive the program that started them, in whichever group or session they are.

Coding tools start each command in a session of its own, so that ending the tool's process group
does not reach it. What they all have is the environment that they were started with: a mark in it
says to which place of work a process belongs.
"""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "MISSION_PLACE"
ROUNDS_MAX = 100
REST_SECONDS = 0.02
"""Between two looks: a process that is being killed may still be starting others."""


def mark(place: Path) -> dict[str, str]:
    """Return the variable by which the processes of `place` are known."""
    return {MARK: str(place)}


async def end_leftovers(place: Path) -> int:
    """Kill every process that carries the mark of `place`; return how many there were."""
    ended: set[int] = set()
    for _ in range(ROUNDS_MAX):
        found = await asyncio.to_thread(_marked, str(place))
        if not found:
            break
        for process in found:
            ended.add(process.pid)
            with suppress(psutil.Error):
                process.kill()
        await asyncio.sleep(REST_SECONDS)
    return len(ended)


def _marked(value: str) -> list[psutil.Process]:
    """Return the living processes with the mark; never this one or one that it lives in."""
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid in ours or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get(MARK) == value:
                found.append(process)
    return found
