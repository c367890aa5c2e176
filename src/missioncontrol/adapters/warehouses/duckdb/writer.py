"""The one thread that writes: what waits is written together, in the order in which it came."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

import duckdb
import msgspec

from missioncontrol.adapters.warehouses.duckdb.ingestion import Ingestion
from missioncontrol.adapters.warehouses.duckdb.usage import weighed
from missioncontrol.domain.errors import MissionControlError, Rejected, Unavailable
from missioncontrol.ports.warehouse import EVENT_BYTES, Captured, Full, Stored, Used

WAITING_MAX = 100_000
"""Events that may wait."""

SHARE_MAX = 0.5
"""What of them may be of one source: where one sends without end, others still come in."""

BYTES_MAX = 128 * 1024 * 1024
"""What the events that wait may weigh together."""

HELD_BYTES = 300
"""About what an event that waits takes beside what it tells."""

GROUP_MAX = 25_000
"""Events that are written in one commit, unless a single batch has more."""

BROKEN = (duckdb.FatalException, duckdb.InternalException, duckdb.ConnectionException)
"""After these DuckDB answers nothing any more until the file is opened again."""

UNWRITABLE = (*BROKEN, duckdb.IOException, duckdb.TransactionException, OSError)
"""What no other batch would cure."""

T = TypeVar("T")


class _Batch(msgspec.Struct, frozen=True, eq=False):
    product: str
    events: Sequence[Captured]
    size: int  # as `Used` counts it
    is_tight: bool  # there may be no room for it, were all of it new
    weight: int  # in memory
    origin: tuple[str, str]  # product and source
    done: "Future[Stored]"


class _Work(msgspec.Struct, frozen=True, eq=False):
    """A change of another kind."""

    change: Callable[[Ingestion], Any]
    done: "Future[Any]"


class Writer:
    """Takes batches and changes from any thread, and makes them on its own."""

    def __init__(
        self,
        storing: Ingestion,
        reopen: Callable[[Ingestion], None],
        *,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        """Begin to write with `storing`, which is this thread's alone from now on.

        `reopen` opens the file again, after DuckDB has given up on it.
        """
        self._storing = storing
        self._reopen = reopen
        self._waiting_max = waiting_max
        self._queue: deque[_Batch | _Work] = deque()
        self._waiting = self._weight = 0
        self._waiting_of: Counter[tuple[str, str]] = Counter()
        self._waiting_for: Counter[str] = Counter()  # events, by product
        self._sizes_for: Counter[str] = Counter()  # bytes, by product
        self._changed = threading.Condition()
        self._is_closing = False
        self._rate = 50_000.0  # events a second, as lately seen
        self._thread = threading.Thread(target=self._run, name="warehouse-writer", daemon=True)
        self._thread.start()

    def take(self, product: str, events: Sequence[Captured]) -> "Future[Stored]":
        """Let a batch wait for its turn.

        Raises:
            Full: too much waits.
            Unavailable: `analytics.unavailable`: it is closed.
        """
        size = weighed(events).bytes
        weight = size + (HELD_BYTES - EVENT_BYTES) * len(events)
        origin = (product, events[0].source if events else "")
        with self._changed:
            self._refuse_if_closed()
            is_tight = self._is_tight(product, len(events), size)
            batch = _Batch(product, events, size, is_tight, weight, origin, Future())
            mine = self._waiting_of[origin]
            # A batch that is larger than all that may wait can still go alone.
            if (mine and mine + len(events) > SHARE_MAX * self._waiting_max) or (
                self._waiting
                and (
                    self._waiting + len(events) > self._waiting_max
                    or self._weight + weight > BYTES_MAX
                )
            ):
                seconds = max(1.0, round(self._waiting / max(self._rate, 1_000.0), 1))
                raise Full(self._waiting, retry_after=seconds)
            self._queue.append(batch)
            self._waiting += len(events)
            self._waiting_of[origin] += len(events)
            self._waiting_for[product] += len(events)
            self._sizes_for[product] += size
            self._weight += weight
            self._changed.notify()
        return batch.done

    def do(self, change: Callable[[Ingestion], T]) -> T:
        """Make a change of another kind in its turn, and return what it gives; raises as it does.

        Raises:
            Unavailable: `analytics.unavailable`.
        """
        done: Future[T] = Future()
        with self._changed:
            self._refuse_if_closed()
            self._queue.append(_Work(change, done))
            self._changed.notify()
        return done.result()

    def close(self) -> None:
        """Write what waits, and end."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _refuse_if_closed(self) -> None:
        if self._is_closing:
            raise Unavailable("analytics.unavailable", "The warehouse of events is closed.")

    def _is_tight(self, product: str, events: int, size: int) -> bool:
        """Whether a product would have too much, were all of a batch new, and all that waits."""
        policy = self._storing.policies.of(product).policy
        more = Used(self._waiting_for[product] + events, self._sizes_for[product] + size)
        return not self._storing.usage.has_room(product, policy, more)

    def _run(self) -> None:
        while group := self._next():
            if isinstance(group, _Work):
                self._make(group)
            else:
                self._write(group)

    def _next(self) -> "list[_Batch] | _Work | None":
        """Wait for something to do; None ends it."""
        with self._changed:
            while not self._queue:
                if self._is_closing:
                    return None
                self._changed.wait()
            first = self._queue.popleft()
            if isinstance(first, _Work):
                return first
            group, events = [first], len(first.events)
            while self._queue and not first.is_tight:
                following = self._queue[0]
                if isinstance(following, _Work) or following.is_tight:
                    break
                if events + len(following.events) > GROUP_MAX:
                    break
                self._queue.popleft()
                group.append(following)
                events += len(following.events)
            return group

    def _make(self, work: _Work) -> None:
        try:
            made = work.change(self._storing)
        except BaseException as error:  # noqa: BLE001 - whoever asked is told
            self._mend(error)
            work.done.set_exception(refusal(error))
        else:
            work.done.set_result(made)

    def _write(self, group: list[_Batch]) -> None:
        begun = time.monotonic()
        try:
            batches = [(each.product, each.events) for each in group]
            results = self._storing.store(batches, is_tight=group[0].is_tight)
        except Exception as error:  # noqa: BLE001 - whoever sent it is told
            refused = refusal(error)
            if len(group) > 1 and isinstance(refused, Rejected):
                # One of them does not fit: the others are not to suffer by it.
                for each in group:
                    self._write([each])
                return
            self._mend(error)
            self._let_go(group)
            for each in group:
                each.done.set_exception(refused)
        else:
            seconds = max(time.monotonic() - begun, 1e-6)
            self._rate = sum(len(each.events) for each in group) / seconds
            self._let_go(group)
            for each, stored in zip(group, results, strict=True):
                each.done.set_result(stored)

    def _mend(self, error: BaseException) -> None:
        """Open the file again where that helps: what was acknowledged is in it."""
        if isinstance(error, BROKEN):
            with suppress(MissionControlError, duckdb.Error, OSError):  # The next one tries again.
                self._reopen(self._storing)

    def _let_go(self, group: list[_Batch]) -> None:
        """Leave room for others."""
        with self._changed:
            for each in group:
                self._waiting -= len(each.events)
                self._waiting_of[each.origin] -= len(each.events)
                if not self._waiting_of[each.origin]:
                    del self._waiting_of[each.origin]
                self._weight -= each.weight
                self._waiting_for[each.product] -= len(each.events)
                self._sizes_for[each.product] -= each.size


def refusal(error: BaseException) -> MissionControlError:
    """Return what went wrong in our words."""
    if isinstance(error, MissionControlError):
        return error
    if isinstance(error, UNWRITABLE):
        return Unavailable(
            "analytics.unavailable",
            f"The file of events can't be written: {_line(error)}.",
            hint="Look whether the disk is full.",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return Unavailable(
            "analytics.too_much", f"It needs more memory than it may have: {_line(error)}."
        )
    return Rejected("analytics.unfit", f"It does not fit: {_line(error)}.")


def _line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:300].rstrip(".")
