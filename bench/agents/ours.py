"""Our side: one engine with a hundred declared agents, all of them programs."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from bench.agents.stamping import Stamps
from bench.worker import Answer, Job
from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.settings import Settings
from missioncontrol.application.agents import AgentAsked
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.lifecycle.states import Ready
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.step import Step

AGENTS = 100
BEAT_SECONDS = 0.005


class Ours:
    """Opened with the first job and open until the last; each job is a run of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rounds = 0
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._held: EngineContext | None = None
        self._stamps = Stamps(folder / "stamps", AGENTS)

    def at_once(self, job: Job) -> Answer:
        """Make so many steps ready at once, each for an agent of its own.

        Samples are the seconds from the moment that a step is ready, as the log has it, to the
        beginning of its program, which is on record by then. Lags are the seconds by which the
        loop of the engine was late until the run had ended, as it was with every heartbeat then.
        """
        return self._runner.run(self._at_once(job.steps))

    async def _at_once(self, count: int) -> Answer:
        held = self._held = self._held or await self._opened()
        self._rounds += 1
        run = f"run-{self._rounds}"
        steps = tuple(Step(f"step-{number}", f"agent-{number}") for number in range(count))
        pulse = asyncio.create_task(_beaten(lambda: held.engine.waiting.outcome_of(run) != ""))
        await asyncio.sleep(2 * BEAT_SECONDS)
        held.execution.create(CreateRun(run, "wide", steps, count), actor="bench")
        held.engine.adopt(run)
        created = held.journal.runs[run].created_at
        while not self._stamps.are_there(count):  # noqa: ASYNC110 - another process makes them
            await asyncio.sleep(BEAT_SECONDS)
        samples = [max(0.0, moment - created) for moment in self._stamps.moments(count)]
        self._stamps.let_go()
        ended = await held.engine.settled(run)
        assert ended.status == "succeeded", ended.states
        self._stamps.clear()
        stages = await self._stages(run, created)
        return Answer(max(samples), count, samples=samples, stages=stages, lags=await pulse)

    async def _stages(self, run: str, created: float) -> dict[str, list[float]]:
        """Return when each step had its lease and its process, as the log has it, in seconds."""
        assert self._held is not None
        found: dict[str, list[float]] = {"lease": [], "process": []}
        names = {"step_started": "lease", "process_started": "process"}
        for row in await self._held.store.read_stream(run, limit=10_000):
            if row.type in names:
                found[names[row.type]].append(row.time / 1e6 - created)
        return found

    async def _opened(self) -> EngineContext:
        held = await self._stack.enter_async_context(holding(Settings(self._folder / "home")))
        await held.work()
        for number in range(AGENTS):
            settings = {"argv": self._stamps.argv(number), "output": "text"}
            declared = Declaration(f"agent-{number}", "command", settings)
            ask = AgentAsked("add", declared.name, declared=declared)
            await held.agents.take(ask, actor="bench")
        await _beaten(lambda: all(isinstance(o.standing, Ready) for o in held.agents.lives()))
        return held

    def close(self) -> None:
        """Close the data directory."""
        self._runner.run(self._stack.aclose())
        self._runner.close()


async def _beaten(is_over: Callable[[], bool]) -> list[float]:
    """Return by how many seconds each beat was late, until all is over."""
    loop = asyncio.get_running_loop()
    lags = []
    while not is_over():
        due = loop.time() + BEAT_SECONDS
        await asyncio.sleep(BEAT_SECONDS)
        lags.append(max(0.0, loop.time() - due))
    return lags
