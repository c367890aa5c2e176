"""How often requests may come: a bucket for each sender, which fills again as time passes."""

from collections import OrderedDict

KEYS_MAX = 10_000


class Buckets:
    """One bucket for each key; those that were used longest ago are forgotten, that is full."""

    def __init__(self, per_second: float, burst: int) -> None:
        """A bucket holds `burst` requests, and `per_second` come back."""
        self._per_second = per_second
        self._burst = burst
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, now: float) -> float:
        """Take one request out; return 0.0, or after how many seconds there is one again."""
        level, at = self._levels.pop(key, (float(self._burst), now))
        level = min(self._burst, level + max(0.0, now - at) * self._per_second)
        may = level >= 1.0
        self._levels[key] = (level - 1.0 if may else level, now)
        if len(self._levels) > KEYS_MAX:
            self._levels.popitem(last=False)
        return 0.0 if may else (1.0 - level) / self._per_second
