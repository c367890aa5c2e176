"""What nobody waits for gives way to what somebody does: one question at a time, between theirs.

So it does to events that come in, which whoever sent them waits for.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

CALM_SECONDS = 0.2
"""So long nobody asked before it begins: a page asks one thing after the other."""

EXPECTED_SECONDS = 1.0
"""So long who has opened a page may take to ask: their browser has to read it first."""

PATIENCE_SECONDS = 5.0
"""So long one question gives way; where people never stop asking, it is asked beside theirs."""

RESTS = 9.0
"""While events come in, so many times as long as a question took passes before the next: it takes a
tenth of the time at most, and a look of seconds becomes one of a minute."""

REST_SECONDS_MAX = 5.0


class QueryPriority:
    """Knows whether somebody asks now. All of it happens in one event loop."""

    def __init__(self, position: Callable[[], Awaitable[int]]) -> None:
        """Nobody asks yet. `position` grows with all that comes in."""
        self._position = position
        self._asking = 0
        self._ended = -CALM_SECONDS  # by the clock of the loop, when somebody last asked
        self._expected = 0.0  # until when somebody is expected to
        self._free = asyncio.Event()
        self._free.set()
        self._one = asyncio.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Somebody waits for an answer."""
        self._expected = 0.0
        self._asking += 1
        self._free.clear()
        try:
            yield
        finally:
            self._asking -= 1
            if not self._asking:
                self._ended = asyncio.get_running_loop().time()
                self._free.set()

    def expect(self) -> None:
        """Somebody has opened a page, and is about to ask."""
        self._expected = asyncio.get_running_loop().time() + EXPECTED_SECONDS

    @asynccontextmanager
    async def given(self) -> AsyncIterator[None]:
        """Nobody waits for what is done here: it begins alone, and when nobody asks."""
        async with self._one:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._calm()
            clock = asyncio.get_running_loop().time
            stored, begun = await self._position(), clock()
            yield
            took = clock() - begun
            if await self._position() != stored:
                await asyncio.sleep(min(RESTS * took, REST_SECONDS_MAX))

    async def _calm(self) -> None:
        """Wait until nobody asks, nobody did for a moment, and nobody is expected to."""
        while True:
            await self._free.wait()
            calm = max(self._ended + CALM_SECONDS, self._expected)
            left = calm - asyncio.get_running_loop().time()
            if left <= 0:
                return
            await asyncio.sleep(left)
