"""Limits the output of a home to its bound: that of the oldest runs is deleted first."""

import asyncio
import contextlib
from collections.abc import Callable

from missioncontrol.application.retention import RetentionService
from missioncontrol.ports.output_store import ShortenedOutput

LOOK_SECONDS = 60.0
LINES_AT_ONCE = 500
"""Lines removed in one go; a few hundredths of a second."""

REST_SECONDS = 0.05


class Keeper:
    """Looks now and then, and removes in portions; the engine goes on meanwhile."""

    def __init__(
        self,
        desk: RetentionService,
        store: ShortenedOutput,
        *,
        has_ended: Callable[[str], bool],
        report: Callable[[Exception], None],
    ) -> None:
        """`has_ended` returns whether a run is known to be over; `report` is for faults."""
        self._retention = desk
        self._store = store
        self._has_ended = has_ended
        self._report = report
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._loop = asyncio.get_running_loop().create_task(self._keep_for_ever())

    async def stop(self) -> None:
        """Look no more; what was not removed yet is removed another time."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loop

    async def _keep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                while await self.keep():
                    pass
            except Exception as error:  # noqa: BLE001 - the edge: it looks again next time
                self._report(error)

    async def keep(self) -> int:
        """Remove what is beyond the bound, as far as one event tells of it; return how many runs.

        It is written down before it is done: nothing is gone of which the record says nothing.
        """
        runs = await self._retention.excess(self._store, has_ended=self._has_ended)
        if not runs:
            return 0
        await self._retention.note(runs)
        for each in runs:
            await self._remove(each.run)
        return len(runs)

    async def _remove(self, run: str) -> None:
        while True:
            if not self._store.remove(run, limit=LINES_AT_ONCE):
                return
            await asyncio.sleep(REST_SECONDS)
