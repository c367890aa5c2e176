"""The engine: lets decisions become durable, starts what may start, and takes reports in.

One loop does it all: it waits until something was decided, adds the steps that may now start,
commits everything together, and only then begins the attempts whose leases are on disk.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Entry, Journal, fold_run
from missioncontrol.application.scrubbing import Scrub
from missioncontrol.domain.errors import MissionControlError, Unavailable
from missioncontrol.domain.run.decide import settled_already
from missioncontrol.domain.run.events import (
    AttemptFailed,
    Failure,
    RunSettled,
    StepStarted,
)
from missioncontrol.domain.run.states import (
    Blocked,
    Failed,
    Run,
    StepState,
    Succeeded,
)
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Assignment, LogLevel, ProcessHandle, Upstream
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.output_store import OutputLine
from missioncontrol.runtime.attempt import CANCEL_SECONDS_MAX, Attempt
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
        self._scrub = scrub
        self.journal = journal
        self.registry = registry
        self.output = output
        self.listeners: list[Listener] = []
        self.progress_listeners: list[Callable[[str, str, int, int, str], None]] = []
        self.failure: BaseException | None = None
        self._execution = execution
        self._artifacts = artifacts
        self._halted: set[str] = set()
        self._ended: OrderedDict[str, str] = OrderedDict()
        self._late: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self._hungry: dict[str, None] = {}
        self._attempts: dict[tuple[str, int], Attempt] = {}
        self._settled: dict[str, asyncio.Future[Run]] = {}
        self._limits: dict[str, asyncio.TimerHandle] = {}
        self._awake: asyncio.Future[None] | None = None
        self._is_awake = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.committing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to commit and to dispatch."""
        self._loop = asyncio.get_running_loop()
        self.journal.wake = self._wake
        self.committing = self._loop.create_task(self._commit_for_ever())

    async def close(self) -> None:
        """Stop without settling anything: what worked is interrupted and can be resumed."""
        self._is_closing = True
        await self._abandon(list(self._attempts.values()))
        if self._late:
            await asyncio.wait(self._late, timeout=CANCEL_SECONDS_MAX)
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
        self._stop_attempts(run)

    async def halt(self, run: str, reason: str) -> None:
        """Stop the work on `run` and begin nothing new; it can still be cancelled or resumed."""
        self._halted.add(run)
        self._hungry.pop(run, None)
        attempts = [a for (owner, _), a in self._attempts.items() if owner == run]
        await self._abandon(attempts)
        self._execution.interrupt(run, reason)
        await self.journal.durable()

    def drop(self, error: BaseException) -> None:
        """Let everything go at once and report nothing, as when the process ends."""
        self.failure = error
        self.journal.fail(error)
        for attempt in list(self._attempts.values()):
            attempt.abandon()
        for future in self._settled.values():
            self._refuse(future, error)

    def _refuse(self, future: "asyncio.Future[Run]", error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)
            future.exception()  # Nobody may be waiting for it.

    async def _abandon(self, attempts: list[Attempt]) -> None:
        """End attempts without a report from them, and wait until they have let go."""
        for attempt in attempts:
            attempt.abandon()
            a = attempt.assignment
            self._attempts.pop((a.run, a.fence), None)
            self.registry.release(a.agent, a.run, a.fence)
        tasks = [attempt.task for attempt in attempts if attempt.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=CANCEL_SECONDS_MAX)

    def _run_out(self, run: str, seconds: float) -> None:
        state = self.journal.runs[run]
        if not state.is_settled and state.cancel_reason is None:
            self._execution.time_out(run, seconds)
            self._stop_attempts(run)

    def _stop_attempts(self, run: str) -> None:
        for (owner, _), attempt in list(self._attempts.items()):
            if owner == run:
                attempt.stop()

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
            self._lease(state, tuple(state.startable(now, free, self.registry.room)))
            if state.startable(now, 1):
                self._hungry[run] = None  # Behind the others: a long run lets a short one pass.

    def _lease(self, state: Run, steps: tuple[str, ...]) -> None:
        if not steps:
            return
        self._execution.start(state.id, steps)
        for key in steps:
            working = state.working[key]
            self.registry.lease(working.agent, state.id, working.fence)

    def _take_effect(self, entries: list[Entry]) -> None:
        """Do what the log now says: begin attempts, plan retries, tell who waits."""
        for entry in entries:
            event = entry.event
            if type(event) is StepStarted:
                self._begin(entry.stream, event)
            elif type(event) is AttemptFailed:
                self._try_again(entry.stream, event.step)
            elif type(event) is RunSettled:
                self._finish(entry.stream)
        for listener in self.listeners:
            listener(entries)

    def _begin(self, run: str, event: StepStarted) -> None:
        if self._is_closing:
            return  # The lease is on disk and nothing works: the next engine sees an interruption.
        state = self.journal.runs[run]
        step = state.steps[event.step]
        assert self._loop is not None
        assignment = Assignment(
            run,
            state.workflow,
            event.step,
            event.attempt,
            event.fence,
            f"{run}/{event.step}",
            event.agent,
            step.inputs,
            state.inputs,
            {need: _upstream(state.states[need]) for need in step.needs},
            step.seconds_max,
        )
        attempt = Attempt(assignment, self, self._loop)
        self._attempts[run, event.fence] = attempt
        agent = self.registry.find(event.agent)
        if state.cancel_reason is not None:
            self.cancelled(attempt)  # Asked for while the lease was on its way to the disk.
        elif agent is None:
            self.failed(attempt, _unknown_agent(event.agent, self.registry.names))
        else:
            attempt.begin(agent, heartbeat_seconds_max=step.heartbeat_seconds_max)

    def _try_again(self, run: str, step: str) -> None:
        """Let a resting step start when its time has come, by the clock that decides on it."""
        state = self.journal.runs.get(run)
        resting = state.resting.get(step) if state is not None else None
        if resting is None or self._loop is None:
            return
        wait = resting.retry_at - self.journal.clock.now()
        if wait <= 0:
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

    # What follows is the `Desk` that attempts report to.

    def said(self, attempt: Attempt, level: LogLevel, message: str) -> None:
        """Take a line of output in."""
        assignment = attempt.assignment
        now = int(self.journal.clock.now() * 1_000_000)
        self.output.add(
            OutputLine(assignment.run, assignment.step, assignment.attempt, now, level, message)
        )

    def moved(self, attempt: Attempt, done: int, total: int, note: str) -> None:
        """Pass progress on to those who watch; it is kept nowhere."""
        for listener in self.progress_listeners:
            listener(attempt.assignment.run, attempt.assignment.step, done, total, note)

    def used(self, attempt: Attempt, usage: Usage) -> None:
        """Write down what was used."""
        a = attempt.assignment
        self._report(self._execution.usage, a.run, a.step, a.fence, usage)

    async def recorded(self, attempt: Attempt, process: ProcessHandle) -> None:
        """Write down a process; returns when that is durable."""
        a = attempt.assignment
        self._report(self._execution.process, a.run, a.step, a.fence, process)
        await self.journal.durable()

    def keep(self, content: bytes) -> tuple[str, int]:
        """Store a file without the secrets in it; return its digest and size."""
        clean = self._scrub(content)
        return self._artifacts.put(clean), len(clean)

    def succeeded(self, attempt: Attempt, work: Work) -> None:
        """Take work in."""
        self._end(attempt, self._execution.success, work)

    def failed(self, attempt: Attempt, failure: Failure) -> None:
        """Take a failure in."""
        self._end(attempt, self._execution.failure, failure)

    def cancelled(self, attempt: Attempt) -> None:
        """Take in that an attempt ended because we asked it to."""
        self._end(attempt, self._execution.cancelled)

    def _end(self, attempt: Attempt, report: Callable[..., None], *what: Any) -> None:
        a = attempt.assignment
        self._attempts.pop((a.run, a.fence), None)
        self.registry.release(a.agent, a.run, a.fence)
        self._report(report, a.run, a.step, a.fence, *what)
        self._feed(a.run)

    def _report(self, report: Callable[..., None], run: str, *what: Any) -> None:
        if self.failure is not None:
            return
        if run not in self.journal.runs:
            assert self._loop is not None
            task = self._loop.create_task(self._report_late(report, run, *what))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return
        try:
            report(run, *what)
        except Exception as error:  # noqa: BLE001 - the edge: a report that can't be decided is a fault of ours
            self.drop(error)

    async def _report_late(self, report: Callable[..., None], run: str, *what: Any) -> None:
        """Take in what an attempt says of a run that has ended and was let go from memory."""
        await self.journal.load_run(run)
        self._report(report, run, *what)
        with contextlib.suppress(MissionControlError):
            await self.journal.durable()
        self.journal.forget(run)


def _upstream(state: StepState) -> Upstream:
    match state:
        case Succeeded():
            return Upstream("succeeded", state.work)
        case Failed():
            return Upstream("failed", error=state.failure.reason)
        case Blocked():
            return Upstream("blocked", error=f"{state.by!r} did not succeed.")
        case _:
            return Upstream("cancelled")


def _unknown_agent(name: str, names: list[str]) -> Failure:
    return Failure(
        "agent.unknown",
        f"No agent is called {name!r} here.",
        f"Known are: {', '.join(names)}.",
        retryable=False,
    )
