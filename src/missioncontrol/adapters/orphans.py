"""Processes that outlive the program that started them, in whichever group or session they are.

Programs start others in sessions of their own, so that ending a program's process group does not
reach those. What they have is the environment that they were started with: a mark in it says to
which place of work, or to which attempt, a process belongs. One that was started with an empty
environment is known only while its parents are.
"""

import asyncio
import os
import secrets
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

from missioncontrol.adapters import process_table
from missioncontrol.adapters.process_table import Look
from missioncontrol.adapters.processes import is_alive, start_time
from missioncontrol.ports.agent import ProcessHandle

MARK = "MISSION_PLACE"
ATTEMPT_MARK = "MISSION_MARK"
ENGINES_MAX = 100
"""Processes that a home remembers to have held it: those that still live, and the newest."""

ROUNDS_MAX = 100
REST_SECONDS = 0.02
"""Between two looks: a process that is being killed may still be starting others."""

_PROC = Path("/proc/self/environ")
_BLOCK = 65_536
_MARKS = (f"\0{MARK}=".encode(), f"\0{ATTEMPT_MARK}=".encode())


class Owner(msgspec.Struct, frozen=True):
    """A process that starts programs, and the beginning of every mark that it gives them."""

    process: ProcessHandle
    mark: str


_owners: dict[int, Owner] = {}
"""By process id: after a fork there is another."""


def mark(place: Path) -> dict[str, str]:
    """Return the variable by which the processes of `place` are known."""
    return {MARK: str(place)}


def attempt_mark() -> str:
    """Return a value of `ATTEMPT_MARK` that no other attempt has."""
    return f"{_this_owner().mark}.{secrets.token_hex(8)}"


async def end_leftovers(place: Path) -> int:
    """Kill every process that carries the mark of `place`; return how many there were."""
    return await _end(f"{MARK}={place}\0")


async def end_marked(token: str) -> int:
    """Kill every process that carries this mark of an attempt; return how many there were."""
    return await _end(f"{ATTEMPT_MARK}={token}\0")


async def sweep(home: Path) -> int:
    """Kill what earlier engines of `home` left running, and note that this process holds it.

    Only for the holder of the home. Engines that are still alive, because they have released it
    and work on another, are left alone with all that is theirs.
    """
    record = home / "engines.json"
    known = [each for each in _recorded(record) if each != _this_owner()]
    living = [each for each in known if is_alive(each.process)]
    ended = 0
    for gone in known:
        if gone not in living:
            ended += await _end(f"{ATTEMPT_MARK}={gone.mark}.")
    _record(record, [*living[1 - ENGINES_MAX :], _this_owner()])
    return ended


def _this_owner() -> Owner:
    pid = os.getpid()
    if pid not in _owners:
        _owners.clear()
        this = ProcessHandle(pid, start_time(pid) or 0.0, os.getpgrp())
        _owners[pid] = Owner(this, secrets.token_hex(16))
    return _owners[pid]


def _recorded(record: Path) -> list[Owner]:
    try:
        return msgspec.json.decode(record.read_bytes(), type=list[Owner])
    except (OSError, msgspec.DecodeError):
        return []


def _record(record: Path, owners: list[Owner]) -> None:
    draft = record.with_name(f"engine.{secrets.token_hex(4)}")  # A home sweeps those away.
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(owners))
    draft.replace(record)


async def _end(entry: str) -> int:
    """Kill the processes in whose environment a variable begins with `entry`."""
    begin, ended = os.fsencode(entry), set[int]()
    for _ in range(ROUNDS_MAX):
        found = [pid for pid, variable in await _carriers() if variable.startswith(begin)]
        if not found:
            break
        living = await asyncio.to_thread(_ours, found, begin)
        if not living:
            break
        ended.update(living)
        # What they started with an empty environment is found only now, while they are there.
        await process_table.kill_all(
            [each for each in await process_table.everybody() if each.pid in living]
        )
        await asyncio.sleep(REST_SECONDS)
    return len(ended)


def _ours(pids: list[int], entry: bytes) -> set[int]:
    """Return our user's living processes with the mark; never this one or one it lives in."""
    found: set[int] = set()
    for pid in pids:
        with suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            # The number may have passed to another process since it was looked at.
            is_ours = process.uids().real == os.getuid()
            has_it = any(each.startswith(entry) for each in _marks_of(pid))
            if is_ours and has_it and process.status() != psutil.STATUS_ZOMBIE:
                found.add(pid)
    return found - _lived_in() if found else found


def _lived_in() -> set[int]:
    return {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}


def _all_carriers() -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    for pid in psutil.pids():
        with suppress(psutil.Error, OSError):
            found.extend((pid, variable) for variable in _marks_of(pid))
    return found


_carriers = Look(_all_carriers)
"""Returns the processes that carry any mark, each with a variable that is one, and its end."""


def _marks_of(pid: int) -> list[bytes]:
    """Return the variables of a process that are marks, each with the NUL at its end."""
    block = b"\0" + (_raw_environment(pid) if _PROC.exists() else _environment(pid)) + b"\0"
    found: list[bytes] = []
    for name in _MARKS:
        place = block.find(name)
        while place >= 0:
            end = block.index(b"\0", place + 1)
            found.append(block[place + 1 : end + 1])
            place = block.find(name, end)
    return found


def _raw_environment(pid: int) -> bytes:
    """Return the variables of a process as the kernel has them, which takes microseconds."""
    handle = os.open(f"/proc/{pid}/environ", os.O_RDONLY)
    try:
        found = block = os.read(handle, _BLOCK)
        while len(block) == _BLOCK:
            block = os.read(handle, _BLOCK)
            found += block
        return found
    finally:
        os.close(handle)


def _environment(pid: int) -> bytes:
    variables = psutil.Process(pid).environ().items()
    return b"".join(os.fsencode(f"{name}={value}\0") for name, value in variables)
