"""Runs the agent of one lease, and reports its messages to the server."""

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
"""Messages within this time go into one report."""

CANCELLED = Refused("worker.let_go", "The server ended the attempt.", retryable=False)


LEFT = Refused("worker.left", "The worker was stopped before the attempt had ended.")


class Backoff:
    """Exponential backoff."""

    def __init__(self) -> None:
        self._seconds = RETRY_SECONDS_MIN

    async def wait(self) -> None:
        """Wait, twice as long each time."""
        await asyncio.sleep(self._seconds)
        self._seconds = min(2 * self._seconds, RETRY_SECONDS_MAX)

    def reset(self) -> None:
        """Restart with the shortest wait, after a success."""
        self._seconds = RETRY_SECONDS_MIN


class LeaseHost(Protocol):
    """The parts of a worker that a lease needs."""

    link: ServerClient
    agents: LocalAgents
    scrubber: Scrubber
    instance: str

    def changed(self) -> None:
        """Report the state to the server soon."""
        ...

    def register_again(self) -> None:
        """Register again, because the server does not know this worker."""
        ...

    def forget(self, runner: "LeaseRunner") -> None:
        """Remove a lease whose end the server has processed."""
        ...


class LeaseRunner:
    """A lease, its work and its reports."""

    def __init__(self, spool: Spool, host: LeaseHost) -> None:
        self.spool = spool
        self._is_ending = False
        self._host = host
        self._artifacts = FolderArtifactStore(spool.folder / "artifacts")
        self._news = asyncio.Event()
        self._line = SpoolLine(spool, self._artifacts, host.scrubber, self._notify_received)
        self._questions = 0
        self._work_task: asyncio.Task[None] | None = None
        self._report_task: asyncio.Task[None] | None = None
        self._because = CANCELLED

    def begin(self) -> None:
        """Start the work, unless it has ended, and start to report."""
        if self.spool.ending is None:
            self._work_task = asyncio.create_task(self._work())
        self._report_task = asyncio.create_task(self._report())
        self._news.set()

    @property
    def is_at_work(self) -> bool:
        """Whether its agent is running."""
        return self._work_task is not None and not self._work_task.done()

    @property
    def has_ended(self) -> bool:
        """Whether the attempt has ended; the report of the end may be pending."""
        return self.spool.ending is not None

    @property
    def state(self) -> Held:
        """The state of the lease for the server."""
        is_ending = self._is_ending or self.has_ended
        return Held(self.spool.lease, self.spool.heard, self._line.questions, is_ending)

    def answer(self, answered: Answered) -> None:
        """Deliver the answer to a question."""
        self._line.answer(answered)

    def stop(self, because: Refused = CANCELLED) -> None:
        """End the work and all its processes, with `because` as the result."""
        self._is_ending = True
        if self._work_task is not None and not self._work_task.done():
            self._because = because
            self._work_task.cancel()

    async def close(self) -> None:
        """Stop work and reports; unreported messages stay on disk."""
        self.stop(LEFT)
        for task in (self._work_task, self._report_task):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self.spool.close()

    def _notify_received(self) -> None:
        self._news.set()
        if len(self._line.questions) != self._questions:
            self._questions = len(self._line.questions)
            self._host.changed()

    # The work.

    async def _work(self) -> None:
        try:
            ending = await self._perform()
        except asyncio.CancelledError:
            ending = self._because
        self.spool.add(ending)
        self._news.set()
        self._host.changed()

    async def _perform(self) -> Done | Refused:
        given = self.spool.given
        try:
            await self._fetch_inputs()
            agent = self._host.agents.make(given.agent, self._artifacts)
            returned = await agent.perform(given.assignment, self._line)
            return messages.work_of(returned, self._host.scrubber)
        except AttemptFailed as error:
            failure = error
        except MissionControlError as error:
            may_pass = isinstance(error, Unavailable | Corrupt)  # `Corrupt` happens in transfer.
            failure = AttemptFailed(error.code, error.reason, hint=error.hint, retryable=may_pass)
        except Exception as error:  # noqa: BLE001 - an agent may raise anything
            reason = f"The agent {given.agent!r} raised {type(error).__name__}: {error}"
            hint = "`mission runs output RUN STEP` shows more."
            failure = AttemptFailed("agent.crashed", reason, hint=hint)
        return messages.refusal_of(failure, self._host.scrubber)

    async def _fetch_inputs(self) -> None:
        """Fetch the artifacts of earlier steps; retry while the server is unreachable."""
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
                    self._artifacts.put(await self._host.link.fetch(given.lease, digest))
                    break
                except Unavailable:
                    await backoff.wait()

    # Reports.

    async def _report(self) -> None:
        """Report until the server has processed the end."""
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
                    self._host.register_again()
                await backoff.wait()
                self._news.set()
        self._host.forget(self)

    async def _report_all(self) -> bool:
        """Report all pending messages; return whether the attempt has ended."""
        while not self.spool.is_reported:
            report = Report(self._host.instance, self.spool.lease, self.spool.batch())
            response = await self._host.link.report(report)
            self.spool.acknowledge(response.number)
            if response.is_lost:
                self.stop()
            for digest in response.missing:
                await self._send(digest)
        return self.spool.ending is not None

    async def _send(self, digest: str) -> None:
        try:
            await self._host.link.send(self.spool.lease, digest, self._artifacts.path(digest))
        except (NotFound, Rejected) as error:
            if error.code in ("lease.lost", "worker.unknown"):
                return  # The next report gets the same error, and handles it.
            self.spool.replace_ending(
                Refused(error.code, error.reason, error.hint, retryable=False)
            )
