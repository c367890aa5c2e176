"""Walks the whole log beside everything else, and says how far it is and what it found."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from missioncontrol.application.archive import Archive
from missioncontrol.application.audit import Verdict, verify
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.event_store import Append, EventStore, Head


class Verification(msgspec.Struct, frozen=True):
    """A walk over the log, at work or done."""

    state: Literal["never", "running", "done", "broken"]
    started: float = 0.0  # seconds since the epoch
    ended: float = 0.0
    by: str = ""
    events: int = 0  # that were looked at
    log: int = 0  # how many there were when it began
    verdict: Verdict | None = None
    problem: str = ""  # why it broke off


NEVER = Verification("never")


class Verifying:
    """One walk at a time, on a thread of its own; the last one is remembered while we live."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        """Nothing was walked yet."""
        self._archive = archive
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._progress: list[int] = [0]
        self._stopped = threading.Event()
        self._now = NEVER

    @property
    def now(self) -> Verification:
        """The walk that is at work, or the last one."""
        if self._now.state != "running":
            return self._now
        return msgspec.structs.replace(self._now, events=self._progress[0])

    @property
    def progress(self) -> dict[str, Any]:
        """How far it is, for all readers; the findings are for auditors."""
        now = self.now
        return {"state": now.state, "events": now.events, "log": now.log, "ended": now.ended}

    def begin(self, by: str, log: int) -> Verification:
        """Begin a walk over a log of so many events, unless one is at work."""
        if self._task is None or self._task.done():
            self._progress = [0]
            self._now = Verification("running", self._clock.now(), by=by, log=log)
            self._task = asyncio.create_task(self._walk(), name="verification")
        return self.now

    async def ended(self) -> Verification:
        """Return what was found, once the walk that is at work has ended."""
        if self._task is not None:
            await self._task
        return self.now

    async def _walk(self) -> None:
        begun = self._now
        try:
            verdict = await asyncio.to_thread(self._verify)
        except (MissionControlError, OSError) as error:
            reason = error.reason if isinstance(error, MissionControlError) else str(error)
            found = msgspec.structs.replace(begun, state="broken", problem=reason)
        else:
            found = msgspec.structs.replace(begun, state="done", verdict=verdict)
        seen = self._progress[0]
        self._now = msgspec.structs.replace(found, ended=self._clock.now(), events=seen)

    def _verify(self) -> Verdict:
        with self._archive.open() as books:
            store = _Watched(books.store, self._progress, self._stopped)
            elsewhere = books.external_heads()
            return asyncio.run(verify(store, books.heads(), books.artifacts, elsewhere=elsewhere))

    async def close(self) -> None:
        """Break off what is at work."""
        self._stopped.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)


class _Watched:
    """A log that counts what is read of it, and ends where its reader no longer waits."""

    def __init__(self, store: EventStore, count: list[int], stopped: threading.Event) -> None:
        self._store = store
        self._count = count
        self._stopped = stopped

    async def append(self, appends: Sequence[Append]) -> Head:
        return await self._store.append(appends)

    async def read_stream(
        self, stream: str, *, after: int = 0, limit: int = 1000
    ) -> list[Recorded]:
        return await self._store.read_stream(stream, after=after, limit=limit)

    async def read(self, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        if self._stopped.is_set():
            raise OSError("the console ended")
        self._count[0] = after
        return await self._store.read(after=after, limit=limit)

    async def head(self) -> Head:
        return await self._store.head()

    async def protections(self) -> list[str]:
        return await self._store.protections()
