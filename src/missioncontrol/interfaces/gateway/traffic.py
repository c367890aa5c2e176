"""Who calls now, and how often: the limits of keys, and calls that have to be cut."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from missioncontrol.interfaces.gateway.keys import Caller
from missioncontrol.interfaces.gateway.refusal import Refusal
from missioncontrol.interfaces.gateway.settings import GatewayPolicy

WINDOW_SECONDS = 60.0
CALLERS_MAX = 10_000


class OpenCall(Protocol):
    """A call that goes on."""

    def cut(self, refusal: Refusal) -> None:
        """End it: the upstream is closed and what was used is settled when this returns."""
        ...


class _Standing:
    """How often one key called of late. Bounded by the limits that are counted here."""

    __slots__ = ("arriving", "calls", "open", "refusals", "refused")

    def __init__(self) -> None:
        self.calls: deque[float] = deque()
        self.refusals: deque[float] = deque()
        self.refused: Refusal | None = None  # the last one
        self.open: set[OpenCall] = set()
        self.arriving = 0  # calls whose request is not all here yet

    @property
    def at_once(self) -> int:
        return len(self.open) + self.arriving


class Traffic:
    """Counts the calls of every key. Times are those of the loop, in seconds."""

    def __init__(self, policy: GatewayPolicy) -> None:
        """Start without callers."""
        self._policy = policy
        self._callers: OrderedDict[str, _Standing] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        """How many calls go on."""
        return self._count

    def admit(self, caller: Caller, now: float) -> None:
        """Admit a call, or refuse it.

        Raises:
            Refusal: 429.
        """
        standing = self._standing(caller.name)
        limit = caller.calls_per_minute or self._policy.calls_per_minute
        self._refuse_stubborn(standing, now)
        wait = _wait(standing.calls, limit, now)
        if wait > 0:
            raise Refusal(
                429,
                "gateway.too_many_calls",
                f"The key {caller.name!r} has made {limit:,} calls within a minute, which is all "
                "that it may.",
                retry_seconds=wait,
            )
        self._refuse_crowd(caller, standing)
        standing.calls.append(now)

    def _refuse_stubborn(self, standing: _Standing, now: float) -> None:
        """Answer who was refused again and again without asking anybody."""
        wait = _wait(standing.refusals, self._policy.refusals_per_minute, now)
        if wait > 0 and standing.refused is not None:
            raise Stubborn(standing.refused, wait)

    def _refuse_crowd(self, caller: Caller, standing: _Standing) -> None:
        at_once = standing.at_once
        if at_once >= self._policy.calls_at_once or self._count >= self._policy.calls_at_once_all:
            raise Refusal(
                429,
                "gateway.too_many_at_once",
                f"The key {caller.name!r} has {at_once:,} calls that go on, and there are "
                f"{self._count:,} in all; another one has to wait.",
                retry_seconds=1.0,
            )

    @contextmanager
    def arriving(self, caller: Caller) -> Iterator[None]:
        """Count a call while its request arrives: what has come of it is held in memory."""
        standing = self._standing(caller.name)
        standing.arriving += 1
        self._count += 1
        try:
            yield
        finally:
            standing.arriving -= 1
            self._count -= 1

    def refused(self, caller: Caller, refusal: Refusal, now: float) -> None:
        """Take note that a call was refused, other than for being one too many."""
        standing = self._standing(caller.name)
        standing.refused = refusal
        standing.refusals.append(now)

    def answered(self, caller: Caller) -> None:
        """Forget what was refused to a key that can call after all."""
        self._standing(caller.name).refusals.clear()

    def enter(self, caller: Caller, call: OpenCall) -> None:
        """Take note of a call that goes on."""
        self._standing(caller.name).open.add(call)
        self._count += 1

    def leave(self, caller: Caller, call: OpenCall) -> None:
        """Take note of its end; once."""
        standing = self._callers.get(caller.name)
        if standing is not None and call in standing.open:
            standing.open.discard(call)
            self._count -= 1

    def all(self) -> Iterator[OpenCall]:
        """Yield all calls that go on."""
        for standing in list(self._callers.values()):
            yield from list(standing.open)

    def _standing(self, name: str) -> _Standing:
        standing = self._callers.get(name)
        if standing is None:
            self._forget_quiet()
            standing = self._callers[name] = _Standing()
        self._callers.move_to_end(name)
        return standing

    def _forget_quiet(self) -> None:
        """Forget the caller that was idle longest, but none with a call in flight."""
        if len(self._callers) < CALLERS_MAX:
            return
        quiet = next((name for name, each in self._callers.items() if not each.at_once), None)
        if quiet is not None:
            del self._callers[quiet]


class Stubborn(Refusal):
    """The same refusal, to a key that was refused again and again."""

    def __init__(self, last: Refusal, wait: float) -> None:
        """`wait` is in seconds."""
        super().__init__(
            429,
            last.code,
            f"This key was refused again and again and has to wait {wait:.0f} s before anybody "
            f"looks at its calls. The last refusal: {last.reason}",
            hint=last.hint,
            retry_seconds=wait,
        )

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Say when it may be tried again, and that it should not be by itself."""
        return [*super().headers(), (b"x-should-retry", b"false")]


def _wait(times: deque[float], limit: int, now: float) -> float:
    """Return the seconds until there were fewer than `limit` within the window."""
    while times and times[0] <= now - WINDOW_SECONDS:
        times.popleft()
    return times[0] + WINDOW_SECONDS - now if len(times) >= limit else 0.0
