"""Where trials are carried out: in this process, or by the engine that holds the home already."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.read_context import ReadContext
from missioncontrol.application.journal import fold_run
from missioncontrol.cli.agent_desk import RosterDesk
from missioncontrol.cli.names import board
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.run.states import Run
from missioncontrol.operations.run import CANCEL
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.read_tables import ReadTables

T = TypeVar("T")

AT_WORK = "evaluation"
"""The name of this work as others see it: nothing else may be begun meanwhile."""

LOOK_SECONDS_MIN, LOOK_SECONDS_MAX = 0.05, 0.5
"""Between two looks at a run; the longer it takes, the more there is to read."""

LOOKS_PER_QUESTION = 10
"""Looks at a run between two for what it asks people: that reads all rows."""


class EvaluationRunner(Protocol):
    """An engine at work, here or elsewhere on this machine."""

    store: EventStore
    tables: ReadTables
    is_elsewhere: bool

    async def do(self, ask: Any) -> Any:
        """Send `ask` to the office; raises what it raises."""
        ...

    async def cancel(self, run: str, reason: str) -> None:
        """Cancel a run; raises what the operation raises."""
        ...

    async def life(self, agent: str) -> AgentLife | None:
        """Return how an agent stands, if it is known."""
        ...

    def is_at_work(self) -> bool:
        """Whether runs go on."""
        ...


@asynccontextmanager
async def evaluation_runner(desk: RosterDesk) -> AsyncIterator[EvaluationRunner]:
    """Hold the home, or use the engine that does.

    Raises:
        Unavailable: `home.unusable`, `home.held` where another command line works in it.
    """
    actor, home = desk.actor, desk.directory
    if desk.is_served:
        desk.close()  # What it has read by now was read on this thread.
        there = _There(desk, ReadContext(home))
        try:
            yield there
        finally:
            there.close()
        return
    async with holding(desk.settings, desk.environment) as held:
        await held.work()
        await held.listen(AT_WORK)
        yield _Here(held, actor)


class _Here:
    is_elsewhere = False

    def __init__(self, held: EngineContext, actor: str) -> None:
        self._held = held
        self._actor = actor
        self.store: EventStore = held.store
        self.tables: ReadTables = held.tables

    async def do(self, ask: Any) -> Any:
        return await self._held.command_bus.do(ask, self._actor)

    async def cancel(self, run: str, reason: str) -> None:
        command = CANCEL.build(run, {"reason": reason})
        await self._held.executor.execute(CANCEL, command, self._actor)

    async def life(self, agent: str) -> AgentLife | None:
        return next((each for each in self._held.agents.lives() if each.name == agent), None)

    def is_at_work(self) -> bool:
        return True


class _There:
    is_elsewhere = True

    def __init__(self, desk: RosterDesk, reading: ReadContext) -> None:
        self._service = desk
        # What the desk reads belongs to one thread, and asking takes time.
        self._thread = ThreadPoolExecutor(1)
        self._reading = reading
        self.store: EventStore = reading.store
        self.tables: ReadTables = reading.tables

    async def do(self, ask: Any) -> Any:
        return await self._aside(lambda: self._service.deliver(ask))

    async def cancel(self, run: str, reason: str) -> None:
        await self._aside(lambda: self._service.execute(CANCEL, run, {"reason": reason}))

    async def life(self, agent: str) -> AgentLife | None:
        lives = await self._aside(self._service.lives)
        return next((each for each in lives if each.name == agent), None)

    async def _aside(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def is_at_work(self) -> bool:
        return self._service.home.holder() is not None

    def close(self) -> None:
        self._thread.submit(self._service.close).result()
        self._thread.shutdown()
        self._reading.close()


async def rested(evaluation_runner: EvaluationRunner, run: str) -> tuple[Run, bool]:
    """Return a run once it has ended or goes no further by itself, and whether it asks a user.

    Raises:
        Unavailable: `evaluation.no_engine`, where the engine has ended meanwhile.
    """
    looks = 0
    while True:
        state, _ = await fold_run(evaluation_runner.store, run)
        if state.is_settled or state.status in ("waiting", "halted"):
            return state, False
        if not evaluation_runner.is_at_work():
            raise Unavailable(
                "evaluation.no_engine",
                "The engine that carried the trials out has ended.",
                hint="The same command goes on where it was left.",
            )
        looks += 1
        if looks % LOOKS_PER_QUESTION == 0 and await _has_open_requests(evaluation_runner, run):
            return state, True
        await asyncio.sleep(min(looks * LOOK_SECONDS_MIN, LOOK_SECONDS_MAX))


async def _has_open_requests(evaluation_runner: EvaluationRunner, run: str) -> bool:
    rows = await board(evaluation_runner.tables, evaluation_runner.store)
    approvals = rows.listed("approval", is_open=True)
    questions = rows.listed("question", is_open=True)
    return any(each.run == run for each in approvals) or any(
        each.asked.run == run for each in questions
    )
