"""Pauses an endpoint that keeps failing, and probes it with one call before further use."""


class Breaker:
    """Closed while all is well; open after failures in a row; half open while it is probed."""

    def __init__(self, *, failures_max: int, rest_seconds: float) -> None:
        """Times are those of the loop, in seconds."""
        self._failures_max = failures_max
        self._rest_seconds = rest_seconds
        self._failures = 0
        self._rests_until = 0.0
        self._is_probed = False

    def wait(self, now: float) -> float:
        """Return the seconds until a call may try; 0 where it may now."""
        if self._failures < self._failures_max:
            return 0.0
        if self._is_probed:
            return max(1.0, self._rests_until - now)
        return max(0.0, self._rests_until - now)

    def begin(self) -> None:
        """Take note of a call that tries; in a breaker that was open it is the probe."""
        self._is_probed = self._failures >= self._failures_max

    def succeeded(self) -> None:
        """Close it."""
        self._failures = 0
        self._is_probed = False

    def failed(self, now: float) -> None:
        """Count a failure, and pause the endpoint after too many."""
        self._failures += 1
        self._is_probed = False
        self._rests_until = now + self._rest_seconds

    def gave_up(self) -> None:
        """End a call that proved nothing, because its caller left."""
        self._is_probed = False
