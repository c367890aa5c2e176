"""One listener of the live feed: its position, and what waits to be written to it."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from missioncontrol.application.topics import Wanted
from missioncontrol.domain.errors import Unavailable

SEATS_MAX = 1_000
SEATS_EACH_MAX = 50
"""Connections in all, and of one session or token: a tab has one."""

FRAMES_MAX = 256
BYTES_MAX = 4 * 1024 * 1024
"""What waits for a listener at most; a slower one is disconnected."""


class Place(msgspec.Struct, frozen=True):
    """The position up to which a listener has received the feed."""

    position: int  # of the log
    line: int = -1  # of what agents say; -1 where they don't listen to it

    def __str__(self) -> str:
        """Return it as an id of server-sent events."""
        return f"{self.position}-{self.line}" if self.line >= 0 else str(self.position)


def place_in(text: str) -> Place | None:
    """Read an id of server-sent events; None where it is none of ours."""
    position, dash, line = text.partition("-")
    if not _is_number(position) or (dash and not _is_number(line)):
        return None
    return Place(int(position), int(line) if dash else -1)


def _is_number(text: str) -> bool:
    return 0 < len(text) <= 18 and text.isascii() and text.isdigit()


class Seats:
    """Places for listeners: so many in all, and so many for each."""

    def __init__(self, most: int = SEATS_MAX, each: int = SEATS_EACH_MAX) -> None:
        """All are free."""
        self._most = most
        self._each = each
        self._occupied: Counter[str] = Counter()

    def refuse_if_full(self, who: str) -> None:
        """Say no where there is no room for one more.

        Raises:
            Unavailable: `live.full` or `live.too_many`.
        """
        if self._occupied.total() >= self._most:
            raise Unavailable(
                "live.full",
                f"{self._most} connections listen already, which is all that there is room for.",
                hint="Try again in a moment.",
            )
        if self._occupied[who] >= self._each:
            raise Unavailable(
                "live.too_many",
                f"{self._each} connections listen already for this session or token.",
                hint="Close some of them: one connection can listen to many topics.",
            )

    @contextmanager
    def taken(self, who: str) -> Iterator[None]:
        """Have a seat as long as the context lasts; see `refuse_if_full`."""
        self.refuse_if_full(who)
        self._occupied[who] += 1
        try:
            yield
        finally:
            self._occupied[who] -= 1
            if not self._occupied[who]:
                del self._occupied[who]


class Listener:
    """What waits for one connection, which takes it in its own time."""

    def __init__(self, wanted: Wanted) -> None:
        """Nothing waits yet."""
        self.wanted = wanted
        self.is_over = False
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._waiting: asyncio.Future[None] | None = None

    def put(self, frame: bytes) -> None:
        """Queue `frame` for writing; where too much waits already, disconnect the listener.

        It comes back with the id of what it got last, so what is thrown away here is not lost.
        """
        if self.is_over:
            return
        self._frames.append(frame)
        self._bytes += len(frame)
        if len(self._frames) > FRAMES_MAX or self._bytes > BYTES_MAX:
            self._frames.clear()
            self.is_over = True
        self._wake()

    def end(self) -> None:
        """Write what waits, and nothing more."""
        self.is_over = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def taken(self) -> bytes:
        """Return all that waits as soon as anything does; nothing once it is over."""
        while not self._frames and not self.is_over:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        self._waiting = None
        found = b"".join(self._frames)
        self._frames.clear()
        self._bytes = 0
        return found
