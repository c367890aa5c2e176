"""Signs the end of the log while an engine works, and sends signed heads outside of it."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress

import msgspec

from missioncontrol.application.journal import Entry
from missioncontrol.domain.mission import MissionSettled
from missioncontrol.domain.run.events import RunSettled
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.log_heads import Heads, HeadsSent, HeadsTarget, SentStore, SignedHead

QUEUE_MAX = 1_000
AT_ONCE_MAX = 100
RETRY_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Before each further attempt; the last one stays."""
FLUSH_SECONDS_MAX = 5.0
"""That an engine that is closed waits for the last heads to arrive."""
SIGN_SECONDS = 1.0
"""An event is signed so soon after its commit."""
SIGN_EVENTS = 500
"""So many events are signed at once, however young they are."""
SPACING_SECONDS = 0.05
"""Between two heads, however much happens: a burst of settlements shares one."""
SETTLEMENTS = (RunSettled, MissionSettled)
"""What people rely on as soon as they read it is signed at once."""


class HeadForwarder:
    """Sends what is signed to one target."""

    def __init__(
        self,
        target: HeadsTarget,
        store: SentStore,
        clock: Clock,
        *,
        differs: Callable[[SignedHead | None], Awaitable[str]],
        report: Callable[[str], None],
    ) -> None:
        """`store` keeps how far we got; `report` receives what people should know.

        `differs` says how the log contradicts the newest head that the target has, if it does.
        """
        self.target = target
        self._store = store
        self._clock = clock
        self._differs = differs
        self._report = report
        self._is_met = False  # It is known what the target has.
        self._queue: deque[SignedHead] = deque(maxlen=QUEUE_MAX)
        self._sent = HeadsSent(target.name)
        self._failures = 0
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    def start(self, heads: Iterable[SignedHead]) -> None:
        """Begin to send, first what of `heads` the target lacks."""
        self._queue.extend(heads)
        self._wake.set()
        self._loop = asyncio.get_running_loop().create_task(self._send_for_ever())

    def take(self, head: SignedHead) -> None:
        """Send one more head."""
        self._queue.append(head)
        self._empty.clear()
        self._wake.set()

    async def close(self) -> None:
        """Wait for a moment until everything has arrived, and stop."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS_MAX if not self._failures else 0):
                await self._empty.wait()
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop
        if self._queue:
            self._report(
                f"{len(self._queue)} signed heads have not reached {self.target.name}; they are "
                "sent when an engine starts with the same --heads-to."
            )

    async def _send_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while self._queue:
                    await self._send_some()
            except Exception as error:  # noqa: BLE001 - the edge: the engine goes on meanwhile
                self._fail(error)
                self._wake.set()
                wait = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS)) - 1]
                await asyncio.sleep(wait * (1 + random.random() / 5))  # noqa: S311 - not a secret
            else:
                self._empty.set()

    async def _meet(self) -> None:
        newest = await self.target.newest()
        if fault := await self._differs(newest):
            raise OSError(fault)
        if newest is not None:
            self._drop(newest.position)
        self._sent = HeadsSent(self.target.name, newest)
        self._is_met = True

    def _drop(self, position: int) -> None:
        """Forget what the target has."""
        while self._queue and self._queue[0].position <= position:
            self._queue.popleft()

    async def _send_some(self) -> None:
        if not self._is_met:
            await self._meet()
        heads = list(self._queue)[:AT_ONCE_MAX]
        if heads:
            await self.target.send(heads)
            self._drop(heads[-1].position)
            self._sent = HeadsSent(self.target.name, heads[-1])
        if self._failures:
            self._report(f"Signed heads reach {self.target.name} again.")
        self._failures = 0
        self._keep(msgspec.structs.replace(self._sent, failing_since=0.0, trouble=""))

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        reason = str(error) or type(error).__name__
        if self._failures == 1:
            self._report(f"Signed heads do not reach {self.target.name}: {reason}")
        since = self._sent.failing_since or self._clock.now()
        self._keep(HeadsSent(self.target.name, self._sent.newest, since, reason))

    def _keep(self, sent: HeadsSent) -> None:
        self._sent = sent
        with suppress(OSError):  # Without it some heads are sent twice after a restart.
            self._store.keep(sent)


class HeadSigner:
    """Signs what an engine commits."""

    def __init__(
        self,
        store: EventStore,
        heads: Heads,
        clock: Clock,
        *,
        signed: Callable[[SignedHead], None],
        report: Callable[[Exception], None],
    ) -> None:
        """`signed` receives each new head; `report` receives what keeps us from signing."""
        self._store = store
        self._heads = heads
        self._clock = clock
        self._signed = signed
        self._report = report
        self._position = 0  # of the newest head
        self._unsigned = 0
        self._is_failing = False
        self._pending = asyncio.Event()
        self._urgent = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._at_work: asyncio.Future[SignedHead] | None = None

    def take(self, entries: Sequence[Entry]) -> None:
        """Note what a commit made durable."""
        self._unsigned += len(entries)
        self._pending.set()
        is_settled = any(isinstance(entry.event, SETTLEMENTS) for entry in entries)
        if is_settled or self._unsigned >= SIGN_EVENTS:
            self._urgent.set()

    def start(self, position: int) -> None:
        """Begin to sign; the newest head there is stands at `position`."""
        self._position = position
        self._loop = asyncio.get_running_loop().create_task(self._sign_for_ever())

    async def stop(self) -> None:
        """Sign no more by the clock; returns once nothing is being signed."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop
        if self._at_work is not None:
            with suppress(Exception):  # It was reported, or is found when the end is signed.
                await self._at_work

    async def _sign_for_ever(self) -> None:
        while True:
            await self._pending.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(SIGN_SECONDS):
                    await self._urgent.wait()
            try:
                await self.sign()
                self._is_failing = False
            except Exception as error:  # noqa: BLE001 - the edge: the engine goes on meanwhile
                if not self._is_failing:
                    self._report(error)
                self._is_failing = True
                self._pending.set()
                await asyncio.sleep(SIGN_SECONDS)
            await asyncio.sleep(SPACING_SECONDS)

    async def sign(self) -> None:
        """Sign the end of the log, unless that is done.

        Raises:
            Unavailable: `heads.bad_key`.
            OSError: the file of heads can't be written.
        """
        self._pending.clear()
        self._urgent.clear()
        self._unsigned = 0
        head = await self._store.head()
        if head.position <= self._position:
            return
        self._at_work = asyncio.ensure_future(
            asyncio.to_thread(self._heads.sign, head, self._clock.now())
        )
        signed = await asyncio.shield(self._at_work)
        self._position = signed.position
        self._signed(signed)
