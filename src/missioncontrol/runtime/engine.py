"""The engine: lets decisions become durable, starts what may start, and takes reports in.

One loop does it all: it waits until something was decided, adds the steps that may now start,
commits everything together, and only then begins the attempts whose leases are on disk.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Sequence

from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Entry, Journal, fold_run
from missioncontrol.application.scrubbing import Scrub
from missioncontrol.domain.errors import MissionControlError, Unavailable
from missioncontrol.domain.run.decide import settled_already
from missioncontrol.domain.run.events import AttemptFailed, RunSettled, StepStarted
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.runtime.attempts import Attempts, ProgressListener
from missioncontrol.runtime.output import Output
from missioncontrol.runtime.registry import Registry

RECHECK_SECONDS = 60.0
ENDED_REMEMBERED = 1_000
"""Runs whose outcome is known here without asking the log."""


def _as_it_is(content: bytes) -> bytes:
    return content


Listener = Callable[[Sequence[Entry]], None]


class Engine:
    """Carries out the runs that it was given. It is the only writer of its log."""

    def __init__(
        self,
        journal: Journal,
        execution: Execution,
        registry: Registry,
        artifacts: ArtifactStore,
        output: Output,
        *,
        scrub: Scrub = _as_it_is,
    ) -> None:
        """Nothing happens before `open`. `scrub` takes secrets out of files that agents keep."""
        self.journal = journal
        self.registry = registry
        self.output = output
        self.listeners: list[Listener] = []
        self.failure: BaseException | None = None
        self._execution = execution
        self._attempts = Attempts(journal, execution, registry, artifacts, output, scrub)
        self._attempts.ended = self._feed
        self._attempts.broken = self.drop
        self._halted: set[str] = set()
        self._ended: OrderedDict[str, str] = OrderedDict()
        self._is_closing = False
        self._hungry: dict[str, None] = {}
        self._settled: dict[str, asyncio.Future[Run]] = {}
        self._limits: dict[str, asyncio.TimerHandle] = {}
        self._awake: asyncio.Future[None] | None = None
        self._is_awake = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.committing: asyncio.Task[None] | None = None

    @property
    def progress_listeners(self) -> list[ProgressListener]:
        """Those who want to know how far attempts are."""
        return self._attempts.progress_listeners

    async def open(self) -> None:
        """Begin to commit and to dispatch."""
        self._loop = asyncio.get_running_loop()
        self.journal.wake = self._wake
        self.committing = self._loop.create_task(self._commit_for_ever())

    async def close(self) -> None:
        """Stop without settling anything: what worked is interrupted and can be resumed."""
        self._is_closing = True
        await self._attempts.abandon()
        for timer in self._limits.values():
            timer.cancel()
        if self.committing is not None:
            if self.failure is None:
                with contextlib.suppress(MissionControlError):
                    await self.journal.durable()
            self.committing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.committing
        self.output.flush()

    # Runs.

    def adopt(self, run: str) -> None:
        """Carry `run` out from where it stands. It must be loaded; its last engine is gone."""
        state = self.journal.runs[run]
        assert self._loop is not None, "the engine is not open"
        self._halted.discard(run)
        if run not in self._settled:
            self._settled[run] = self._loop.create_future()
        if self.failure is not None:
            self._refuse(self._settled[run], self.failure)
            return
        if state.is_settled:
            self._finish(run)
            return
        now = self.journal.clock.now()
        for step in state.resting:
            self._try_again(run, step)
        if state.seconds_max and run not in self._limits:
            left = state.seconds_max - (now - state.created_at)
            timer = self._loop.call_later(max(0.0, left), self._run_out, run, state.seconds_max)
            self._limits[run] = timer
        self._feed(run)

    async def settled(self, run: str) -> Run:
        """Return the run once it has ended and its end is durable.

        Raises:
            NotFound: `run.unknown`.
            Unavailable: `run.not_here`, where nobody here works on it.
            Unavailable, Conflict: the log could not be written; the run can be resumed.
        """
        future = self._settled.get(run)
        if future is not None:
            return await asyncio.shield(future)
        state, _ = await fold_run(self.journal.store, run)
        if state.is_settled:
            return state
        raise Unavailable(
            "run.not_here", f"Run {run!r} has not ended and is not carried out by this engine."
        )

    def cancel(self, run: str, reason: str, *, actor: str) -> None:
        """End a run: nothing new starts, what works is stopped with all its processes.

        Raises:
            NotFound: `run.unknown`.
            Rejected: `run.settled`.
        """
        if run in self._ended:
            raise settled_already(run, self._ended[run])
        self._execution.cancel(run, reason, actor=actor)
        self._attempts.stop(run)

    async def halt(self, run: str, reason: str) -> None:
        """Stop the work on `run` and begin nothing new; it can still be cancelled or resumed."""
        self._halted.add(run)
        self._hungry.pop(run, None)
        await self._attempts.abandon(run)
        self._execution.interrupt(run, reason)
        await self.journal.durable()

    def drop(self, error: BaseException) -> None:
        """Let everything go at once and report nothing, as when the process ends."""
        self.failure = error
        self.journal.fail(error)
        self._attempts.drop()
        for future in self._settled.values():
            self._refuse(future, error)

    def _refuse(self, future: "asyncio.Future[Run]", error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)
            future.exception()  # Nobody may be waiting for it.

    def _run_out(self, run: str, seconds: float) -> None:
        state = self.journal.runs[run]
        if not state.is_settled and state.cancel_reason is None:
            self._execution.time_out(run, seconds)
            self._attempts.stop(run)

    # The loop.

    def _wake(self) -> None:
        if not self._is_awake:
            self._is_awake = True
            if self._awake is not None and not self._awake.done():
                self._awake.set_result(None)

    def _feed(self, run: str) -> None:
        """Look at `run` before the next commit: something of it may be able to start."""
        if run not in self._halted:
            self._hungry[run] = None
            self._wake()

    async def _commit_for_ever(self) -> None:
        assert self._loop is not None
        try:
            while True:
                if not self._is_awake:
                    self._awake = self._loop.create_future()
                    await self._awake
                if self.failure is not None:
                    return
                self._dispatch()
                # All that was decided up to here is in this commit, the new leases too.
                self._is_awake = False
                entries = await self.journal.commit()
                if entries and self.failure is None:
                    self._take_effect(entries)
        except Exception as error:  # noqa: BLE001 - the edge: nothing goes on without the log
            self.drop(error)

    def _dispatch(self) -> None:
        """Give out leases on what may start, run after run, while there is room."""
        if not self._hungry or self._is_closing:
            return
        now = self.journal.clock.now()
        for run in list(self._hungry):
            free = self.registry.free
            if free <= 0:
                return
            del self._hungry[run]
            state = self.journal.runs.get(run)
            if state is None:
                continue  # It ended and was let go.
            self._attempts.lease(state, tuple(state.startable(now, free, self.registry.room)))
            if state.startable(now, 1):
                self._hungry[run] = None  # Behind the others: a long run lets a short one pass.

    def _take_effect(self, entries: list[Entry]) -> None:
        """Do what the log now says: begin attempts, plan retries, tell who waits."""
        for entry in entries:
            event = entry.event
            if type(event) is StepStarted:
                # Halted or closing, the lease stays on disk alone until it is interrupted.
                if self._is_closing or entry.stream in self._halted:
                    self._attempts.give_back(entry.stream, event)
                else:
                    self._attempts.begin(self.journal.runs[entry.stream], event)
            elif type(event) is AttemptFailed:
                self._try_again(entry.stream, event.step)
            elif type(event) is RunSettled:
                self._finish(entry.stream)
        for listener in self.listeners:
            listener(entries)

    def _try_again(self, run: str, step: str) -> None:
        """Let a resting step start when its time has come, by the clock that decides on it."""
        state = self.journal.runs.get(run)
        resting = state.resting.get(step) if state is not None else None
        if resting is None or self._loop is None:
            return
        now = self.journal.clock.now()
        wait = resting.retry_at - now
        if state is not None and state.has_rested(step, now):
            self._feed(run)
        else:  # The clock may have been set back; it is asked again and not trusted to go on.
            self._loop.call_later(min(wait, RECHECK_SECONDS), self._try_again, run, step)

    def _finish(self, run: str) -> None:
        """Tell who waits for the run, and let it go from memory."""
        timer = self._limits.pop(run, None)
        if timer is not None:
            timer.cancel()
        self._hungry.pop(run, None)
        self.output.flush()
        state = self.journal.runs[run]
        future = self._settled.pop(run, None)
        if future is not None and not future.done():
            future.set_result(state)
        self._ended[run] = state.status
        while len(self._ended) > ENDED_REMEMBERED:
            self._ended.popitem(last=False)
        self.journal.forget(run)
        if state.mission:
            self.journal.forget(state.mission)
