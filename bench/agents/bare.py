"""The physical limit: the same programs, started one after the other without any record."""

import subprocess
import time
from pathlib import Path

from bench.agents.stamping import Stamps
from bench.worker import Answer, Job


class Bare:
    """`subprocess.Popen` in a loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rounds = 0

    def at_once(self, job: Job) -> Answer:
        """Start so many; samples are the seconds from the first call to each one's beginning."""
        self._rounds += 1
        stamps = Stamps(self._folder / f"round-{self._rounds}", job.steps)
        begun = _now()
        started = [_started(stamps.argv(number)) for number in range(job.steps)]
        seconds = _now() - begun
        while not stamps.are_there(job.steps):
            time.sleep(0.005)
        samples = [max(0.0, moment - begun) for moment in stamps.moments(job.steps)]
        stamps.let_go()
        for each in started:
            each.communicate()
        stamps.clear()
        return Answer(seconds, job.steps, samples=samples)


def _now() -> float:
    """Return the time by the clock that the stamps are from."""
    return time.clock_gettime(time.CLOCK_REALTIME)


def _started(argv: list[str]) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen(
        argv, stdin=pipe, stdout=pipe, stderr=pipe, env={}, start_new_session=True
    )
