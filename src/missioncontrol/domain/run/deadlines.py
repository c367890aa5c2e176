"""When open steps run out of time."""

import heapq
from typing import Literal

Limit = Literal["queue", "run", "total"]
"""A limit that the engine keeps: of a place, of one round of a call, of all attempts together."""


class Deadlines:
    """The ends of all limits that are running, the nearest at hand.

    A run of ten thousand steps may have as many limits; none of them is looked at before its time.
    """

    __slots__ = ("_heap", "running")

    def __init__(self) -> None:
        """No limit is running."""
        self.running: dict[tuple[str, Limit], float] = {}
        """The ends by key and limit; empty is what most runs are asked for at every event."""
        self._heap: list[tuple[float, str, Limit]] = []

    def begin(self, key: str, limit: Limit, end: float) -> None:
        """Start a limit of `key` that ends at `end`, replacing any earlier one."""
        self.running[key, limit] = end
        heapq.heappush(self._heap, (end, key, limit))

    def go_on(self, key: str, limit: Limit, end: float) -> None:
        """Continue a limit of `key` to its existing end, or to `end` where it has none."""
        self.begin(key, limit, self.running.get((key, limit), end))

    def drop(self, key: str, *limits: Limit) -> None:
        """Remove these limits of `key`."""
        for limit in limits:
            self.running.pop((key, limit), None)

    def passed(self, now: float) -> list[tuple[str, Limit]]:
        """Return the limits that ended by `now` and were not reported since they went on."""
        found: dict[tuple[str, Limit], None] = {}
        while self._heap and self._heap[0][0] <= now:
            end, key, limit = heapq.heappop(self._heap)
            if self.running.get((key, limit)) == end:
                found[key, limit] = None
        return list(found)

    @property
    def next(self) -> float | None:
        """The nearest end that was not reported yet, seconds since the epoch; None for none."""
        while self._heap:
            end, key, limit = self._heap[0]
            if self.running.get((key, limit)) == end:
                return end
            heapq.heappop(self._heap)
        return None
