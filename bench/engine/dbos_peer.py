"""DBOS on its SQLite default, each shape in the quickest of the ways that it documents."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dbos import DBOS

from bench.worker import Answer, Job


@DBOS.step()
def noop(_: int) -> int:
    return 1


@DBOS.step()
async def async_noop(_: int) -> int:
    return 1


@DBOS.workflow()
def chain(steps: int) -> int:
    return sum(noop(number) for number in range(steps))


@DBOS.workflow()
async def fan(steps: int, join: int) -> int:
    done = await asyncio.gather(*(async_noop(number) for number in range(steps)))
    for number in range(join):
        await async_noop(number)
    return sum(done)


class Dbos:
    """One application in one file, as a program of its own would have it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "dbos.sqlite"
        self._runner = asyncio.Runner()
        url = f"sqlite:///{self._file}"
        DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR"})
        DBOS.launch()

    def chain(self, job: Job) -> Answer:
        begun = time.perf_counter()
        assert chain(job.steps) == job.steps
        return Answer(time.perf_counter() - begun, job.steps)

    def fan(self, job: Job, *, join: int = 1) -> Answer:
        size = self._file.stat().st_size
        begun = time.perf_counter()
        done = self._runner.run(fan(job.steps, join))
        elapsed = time.perf_counter() - begun
        assert done == job.steps
        return Answer(elapsed, job.steps + join, size=self._file.stat().st_size - size)

    def long(self, job: Job) -> Answer:
        return self.fan(job, join=0)

    def many(self, job: Job) -> Answer:
        with ThreadPoolExecutor(job.at_once) as threads:
            begun = time.perf_counter()
            done = sum(threads.map(lambda _: chain(job.steps), range(job.runs)))
            elapsed = time.perf_counter() - begun
        assert done == job.steps * job.runs
        return Answer(elapsed, done)

    def idle(self, _: Job) -> Answer:
        time.sleep(0.3)
        return Answer()

    def close(self) -> None:
        DBOS.destroy()
