"""Runs each contender in a process of its own, by turns.

While one works the others are stopped (SIGSTOP), so that no peer's background threads disturb
anybody's timing. Rounds run A B C, then C B A, so that a drift of the machine meets all alike.
"""

import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from bench.worker import Answer, Job

PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")


class Worker:
    """A contender in a process of its own, stopped except while it does a job."""

    def __init__(self, module: str, name: str, folder: Path) -> None:
        """Start it; `folder` is its place on the disk."""
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", module, name, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder_of_repository(),
            env=quiet_environment(),
        )

    def do(self, job: Job) -> Answer:
        """Have it do a job, and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._signal(signal.SIGCONT)
        self._process.stdin.write(msgspec.json.encode(job) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The contender {self.name} ended during {job}.")
        self._signal(signal.SIGSTOP)
        return msgspec.json.decode(line, type=Answer)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Wait until it ends by itself, and kill it where it does not."""
        assert self._process.stdin is not None
        self._signal(signal.SIGCONT)
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            os.kill(self._process.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Turn(msgspec.Struct, frozen=True):
    """A contender's part in a comparison."""

    name: str
    work: Callable[[], Answer]
    rounds: int


def by_turns(turns: Iterable[Turn]) -> dict[str, list[Answer]]:
    """Run each turn as often as it says, spread evenly, and return the answers by name."""
    todo = list(turns)
    total = max(turn.rounds for turn in todo)
    answers: dict[str, list[Answer]] = {turn.name: [] for turn in todo}
    for number in range(total):
        for turn in todo if number % 2 == 0 else reversed(todo):
            due = (number + 1) * turn.rounds // total > number * turn.rounds // total
            if due:
                answers[turn.name].append(turn.work())
    return answers


def median_rate(answers: Iterable[Answer]) -> float:
    """Return the median of a contender's steps per second."""
    return statistics.median(answer.rate for answer in answers)


def median_seconds(answers: Iterable[Answer]) -> float:
    """Return the median time of a contender's rounds."""
    return statistics.median(answer.seconds for answer in answers)


def percentile(samples: Iterable[float], part: float) -> float:
    """Return the nearest-rank percentile; `part` 0.5 is the median."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def folder_of_repository() -> Path:
    """Return where `bench` can be imported from."""
    return Path(__file__).parent.parent


def quiet_environment() -> dict[str, str]:
    """Return what contenders see of the environment: no secrets, no telemetry settings."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
        "LANGSMITH_TRACING": "false",
        "OTEL_SDK_DISABLED": "true",
    }
