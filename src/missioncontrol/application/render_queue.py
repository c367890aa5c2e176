"""PDF, DOCX and PNG on request: a few at a time, in a fair queue, cached for the next one."""

import asyncio
import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from missioncontrol.application.read_model import Present
from missioncontrol.domain.errors import Unavailable

AT_ONCE = 2
"""Each is a process that keeps a core busy. One that needs its whole minute blocks no other."""

WAITING_EACH_MAX = 8
"""Of one person; as many as there are kinds of documents."""

WAITING_MAX = 24
WAIT_SECONDS = 20.0
"""How long a request waits. What it asked for is made all the same, for when it comes again."""

CACHED_BYTES_MAX = 64_000_000
SECONDS_EACH = 3
"""What one takes, as a guess for `Retry-After`."""


class Busy(Unavailable):
    """Not now; `headers` are those of an answer over HTTP."""

    def __init__(self, code: str, reason: str, *, status: int, seconds: int) -> None:
        """It is worth asking again after `seconds`."""
        hint = f"Ask again in {seconds} s, or take it as Markdown or HTML, which never wait."
        super().__init__(code, reason, hint=hint)
        self.status = status
        self.headers = {"retry-after": str(seconds)}


class _Job:
    def __init__(self, key: str, make: Callable[[], bytes]) -> None:
        self.key, self.make = key, make
        self.done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        # The requester may be gone by the time that it fails.
        self.done.add_done_callback(lambda done: done.cancelled() or done.exception())


class RenderQueue:
    """What is printed, what waits for it, and what was printed lately.

    Everybody has a row of their own, and the rows take turns. One order is carried out once,
    however many ask for it meanwhile.
    """

    def __init__(
        self, *, patience: float = WAIT_SECONDS, cache_bytes_max: int = CACHED_BYTES_MAX
    ) -> None:
        """`patience` is in seconds."""
        self._wait_seconds = patience
        self._cached_bytes_max = cache_bytes_max
        self._cached: OrderedDict[str, bytes] = OrderedDict()
        self._jobs: dict[str, _Job] = {}  # that wait, or are at work
        self._rows: OrderedDict[str, deque[_Job]] = OrderedDict()  # that wait; who is next first
        self._tasks: set[asyncio.Task[None]] = set()

    async def printed(self, key: str, asker: str, make: Callable[[], bytes]) -> bytes:
        """Return what `make` makes, on a thread, or what it made for this `key` before.

        Raises:
            Busy: `printing.too_many` (429) or `printing.busy` (503).
            MissionControlError: as `make`.
        """
        if (found := self._cached.get(key)) is not None:
            self._cached.move_to_end(key)
            return found
        job = self._jobs.get(key) or self._enqueue(key, asker, make)
        try:
            return await asyncio.wait_for(asyncio.shield(job.done), self._wait_seconds)
        except TimeoutError:
            if job.done.done():
                return job.done.result()
            raise Busy(
                "printing.busy",
                f"It was not printed within {self._wait_seconds:.0f} s. It is made meanwhile, and "
                "stored for your next request.",
                status=503,
                seconds=self._seconds(),
            ) from None

    def _enqueue(self, key: str, asker: str, make: Callable[[], bytes]) -> _Job:
        row = self._rows.get(asker, ())
        if len(row) >= WAITING_EACH_MAX:
            reason = f"{len(row)} files that you asked for wait to be printed already."
            raise Busy("printing.too_many", reason, status=429, seconds=self._seconds())
        if (waiting := self._waiting()) >= WAITING_MAX:
            reason = f"{waiting} files wait to be printed already."
            raise Busy("printing.busy", reason, status=503, seconds=self._seconds())
        job = self._jobs[key] = _Job(key, make)
        self._rows.setdefault(asker, deque()).append(job)
        self._begin()
        return job

    def _waiting(self) -> int:
        return sum(map(len, self._rows.values()))

    def _seconds(self) -> int:
        return SECONDS_EACH * (1 + self._waiting() // AT_ONCE)

    def _begin(self) -> None:
        """Begin what there is room for: the next of the user who waited longest for a turn."""
        while self._rows and len(self._tasks) < AT_ONCE:
            asker, row = self._rows.popitem(last=False)
            task = asyncio.create_task(self._work(row.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
            if row:
                self._rows[asker] = row  # Behind everybody else.

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._begin()

    async def _work(self, job: _Job) -> None:
        try:
            made = await asyncio.to_thread(job.make)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                job.done.cancel()
                raise
            job.done.set_exception(error)
        else:
            self._keep(job.key, made)
            job.done.set_result(made)
        finally:
            del self._jobs[job.key]

    def _keep(self, key: str, made: bytes) -> None:
        self._cached[key] = made
        while sum(map(len, self._cached.values())) > self._cached_bytes_max:
            self._cached.popitem(last=False)


_rooms: "WeakKeyDictionary[Present, RenderQueue]" = WeakKeyDictionary()


def render_queue_of(present: Present) -> RenderQueue:
    """Return the one of a home's console."""
    return _rooms.setdefault(present, RenderQueue())


def order_of(*parts: Any) -> str:
    """Return the digest of all that a file is made of; equal orders make equal files."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
