"""An engine over real files, with agents that are functions of the test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.ids import SystemIds
from missioncontrol.adapters.output_stores.sqlite import SqliteOutputStore
from missioncontrol.adapters.processes import end_orphans
from missioncontrol.adapters.read_tables.sqlite import SqliteReadTables
from missioncontrol.application.journal import Journal
from missioncontrol.application.operations import Operations
from missioncontrol.application.repeats import Repeats
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Agent, Assignment, Line
from missioncontrol.ports.clock import Clock
from missioncontrol.projections.run_index import Board
from missioncontrol.runtime.engine import Engine
from missioncontrol.runtime.expiry import ApprovalTimeouts
from missioncontrol.runtime.output import Output
from missioncontrol.runtime.projector import Projector
from missioncontrol.runtime.recovery import recover
from missioncontrol.runtime.registry import Registered, Registry
from missioncontrol.testing.governed_execution import governed

T = TypeVar("T")
Perform = Callable[[Assignment, Line], Awaitable[Any]]


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on an event loop of its own, within bounds."""

    async def bounded() -> T:
        async with asyncio.timeout(60):
            return await work

    return asyncio.run(bounded())


class Hand:
    """An agent that does what a function of the test does."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        work: Work = await self._perform(assignment, line)
        return work


class Workshop:
    """All parts of an engine, in the open."""

    def __init__(
        self, root: Path, agents: Iterable[Registered], concurrency: int, clock: Clock
    ) -> None:
        self.store = SqliteEventStore(root / "log.db", writable=True)
        self.tables = SqliteReadTables(root / "rows.db", writable=True)
        self.lines = SqliteOutputStore(root / "output.db", writable=True)
        self.artifacts = FolderArtifactStore(root / "artifacts")
        self.journal = Journal(self.store, clock)
        known = list(agents)
        self.cards = {each.name: each.card for each in known if each.card is not None}
        self.execution = governed(self.journal, self.artifacts, SystemIds(), cards=self.cards)
        self.approvals = self.execution.governance.approvals
        self.budgets = self.execution.governance.budgets
        self.operations = Operations(self.journal)
        self.repeats = Repeats(self.journal, self.execution, SystemIds(), self.operations)
        self.patience = ApprovalTimeouts(self.approvals, clock)
        self.registry = Registry(known, concurrency=concurrency)
        self.output = Output(self.lines, scrub=str)
        self.engine = Engine(
            self.journal,
            self.execution,
            self.registry,
            self.artifacts,
            self.output,
            self.operations,
        )
        self.projector = Projector(Board(self.tables), self.journal.runs)
        self.resumable: list[str] = []

    async def open(self) -> None:
        await self.projector.catch_up(self.store)
        self.engine.listeners.extend((self.projector.take, self.patience.take))
        await self.engine.open()
        unsettled = self.tables.unsettled()
        self.resumable = await recover(unsettled, self.journal, self.execution, end_orphans)
        await self.journal.durable()
        await self.patience.start()

    async def close(self) -> None:
        try:
            await self.engine.close()
            await self.patience.stop()
            self.projector.save()
        finally:
            self.store.close()
            self.tables.close()
            self.lines.close()

    def begin(self, *steps: Step, run: str = "run-1", concurrency: int = 100, **more: Any) -> str:
        """Create a run and have the engine carry it out."""
        create = CreateRun(run, "w", steps, concurrency, **more)
        self.execution.tell(run, create)
        self.engine.adopt(run)
        return run

    async def finish(self, *steps: Step, **more: Any) -> Run:
        """Carry a run out to its end."""
        return await self.engine.settled(self.begin(*steps, **more))

    def resume(self, run: str) -> None:
        """Take a run up again."""
        self.execution.resume(run, actor="test")
        self.engine.adopt(run)

    async def types(self, run: str = "run-1") -> list[str]:
        """Return the types of a run's events on disk."""
        return [event.type for event in await self.store.read_stream(run, limit=100_000)]


@asynccontextmanager
async def workshop(
    root: Path,
    *agents: Registered,
    hand: Perform | None = None,
    concurrency: int = 1000,
    clock: Clock | None = None,
) -> AsyncIterator[Workshop]:
    """Open a workshop with `agents`, or with one called `hand`."""
    known = [*agents, *([Registered("hand", Hand(hand))] if hand is not None else [])]
    shop = Workshop(root, known, concurrency, clock or SystemClock())
    await shop.open()
    try:
        yield shop
    finally:
        await shop.close()


def registered(name: str, perform: Perform, concurrency: int = 1000) -> Registered:
    """Return an agent with a bound."""
    agent: Agent = Hand(perform)
    return Registered(name, agent, concurrency)
