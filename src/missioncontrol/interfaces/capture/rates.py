"""How fast a source may send: a bucket for each, which fills again as time passes."""

BURST_SECONDS = 10.0
"""So long a source that was silent may send everything at once."""


class Rates:
    """Counts whole requests, never single events; all of it is on one thread.

    A request is accepted as long as anything is left, and may leave a negative balance: so the
    largest one passes, and what it took too much is waited for before the next.
    """

    def __init__(self) -> None:
        """Every bucket is full at first."""
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, source: tuple[str, str], events: int, per_second: int, now: float) -> float:
        """Take so many events out of a source's bucket; return 0.0, or the seconds to wait first.

        There are no more buckets than sources with a key.
        """
        most = per_second * BURST_SECONDS
        level, at = self._levels.get(source, (most, now))
        level = min(most, level + max(0.0, now - at) * per_second)
        if level <= 0.0:
            self._levels[source] = (level, now)
            return (1.0 - level) / per_second
        self._levels[source] = (level - events, now)
        return 0.0
