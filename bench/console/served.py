"""`mission up` on a home, with a user signed in to its console."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.harness import folder_of_repository, quiet_environment

LINK = re.compile(r"once: (\S+)")
SECONDS_MAX = 120.0


@contextmanager
def served(home: Path) -> Iterator[httpx.Client]:
    """Start the engine and the console of a home; give a client that is signed in as its owner."""
    process = subprocess.Popen(
        [sys.executable, "-m", "missioncontrol", "up", "--home", str(home), "--port", "0"],
        env=quiet_environment(),
        cwd=folder_of_repository(),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        link = _link(process)
        url = link.partition("/sign-in")[0]
        with httpx.Client(base_url=url, timeout=SECONDS_MAX, follow_redirects=True) as client:
            client.get(link).raise_for_status()
            yield client
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS_MAX)


def _link(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := LINK.search(line):
            return found[1]
    raise RuntimeError("`mission up` said no sign-in link.")


def memory_of(home: Path) -> dict[str, float]:
    """Return the resident MiB of the engine and of the console of a home."""
    return {what: _resident(process) for what, process in _processes(home)}


def console_of(home: Path) -> int:
    """Return the process id of the console of a home."""
    return next(int(process.name) for what, process in _processes(home) if what == "console")


def _processes(home: Path) -> Iterator[tuple[str, Path]]:
    for process in Path("/proc").iterdir():
        words = _words(process) if process.name.isdecimal() else []
        if str(home) in words and ("up" in words or "missioncontrol.console" in words):
            yield "console" if "missioncontrol.console" in words else "engine", process


def _words(process: Path) -> list[str]:
    try:
        return process.joinpath("cmdline").read_bytes().decode().split("\0")
    except OSError:
        return []


def _resident(process: Path) -> float:
    pages = int(process.joinpath("statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2
