"""Keeps the search index behind the log by a moment, on the side of the engine's own work."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from missioncontrol.application.journal import Entry

QUIET_SECONDS = 1.0
"""An engine that has committed nothing for so long has time to spare."""

LATE_SECONDS = 30.0
"""One that never has is followed all the same, after so long."""

RESTS = {True: 1.0, False: 19.0}
"""How long is rested after a portion, as a multiple of its time: quiet, or at work.

A thread takes the interpreter away from the engine's for up to 5 ms at once, so next to one that
works a portion is rare."""

REST_SECONDS_MIN = 0.002
TROUBLE_SECONDS = 60.0
"""After what stood in the way, nothing is tried for so long."""

Portion = Callable[[], bool]
"""Takes a few more events in, on a thread of its own; returns whether there may be more."""


class Indexer:
    """Updates the index in portions. Between two bursts of work it has no thread.

    The thread keeps its priority: one that is put aside while it has the interpreter would hold up
    the engine as well.
    """

    def __init__(self, portion: Portion, *, report: Callable[[Exception], None]) -> None:
        """`report` is called for any error; the engine goes on without an index."""
        self._portion = portion
        self._report = report
        self._awake = asyncio.Event()
        self._last = 0.0  # commit, by the time of the loop
        self._loop: asyncio.Task[None] | None = None
        self._at_work: asyncio.Future[bool] | None = None

    def take(self, entries: Sequence[Entry]) -> None:
        """Look again: the log has grown."""
        if self._loop is not None:
            self._last = self._loop.get_loop().time()
            self._awake.set()

    async def start(self) -> None:
        """Begin to follow; what the log had before comes first."""
        assert self._loop is None, "the indexer was started twice"
        self._loop = asyncio.get_running_loop().create_task(self._follow_for_ever())
        self.take(())

    async def stop(self) -> None:
        """Follow no longer; returns once nothing touches the index any more."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        loop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await loop
        if self._at_work is not None:
            with contextlib.suppress(Exception):  # At this point nothing can be done about it.
                await self._at_work

    async def _follow_for_ever(self) -> None:
        while True:
            await self._awake.wait()
            await self._until_quiet()
            self._awake.clear()
            try:
                await self._catch_up()
            except Exception as error:  # noqa: BLE001 - the edge: the index follows, it never leads
                self._report(error)
                await asyncio.sleep(TROUBLE_SECONDS)

    async def _until_quiet(self) -> None:
        now = asyncio.get_running_loop().time
        late = now() + LATE_SECONDS
        while True:
            left = min(self._last + QUIET_SECONDS, late) - now()
            if left <= 0:
                return
            await asyncio.sleep(left)

    async def _catch_up(self) -> None:
        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(1, "search-index")
        try:
            while True:
                begun = time.perf_counter()
                self._at_work = loop.run_in_executor(thread, self._portion)
                # Who stops waits for the portion: the index is not closed under it.
                if not await asyncio.shield(self._at_work):
                    return
                elapsed = time.perf_counter() - begun
                is_quiet = loop.time() - self._last > QUIET_SECONDS
                await asyncio.sleep(max(REST_SECONDS_MIN, elapsed * RESTS[is_quiet]))
        finally:
            thread.shutdown(wait=False)
