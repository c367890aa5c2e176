"""Ends, escalates and brings back approvals when their time has come."""

import asyncio
import contextlib
from collections.abc import Sequence

from missioncontrol.application.approvals import Approvals
from missioncontrol.application.journal import Entry
from missioncontrol.domain.approval.events import EVENTS
from missioncontrol.ports.clock import Clock

RECHECK_SECONDS = 30.0
"""A sleep is no longer than this: the machine may sleep meanwhile, or its clock be set."""

NAP_SECONDS = 0.001
"""Timers and clocks differ in their last digits; without a nap, the loop would spin there."""


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
