"""An event loop whose time jumps to the next thing that is due."""

import asyncio
import selectors


class Deadlock(RuntimeError):
    """Nothing is due, or the same again and again: in the real world this would be for ever."""


ROUNDS_MAX = 8_000
"""A loop that turns more often goes on for ever."""


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: the time it was to wait passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.rounds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.rounds += 1
        if self.rounds > ROUNDS_MAX:
            raise Deadlock("something goes round and round")
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise Deadlock("nothing is due and nothing will ever be")
        # A step below a microsecond can vanish beside a large time, and time would stand still.
        self.now += max(0.000_001, timeout)
        return []


class JumpingLoop(asyncio.SelectorEventLoop):
    """Runs hours of waiting in no time, the same way each time."""

    def __init__(self) -> None:
        """Time begins at 0."""
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the beginning of this world."""
        return self._jumping.now


class LoopClock:
    """The clock port on a loop's time."""

    def __init__(self, loop: JumpingLoop, start: float = 1_600_000_000.0) -> None:
        """The world begins at `start`, else on 13 September 2020, 12:26:40 UTC."""
        self._loop = loop
        self._start = start

    def now(self) -> float:
        """See `Clock.now`."""
        return self._start + self._loop.time()
