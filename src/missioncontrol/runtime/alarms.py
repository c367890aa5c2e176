"""What is to happen to a run at a later moment, where nothing else happens before."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

Kind = Literal["limit", "deadline", "rate"]
"""The end of a run's time, of the time of one of its steps, and of a full window of starts."""


class Alarms:
    """One timer at most for each run and kind."""

    def __init__(self) -> None:
        """Nothing is to happen."""
        self._timers: dict[tuple[str, Kind], asyncio.TimerHandle] = {}

    def has(self, run: str, kind: Kind) -> bool:
        """Whether something of this kind is to happen to `run`."""
        return (run, kind) in self._timers

    def set(
        self, run: str, kind: Kind, seconds: float, then: Callable[..., None], *what: Any
    ) -> None:
        """Call `then` in so many seconds, instead of what was to happen before."""
        self.drop(run, kind)
        timer = asyncio.get_running_loop().call_later(seconds, then, *what)
        self._timers[run, kind] = timer

    def drop(self, run: str, *kinds: Kind) -> None:
        """Cancel the timers of these kinds of `run`."""
        if not self._timers:
            return
        for kind in kinds:
            timer = self._timers.pop((run, kind), None)
            if timer is not None:
                timer.cancel()

    def close(self) -> None:
        """Cancel all timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
