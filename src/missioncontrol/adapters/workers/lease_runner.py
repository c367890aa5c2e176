"""One lease in the hands of a worker: done on one side, told on the other."""

import asyncio
import contextlib
from typing import Protocol

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.workers import messages
from missioncontrol.adapters.workers.agents import LocalAgents
from missioncontrol.adapters.workers.line import SpoolLine
from missioncontrol.adapters.workers.server_client import ServerClient
from missioncontrol.adapters.workers.spool import Spool
from missioncontrol.domain.errors import (
    Corrupt,
    MissionControlError,
    NotFound,
    Rejected,
    Unavailable,
)
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.wire import Done, Refused
from missioncontrol.ports.workers import Answered, Held, Report

RETRY_SECONDS_MIN = 0.2
RETRY_SECONDS_MAX = 5.0
FLUSH_SECONDS = 0.05
"""What is said within it is told in one report."""

CANCELLED = Refused("worker.let_go", "The worker was told to end the attempt.", retryable=False)


LEFT = Refused("worker.left", "The worker was stopped before the attempt had ended.")


class Backoff:
    """How long to wait before something is tried again."""

    def __init__(self) -> None:
        """Nothing failed yet."""
        self._seconds = RETRY_SECONDS_MIN

    async def rest(self) -> None:
        """Wait, longer each time."""
        await asyncio.sleep(self._seconds)
        self._seconds = min(2 * self._seconds, RETRY_SECONDS_MAX)

    def reset(self) -> None:
        """Begin anew: it went well."""
        self._seconds = RETRY_SECONDS_MIN


class LeaseHost(Protocol):
    """What a lease needs of its worker."""

    link: ServerClient
    crew: LocalAgents
    scrubber: Scrubber
    instance: str

    def changed(self) -> None:
        """Tell the server soon how things stand."""
        ...

    def register_again(self) -> None:
        """Say anew who this is: the server does not know."""
        ...

    def forget(self, holding: "LeaseRunner") -> None:
        """Let a lease go whose end was taken in."""
        ...


class LeaseRunner:
    """A lease, its work and its reports."""

    def __init__(self, spool: Spool, place: LeaseHost) -> None:
        """Nothing happens before `begin`."""
        self.spool = spool
        self._is_ending = False
        self._place = place
        self._artifacts = FolderArtifactStore(spool.folder / "artifacts")
        self._news = asyncio.Event()
        self._line = SpoolLine(spool, self._artifacts, place.scrubber, self._heard)
        self._questions = 0
        self._working: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._because = CANCELLED

    def begin(self) -> None:
        """Let the work begin, if it has not ended already, and tell what there is to tell."""
        if self.spool.ending is None:
            self._working = asyncio.create_task(self._work())
        self._telling = asyncio.create_task(self._tell())
        self._news.set()

    @property
    def is_at_work(self) -> bool:
        """Whether it takes a place."""
        return self._working is not None and not self._working.done()

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it goes on here; it may not be told yet."""
        return self.spool.ending is not None

    @property
    def state(self) -> Held:
        """How it stands, for the server."""
        is_ending = self._is_ending or self.has_ended
        return Held(self.spool.lease, self.spool.heard, self._line.questions, is_ending)

    def answer(self, answered: Answered) -> None:
        """Take the answer to a question in."""
        self._line.answer(answered)

    def stop(self, because: Refused = CANCELLED) -> None:
        """End the work and all its processes; what it says last is `because`."""
        self._is_ending = True
        if self._working is not None and not self._working.done():
            self._because = because
            self._working.cancel()

    async def close(self) -> None:
        """Stop all that goes on here; what was not told stays on disk."""
        self.stop(LEFT)
        for task in (self._working, self._telling):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self.spool.close()

    def _heard(self) -> None:
        self._news.set()
        if len(self._line.questions) != self._questions:
            self._questions = len(self._line.questions)
            self._place.changed()

    # The work.

    async def _work(self) -> None:
        try:
            ending = await self._perform()
        except asyncio.CancelledError:
            ending = self._because
        self.spool.add(ending)
        self._news.set()
        self._place.changed()

    async def _perform(self) -> Done | Refused:
        given = self.spool.given
        try:
            await self._fetch_inputs()
            agent = self._place.crew.make(given.agent, self._artifacts)
            returned = await agent.perform(given.assignment, self._line)
            return messages.work_of(returned, self._place.scrubber)
        except AttemptFailed as error:
            failure = error
        except MissionControlError as error:
            may_pass = isinstance(error, Unavailable | Corrupt)  # Corrupt: on its way here.
            failure = AttemptFailed(error.code, error.reason, hint=error.hint, retryable=may_pass)
        except Exception as error:  # noqa: BLE001 - the edge: an agent may raise anything
            reason = f"The agent {given.agent!r} raised {type(error).__name__}: {error}"
            hint = "`mission output RUN STEP` shows more."
            failure = AttemptFailed("agent.crashed", reason, hint=hint)
        return messages.refusal_of(failure, self._place.scrubber)

    async def _fetch_inputs(self) -> None:
        """Bring the files here that earlier steps left; tried again while the server is away."""
        given = self.spool.given
        digests = {
            reference.digest
            for upstream in given.assignment.upstream.values()
            for reference in upstream.work.artifacts
        }
        backoff = Backoff()
        for digest in sorted(digests):
            while True:
                try:
                    self._artifacts.put(await self._place.link.fetch(given.lease, digest))
                    break
                except Unavailable:
                    await backoff.rest()

    # What is told.

    async def _tell(self) -> None:
        """Report until the end was taken in."""
        backoff = Backoff()
        while True:
            await self._news.wait()
            await asyncio.sleep(FLUSH_SECONDS)
            self._news.clear()
            try:
                if await self._report_all():
                    break
                backoff.reset()
            except MissionControlError as error:
                if error.code == "worker.unknown":
                    self._place.register_again()
                await backoff.rest()
                self._news.set()
        self._place.forget(self)

    async def _report_all(self) -> bool:
        """Tell what is not told; return whether the attempt is over."""
        while not self.spool.is_told:
            report = Report(self._place.instance, self.spool.lease, self.spool.batch())
            heard = await self._place.link.report(report)
            self.spool.acknowledge(heard.number)
            if heard.is_lost:
                self.stop()
            for digest in heard.missing:
                await self._send(digest)
        return self.spool.ending is not None

    async def _send(self, digest: str) -> None:
        try:
            await self._place.link.send(self.spool.lease, digest, self._artifacts.path(digest))
        except (NotFound, Rejected) as error:
            if error.code in ("lease.lost", "worker.unknown"):
                return  # The next report says so.
            self.spool.replace_ending(
                Refused(error.code, error.reason, error.hint, retryable=False)
            )
