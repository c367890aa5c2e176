"""The single writer thread: it commits waiting batches together, in their order of arrival."""

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
"""Events that may wait to be written."""

SHARE_MAX = 0.5
"""The part of `WAITING_MAX` that one source may use, so that it can't starve the others."""

BYTES_MAX = 128 * 1024 * 1024
"""Memory that waiting events may take together."""

OVERHEAD_BYTES = 300
"""Approximate memory of a waiting event besides its properties."""

GROUP_MAX = 25_000
"""Events in one commit, unless a single batch has more."""

BROKEN = (duckdb.FatalException, duckdb.InternalException, duckdb.ConnectionException)
"""After these errors DuckDB refuses all work until the file is opened again."""

UNWRITABLE = (*BROKEN, duckdb.IOException, duckdb.TransactionException, OSError)
"""Errors of the file, which every other batch would meet as well."""

T = TypeVar("T")


class _Batch(msgspec.Struct, frozen=True, eq=False):
    product: str
    events: Sequence[Captured]
    size: int  # as `Used` counts it
    is_tight: bool  # the limits of the product may be exceeded if all events are new
    weight: int  # in memory
    origin: tuple[str, str]  # product and source
    done: "Future[Stored]"


class _Work(msgspec.Struct, frozen=True, eq=False):
    """A change other than a batch of events."""

    change: Callable[[Ingestion], Any]
    done: "Future[Any]"


class Writer:
    """Accepts batches and changes from any thread, and applies them on its own thread."""

    def __init__(
        self,
        ingestion: Ingestion,
        reopen: Callable[[Ingestion], None],
        *,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        """Start the thread, which alone uses `ingestion` from now on.

        `reopen` opens the file again after one of the errors in `BROKEN`.
        """
        self._ingestion = ingestion
        self._reopen = reopen
        self._waiting_max = waiting_max
        self._queue: deque[_Batch | _Work] = deque()
        self._waiting = self._weight = 0
        self._waiting_of: Counter[tuple[str, str]] = Counter()
        self._waiting_for: Counter[str] = Counter()  # events, by product
        self._sizes_for: Counter[str] = Counter()  # bytes, by product
        self._changed = threading.Condition()
        self._is_closing = False
        self._rate = 50_000.0  # recent events a second
        self._thread = threading.Thread(target=self._run, name="warehouse-writer", daemon=True)
        self._thread.start()

    def submit(self, product: str, events: Sequence[Captured]) -> "Future[Stored]":
        """Add a batch to the queue.

        Raises:
            Full: the queue is full.
            Unavailable: `analytics.unavailable`: it is closed.
        """
        size = weighed(events).bytes
        weight = size + (OVERHEAD_BYTES - EVENT_BYTES) * len(events)
        origin = (product, events[0].source if events else "")
        with self._changed:
            self._refuse_if_closed()
            is_tight = self._is_tight(product, len(events), size)
            batch = _Batch(product, events, size, is_tight, weight, origin, Future())
            mine = self._waiting_of[origin]
            # A batch larger than the whole queue is accepted while the queue is empty.
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

    def run(self, change: Callable[[Ingestion], T]) -> T:
        """Run a change in its turn in the queue; return its result, or raise its error.

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
        """Write all waiting batches and stop."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _refuse_if_closed(self) -> None:
        if self._is_closing:
            raise Unavailable("analytics.unavailable", "The warehouse of events is closed.")

    def _is_tight(self, product: str, events: int, size: int) -> bool:
        """Whether a product exceeds its limits if this batch and all waiting ones are new."""
        policy = self._ingestion.policies.of(product).policy
        more = Used(self._waiting_for[product] + events, self._sizes_for[product] + size)
        return not self._ingestion.usage.has_room(product, policy, more)

    def _run(self) -> None:
        while group := self._next():
            if isinstance(group, _Work):
                self._run_change(group)
            else:
                self._write(group)

    def _next(self) -> "list[_Batch] | _Work | None":
        """Return the next group of batches or change, blocking; None to stop."""
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

    def _run_change(self, work: _Work) -> None:
        try:
            made = work.change(self._ingestion)
        except BaseException as error:  # noqa: BLE001 - the future passes it to the caller
            self._reopen_if_broken(error)
            work.done.set_exception(refusal(error))
        else:
            work.done.set_result(made)

    def _write(self, group: list[_Batch]) -> None:
        begun = time.monotonic()
        try:
            batches = [(each.product, each.events) for each in group]
            results = self._ingestion.store(batches, is_tight=group[0].is_tight)
        except Exception as error:  # noqa: BLE001 - the futures pass it to the callers
            refused = refusal(error)
            if len(group) > 1 and isinstance(refused, Rejected):
                # One batch is invalid: write each alone, so that the others succeed.
                for each in group:
                    self._write([each])
                return
            self._reopen_if_broken(error)
            self._release(group)
            for each in group:
                each.done.set_exception(refused)
        else:
            seconds = max(time.monotonic() - begun, 1e-6)
            self._rate = sum(len(each.events) for each in group) / seconds
            self._release(group)
            for each, stored in zip(group, results, strict=True):
                each.done.set_result(stored)

    def _reopen_if_broken(self, error: BaseException) -> None:
        """Open the file again after a fatal error; all acknowledged events are in it."""
        if isinstance(error, BROKEN):
            with suppress(MissionControlError, duckdb.Error, OSError):  # The next one retries.
                self._reopen(self._ingestion)

    def _release(self, group: list[_Batch]) -> None:
        """Subtract a group from the waiting counts."""
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
    """Return an error of DuckDB or the system as one of the port."""
    if isinstance(error, MissionControlError):
        return error
    if isinstance(error, UNWRITABLE):
        return Unavailable(
            "analytics.unavailable",
            f"The file of events can't be written: {_line(error)}.",
            hint="Check whether the disk is full.",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return Unavailable(
            "analytics.too_much", f"It needs more memory than allowed: {_line(error)}."
        )
    return Rejected("analytics.unfit", f"DuckDB refuses it: {_line(error)}.")


def _line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:300].rstrip(".")
