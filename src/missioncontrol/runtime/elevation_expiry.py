"""Ends elevations when their time is over."""

import asyncio

from missioncontrol.application.agents import Agents
from missioncontrol.domain.lifecycle.commands import LapseElevation
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.ports.clock import Clock

Timed = tuple[str, str, float]
"""An agent, what it has or is asked for it, and until when: the same id is first the one, then the
other."""


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
