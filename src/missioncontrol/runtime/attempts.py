"""All attempts at work: how they begin and end, and what they report."""

import asyncio
import contextlib
import os
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.application.scrubbing import Scrub
from missioncontrol.domain.budget.refusals import CAP_REFUSALS
from missioncontrol.domain.declaration import refuse_outside, tightened
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.run.events import Failure, StepStarted
from missioncontrol.domain.run.states import (
    Blocked,
    Failed,
    Run,
    Skipped,
    StepState,
    Succeeded,
)
from missioncontrol.domain.step import Amount, Spending, Step
from missioncontrol.domain.work import ArtifactRef, Usage, Work
from missioncontrol.ports.agent import (
    Action,
    Assignment,
    AttemptFailed,
    LogLevel,
    ProcessHandle,
    Upstream,
    Verdict,
)
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.output_store import OutputLine
from missioncontrol.ports.workers import is_remote
from missioncontrol.runtime.attempt import CANCEL_SECONDS_MAX, HUNG, Attempt
from missioncontrol.runtime.output import Output
from missioncontrol.runtime.registry import Registered, Registry

SILENT = "worker.lost"
"""The failure of an attempt whose worker is silent, and may still be at work."""

WORKER_GONE = frozenset({SILENT, "worker.restarted", "worker.left"})
"""Failures of attempts whose worker is silent, or ended in the middle of them."""

PAYMENT_REQUIRED = re.compile(r"\b402\b")
"""What programs name that were refused by the gateway; most do not pass its words on."""

ProgressListener = Callable[[str, str, int, int, str], None]
"""Receives run, step, how much is done, of how much (0 where unknown), and a note."""


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
        """The engine sets `ended`, called at each end, and `broken`, for internal faults."""
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
        """Start an agent on a lease that is on disk now, unless it was revoked."""
        holder = state.working.get(event.step)
        if holder is None or holder.fence != event.fence:
            self.give_back(state.id, event)
            return
        slots = state.slots_of.get(event.step, ())
        registered = self._registry.registered(event.agent)
        inputs = self._execution.forgetting.without(state.inputs)
        assignment = _assignment(state, event, registered, inputs)
        attempt = Attempt(assignment, self, asyncio.get_running_loop(), slots)
        self._at_work[state.id, event.fence] = attempt
        if state.cancel_reason is not None:
            self.cancelled(attempt)  # Asked for while the lease was on its way to the disk.
        elif registered is None:
            self.failed(attempt, _unknown_agent(event.agent, self._registry.names))
        elif refusal := _refusal(registered, assignment):
            self.failed(attempt, refusal)
        else:
            silence = state.steps[event.step].heartbeat_seconds_max
            if registered.declared is not None:
                silence = tightened(silence, registered.declared.heartbeat_seconds_max)
            attempt.begin(registered.agent, heartbeat_seconds_max=silence)

    def take_up(self, state: Run, step: str) -> None:
        """Go on with an attempt that is at work elsewhere, as it was leased by the last engine.

        Its time limit starts again from here: its work meanwhile is not lost to a limit.
        """
        working = state.working[step]
        slots = state.slots_of.get(step, ())
        self._registry.lease(working.agent, state.id, working.fence, slots)
        self.begin(
            state,
            StepStarted(
                step,
                working.attempt,
                working.fence,
                working.agent,
                state.handed.get(step, ()),
                state.elevated.get(step),
            ),
        )

    def stop(self, run: str) -> None:
        """End all attempts of `run` as cancelled; each reports when its agent has stopped."""
        for (owner, _), attempt in list(self._at_work.items()):
            if owner == run:
                attempt.stop()

    def stop_step(self, run: str, steps: set[str], failure: Failure) -> None:
        """End the attempts at these steps of `run` with `failure`."""
        for (owner, _), attempt in list(self._at_work.items()):
            if owner == run and attempt.assignment.step in steps:
                attempt.stop(failure)

    async def abandon(self, run: str = "", *, agent: str = "") -> list[Assignment]:
        """End the attempts of a run or an agent, or all, without a report, and return which.

        Returns when they have stopped.
        """
        chosen = [
            attempt
            for (owner, _), attempt in self._at_work.items()
            if run in ("", owner) and agent in ("", attempt.assignment.agent)
        ]
        for attempt in chosen:
            attempt.abandon()
            self._drop_attempt(attempt)
        tasks = {attempt.task for attempt in chosen if attempt.task is not None}
        if not run and not agent:
            tasks |= self._late
        if tasks:
            await asyncio.wait(tasks, timeout=CANCEL_SECONDS_MAX)
        return [attempt.assignment for attempt in chosen]

    def drop(self) -> None:
        """End all attempts at once, without waiting for them or reading their reports."""
        for attempt in list(self._at_work.values()):
            attempt.abandon()

    # What follows is the `Desk`.

    def log(self, attempt: Attempt, level: LogLevel, message: str) -> None:
        """Take a line of output in."""
        a = attempt.assignment
        now = int(self._journal.clock.now() * 1_000_000)
        self._output.add(OutputLine(a.run, a.step, a.attempt, now, level, message, agent=a.agent))

    def moved(self, attempt: Attempt, done: int, total: int, note: str) -> None:
        """Pass progress on to its listeners; it is not stored."""
        for listener in self.progress_listeners:
            listener(attempt.assignment.run, attempt.assignment.step, done, total, note)

    def used(self, attempt: Attempt, usage: Usage, model: str, *, estimated: bool = False) -> None:
        """Write down what was used; an attempt that passed a cap is ended."""
        self._report(self._use, attempt, attempt, usage, model, estimated)

    def _use(
        self,
        run: str,
        step: str,
        fence: int,
        attempt: Attempt,
        usage: Usage,
        model: str,
        estimated: bool,
    ) -> None:
        over = self._execution.usage(run, step, fence, usage, model, estimated=estimated)
        if over:
            attempt.refusal = Failure("budget.exceeded", over, retryable=False)
            self._execution.halt(run, attempt.refusal.code, over)
            attempt.stop(attempt.refusal)

    async def admitted(self, attempt: Attempt, call: Spending, *, is_here: bool = False) -> None:
        """Reserve the worst case of a model call; returns when that is durable."""
        a = attempt.assignment
        state = self._journal.runs.get(a.run)
        holder = state.working.get(a.step) if state is not None else None
        if state is None or holder is None or holder.fence != a.fence:
            raise AttemptFailed("lease.lost", f"The lease on {a.step!r} was lost.")
        step = state.steps[a.step]
        try:
            self._execution.meter.admit(state, step, a.fence, call, is_here=is_here)
        except MissionControlError as error:
            if error.code in CAP_REFUSALS:
                attempt.refusal = Failure(error.code, str(error), retryable=False)
            raise AttemptFailed(
                error.code, error.reason, hint=error.hint, retryable=False
            ) from error
        await self._journal.durable()

    def room(self, attempt: Attempt, model: str) -> Amount:
        """Return what the next call of an attempt may use; nothing where its lease is lost."""
        a = attempt.assignment
        state = self._journal.runs.get(a.run)
        if state is None or state.is_settled:
            return Amount(0, 0)
        return self._execution.meter.room(state, state.steps[a.step], a.fence, model)

    def released(self, attempt: Attempt) -> None:
        """Free what the last call of an attempt did not use."""
        self._report(self._release, attempt)

    def _release(self, run: str, step: str, fence: int) -> None:
        self._execution.meter.release(self._journal.runs[run], step, fence)

    async def permitted(self, attempt: Attempt, action: Action) -> Verdict:
        """Return what was decided about an action that the attempt wants to do."""
        a = attempt.assignment
        state = self._journal.runs.get(a.run)
        holder = state.working.get(a.step) if state is not None else None
        if state is None or holder is None or holder.fence != a.fence:
            raise AttemptFailed("lease.lost", f"The lease on {a.step!r} was lost.")
        try:
            return await self._execution.tool_permissions.ask(
                state, state.steps[a.step], a.fence, action
            )
        except MissionControlError as error:
            raise AttemptFailed(
                error.code, error.reason, hint=error.hint, retryable=False
            ) from error

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
        cap = attempt.refusal
        if failure.code in WORKER_GONE and self._is_remote(attempt):
            self._end(attempt, self._lost, failure)
        elif cap is not None and _is_refusal(failure, cap):
            self._end(attempt, self._execution.cut, cap.code, cap.reason)
        else:
            self._end(attempt, self._execution.failure, failure)

    def _is_remote(self, attempt: Attempt) -> bool:
        """Whether a worker carries the attempt out; a local agent has no worker to lose."""
        registered = self._registry.registered(attempt.assignment.agent)
        declared = registered.declared if registered is not None else None
        return declared is not None and is_remote(declared)

    def _lost(self, run: str, step: str, fence: int, failure: Failure) -> None:
        """Begin a step again whose worker is gone: that is no failure of the step.

        Where the worker may still be at work, only a step that may run twice begins again.
        """
        state = self._journal.runs[run]
        working = state.working.get(step)
        if working is None or working.fence != fence:
            return
        if failure.code != SILENT or _may_run_twice(state.steps[step]):
            self._execution.lose(run, failure.reason, (step,))
            return
        self._execution.charge_lost(run, step)
        self._execution.failure(run, step, fence, _still_at_work(run, step, failure))

    def cancelled(self, attempt: Attempt) -> None:
        """Take in that an attempt ended because we asked it to."""
        self._end(attempt, self._execution.cancelled)

    def _end(self, attempt: Attempt, report: Callable[..., None], *what: Any) -> None:
        self._drop_attempt(attempt)
        self._report(report, attempt, *what)
        self.ended(attempt.assignment.run)

    def _drop_attempt(self, attempt: Attempt) -> None:
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
        """Accept a late report of a run that has ended and was dropped from memory."""
        run = attempt.assignment.run
        with contextlib.suppress(MissionControlError):
            await self._journal.load_run(run)
            self._report(report, attempt, *what)
            await self._journal.durable()
        self._journal.forget(run)


def _assignment(
    state: Run, event: StepStarted, registered: Registered | None, inputs: Mapping[str, Any]
) -> Assignment:
    step = state.steps[event.step]
    declared = registered.declared if registered is not None else None
    return Assignment(
        state.id,
        state.workflow,
        event.step,
        event.attempt,
        event.fence,
        _key_of(state, event.step),
        event.agent,
        state.inputs_of.get(event.step, step.inputs),
        inputs,
        {need: _with(_upstream(state.states[need]), event.handed) for need in step.needs},
        tightened(step.seconds_max, declared.limits.seconds_max if declared else 0.0),
        step.risk,
        event.elevation,
    )


def _refusal(registered: Registered, assignment: Assignment) -> Failure | None:
    """Say why an agent must not do a step, by how it is declared."""
    if registered.declared is None:
        return None
    inputs = registered.card.inputs if registered.card is not None else registered.declared.inputs
    shared = registered.card.from_run if registered.card is not None else ()
    known = {name: assignment.run_inputs[name] for name in shared if name in assignment.run_inputs}
    own = {name: each for name, each in assignment.inputs.items() if each is not None}
    given = {**known, **own}
    try:
        refuse_outside(registered.declared, assignment.risk, given, inputs, os.path.realpath)
    except Rejected as no:
        return Failure(no.code, no.reason, no.hint, retryable=False)
    return None


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


def _with(up: Upstream, handed: tuple[ArtifactRef, ...]) -> Upstream:
    """Return what an earlier step left, with `handed` in place of its files of those names."""
    instead = {each.name: each for each in handed}
    if instead.keys().isdisjoint(each.name for each in up.work.artifacts):
        return up
    files = tuple(instead.get(each.name, each) for each in up.work.artifacts)
    work = msgspec.structs.replace(up.work, artifacts=files)
    return msgspec.structs.replace(up, work=work)


def _is_refusal(failure: Failure, refusal: Failure) -> bool:
    """Whether an attempt failed for what a cap refused it, and not for a fault of its own.

    Our own stop has the code of the refusal, tools have a code for it, and programs quote what the
    gateway answered. One that hung counts as failed: it may still be at work.
    """
    if failure.code == HUNG:
        return False
    if failure.code == refusal.code or failure.code.endswith(".budget_refused"):
        return True
    is_quoted = refusal.code in failure.reason or refusal.reason in failure.reason
    return is_quoted or PAYMENT_REQUIRED.search(failure.reason) is not None


def _may_run_twice(step: Step) -> bool:
    """Whether a second attempt at a step may meet a first one that is still at work.

    Reading twice changes nothing. A step that writes and may be retried declares that it
    can bear that. What can't be undone is never begun beside itself.
    """
    return step.risk == "read" or (step.risk == "write" and step.retry.attempts > 1)


def _still_at_work(run: str, step: str, failure: Failure) -> Failure:
    return Failure(
        failure.code,
        f"{failure.reason} It may still be at work, and the step must not run twice.",
        "Make sure that the worker has ended it, then "
        f"`mission runs retry {run} {shlex.quote(step)}` does it again.",
        retryable=False,
    )


def _unknown_agent(name: str, names: list[str]) -> Failure:
    return Failure(
        "agent.unknown",
        f"No agent is called {name!r} here.",
        f"Known are: {', '.join(names)}.",
        retryable=False,
    )
