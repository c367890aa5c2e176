"""The machine's clock."""

import time


class SystemClock:
    """Seconds since the epoch that never run backwards within this process.

    A machine's clock may be set back; the order of the log is the order of its positions, and its
    times should not contradict it.
    """

    def __init__(self) -> None:
        """Start from the machine's present time."""
        self._latest = 0.0
        self._read_at = time.monotonic()

    def now(self) -> float:
        """See `Clock.now`. Time goes on also while the machine's clock is set back."""
        asked_at = time.monotonic()
        passed = asked_at - self._read_at
        self._read_at = asked_at
        wall = time.time()  # noqa: TID251 - this is the clock port
        self._latest = max(self._latest + passed, wall) if self._latest else wall
        return self._latest
