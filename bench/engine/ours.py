"""Our side: the public Python interface on a home of its own on the disk."""

import asyncio
import itertools
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

import missioncontrol as mc
from bench.worker import Answer, Job

AT_ONCE = 1_000
"""Steps of one run that may work at once: as many as the engine takes by default."""


async def noop(_: mc.StepContext) -> int:
    """Do nothing and return a small value."""
    return 1


class Ours:
    """Every job gets a fresh home; only the runs are timed, not opening and closing it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._homes = 0
        self._runner = asyncio.Runner()

    def chain(self, job: Job) -> Answer:
        return self._time(job, lambda e: _in_turn(e, chain(job.steps), job.runs))

    def fan(self, job: Job) -> Answer:
        return self._time(job, lambda e: _in_turn(e, fan(job.steps, join=True), job.runs))

    def long(self, job: Job) -> Answer:
        return self._time(job, lambda e: _in_turn(e, fan(job.steps, join=False), job.runs))

    def many(self, job: Job) -> Answer:
        workflow = chain(job.steps)

        async def work(engine: mc.Engine) -> list[str]:
            places = asyncio.Semaphore(job.at_once)

            async def one() -> str:
                async with places:
                    return _succeeded(await engine.run(workflow))

            return await asyncio.gather(*(one() for _ in range(job.runs)))

        return self._time(job, work)

    def latency(self, job: Job) -> Answer:
        """Take the time from a step's end to the start of the step that needs it."""
        moments: list[tuple[float, float]] = []

        async def stamp(_: mc.StepContext) -> int:
            begun = time.perf_counter()
            moments.append((begun, time.perf_counter()))
            return 1

        answer = self._time(job, lambda e: _in_turn(e, chain(job.steps, stamp), 1))
        pairs = itertools.pairwise(moments)
        answer.samples = [after[0] - before[1] for before, after in pairs]
        return answer

    def idle(self, _: Job) -> Answer:
        """Hold a home and do nothing."""

        async def nothing(_: mc.Engine) -> list[str]:
            await asyncio.sleep(0.3)
            return []

        return self._time(Job("idle"), nothing)

    def replay(self, job: Job) -> Answer:
        """Rebuild the state of a run from its log alone."""

        async def fold() -> float:
            async with mc.Engine(job.source) as engine:
                begun = time.perf_counter()
                state = await engine.state(job.run)
                elapsed = time.perf_counter() - begun
            assert state.status == "succeeded"
            assert len(state.states) == job.steps
            return elapsed

        return Answer(self._runner.run(fold()))

    def decode(self, job: Job) -> Answer:
        """Read the same rows and decode their JSON, and do nothing with them."""
        connection = sqlite3.connect(Path(job.source) / "log.db")
        begun = time.perf_counter()
        rows = connection.execute("SELECT * FROM events WHERE stream = ?", (job.run,)).fetchall()
        for row in rows:
            msgspec.json.decode(row[10])
        elapsed = time.perf_counter() - begun
        connection.close()
        return Answer(elapsed, count=len(rows))

    def stall(self, job: Job) -> Answer:
        """Finish `job.steps` steps and stay in one more, until this process is killed."""
        gate = Gate(job.steps, opens=False)
        home = self._new_home()

        async def begin() -> str:
            self._engine = await mc.Engine(home).__aenter__()
            run = await self._engine.start(gate.workflow)
            await gate.reached.wait()
            await asyncio.sleep(0.5)  # What the others returned is on disk by then.
            return run

        run = self._runner.run(begin())
        assert gate.calls == job.steps
        return Answer(source=str(home), run=run)

    def recover(self, job: Job) -> Answer:
        """Take a killed process's run up again, and time it until the first step starts."""
        gate = Gate(job.steps, opens=True)

        async def resume() -> float:
            begun = time.perf_counter()
            async with mc.Engine(job.source, workflows=[gate.workflow]) as engine:
                result = await engine.resume(job.run)
            assert result.status == "succeeded", result.errors
            assert len(result.outputs) == job.steps + 1
            return gate.reached_at - begun

        elapsed = self._runner.run(resume())
        return Answer(elapsed, count=gate.calls)

    def _time(self, job: Job, work: Callable[[mc.Engine], Awaitable[list[str]]]) -> Answer:
        home = self._new_home()

        async def timed() -> tuple[float, list[str], int]:
            async with mc.Engine(home, concurrency=AT_ONCE) as engine:
                before = (home / "log.db").stat().st_size
                begun = time.perf_counter()
                runs = await work(engine)
                return time.perf_counter() - begun, runs, before

        elapsed, runs, before = self._runner.run(timed())
        size = (home / "log.db").stat().st_size - before
        if not job.keep:
            shutil.rmtree(home)
        steps = job.steps * len(runs) + (len(runs) if job.shape == "fan" else 0)
        return Answer(elapsed, steps, str(home), runs[0] if runs else "", size)

    def _new_home(self) -> Path:
        self._homes += 1
        return self._folder / f"home-{self._homes}"


class Gate:
    """Independent no-op steps and, begun after all of them, one that waits."""

    def __init__(self, steps: int, *, opens: bool) -> None:
        self.calls = 0
        self.reached = asyncio.Event()
        self.reached_at = 0.0
        self._opens = opens
        self.workflow = mc.Workflow("gate", concurrency=AT_ONCE)
        for number in range(steps):
            self.workflow.add(f"step-{number}", self._count)
        self.workflow.add("gate", self._wait)

    async def _count(self, _: mc.StepContext) -> int:
        self.calls += 1
        return 1

    async def _wait(self, _: mc.StepContext) -> int:
        self.reached_at = time.perf_counter()
        self.reached.set()
        if not self._opens:
            await asyncio.Event().wait()
        return 1


def chain(steps: int, function: Callable[[mc.StepContext], Awaitable[int]] = noop) -> mc.Workflow:
    """Return a workflow in which each step needs the one before it."""
    workflow = mc.Workflow("chain")
    for number in range(steps):
        needs = [f"step-{number - 1}"] if number else []
        workflow.add(f"step-{number}", function, needs=needs)
    return workflow


def fan(steps: int, *, join: bool) -> mc.Workflow:
    """Return a workflow of independent steps and, with `join`, one that needs them all."""
    workflow = mc.Workflow("fan", concurrency=AT_ONCE)
    names = [f"step-{number}" for number in range(steps)]
    for name in names:
        workflow.add(name, noop)
    if join:
        workflow.add("join", noop, needs=names)
    return workflow


async def _in_turn(engine: mc.Engine, workflow: mc.Workflow, runs: int) -> list[str]:
    return [_succeeded(await engine.run(workflow)) for _ in range(runs)]


def _succeeded(result: mc.RunResult) -> str:
    assert result.status == "succeeded", result.errors
    return result.id
