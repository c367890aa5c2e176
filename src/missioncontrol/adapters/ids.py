"""Ids that sort by time, and chance from the operating system."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


class SystemIds:
    """Ids of 14 characters: 9 of milliseconds since the epoch, 5 of chance (1 in 33 million).

    Within a process each is greater than the one before, so none comes twice.
    """

    def __init__(self) -> None:
        """Nothing was given out yet."""
        self._latest = 0

    def new(self, kind: str) -> str:
        """See `Ids.new`."""
        drawn = (time.time_ns() // 1_000_000) << 25 | secrets.randbits(25)
        self._latest = value = max(drawn, self._latest + 1)
        letters = []
        for _ in range(14):
            value, digit = divmod(value, 32)
            letters.append(_ALPHABET[digit])
        return f"{kind}-{''.join(reversed(letters))}"

    def jitter(self) -> float:
        """See `Ids.jitter`."""
        return secrets.randbelow(1 << 30) / (1 << 30)
