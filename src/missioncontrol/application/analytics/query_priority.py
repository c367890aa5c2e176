"""Priorities of questions: background ones run one at a time, between those of users.

They also pause while events arrive, because the sender of events waits for the same database.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

IDLE_SECONDS = 0.2
"""How long no user question ran before a background one starts: pages ask in sequence."""

EXPECTED_SECONDS = 1.0
"""How long to wait for the questions of a page just opened: the browser loads it first."""

YIELD_SECONDS_MAX = 5.0
"""How long a background question waits at most; then it runs beside those of users."""

REST_FACTOR = 9.0
"""While events arrive, the pause after a background question, in durations of that question: they
take a tenth of the time at most."""

REST_SECONDS_MAX = 5.0


class QueryPriority:
    """Tracks whether users have questions running. Belongs to one event loop."""

    def __init__(self, position: Callable[[], Awaitable[int]]) -> None:
        """Start idle; `position` returns a number that grows with each stored event."""
        self._position = position
        self._foreground_count = 0
        self._ended = -IDLE_SECONDS  # loop time at which the last user question ended
        self._expected = 0.0  # loop time until which a user question is expected
        self._free = asyncio.Event()
        self._free.set()
        self._turn = asyncio.Lock()

    @contextmanager
    def foreground(self) -> Iterator[None]:
        """Run a question that a user waits for."""
        self._expected = 0.0
        self._foreground_count += 1
        self._free.clear()
        try:
            yield
        finally:
            self._foreground_count -= 1
            if not self._foreground_count:
                self._ended = asyncio.get_running_loop().time()
                self._free.set()

    def expect(self) -> None:
        """Note that a user opened a page, whose questions follow soon."""
        self._expected = asyncio.get_running_loop().time() + EXPECTED_SECONDS

    @asynccontextmanager
    async def background(self) -> AsyncIterator[None]:
        """Run a question that no user waits for: alone, and when no user question runs."""
        async with self._turn:
            with suppress(TimeoutError):
                async with asyncio.timeout(YIELD_SECONDS_MAX):
                    await self._wait_until_idle()
            clock = asyncio.get_running_loop().time
            position, begun = await self._position(), clock()
            yield
            took = clock() - begun
            if await self._position() != position:
                await asyncio.sleep(min(REST_FACTOR * took, REST_SECONDS_MAX))

    async def _wait_until_idle(self) -> None:
        """Wait until no user question runs, ran in the last `IDLE_SECONDS`, or is expected."""
        while True:
            await self._free.wait()
            idle_from = max(self._ended + IDLE_SECONDS, self._expected)
            left = idle_from - asyncio.get_running_loop().time()
            if left <= 0:
                return
            await asyncio.sleep(left)
