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

    def now(self) -> float:
        """See `Clock.now`."""
        self._latest = max(self._latest, time.time())  # noqa: TID251 - this is the clock port
        return self._latest
