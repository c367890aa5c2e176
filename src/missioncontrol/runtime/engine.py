"""The engine: makes decisions durable, starts what may start, and accepts reports.

One loop does it all: it waits until something was decided, adds the steps that may now start,
commits everything together, and only then begins the attempts whose leases are on disk.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Entry, Journal, fold_run
from missioncontrol.application.operations import Operations
from missioncontrol.application.scrubbing import Scrub
from missioncontrol.domain.errors import MissionControlError, Unavailable
from missioncontrol.domain.operation import Operation
from missioncontrol.domain.run.deadlines import Limit
from missioncontrol.domain.run.events import (
    AttemptFailed,
    Failure,
    RunSettled,
    StepFailed,
    StepReleased,
    StepRevised,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from missioncontrol.domain.run.run_end import settled_already
from missioncontrol.domain.run.states import Run, SettledState, Working
from missioncontrol.domain.step import Step
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.runtime.alarms import Alarms
from missioncontrol.runtime.attempts import Attempts, ProgressListener
from missioncontrol.runtime.output import Output
from missioncontrol.runtime.registry import Claiming, Registry
from missioncontrol.runtime.run_waiters import Waiting

RECHECK_SECONDS = 60.0
DECIDED = (StepReleased, StepRevised, StepSkipped, StepFailed)
"""What people and time make true of a step while nothing of its run may be at work."""


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
        operations: Operations,
        *,
        scrub: Scrub = _as_it_is,
    ) -> None:
        """Nothing happens before `open`. `scrub` takes secrets out of files that agents keep."""
        self.journal = journal
        self.registry = registry
        self.output = output
        self.listeners: list[Listener] = []
        self.failure: BaseException | None = None
        self.operations = operations
        self.rates = operations.rates
        operations.changed = self._change_operation
        self._stopping: set[asyncio.Task[None]] = set()
        self._execution = execution
        self._attempts = Attempts(journal, execution, registry, artifacts, output, scrub)
        self._claiming = Claiming(registry, execution)
        self._attempts.ended = self._feed
        self._attempts.broken = self.drop
        self._halted: set[str] = set()
        self._returning: set[tuple[str, int]] = set()
        self.outlasts: Callable[[Run, Working], bool] = lambda run, working: False
        """Whether an attempt goes on elsewhere when this engine is closed."""
        self.is_stuck: Callable[[Run], bool] = lambda run: False
        """Whether nothing of a run moves before a person acts, for a reason outside of it."""
        self._is_closing = False
        self._hungry: dict[str, None] = {}
        self.waiting = Waiting(self._rests)
        self._alarms = Alarms()
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
        if self._stopping:
            await asyncio.wait(self._stopping)
        await self._attempts.abandon()
        self._interrupt_all("The engine was closed.", self.outlasts)
        self._alarms.close()
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
        self.waiting.expect(run)
        if self.failure is not None:
            self.waiting.refuse(run, self.failure)
            return
        if state.is_settled:
            self._finish(run)
            return
        for step, working in list(state.working.items()):
            if (run, working.fence) in self._returning:
                self._returning.discard((run, working.fence))
                self._attempts.take_up(state, step)
        for step in state.resting:
            self._try_again(run, step)
        if state.seconds_max and not self._alarms.has(run, "limit"):
            self._limit(state)
        self._feed(run)

    def expect(self, run: str, fence: int) -> None:
        """Take an attempt of the last engine up with its run: it is at work elsewhere."""
        self._returning.add((run, fence))

    def _limit(self, state: Run) -> None:
        """End a run at its time limit, at once if it is over: then nothing of it may start."""
        left = state.seconds_max - (self.journal.clock.now() - state.created_at)
        if left <= 0:
            self._run_out(state.id, state.seconds_max)
        else:
            self._alarms.set(state.id, "limit", left, self._run_out, state.id, state.seconds_max)

    async def settled(self, run: str) -> Run:
        """Return the run once it has ended and its end is durable.

        Raises:
            NotFound: `run.unknown`.
            Unavailable: `run.not_here`, where this engine does not work on it.
            Unavailable, Conflict: the log could not be written; the run can be resumed.
        """
        end = self.waiting.end_of(run)
        if end is not None:
            return await asyncio.shield(end)
        state, _ = await fold_run(self.journal.store, run)
        if state.is_settled:
            return state
        raise Unavailable(
            "run.not_here", f"Run {run!r} has not ended and is not carried out by this engine."
        )

    async def rested(self, run: str) -> Run:
        """Return the run once it has ended, or can't go on before a person has done something.

        Raises:
            As `settled`.
        """
        state = self.journal.runs.get(run)
        if state is None or self.failure is not None or run not in self.waiting:
            return await self.settled(run)
        if self._rests(state) and not self._is_awake:
            return state
        return await self.waiting.rest_of(run)

    async def halted(self, run: str) -> Run:
        """Return the run once it has ended, or is halted with nothing of it at work.

        Raises:
            As `settled`.
        """
        state = self.journal.runs.get(run)
        if state is None or self.failure is not None or run not in self.waiting:
            return await self.settled(run)
        if _is_halted(state) and not self._is_awake:
            return state
        return await self.waiting.rest_of(run, _is_halted)

    def cancel(self, run: str, reason: str, *, actor: str) -> None:
        """End a run: nothing new starts, what works is stopped with all its processes.

        Raises:
            NotFound: `run.unknown`.
            Rejected: `run.settled`.
        """
        outcome = self.waiting.outcome_of(run)
        if outcome:
            raise settled_already(run, outcome)
        self._execution.cancel(run, reason, actor=actor)
        self._attempts.stop(run)

    async def halt(self, run: str, reason: str) -> None:
        """Stop the work on `run` and begin nothing new; it can still be cancelled or resumed."""
        self._halted.add(run)
        self._hungry.pop(run, None)
        await self._attempts.abandon(run)
        self._execution.interrupt(run, reason, counts=False)
        await self.journal.durable()

    async def end_work(self, agent: str, reason: str) -> None:
        """End every attempt of an agent at once; its steps are ready again, for when it is."""
        ended: dict[str, list[str]] = {}
        for assignment in await self._attempts.abandon(agent=agent):
            ended.setdefault(assignment.run, []).append(assignment.step)
        for run, steps in ended.items():
            if run in self.journal.runs and self.journal.is_open:
                with contextlib.suppress(MissionControlError):
                    self._execution.interrupt(run, reason, counts=False, steps=tuple(steps))
                self._feed(run)

    def _change_operation(self, operation: Operation) -> None:
        """Apply the new state of all work: end what works, or resume it."""
        if self._loop is None:
            return
        if operation.stage == "stopped":
            reason = f"Emergency stop: {operation.reason}"
            for run in list(self.journal.runs):
                task = self._loop.create_task(self._stop_work(run, reason))
                self._stopping.add(task)
                task.add_done_callback(self._end_stop)
        self.feed_all()

    async def _stop_work(self, run: str, reason: str) -> None:
        """End every attempt of `run` at once; what they did is lost, and it goes on later."""
        await self._attempts.abandon(run)
        self._interrupt_run(run, reason)

    def _end_stop(self, task: "asyncio.Task[None]") -> None:
        """Resume work if it may by now: all that was stopped has ended."""
        self._stopping.discard(task)
        if not self._stopping:
            self.feed_all()

    def feed_all(self) -> None:
        """Look at every run before the next commit."""
        for run in self.journal.runs:
            if run in self.waiting:
                self._feed(run)

    def _interrupt_all(self, reason: str, outlasts: Callable[[Run, Working], bool]) -> None:
        """Write down that nothing works here any more, on purpose."""
        for name, run in list(self.journal.runs.items()):
            here = [step for step, held in run.working.items() if not outlasts(run, held)]
            if here:
                self._interrupt_run(name, reason, tuple(here))

    def _interrupt_run(self, name: str, reason: str, steps: tuple[str, ...] = ()) -> None:
        run = self.journal.runs.get(name)
        if run is not None and run.working and not run.is_settled and self.journal.is_open:
            with contextlib.suppress(MissionControlError):
                self._execution.interrupt(name, reason, counts=False, steps=steps)

    def drop(self, error: BaseException) -> None:
        """Drop everything at once and report nothing, as when the process ends."""
        self.failure = error
        self.journal.fail(error)
        self._attempts.drop()
        self.waiting.refuse_all(error)

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
                    if self._hungry:
                        self._wake()  # A step that was not to start after all left its place.
                self.waiting.notify_rest(self.journal.runs)
        except Exception as error:  # noqa: BLE001 - the edge: nothing goes on without the log
            self.drop(error)

    def _dispatch(self) -> None:
        """Give out leases on what may start, run after run, while there is room."""
        if not self._hungry or self._is_closing or not self.operations.present.may_dispatch:
            return
        if self._stopping:
            return  # A stubborn agent may still be at work, and nothing may meet it.
        now = self.journal.clock.now()
        for run in list(self._hungry):
            state = self.journal.runs.get(run)
            if state is None:
                del self._hungry[run]  # It ended and was dropped.
                continue
            # Also without room: what waits for a place may run out of time.
            if state.deadlines.running:
                self._fail_overdue(state, now)
            self._execution.look(state)
            if state.deadlines.running:
                self._watch(state)
            free = self.registry.free
            if free > 0:
                if state.claimable:
                    self._claiming.claim(state)
                del self._hungry[run]
                self._start(state, now, free)
                if (state.ready or state.resting) and state.startable(now, 1):
                    self._hungry[run] = None  # Behind the others: long runs give way to others.

    def _start(self, state: Run, now: float, free: int) -> None:
        if self.rates.is_limited:
            self._start_some(state, now, free)
        else:
            keys = state.startable(now, free, self.registry.room, self.registry.slot_room)
            self._attempts.lease(state, tuple(keys))

    def _start_some(self, state: Run, now: float, free: int) -> None:
        """Give out leases as far as the limits allow, and look again when they allow more."""

        def room(agent: str) -> int:
            return min(self.registry.room(agent), self.rates.room("agent", agent, now))

        most = min(free, self.rates.room("workspace", "", now))
        keys = tuple(state.startable(now, most, room, self.registry.slot_room))
        for key in self._attempts.lease(state, keys):
            self.rates.note("agent", state.steps[key].agent, now)
        wait = self.rates.next_free(now)
        if wait is not None:
            self._alarms.set("", "rate", wait, self._wake)

    def _fail_overdue(self, state: Run, now: float) -> None:
        """End steps whose time is over; one at work ends when its agent has stopped."""
        for key, limit in state.deadlines.passed(now):
            if isinstance(state.states[key], SettledState):
                continue  # It ended with one that was overdue before it.
            failure = _out_of_time(state.steps[key], limit)
            self._attempts.stop_step(state.id, {key, *state.descendants(key)}, failure)
            if key not in state.working:
                with contextlib.suppress(MissionControlError):
                    self._execution.fail_step(state.id, key, failure)

    def _watch(self, state: Run) -> None:
        """Look at `state` again when the next of its steps runs out of time."""
        deadline = state.deadlines.next
        if deadline is None:
            self._alarms.drop(state.id, "deadline")
        else:
            wait = min(max(0.0, deadline - self.journal.clock.now()), RECHECK_SECONDS)
            self._alarms.set(state.id, "deadline", wait, self._feed, state.id)

    def _take_effect(self, entries: list[Entry]) -> None:
        """Do what the log now says: begin attempts, plan retries, tell who waits."""
        stopped = self._is_stopped()
        for entry in entries:
            event = entry.event
            if type(event) is StepStarted:
                # Nothing begins while it is halted, closing or stopped: the lease stays on disk
                # alone until it is interrupted.
                if stopped or entry.stream in self._halted:
                    self._attempts.give_back(entry.stream, event)
                else:
                    self._attempts.begin(self.journal.runs[entry.stream], event)
            elif type(event) is StepSucceeded:
                continue
            elif type(event) is AttemptFailed:
                self._try_again(entry.stream, event.step)
            elif type(event) is RunSettled:
                self._finish(entry.stream)
            elif type(event) in DECIDED and entry.stream in self.waiting:
                self._feed(entry.stream)
        for listener in self.listeners:
            listener(entries)

    def _is_stopped(self) -> bool:
        """Whether nothing of any run may begin."""
        may_dispatch = self.operations.present.may_dispatch
        return self._is_closing or bool(self._stopping) or not may_dispatch

    def _rests(self, state: Run) -> bool:
        """Whether a run goes on only after a person has decided something."""
        if state.working or state.is_settled:
            return False
        if state.status in ("waiting", "halted") or not self.operations.present.may_dispatch:
            return True
        return self.is_stuck(state)

    def _try_again(self, run: str, step: str) -> None:
        """Start a resting step when its time has come, by the clock that decides on it."""
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
        """Notify those who wait for the run, and drop it from memory."""
        self._alarms.drop(run, "limit", "deadline")
        self._hungry.pop(run, None)
        self.output.flush()
        state = self.journal.runs[run]
        self.waiting.notify_end(state)
        self.journal.forget(run)
        if state.mission:
            self.journal.forget(state.mission)


def _is_halted(state: Run) -> bool:
    return state.status == "halted" and not state.working


def _out_of_time(step: Step, limit: Limit) -> Failure:
    what, seconds = {
        "queue": ("waited for its turn", step.queue_seconds_max),
        "run": ("took", step.seconds_max),
        "total": ("took in all", step.total_seconds_max),
    }[limit]
    code = "step.timed_out" if limit == "run" else f"step.{limit}_timed_out"
    reason = f"Step {step.key!r} {what} longer than its limit of {seconds:g} s."
    return Failure(code, reason, "Raise the limit, or make the step smaller.", retryable=False)
