"""Keeps the measures behind the log by a moment, in portions beside everything else."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable

from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.measures import MeasureTables, OpenAttempt
from missioncontrol.projections.measures import Counting

PORTION = 500
"""Events of one portion: some milliseconds."""

PER_REQUEST_MAX = 2_000
"""Events that a request waits for; where there are more, it returns how far the counting is."""

QUIET_SECONDS = 1.0
TROUBLE_SECONDS = 60.0
"""After what stood in the way, nothing is tried for so long."""


class Measuring:
    """Follows the log into the measures; whatever is asked, at most a portion is waited for.

    All of it happens in one event loop.
    """

    def __init__(
        self, store: EventStore, tables: MeasureTables, at_once: int = PER_REQUEST_MAX
    ) -> None:
        """Go on where the tables stand; a request waits for `at_once` events at most."""
        self._at_once = at_once
        self.tables = tables
        self._store = store
        self._turn = asyncio.Lock()
        self._counting: Counting | None = None
        self._position = 0
        self._task: asyncio.Task[None] | None = None
        self.report: Callable[[Exception], None] = lambda _: None
        """Called with each error that stood in the way."""

    @property
    def position(self) -> int:
        """How far the counting has followed the log."""
        return self._position

    @property
    def at_work(self) -> Iterable[OpenAttempt]:
        """The attempts that had not ended by then."""
        return self._counting.at_work if self._counting is not None else ()

    async def behind(self) -> int:
        """Count what a request may wait for; return how many events are left then."""
        head = (await self._store.head()).position
        async with self._turn:
            self._open(head)
            counted = 0
            while self._position < head and counted < self._at_once:
                counted += await self._portion()
        return max(0, head - self._position)

    async def start(self) -> None:
        """Begin to follow."""
        assert self._task is None, "the measures were started twice"
        self._task = asyncio.create_task(self._follow_for_ever())

    async def stop(self) -> None:
        """Follow no longer."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _follow_for_ever(self) -> None:
        while True:
            try:
                await self._catch_up()
                await asyncio.sleep(QUIET_SECONDS)
            except Exception as error:  # noqa: BLE001 - the edge: measures follow, they never lead
                self.report(error)
                await asyncio.sleep(TROUBLE_SECONDS)

    async def _catch_up(self) -> None:
        """Take portion after portion, and leave others as much time as each of them took."""
        head = (await self._store.head()).position
        while True:
            begun = time.perf_counter()
            async with self._turn:
                self._open(head)
                if not await self._portion():
                    return
            await asyncio.sleep(time.perf_counter() - begun)

    def _open(self, head: int) -> None:
        if self._counting is None:
            if self.tables.position() > head:
                self.tables.clear()  # They were counted of another log.
            self._position = self.tables.position()
            self._counting = Counting(self.tables.begun(), self.tables.workflow)

    async def _portion(self) -> int:
        """Count a few more events, and return how many there were."""
        rows = await self._store.read(after=self._position, limit=PORTION)
        if not rows:
            return 0
        counting, self._counting = self._counting, None
        assert counting is not None
        counted = counting.portion(rows, self._position)
        if self.tables.add(counted):
            # Whatever breaks off before this line is read from the tables again.
            self._counting, self._position = counting, counted.position
        else:
            self._open(counted.position)  # Another console counts for the same home.
        return len(rows)
