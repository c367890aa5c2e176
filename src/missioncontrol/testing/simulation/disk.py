"""The log that survives its engines: it is slow now and then, refuses, and is watched."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Literal

import msgspec

from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import Unavailable
from missioncontrol.ports.event_store import Append, Head
from missioncontrol.testing.simulation.inspector import Inspector

Fate = Literal["lost", "kept", "refused"]
"""The process ends before or after a commit is durable; or the disk takes nothing."""


class Crash(BaseException):
    """The process ends here, as with `kill -9`."""


class Plan(msgspec.Struct, frozen=True):
    """What happens at which commit, counted from 1."""

    fates: dict[int, Fate]


class Disk(MemoryEventStore):
    """Stores the log, and has every commit judged."""

    def __init__(self, plan: Plan, inspector: Inspector, dice: Random, *, slow: bool) -> None:
        """A `slow` disk takes up to a hundredth of a second for some commits."""
        super().__init__()
        self.inspector = inspector
        self.commits = 0
        self.is_busy = False
        self.is_doomed = False
        self._plan = plan
        self._dice = dice
        self._is_slow = slow
        self._waiting: list[asyncio.Future[None]] = []

    async def append(self, appends: Sequence[Append]) -> Head:
        """See `EventStore.append`."""
        self.commits += 1
        self.is_busy = True
        if self._is_slow and self._dice.random() < 0.3:
            self._notify_waiting()
            await asyncio.sleep(self._dice.uniform(0.0, 0.01))
        fate = self._plan.fates.get(self.commits, "lost" if self.is_doomed else None)
        self.is_doomed = False
        if fate == "lost":
            raise Crash
        if fate == "refused":
            raise Unavailable("log.unwritable", "The disk is full.")
        before = (await self.head()).position
        if appends:
            self.inspector.commit_begins(appends[0].events[0].time / 1_000_000)
        head = await super().append(appends)
        for event in await self.read(after=before, limit=1_000_000):
            self.inspector.read(event)
        self.inspector.commit_ended()
        if fate == "kept":
            raise Crash
        self.is_busy = False
        return head

    async def in_the_middle(self) -> None:
        """Return while a commit is on its way, or after a while where none takes long."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await asyncio.wait((waiting,), timeout=60.0)

    def _notify_waiting(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    def engine_began(self) -> None:
        """Take note that another engine takes over."""
        self.is_busy = self.is_doomed = False
        self._waiting.clear()
        self.inspector.engine_began()

    def everything(self) -> list[Recorded]:
        """Return the whole log."""
        return list(self._log)
