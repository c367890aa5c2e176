"""Signs the end of the log while an engine works, so that no crash leaves much of it unsigned.

A commit never waits for it: signing happens on a thread, and one head covers all commits before it.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from missioncontrol.application.journal import Entry
from missioncontrol.domain.mission import MissionSettled
from missioncontrol.domain.run.events import RunSettled
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.log_heads import Heads, SignedHead

SIGN_SECONDS = 1.0
"""An event is signed so soon after its commit."""

SIGN_EVENTS = 500
"""So many events are signed at once, however young they are."""

SPACING_SECONDS = 0.05
"""Between two heads, however much happens: a burst of settlements shares one."""

SETTLEMENTS = (RunSettled, MissionSettled)
"""What people rely on as soon as they read it is signed at once."""


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
