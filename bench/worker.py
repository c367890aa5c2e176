"""The other side of a contender's process: takes jobs from standard input, answers in JSON lines.

Run as `python -m bench.worker MODULE CLASS FOLDER`.
"""

import importlib
import os
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn, Protocol

import msgspec


class Job(msgspec.Struct, omit_defaults=True):
    """What a contender is asked to do once."""

    shape: str  # chain, fan, many, long …: the name of a method
    steps: int = 1  # of one run
    runs: int = 1
    at_once: int = 1  # runs
    source: str = ""  # a log, or a home, that an earlier job left
    run: str = ""
    keep: bool = False  # whether to leave the files behind, for a later job


class Answer(msgspec.Struct, omit_defaults=True):
    """What came of a job."""

    seconds: float = 0.0
    steps: int = 0  # done in these seconds
    source: str = ""
    run: str = ""
    size: int = 0  # bytes on disk that the job added
    count: int = 0  # commits, events or rows, as the job says
    samples: list[float] = []  # seconds
    stages: dict[str, list[float]] = {}  # samples of what comes before that, by name
    lags: list[float] = []  # seconds by which a loop was late
    rss: int = 0  # bytes now
    rss_max: int = 0  # bytes at most since the process began

    @property
    def rate(self) -> float:
        """Steps per second."""
        return self.steps / self.seconds


class Contender(Protocol):
    """Does jobs; one method for each shape that it knows."""

    def __init__(self, folder: Path) -> None: ...


def main() -> None:
    """Serve until standard input ends."""
    module, name, folder = sys.argv[1:]
    _stay_off_the_network()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Whatever a contender prints goes to standard error.
    contender = getattr(importlib.import_module(module), name)(Path(folder))
    for line in sys.stdin.buffer:
        job = msgspec.json.decode(line, type=Job)
        answer: Answer = getattr(contender, job.shape)(job)
        answer.rss, answer.rss_max = _memory()
        answers.write(msgspec.json.encode(answer) + b"\n")
        answers.flush()
    close = getattr(contender, "close", None)
    if close is not None:
        close()


def _stay_off_the_network() -> None:
    def refuse(self: socket.socket, address: Any) -> NoReturn:
        raise PermissionError(f"A benchmark does not reach for the network: {address!r}")

    socket.socket.connect = refuse  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = refuse  # type: ignore[method-assign, assignment]


def _memory() -> tuple[int, int]:
    import psutil

    now = psutil.Process().memory_info().rss
    status = Path("/proc/self/status")
    if status.exists():  # `ru_maxrss` would count what the parent held before this program began.
        found = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return now, int(found[0].split()[1]) * 1024
    import resource

    return now, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
