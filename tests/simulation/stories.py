"""Short stories in the simulated house: its people and agents do as the test says."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

from missioncontrol.adapters.read_tables.memory import MemoryReadTables
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Assignment, Line
from missioncontrol.ports.event_store import Append, Head
from missioncontrol.testing.simulation.disk import Disk, Plan
from missioncontrol.testing.simulation.engine_setup import CONCURRENCY, SimulatedEngine
from missioncontrol.testing.simulation.inspector import Inspector
from missioncontrol.testing.simulation.script import PLACES
from missioncontrol.testing.simulation.world import JumpingLoop, LoopClock

Perform = Callable[[Assignment], Awaitable[Any]]


class CountingIds:
    def __init__(self) -> None:
        self.count = 0

    def new(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count:06}"

    def jitter(self) -> float:
        return 0.0


class SlowDisk(Disk):
    """Each commit takes a second."""

    async def append(self, appends: Sequence[Append]) -> Head:
        await asyncio.sleep(1.0)
        return await super().append(appends)


class Hands:
    """All agents of a story; what they hand back is their output."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        return Work(output=await self._perform(assignment))


class Story:
    """A log that outlives its engines, and a loop whose time jumps."""

    def __init__(self, perform: Perform, *, disk: type[Disk] = Disk) -> None:
        self.loop = JumpingLoop()
        inspector = Inspector(PLACES, CONCURRENCY)
        self.disk = disk(Plan({}), inspector, Random(0), slow=False)
        self._tables = MemoryReadTables()
        self._ids = CountingIds()
        self._hands = Hands(perform)

    async def house(self, *, release: str = "") -> SimulatedEngine:
        """Open a house over the log, with all agents of a release."""
        self.disk.engine_began()
        self.disk.inspector.books.release = release
        clock = LoopClock(self.loop)
        house = SimulatedEngine(
            self.disk, self._tables, clock, self._ids, self._hands, release=release
        )
        await house.open()
        return house

    def run(self, story: Callable[[], Awaitable[None]]) -> None:
        """Tell it to its end; every commit is judged meanwhile."""

        async def whole() -> None:
            await story()

        try:
            self.loop.run_until_complete(whole())
        finally:
            self.loop.close()

    def times(self, kind: str) -> list[float]:
        """Return when events of a kind became true, in seconds since the beginning."""
        found = [event for event in self.disk.everything() if event.type == kind]
        return [event.time / 1_000_000 - 1_600_000_000.0 for event in found]
