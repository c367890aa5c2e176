"""Where attempts and workers meet: gives attempts out, takes reports in, and minds silence."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from missioncontrol.adapters.agents.attempt_process import run_to_completion
from missioncontrol.adapters.agents.remote.attempt import LEFT, RemoteAttempt, StoredProgress
from missioncontrol.adapters.agents.remote.leases import Leases
from missioncontrol.adapters.agents.remote.roster import Roster, Worker
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
    Heard,
    Introduction,
    Late,
    Lease,
    Numbered,
    Orders,
    Poll,
    Report,
    Welcome,
    WorkerSeen,
)

_LOG = logging.getLogger(__name__)

RECALL_SECONDS_MAX = 10.0
"""A worker that was told to end an attempt has this long; less than an attempt waits for it."""

ABSENT_LEASES = 2
"""An agent is lost after one lease, and its steps wait for it; what waits longer fails."""


async def _nobody(_: Introduction) -> None:
    pass


async def _unrecorded(_: str, __: Lease, ___: Numbered) -> bool:
    return False


def _waiting(line: Line) -> contextlib.AbstractContextManager[None]:
    """Return what holds as long as nobody works on an attempt: its time does not count."""
    return line.waiting() if isinstance(line, Clocked) else contextlib.nullcontext()


class Hub:
    """Keeps the promise of `ports.workers.Workforce`, in the loop of the engine."""

    def __init__(
        self,
        staging: Path,
        artifacts: ArtifactStore,
        *,
        durable: Callable[[], Awaitable[None]],
        gateway: Callable[[], Gateway | None] = lambda: None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        """Nobody is let in before `open`.

        Args:
            staging: where files of attempts lie until their work is taken in.
            artifacts: what earlier steps left.
            durable: returns once all that was told so far is on disk.
            gateway: the way to models, where it is open by now.
            lease_seconds: the silence after which a worker has lost what it holds.
        """
        self.joined: Callable[[Introduction], Awaitable[None]] = _nobody
        self.changed: Callable[[], None] = lambda: None
        self.late: Late = _unrecorded
        self.is_open = False
        self.lease_seconds = lease_seconds
        self._incoming = Uploads(staging)
        self._artifacts = artifacts
        self._durable = durable
        self._gateway = gateway
        self._roster = Roster(lease_seconds)
        self._leases = Leases()
        self._present: tuple[frozenset[str], bool] = (frozenset(), True)
        self._watching: asyncio.Task[None] | None = None
        self._opened_at = 0.0

    async def open(self) -> None:
        """Let workers in from now on."""
        self._incoming.clear()
        self.is_open = True
        self._opened_at = self._now()
        self._watching = asyncio.create_task(self._watch(), name="workers")

    async def close(self) -> None:
        """Let go of all workers; they keep what they hold, and come back to the next engine."""
        self.is_open = False
        self._wake_all()
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching

    @property
    def is_settling(self) -> bool:
        """Whether workers of an engine before this one may still be on their way here."""
        return self.is_open and self._now() - self._opened_at <= self.lease_seconds

    def expect(self, lease: Lease, usages: int, lines: int) -> None:
        """Take note of an attempt that a worker may still be at.

        `usages` counts what the log says of its usage, `lines` what is stored of its output.
        """
        self._leases.returning[lease] = StoredProgress(usages, lines)

    # What the agent here asks for.

    async def carry_out(
        self, assignment: Assignment, line: Line, *, agent: str, location: str
    ) -> Work:
        """Let a worker do the work, as `Agent.perform` promises.

        Raises:
            AttemptFailed: as the worker says; `worker.lost`, `worker.absent` or `worker.closed`.
        """
        if not self.is_open:
            raise AttemptFailed(
                "worker.closed",
                f"Agent {assignment.agent!r} is at {location!r}, and no worker can reach this "
                "engine.",
                hint="`mission up --workers PORT` lets workers in.",
            )
        lease = Lease(assignment.run, assignment.step, assignment.fence)
        held = RemoteAttempt(
            assignment,
            line,
            agent=agent,
            location=location,
            folder=self._incoming.folder(lease),
            before=self._leases.returning.pop(lease, None),
        )
        self._leases.assigned[lease] = held
        self._wake_all()
        try:
            with _waiting(line):
                await held.taken()
            work = await asyncio.shield(held.result)
            # Before the worker hears that its end was taken in: until then it has the files.
            return await receive_commit(assignment, work, line, held.folder)
        except asyncio.CancelledError:
            if self.is_open:
                await run_to_completion(self._recall(held))
            raise
        finally:
            self._let_go(held)

    async def _recall(self, held: RemoteAttempt) -> None:
        """Tell the worker to end the attempt, and wait until it has, but not for ever."""
        held.is_recalled = True
        if held.worker or held.is_returning:
            self._wake(held.worker)
            await asyncio.wait({held.result}, timeout=RECALL_SECONDS_MAX)

    def _let_go(self, held: RemoteAttempt) -> None:
        self._leases.drop(held)
        held.close()
        self._wake(held.worker)
        shutil.rmtree(held.folder, ignore_errors=True)

    # What workers ask for.

    async def register(self, who: Introduction) -> Welcome:
        self._refuse_closed()
        worker = self._roster.take(who, self._now())
        worker.is_to_drain = False
        try:
            await self.joined(who)
        except Rejected as no:
            self._roster.drop(who.name)  # Nobody is to wait for what it offers.
            raise Rejected("worker.bad_offer", no.reason, hint=no.hint) from None
        self._look_who_is_present()
        poll_seconds = min(POLL_SECONDS_MAX, self.lease_seconds / 3)
        return Welcome(poll_seconds, self.lease_seconds)

    async def poll(self, name: str, poll: Poll) -> Orders:
        worker = self._heard(name, poll.instance)
        worker.turn += 1
        worker.news.set()  # An older poll of it ends: nobody waits for that answer any more.
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
        worker.heard_at = self._now()
        return orders

    async def _leave(self, worker: Worker) -> None:
        for held in self._leases.of(worker.who.name):
            # It says that it holds nothing any more, so that nothing is at work there.
            held.give_up(held.lost(f"Worker {worker.who.name!r} has left.", LEFT))
            await held.over.wait()
        self._roster.drop(worker.who.name)
        self._look_who_is_present()

    async def report(self, name: str, report: Report) -> Heard:
        worker = self._heard(name, report.instance)
        held = self._leases.assigned.get(report.lease)
        if held is None and report.lease in self._leases.returning:
            raise Unavailable("lease.not_ready", "The run is not taken up yet.")
        if held is None or held.result.done() or not held.is_at(name):
            return await self._refuse(name, report)
        held.bind(name)
        heard = held.take(report.messages)
        if held.has_ended:
            await held.over.wait()
        else:
            held.ask_waiting(worker.news.set)
        await self._durable()
        return heard

    async def _refuse(self, name: str, report: Report) -> Heard:
        """Answer what comes too late, or a second time."""
        last = max((each.number for each in report.messages), default=0)
        is_over = any(isinstance(each.message, Done | Refused) for each in report.messages)
        held = self._leases.assigned.get(report.lease)
        if held is not None and held.has_ended and held.is_at(name):
            await held.over.wait()  # It is told twice at once.
        if self._leases.has_ended(report.lease):
            await self._durable()
            return Heard(last, is_over=True)
        for each in report.messages:
            is_theirs = await self.late(name, report.lease, each)
            if is_theirs and isinstance(each.message, Done | Refused):
                self._leases.remember(report.lease)  # It is recorded once.
        await self._durable()
        return Heard(last, is_over=is_over, is_lost=True)

    # Files.

    async def take_artifact(
        self, name: str, lease: Lease, digest: str, content: AsyncIterator[bytes]
    ) -> None:
        held = self._held(name, lease)
        await self._incoming.take(held.folder, digest, content)

    def artifact(self, name: str, lease: Lease, digest: str) -> Path:
        held = self._held(name, lease)
        handed = {
            each.digest
            for upstream in held.assignment.upstream.values()
            for each in upstream.work.artifacts
        }
        if digest not in handed:
            reason = f"No step before {lease.step!r} handed in {digest[:80]!r}."
            raise NotFound("artifact.unknown", reason)
        path = self._artifacts.path(digest)
        if path.stat().st_size > ARTIFACT_BYTES_MAX:
            reason = f"A file for a worker has at most {ARTIFACT_BYTES_MAX // 2**20} MiB."
            raise Rejected("artifact.too_large", reason)
        self._artifacts.get(digest)  # Or it has changed, and says so.
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

    # What people ask for.

    def seen(self) -> Sequence[WorkerSeen]:
        now = self._now()
        return [
            self._roster.seen(each, now, len(self._leases.of(each.who.name)))
            for each in self._roster.all()
        ]

    def offers(self, agent: str, location: str) -> bool:
        now = self._now()
        return any(
            each.carries_out(agent, location) and self._roster.is_present(each, now)
            for each in self._roster.all()
        )

    def scale(self, agent: str, location: str) -> int:
        now = self._now()
        return sum(
            min(each.scale_of(agent), each.who.scale)
            for each in self._roster.all()
            if each.carries_out(agent, location) and self._roster.is_present(each, now)
        )

    def drain(self, name: str) -> None:
        worker = self._roster.find(name)
        if worker is None:
            raise NotFound(
                "worker.unknown",
                f"No worker is called {name!r} here.",
                hint="`mission worker list` names them.",
            )
        worker.is_to_drain = True
        worker.news.set()

    # Time.

    async def _watch(self) -> None:
        pause = min(1.0, self.lease_seconds / 10)
        while True:
            await asyncio.sleep(pause)
            try:
                await self._look()
            except Exception:  # noqa: BLE001 - the edge: who watches goes on watching
                _LOG.exception("The workers could not be looked after.")

    async def _look(self) -> None:
        now = self._now()
        for held in self._leases.all():
            self._look_at(held, now)
            if held.result.done():
                # Told before its agent is lost with it, which would interrupt it unheard.
                await held.over.wait()
        self._roster.forget_old(now)
        self._look_who_is_present()

    def _look_at(self, held: RemoteAttempt, now: float) -> None:
        """End an attempt whose worker is silent, or for which there is none."""
        worker = self._roster.find(held.worker)
        if held.worker:
            if worker is None or not self._roster.is_present(worker, now):
                said = f"Nothing was heard from worker {held.worker!r} for "
                held.give_up(held.lost(f"{said}{self.lease_seconds:g} s."))
        elif now - held.since <= self.lease_seconds:
            return
        elif held.is_returning:
            held.give_up(held.lost("The engine began anew, and no worker came back with it."))
        elif now - held.since > ABSENT_LEASES * self.lease_seconds and not self.offers(
            held.agent, held.location
        ):
            held.give_up(
                AttemptFailed(
                    "worker.absent",
                    f"No worker at {held.location!r} carries out {held.agent!r}.",
                    hint="`mission worker list` tells who is there.",
                )
            )

    def _look_who_is_present(self) -> None:
        now = self._now()
        present = {e.who.name for e in self._roster.all() if self._roster.is_present(e, now)}
        state = (frozenset(present), self.is_settling)
        if state != self._present:
            self._present = state
            self.changed()

    def _heard(self, name: str, instance: str) -> Worker:
        self._refuse_closed()
        worker = self._roster.known(name, instance)
        worker.heard_at = self._now()
        return worker

    def _refuse_closed(self) -> None:
        if not self.is_open:
            raise Unavailable("worker.closed", "The engine is closing.", hint="Try again.")

    def _wake(self, name: str) -> None:
        worker = self._roster.find(name)
        if worker is not None:
            worker.news.set()

    def _wake_all(self) -> None:
        for worker in self._roster.all():
            worker.news.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
