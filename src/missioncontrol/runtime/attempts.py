"""All attempts at work: how they begin and end, and what they report."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import msgspec

from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.application.scrubbing import Scrub
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.run.events import Failure, StepStarted
from missioncontrol.domain.run.states import (
    Blocked,
    Failed,
    Run,
    Skipped,
    StepState,
    Succeeded,
)
from missioncontrol.domain.step import Spending
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import (
    Assignment,
    AttemptFailed,
    LogLevel,
    ProcessHandle,
    Upstream,
)
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.output_store import OutputLine
from missioncontrol.runtime.attempt import CANCEL_SECONDS_MAX, Attempt
from missioncontrol.runtime.output import Output
from missioncontrol.runtime.registry import Registry

ProgressListener = Callable[[str, str, int, int, str], None]
"""Takes run, step, how much is done, of how much (0 where nobody knows), and a note."""


class Attempts:
    """Holds every lease that is out here. It is the desk that attempts report to."""

    def __init__(
        self,
        journal: Journal,
        execution: Execution,
        registry: Registry,
        artifacts: ArtifactStore,
        output: Output,
        scrub: Scrub,
    ) -> None:
        """The engine sets `ended`, told of each end, and `broken`, told of a fault of ours."""
        self.progress_listeners: list[ProgressListener] = []
        self.ended: Callable[[str], None] = lambda run: None
        self.broken: Callable[[Exception], None] = lambda error: None
        self._journal = journal
        self._execution = execution
        self._registry = registry
        self._artifacts = artifacts
        self._output = output
        self._scrub = scrub
        self._at_work: dict[tuple[str, int], Attempt] = {}
        self._late: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many are at work."""
        return len(self._at_work)

    def lease(self, state: Run, steps: tuple[str, ...]) -> tuple[str, ...]:
        """Give out leases on `steps`; nothing begins before they are on disk.

        Returns those that were given: a step may have to wait for an approval or for money first.
        """
        if not steps:
            return ()
        started = self._execution.start(state.id, steps)
        for key in started:
            working = state.working[key]
            slots = state.slots_of.get(key, ())
            self._registry.lease(working.agent, state.id, working.fence, slots)
        return started

    def give_back(self, run: str, event: StepStarted) -> None:
        """Free the place of a lease on which nothing begins."""
        state = self._journal.runs.get(run)
        slots = state.slots_of.get(event.step, ()) if state is not None else ()
        self._registry.release(event.agent, run, event.fence, slots)

    def begin(self, state: Run, event: StepStarted) -> None:
        """Let an agent work on a lease that is on disk now, if it has not been taken back."""
        holder = state.working.get(event.step)
        if holder is None or holder.fence != event.fence:
            self.give_back(state.id, event)
            return
        slots = state.slots_of.get(event.step, ())
        attempt = Attempt(_assignment(state, event), self, asyncio.get_running_loop(), slots)
        self._at_work[state.id, event.fence] = attempt
        agent = self._registry.find(event.agent)
        if state.cancel_reason is not None:
            self.cancelled(attempt)  # Asked for while the lease was on its way to the disk.
        elif agent is None:
            self.failed(attempt, _unknown_agent(event.agent, self._registry.names))
        else:
            silence = state.steps[event.step].heartbeat_seconds_max
            attempt.begin(agent, heartbeat_seconds_max=silence)

    def stop(self, run: str) -> None:
        """End all attempts of `run` as cancelled; each reports when its agent has let go."""
        for (owner, _), attempt in list(self._at_work.items()):
            if owner == run:
                attempt.stop()

    def stop_step(self, run: str, steps: set[str], failure: Failure) -> None:
        """End the attempts at these steps of `run` with `failure`."""
        for (owner, _), attempt in list(self._at_work.items()):
            if owner == run and attempt.assignment.step in steps:
                attempt.stop(failure)

    async def abandon(self, run: str = "") -> None:
        """End the attempts of `run`, or all, without a report, and wait until they have let go."""
        chosen = [a for (owner, _), a in self._at_work.items() if run in ("", owner)]
        for attempt in chosen:
            attempt.abandon()
            self._let_go(attempt)
        tasks = {attempt.task for attempt in chosen if attempt.task is not None}
        if not run:
            tasks |= self._late
        if tasks:
            await asyncio.wait(tasks, timeout=CANCEL_SECONDS_MAX)

    def drop(self) -> None:
        """End all attempts at once; nobody waits for them, and nobody hears them."""
        for attempt in list(self._at_work.values()):
            attempt.abandon()

    # What follows is the `Desk`.

    def said(self, attempt: Attempt, level: LogLevel, message: str) -> None:
        """Take a line of output in."""
        a = attempt.assignment
        now = int(self._journal.clock.now() * 1_000_000)
        self._output.add(OutputLine(a.run, a.step, a.attempt, now, level, message))

    def moved(self, attempt: Attempt, done: int, total: int, note: str) -> None:
        """Pass progress on to those who watch; it is kept nowhere."""
        for listener in self.progress_listeners:
            listener(attempt.assignment.run, attempt.assignment.step, done, total, note)

    def used(self, attempt: Attempt, usage: Usage, model: str) -> None:
        """Write down what was used; an attempt that passed a cap is ended."""
        self._report(self._use, attempt, attempt, usage, model)

    def _use(
        self, run: str, step: str, fence: int, attempt: Attempt, usage: Usage, model: str
    ) -> None:
        over = self._execution.usage(run, step, fence, usage, model)
        if over:
            hint = "Raise the cap with `mission budget set`, or let the step do less."
            attempt.stop(Failure("budget.exceeded", over, hint, retryable=False))

    async def admitted(self, attempt: Attempt, call: Spending) -> None:
        """Reserve the worst case of a model call; returns when that is durable."""
        a = attempt.assignment
        state = self._journal.runs.get(a.run)
        holder = state.working.get(a.step) if state is not None else None
        if state is None or holder is None or holder.fence != a.fence:
            raise AttemptFailed("lease.lost", f"The lease on {a.step!r} was lost.")
        try:
            self._execution.meter.admit(state, state.steps[a.step], a.fence, call)
        except MissionControlError as error:
            raise AttemptFailed(
                error.code, error.reason, hint=error.hint, retryable=False
            ) from error
        await self._journal.durable()

    async def recorded(self, attempt: Attempt, process: ProcessHandle) -> None:
        """Write down a process; returns when that is durable."""
        self._report(self._execution.process, attempt, process)
        await self._journal.durable()
        a = attempt.assignment
        state = self._journal.runs.get(a.run)
        holder = state.working.get(a.step) if state is not None else None
        if holder is None or holder.fence != a.fence:
            reason = f"The lease on {a.step!r} was lost before its program began."
            raise AttemptFailed("lease.lost", reason)

    def keep(self, content: bytes) -> tuple[str, int]:
        """Store a file without the secrets in it; return its digest and size."""
        clean = self._scrub(content)
        return self._artifacts.put(clean), len(clean)

    def succeeded(self, attempt: Attempt, work: Work) -> None:
        """Take work in."""
        self._end(attempt, self._execution.success, work)

    def failed(self, attempt: Attempt, failure: Failure) -> None:
        """Take a failure in. Secrets go before it is cut: half of one would not be recognised."""
        reason = str(failure.reason).encode("utf-8", "replace")
        clean = self._scrub(reason)
        if clean is not reason:
            failure = msgspec.structs.replace(failure, reason=clean.decode("utf-8", "replace"))
        self._end(attempt, self._execution.failure, failure)

    def cancelled(self, attempt: Attempt) -> None:
        """Take in that an attempt ended because we asked it to."""
        self._end(attempt, self._execution.cancelled)

    def _end(self, attempt: Attempt, report: Callable[..., None], *what: Any) -> None:
        self._let_go(attempt)
        self._report(report, attempt, *what)
        self.ended(attempt.assignment.run)

    def _let_go(self, attempt: Attempt) -> None:
        a = attempt.assignment
        self._at_work.pop((a.run, a.fence), None)
        self._registry.release(a.agent, a.run, a.fence, attempt.slots)

    def _report(self, report: Callable[..., None], attempt: Attempt, *what: Any) -> None:
        if not self._journal.is_open:
            return
        if attempt.assignment.run not in self._journal.runs:
            task = asyncio.ensure_future(self._report_late(report, attempt, *what))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return
        a = attempt.assignment
        try:
            report(a.run, a.step, a.fence, *what)
        except Exception as error:  # noqa: BLE001 - the edge: a report always has an answer
            self.broken(error)

    async def _report_late(self, report: Callable[..., None], attempt: Attempt, *what: Any) -> None:
        """Take in what is said of a run that has ended and was let go from memory."""
        run = attempt.assignment.run
        with contextlib.suppress(MissionControlError):
            await self._journal.load_run(run)
            self._report(report, attempt, *what)
            await self._journal.durable()
        self._journal.forget(run)


def _assignment(state: Run, event: StepStarted) -> Assignment:
    step = state.steps[event.step]
    return Assignment(
        state.id,
        state.workflow,
        event.step,
        event.attempt,
        event.fence,
        _key_of(state, event.step),
        event.agent,
        state.inputs_of.get(event.step, step.inputs),
        state.inputs,
        {need: _upstream(state.states[need]) for need in step.needs},
        step.seconds_max,
    )


def _key_of(state: Run, step: str) -> str:
    """Return the idempotency key: the same for every attempt at the same round of a step."""
    done = state.rounds.get(step, 0)
    return f"{state.id}/{step}#{done + 1}" if done else f"{state.id}/{step}"


def _upstream(state: StepState) -> Upstream:
    match state:
        case Succeeded():
            return Upstream("succeeded", state.work)
        case Failed():
            return Upstream("failed", error=state.failure.reason)
        case Skipped():
            return Upstream("skipped", error=state.reason)
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
