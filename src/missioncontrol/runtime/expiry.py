"""Ends approvals and elevations when their time is over; escalates and brings back approvals."""

import asyncio
import contextlib
from collections.abc import Sequence

from missioncontrol.application.agents import Agents
from missioncontrol.application.approvals import Approvals
from missioncontrol.application.journal import Entry
from missioncontrol.domain.approval.events import EVENTS
from missioncontrol.domain.lifecycle.commands import LapseElevation
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.ports.clock import Clock

Timed = tuple[str, str, float]
"""An agent, what it has or is asked for it, and until when: the same id is first the one, then the
other."""
RECHECK_SECONDS = 30.0
"""A sleep is no longer than this: the machine may sleep meanwhile, or its clock be set."""
NAP_SECONDS = 0.001
"""Timers and clocks differ in their last digits; without a nap, the loop would spin there."""


class ElevationExpiry:
    """Timers of what is asked for and of what is in force.

    They run by a monotonic clock. Whether an attempt that begins has an elevation is
    looked up by the engine's own clock as well, so that whichever is first ends it.
    """

    def __init__(self, agents: Agents, clock: Clock) -> None:
        """Nothing is timed before `follow`."""
        self._agents = agents
        self._clock = clock
        self._timers: dict[Timed, asyncio.TimerHandle] = {}

    def follow(self, life: AgentLife) -> None:
        """Time what an agent has now, and nothing else of it."""
        due: set[Timed] = set()
        if life.wish is not None:
            due.add((life.name, life.wish.id, life.wish.lapses))
        if life.elevation is not None:
            due.add((life.name, life.elevation.id, life.elevation.until))
        for key in [key for key in self._timers if key[0] == life.name and key not in due]:
            self._timers.pop(key).cancel()
        loop = asyncio.get_running_loop()
        for key in due - self._timers.keys():
            left = max(0.0, key[2] - self._clock.now())
            self._timers[key] = loop.call_later(left, self._lapse, key)

    def forget(self, name: str) -> None:
        """Time nothing of an agent that is gone."""
        for key in [key for key in self._timers if key[0] == name]:
            self._timers.pop(key).cancel()

    def stop(self) -> None:
        """Time nothing any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _lapse(self, key: Timed) -> None:
        del self._timers[key]
        name, elevation, _ = key
        self._agents.report(name, LapseElevation(elevation))


class ApprovalTimeouts:
    """Waits with every approval that waits, and holds nothing while it does."""

    def __init__(self, approvals: Approvals, clock: Clock) -> None:
        """Nothing is watched before `start`."""
        self._approvals = approvals
        self._clock = clock
        self._awake = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    def take(self, entries: Sequence[Entry]) -> None:
        """Look again, where something became true of an approval."""
        for entry in entries:
            if type(entry.event) in EVENTS:
                self._awake.set()
                return

    async def start(self) -> None:
        """Begin to watch; what came due before is answered first."""
        self._loop = asyncio.get_running_loop().create_task(self._watch_for_ever())

    async def stop(self) -> None:
        """Watch no longer; what comes due meanwhile is answered at the next start."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loop

    async def _watch_for_ever(self) -> None:
        while self._approvals.is_open:
            self._awake.clear()
            await self._approvals.expire(self._clock.now())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_to_sleep()):
                    await self._awake.wait()

    def _seconds_to_sleep(self) -> float | None:
        due = self._approvals.next_due()
        if due is None:
            return None
        return min(RECHECK_SECONDS, max(NAP_SECONDS, due - self._clock.now()))
