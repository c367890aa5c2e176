"""How often agents and people may start something: the starts of the last seconds, remembered."""

from collections import deque

from missioncontrol.domain.operation import Operation, RateLimit
from missioncontrol.domain.person import person

UNLIMITED = 1_000_000
Limited = tuple[str, str]
"""Who is limited: (`agent`, name), (`actor`, the person) or (`workspace`, '')."""


class Rates:
    """Counts the starts within each limit's window; whatever is older is forgotten.

    After a restart the windows of agents begin empty: a limit is a brake, and no account.
    """

    def __init__(self) -> None:
        """Nothing is limited."""
        self._limits: dict[Limited, RateLimit] = {}
        self._starts: dict[Limited, deque[float]] = {}

    def follow(self, operation: Operation) -> None:
        """Take over the limits that hold now; of two for one person, the stricter."""
        strictest_last = sorted(operation.limits.items(), key=lambda each: -_pace(each[1]))
        self._limits = {_one(*who): limit for who, limit in strictest_last}
        self._starts = {who: self._starts.get(who, deque()) for who in self._limits}

    @property
    def is_limited(self) -> bool:
        """Whether any limit holds."""
        return bool(self._limits)

    def room(self, kind: str, name: str, now: float) -> int:
        """How many more may start now."""
        if not self._limits:
            return UNLIMITED
        return min(self._left(who, now) for who in _counted(kind, name))

    def limit(self, kind: str, name: str) -> RateLimit | None:
        """Return the limit of one agent or person; None where there is none."""
        return self._limits.get(_one(kind, name))

    def note(self, kind: str, name: str, now: float) -> None:
        """Take note of a start."""
        for who in _counted(kind, name):
            if who in self._limits:
                self._starts[who].append(now)

    def next_free(self, now: float) -> float | None:
        """Seconds until a place becomes free in any window that is full; None where none is."""
        waits = [
            self._starts[who][0] + limit.seconds - now
            for who, limit in self._limits.items()
            if self._starts[who] and self._left(who, now) <= 0
        ]
        return max(0.0, min(waits)) if waits else None

    def _left(self, who: Limited, now: float) -> int:
        limit = self._limits.get(who)
        if limit is None:
            return UNLIMITED
        starts = self._starts[who]
        # A start that seems to lie ahead was noted before the clock was set back.
        while starts and not now - limit.seconds < starts[0] <= now:
            starts.popleft()
        return limit.starts - len(starts)


def _counted(kind: str, name: str) -> tuple[Limited, ...]:
    """Return whose starts a start counts among: the workspace counts attempts, and no runs."""
    who = _one(kind, name)
    return (who,) if kind == "actor" else (who, ("workspace", ""))


def _one(kind: str, name: str) -> Limited:
    """Return who is limited, in whatever letters a person's name is written."""
    return (kind, person(name) or name) if kind == "actor" else (kind, name)


def _pace(limit: RateLimit) -> float:
    return limit.starts / limit.seconds
