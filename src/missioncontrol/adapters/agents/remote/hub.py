"""Assigns attempts to workers, processes their reports, and detects silent workers."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from missioncontrol.adapters.agents.attempt_process import run_to_completion
from missioncontrol.adapters.agents.remote.attempt import LEFT, RemoteAttempt, StoredProgress
from missioncontrol.adapters.agents.remote.roster import Leases, Worker, WorkerRegistry
from missioncontrol.adapters.agents.remote.uploads import Uploads
from missioncontrol.adapters.worktrees.transfer import receive_commit
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Clocked, Line
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.gateway import Access, Gateway
from missioncontrol.ports.wire import Done, Refused
from missioncontrol.ports.workers import (
    ARTIFACT_BYTES_MAX,
    LEASE_SECONDS,
    POLL_SECONDS_MAX,
    Introduction,
    Late,
    Lease,
    Numbered,
    Orders,
    Poll,
    Report,
    ReportReceipt,
    Welcome,
    WorkerSeen,
)

_LOG = logging.getLogger(__name__)

RECALL_SECONDS_MAX = 10.0
"""Time for a worker to end a recalled attempt; less than the time that an attempt waits."""

ABSENT_LEASES = 2
"""Leases without a worker after which an attempt fails; its agent is lost after one."""


async def _ignore(_: Introduction) -> None:
    pass


async def _not_recorded(_: str, __: Lease, ___: Numbered) -> bool:
    return False


def _waiting(line: Line) -> contextlib.AbstractContextManager[None]:
    """Return a context in which the time limit of an attempt does not run."""
    return line.waiting() if isinstance(line, Clocked) else contextlib.nullcontext()


class Hub:
    """Implements `ports.workers.Workforce` in the event loop of the engine."""

    def __init__(
        self,
        staging: Path,
        artifacts: ArtifactStore,
        *,
        durable: Callable[[], Awaitable[None]],
        gateway: Callable[[], Gateway | None] = lambda: None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        """Workers can register after `open`.

        Args:
            staging: the directory for files of attempts until their work is accepted.
            artifacts: the artifacts of earlier steps.
            durable: returns once all reports so far are on disk.
            gateway: returns the gateway if it is open.
            lease_seconds: the silence after which a worker has lost its leases.
        """
        self.joined: Callable[[Introduction], Awaitable[None]] = _ignore
        self.changed: Callable[[], None] = lambda: None
        self.late: Late = _not_recorded
        self.is_open = False
        self.lease_seconds = lease_seconds
        self._uploads = Uploads(staging)
        self._artifacts = artifacts
        self._durable = durable
        self._gateway = gateway
        self._registry = WorkerRegistry(lease_seconds)
        self._leases = Leases()
        self._present: tuple[frozenset[str], bool] = (frozenset(), True)
        self._watching: asyncio.Task[None] | None = None
        self._opened_at = 0.0

    async def open(self) -> None:
        """Accept workers from now on."""
        self._uploads.clear()
        self.is_open = True
        self._opened_at = self._now()
        self._watching = asyncio.create_task(self._watch(), name="workers")

    async def close(self) -> None:
        """Disconnect all workers; they keep their leases, and return to the next engine."""
        self.is_open = False
        self._wake_all()
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching

    @property
    def is_settling(self) -> bool:
        """Whether workers of an earlier engine may still reconnect."""
        return self.is_open and self._now() - self._opened_at <= self.lease_seconds

    def expect(self, lease: Lease, usages: int, lines: int) -> None:
        """Expect a worker to return with an attempt.

        `usages` counts its usages in the event log, `lines` its stored lines of output.
        """
        self._leases.returning[lease] = StoredProgress(usages, lines)

    # For the agents of this engine.

    async def carry_out(
        self, assignment: Assignment, line: Line, *, agent: str, location: str
    ) -> Work:
        """Have a worker do the work; see `Agent.perform`.

        Raises:
            AttemptFailed: as the worker reports; `worker.lost`, `worker.absent` or `worker.closed`.
        """
        if not self.is_open:
            raise AttemptFailed(
                "worker.closed",
                f"Agent {assignment.agent!r} is at {location!r}, and no worker can reach this "
                "engine.",
                hint="`mission up --workers PORT` accepts workers.",
            )
        lease = Lease(assignment.run, assignment.step, assignment.fence)
        held = RemoteAttempt(
            assignment,
            line,
            agent=agent,
            location=location,
            folder=self._uploads.folder(lease),
            before=self._leases.returning.pop(lease, None),
        )
        self._leases.assigned[lease] = held
        self._wake_all()
        try:
            with _waiting(line):
                await held.wait_until_claimed()
            work = await asyncio.shield(held.result)
            # Before the worker learns that its end is processed, because it deletes its files then.
            return await receive_commit(assignment, work, line, held.folder)
        except asyncio.CancelledError:
            if self.is_open:
                await run_to_completion(self._recall(held))
            raise
        finally:
            self._release(held)

    async def _recall(self, held: RemoteAttempt) -> None:
        """Tell the worker to end the attempt, and wait until it has, within a limit."""
        held.is_recalled = True
        if held.worker or held.is_returning:
            self._wake(held.worker)
            await asyncio.wait({held.result}, timeout=RECALL_SECONDS_MAX)

    def _release(self, held: RemoteAttempt) -> None:
        self._leases.drop(held)
        held.close()
        self._wake(held.worker)
        shutil.rmtree(held.folder, ignore_errors=True)

    # For workers.

    async def register(self, who: Introduction) -> Welcome:
        self._refuse_closed()
        worker = self._registry.register(who, self._now())
        worker.is_to_drain = False
        try:
            await self.joined(who)
        except Rejected as refusal:
            self._registry.drop(who.name)  # Steps must not wait for its agents.
            raise Rejected("worker.bad_offer", refusal.reason, hint=refusal.hint) from None
        self._update_presence()
        poll_seconds = min(POLL_SECONDS_MAX, self.lease_seconds / 3)
        return Welcome(poll_seconds, self.lease_seconds)

    async def poll(self, name: str, poll: Poll) -> Orders:
        worker = self._record_contact(name, poll.instance)
        worker.turn += 1
        worker.news.set()  # Ends an older poll, whose answer the worker no longer reads.
        turn = worker.turn
        worker.room, worker.is_draining = poll.room, poll.is_draining
        self._leases.compare(worker, poll)
        if poll.has_left:
            await self._leave(worker)
            return Orders()
        end = self._now() + min(poll.seconds_max, POLL_SECONDS_MAX, self.lease_seconds / 3)
        while True:
            orders = self._leases.orders(worker, poll) if worker.turn == turn else Orders()
            left = end - self._now()
            if not orders.is_empty or left <= 0 or worker.turn != turn:
                break
            worker.news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(worker.news.wait(), left)
            self._refuse_closed()
        worker.last_contact = self._now()
        return orders

    async def _leave(self, worker: Worker) -> None:
        for held in self._leases.of(worker.who.name):
            # It reports that it has nothing left, so nothing runs there.
            held.fail(held.lost(f"Worker {worker.who.name!r} has left.", LEFT))
            await held.over.wait()
        self._registry.drop(worker.who.name)
        self._update_presence()

    async def report(self, name: str, report: Report) -> ReportReceipt:
        worker = self._record_contact(name, report.instance)
        held = self._leases.assigned.get(report.lease)
        if held is None and report.lease in self._leases.returning:
            raise Unavailable("lease.not_ready", "The run is not resumed yet.")
        if held is None or held.result.done() or not held.is_at(name):
            return await self._refuse(name, report)
        held.bind(name)
        response = held.accept(report.messages)
        if held.has_ended:
            await held.over.wait()
        else:
            held.ask_waiting(worker.news.set)
        await self._durable()
        return response

    async def _refuse(self, name: str, report: Report) -> ReportReceipt:
        """Answer a report that is late or repeated."""
        last = max((each.number for each in report.messages), default=0)
        is_over = any(isinstance(each.message, Done | Refused) for each in report.messages)
        held = self._leases.assigned.get(report.lease)
        if held is not None and held.has_ended and held.is_at(name):
            await held.over.wait()  # Two reports of the end arrived at once.
        if self._leases.has_ended(report.lease):
            await self._durable()
            return ReportReceipt(last, is_over=True)
        for each in report.messages:
            is_theirs = await self.late(name, report.lease, each)
            if is_theirs and isinstance(each.message, Done | Refused):
                self._leases.remember(report.lease)  # Record its end only once.
        await self._durable()
        return ReportReceipt(last, is_over=is_over, is_lost=True)

    # Files.

    async def take_artifact(
        self, name: str, lease: Lease, digest: str, content: AsyncIterator[bytes]
    ) -> None:
        held = self._held(name, lease)
        await self._uploads.store(held.folder, digest, content)

    def artifact(self, name: str, lease: Lease, digest: str) -> Path:
        held = self._held(name, lease)
        known = {
            each.digest
            for upstream in held.assignment.upstream.values()
            for each in upstream.work.artifacts
        }
        if digest not in known:
            reason = f"No step before {lease.step!r} produced {digest[:80]!r}."
            raise NotFound("artifact.unknown", reason)
        path = self._artifacts.path(digest)
        if path.stat().st_size > ARTIFACT_BYTES_MAX:
            reason = f"A file for a worker has at most {ARTIFACT_BYTES_MAX // 2**20} MiB."
            raise Rejected("artifact.too_large", reason)
        self._artifacts.get(digest)  # Raises if its content has changed.
        return path

    def access(self, name: str, lease: Lease, models: tuple[str, ...]) -> Access:
        held = self._held(name, lease)
        gateway = self._gateway()
        if gateway is None:
            raise Unavailable(
                "gateway.not_open",
                "The server has no gateway.",
                hint="Write `gateway.toml` beside it, or leave --gateway out of `mission worker`.",
            )
        return held.access(gateway, models)

    def _held(self, name: str, lease: Lease) -> RemoteAttempt:
        held = self._leases.assigned.get(lease)
        if held is None or held.worker != name:
            reason = f"The worker {name!r} does not hold step {lease.step!r} of {lease.run!r}."
            raise NotFound("lease.lost", reason)
        return held

    # For people.

    def seen(self) -> Sequence[WorkerSeen]:
        now = self._now()
        return [
            self._registry.seen(each, now, len(self._leases.of(each.who.name)))
            for each in self._registry.all()
        ]

    def offers(self, agent: str, location: str) -> bool:
        now = self._now()
        return any(
            each.carries_out(agent, location) and self._registry.is_present(each, now)
            for each in self._registry.all()
        )

    def scale(self, agent: str, location: str) -> int:
        now = self._now()
        return sum(
            min(each.scale_of(agent), each.who.scale)
            for each in self._registry.all()
            if each.carries_out(agent, location) and self._registry.is_present(each, now)
        )

    def drain(self, name: str) -> None:
        worker = self._registry.find(name)
        if worker is None:
            raise NotFound(
                "worker.unknown",
                f"No worker is called {name!r} here.",
                hint="`mission worker list` shows the workers.",
            )
        worker.is_to_drain = True
        worker.news.set()

    # Time.

    async def _watch(self) -> None:
        pause = min(1.0, self.lease_seconds / 10)
        while True:
            await asyncio.sleep(pause)
            try:
                await self._check()
            except Exception:  # noqa: BLE001 - the watch must survive any failure
                _LOG.exception("Checking the workers failed.")

    async def _check(self) -> None:
        now = self._now()
        for held in self._leases.all():
            self._check_attempt(held, now)
            if held.result.done():
                # First, because the loss of its agent would interrupt it without a reason.
                await held.over.wait()
        self._registry.forget_old(now)
        self._update_presence()

    def _check_attempt(self, held: RemoteAttempt, now: float) -> None:
        """Fail an attempt whose worker is silent, or that finds no worker."""
        worker = self._registry.find(held.worker)
        if held.worker:
            if worker is None or not self._registry.is_present(worker, now):
                silence = f"Worker {held.worker!r} was silent for {self.lease_seconds:g} s."
                held.fail(held.lost(silence))
        elif now - held.since <= self.lease_seconds:
            return
        elif held.is_returning:
            held.fail(held.lost("The engine restarted, and no worker returned with the attempt."))
        elif now - held.since > ABSENT_LEASES * self.lease_seconds and not self.offers(
            held.agent, held.location
        ):
            held.fail(
                AttemptFailed(
                    "worker.absent",
                    f"No worker at {held.location!r} runs {held.agent!r}.",
                    hint="`mission worker list` shows the connected workers.",
                )
            )

    def _update_presence(self) -> None:
        now = self._now()
        present = {e.who.name for e in self._registry.all() if self._registry.is_present(e, now)}
        state = (frozenset(present), self.is_settling)
        if state != self._present:
            self._present = state
            self.changed()

    def _record_contact(self, name: str, instance: str) -> Worker:
        self._refuse_closed()
        worker = self._registry.known(name, instance)
        worker.last_contact = self._now()
        return worker

    def _refuse_closed(self) -> None:
        if not self.is_open:
            raise Unavailable("worker.closed", "The engine is closing.", hint="Try again.")

    def _wake(self, name: str) -> None:
        worker = self._registry.find(name)
        if worker is not None:
            worker.news.set()

    def _wake_all(self) -> None:
        for worker in self._registry.all():
            worker.news.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
