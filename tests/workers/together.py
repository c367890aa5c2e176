"""A held home and a worker in one loop, with agents that are functions of the test."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from missioncontrol.adapters.workers.agents import LocalAgent, LocalAgents
from missioncontrol.adapters.workers.server_client import ServerClient
from missioncontrol.adapters.workers.tokens import TokenFile
from missioncontrol.adapters.workers.worker import StateDirectory, Worker
from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.settings import Settings
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.step import Retry, Spending, Step
from missioncontrol.ports.workers import Introduction
from tests.runtime.workshop import Hand, Perform

T = TypeVar("T")
SECRET = "correct-horse-battery"


def run(work: Coroutine[Any, Any, T], seconds: float = 30) -> T:
    """Run `work` on an event loop of its own."""

    async def bounded() -> T:
        async with asyncio.timeout(seconds):
            return await work

    return asyncio.run(bounded())


def hand(key: str, *needs: str, attempts: int = 1, **more: Any) -> Step:
    return Step(key, "hand", needs, retry=Retry(attempts=attempts, wait_seconds=0.01), **more)


class Place:
    """A server that can be closed and opened again."""

    def __init__(self, root: Path, lease_seconds: float) -> None:
        self.root = root
        self.lease_seconds = lease_seconds
        self.held: EngineContext
        self.port = 0
        self.token = ""  # of the worker that came last

    @asynccontextmanager
    async def server(self) -> AsyncIterator[EngineContext]:
        settings = Settings(
            self.root / "home", workers_port=self.port, lease_seconds=self.lease_seconds
        )
        async with holding(settings, {}) as held:
            self.held = held
            await held.work()
            for unsettled in held.tables.unsettled():
                await held.journal.load_run(unsettled)
                held.engine.adopt(unsettled)
            await held.remote_workers.open()
            assert held.remote_workers.server is not None
            self.port = int(held.remote_workers.server.url.rpartition(":")[2])
            yield held

    @asynccontextmanager
    async def worker(
        self,
        perform: Perform,
        name: str = "box",
        *,
        link: type[ServerClient] = ServerClient,
        spending: Spending | None = None,
    ) -> AsyncIterator[Worker]:
        self.token = TokenFile(self.held.home.workers).make(name)
        card = AgentCard("hand", effects=("reads_files",), spending=spending)
        agents = LocalAgents([LocalAgent(card, lambda artifacts: Hand(perform), 4)])
        worker = Worker(
            Introduction(name, "", "1.0", "the cellar", "Linux", 4),
            link(f"http://127.0.0.1:{self.port}", self.token),
            agents,
            Scrubber([SECRET]),
            StateDirectory(self.root / name),
            report=lambda text: None,
        )
        working = asyncio.create_task(worker.work())
        try:
            yield worker
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working

    async def until_ready(self) -> None:
        while "hand" not in self.held.registry.names or self.held.registry.room("hand") <= 0:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def begin(self, *steps: Step, run: str = "run-1") -> str:
        await self.until_ready()
        self.held.execution.create(CreateRun(run, "w", steps, 100), actor="user:ada")
        self.held.engine.adopt(run)
        return run

    async def finish(self, *steps: Step) -> Run:
        return await self.held.engine.settled(await self.begin(*steps))

    async def types(self, run: str = "run-1") -> list[str]:
        return [event.type for event in await self.held.store.read_stream(run, limit=10_000)]


@asynccontextmanager
async def place(root: Path, lease_seconds: float = 60.0) -> AsyncIterator[Place]:
    found = Place(root, lease_seconds)
    async with found.server():
        yield found
