"""Runs one command with a time limit, and leaves no process of it behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

from missioncontrol.confinement import start
from missioncontrol.ports.confinement import Sandbox

GRACE_SECONDS = 2.0
INTERRUPT_SECONDS = 3.0
"""For a test runner to sum up its results so far, as it does when a user presses Ctrl-C."""
POLL_SECONDS = 0.05
OUTPUT_BYTES_MAX = 64 * 1024 * 1024
"""Output after which a run is stopped: a test that prints for ever must not fill the disk."""


class Ran(msgspec.Struct, frozen=True):
    """How a command ended."""

    argv: tuple[str, ...]
    exit_code: int  # as a shell tells it: 128 + signal for a killed one, 127 for a missing one
    seconds: float
    stopped: str  # why we stopped it, or "" where it ended by itself


def run(
    argv: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    output: Path,
    seconds_max: float,
    tick: Callable[[float], None],
    sandbox: Sandbox,
    own: Iterable[Path] = (),
    unix_sockets: bool = True,
) -> Ran:
    """Run `argv` in `directory`, its output in the file `output`; `tick` hears the seconds.

    It writes in `directory` and `own` alone: it is code that an agent may have written, and could
    reach the verdict through the memory and the pipes of this process otherwise.
    """
    started = time.monotonic()
    with output.open("wb") as sink:
        leash = start(
            [sys.executable, "-I", str(Path(__file__).with_name("leash.py")), *argv],
            # Many suites start servers at Unix sockets of their own, and a filter can't tell those
            # from others: without them, tests that pass would fail here.
            sandbox.rules(own=(directory, *own), unix_sockets=unix_sockets),
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        stopped = _watch(leash, output, started + seconds_max, tick, started)
    finally:
        _end(leash)
    seconds = round(time.monotonic() - started, 2)
    code = leash.returncode if leash.returncode >= 0 else 128 - leash.returncode
    return Ran(tuple(argv), code, seconds, stopped)


def _watch(
    leash: "subprocess.Popen[bytes]",
    output: Path,
    ends: float,
    tick: Callable[[float], None],
    started: float,
) -> str:
    """Wait until the command ends or has to be stopped; return the reason for stopping."""
    reported = started
    while leash.poll() is None:
        now = time.monotonic()
        if now >= ends:
            return f"time limit of {ends - started:.0f} s"
        if output.stat().st_size > OUTPUT_BYTES_MAX:
            return f"more than {OUTPUT_BYTES_MAX:,} bytes of output"
        if now - reported >= 1.0:
            reported = now
            tick(now - started)
        time.sleep(POLL_SECONDS)
    return ""


def _end(leash: "subprocess.Popen[bytes]") -> None:
    """End the whole group, and children that left it, politely first."""
    strays = _descendants(leash.pid)
    for number, seconds in ((signal.SIGINT, INTERRUPT_SECONDS), (signal.SIGTERM, GRACE_SECONDS)):
        if leash.poll() is None:
            _signal(leash.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                leash.wait(seconds)
    _signal(leash.pid, signal.SIGKILL)
    for stray in strays:
        with contextlib.suppress(psutil.Error):
            stray.kill()
    psutil.wait_procs(strays, GRACE_SECONDS)  # A kill is a request; who asks next finds them gone.
    if leash.stdin is not None:
        with contextlib.suppress(OSError):
            leash.stdin.close()
    leash.wait()


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _signal(group: int, number: int) -> None:
    # A group without members is gone, which is what was wanted.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
