"""Ids that sort by time, and chance from the operating system."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


class SystemIds:
    """Ids of 14 characters: 9 of milliseconds since the epoch, 5 of chance (1 in 33 million)."""

    def new(self, kind: str) -> str:
        """See `Ids.new`."""
        value = (time.time_ns() // 1_000_000) << 25 | secrets.randbits(25)
        letters = []
        for _ in range(14):
            value, digit = divmod(value, 32)
            letters.append(_ALPHABET[digit])
        return f"{kind}-{''.join(reversed(letters))}"

    def jitter(self) -> float:
        """See `Ids.jitter`."""
        return secrets.randbelow(1 << 30) / (1 << 30)
