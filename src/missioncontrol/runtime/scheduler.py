"""The loop of the schedules: it sleeps until one is due, and runs it."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from missioncontrol.application.schedules import Schedules
from missioncontrol.ports.clock import Clock

RECHECK_SECONDS = 30.0
"""A sleep is no longer than this: the machine may sleep meanwhile, or its clock be set."""

REST_SECONDS = 30.0
"""A schedule whose tending broke off is left alone for so long; the others go on."""

NAP_SECONDS = 0.001
"""Timers and clocks differ in their last digits; without a nap, the loop would spin there."""


class Scheduler:
    """Tends schedules in time. With an empty agenda it sleeps until there is one."""

    def __init__(
        self,
        schedules: Schedules[Any],
        clock: Clock,
        *,
        report: Callable[[str, Exception], None],
    ) -> None:
        """`report` is called for any error in the handling of a schedule."""
        self._schedules = schedules
        self._clock = clock
        self._report = report
        self._awake = asyncio.Event()
        self._rests: dict[str, float] = {}  # until then, by the time of the loop
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to tend; what came due before is answered first."""
        assert self._loop is None, "the scheduler was started twice"
        self._schedules.changed = self._awake.set
        self._loop = asyncio.get_running_loop().create_task(self._tend_for_ever())

    async def stop(self) -> None:
        """Tend nothing any more. What was decided stays; what was not is decided next time."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        self._schedules.changed = _nothing
        loop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await loop

    async def _tend_for_ever(self) -> None:
        while self._schedules.is_open:
            self._awake.clear()
            for name in self._due():
                await self._tend(name)
            await self._sleep()

    def _due(self) -> list[str]:
        """Return the names whose time has come, the one that has waited longest first."""
        now, moment = self._clock.now(), asyncio.get_running_loop().time()
        self._rests = {name: end for name, end in self._rests.items() if end > moment}
        agenda = self._schedules.agenda
        due = [name for name, at in agenda.items() if at <= now and name not in self._rests]
        return sorted(due, key=lambda name: agenda[name])

    async def _tend(self, name: str) -> None:
        if not self._schedules.is_open:
            return
        try:
            await self._schedules.tend(name)
        except Exception as error:  # noqa: BLE001 - the edge: one schedule must not stop the others
            self._rests[name] = asyncio.get_running_loop().time() + REST_SECONDS
            self._report(name, error)

    async def _sleep(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._seconds_to_sleep()):
                await self._awake.wait()

    def _seconds_to_sleep(self) -> float | None:
        agenda = self._schedules.agenda
        if not agenda:
            return None
        wanted = [at for name, at in agenda.items() if name not in self._rests]
        left = min(wanted, default=0.0) - self._clock.now() if wanted else RECHECK_SECONDS
        return min(RECHECK_SECONDS, max(NAP_SECONDS, left))


def _nothing() -> None:
    pass
