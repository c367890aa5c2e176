"""One attempt at work: its line to the engine, its time limits, and how it ends."""

import asyncio
import contextlib
import functools
import shlex
from collections.abc import Iterator
from typing import Protocol

from missioncontrol.application.acceptance import is_sound
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.step import Amount, Slot, Spending
from missioncontrol.domain.work import NO_USAGE, ArtifactRef, Usage, Work
from missioncontrol.ports.agent import (
    Action,
    Agent,
    Assignment,
    AttemptFailed,
    LogLevel,
    ProcessHandle,
    Verdict,
)

LISTEN_SECONDS = 0.1
HUNG = "agent.hung"
"""The failure of an attempt whose agent may still be at work."""

CANCEL_SECONDS_MAX = 15.0
"""The time that an agent has to stop after it was asked to."""


class Desk(Protocol):
    """What an attempt needs from the engine."""

    def log(self, attempt: "Attempt", level: LogLevel, message: str) -> None: ...
    def moved(self, attempt: "Attempt", done: int, total: int, note: str) -> None: ...
    def used(
        self, attempt: "Attempt", usage: Usage, model: str, *, estimated: bool = False
    ) -> None: ...
    async def admitted(
        self, attempt: "Attempt", call: Spending, *, is_here: bool = False
    ) -> None: ...
    def room(self, attempt: "Attempt", model: str) -> Amount: ...
    def released(self, attempt: "Attempt") -> None: ...
    async def permitted(self, attempt: "Attempt", action: Action) -> Verdict: ...
    async def recorded(self, attempt: "Attempt", process: ProcessHandle) -> None: ...
    def keep(self, content: bytes) -> tuple[str, int]: ...
    def succeeded(self, attempt: "Attempt", work: Work) -> None: ...
    def failed(self, attempt: "Attempt", failure: Failure) -> None: ...
    def cancelled(self, attempt: "Attempt") -> None: ...


class Attempt:
    """The lease of one agent on one step. It is the `Line` that the agent speaks through."""

    __slots__ = (
        "_deadline",
        "_ending",
        "_engine",
        "_has_started",
        "_heartbeat",
        "_is_stopping",
        "_last_activity",
        "_loop",
        "_questions",
        "_seconds_left",
        "_usage",
        "assignment",
        "is_over",
        "refusal",
        "slots",
        "task",
    )

    def __init__(
        self,
        assignment: Assignment,
        desk: Desk,
        loop: asyncio.AbstractEventLoop,
        slots: tuple[Slot, ...] = (),
    ) -> None:
        """Nothing runs before `begin`. `slots` are the shared places that the attempt takes."""
        self.assignment = assignment
        self.slots = slots
        self.task: asyncio.Task[None] | None = None
        self.is_over = False
        self.refusal: Failure | None = None
        """What a cap refused it last; if the attempt fails now, it is for that."""
        self._engine = desk
        self._loop = loop
        self._ending: Failure | None = None
        self._is_stopping = False
        self._has_started = False
        self._deadline: asyncio.TimerHandle | None = None
        self._heartbeat: asyncio.TimerHandle | None = None
        self._last_activity = 0.0
        self._usage = NO_USAGE
        self._questions = 0  # to people, that are open; one more where it waits for a place
        self._seconds_left = 0.0

    def begin(self, agent: Agent, *, heartbeat_seconds_max: float = 0.0) -> None:
        """Start `agent` under the limits of the assignment."""
        seconds = self.assignment.seconds_max
        if seconds:
            self._deadline = self._loop.call_later(seconds, self._time_out, seconds)
        if heartbeat_seconds_max:
            self._last_activity = self._loop.time()
            self._listen(heartbeat_seconds_max)
        self.task = self._loop.create_task(self._perform(agent))

    async def _perform(self, agent: Agent) -> None:
        self._has_started = True
        try:
            work = await agent.perform(self.assignment, self)
        except AttemptFailed as error:
            hint = _addressed(error.hint, self.assignment)
            self._fail(Failure(error.code, error.reason, hint, error.retryable, error.detail))
        except asyncio.CancelledError:
            self._fail(_self_cancelled(self.assignment.agent))
        except Exception as error:  # noqa: BLE001 - the edge: an agent may raise anything
            reason = f"The agent {self.assignment.agent!r} raised {type(error).__name__}: {error}"
            hint = _addressed("`mission runs output RUN STEP` has its output.", self.assignment)
            self._fail(Failure("agent.crashed", reason, hint))
        else:
            if not self.is_over:
                self._hand_in(work)

    def _hand_in(self, work: Work) -> None:
        """Report the work; what it used counts once, reported on the way or with the work."""
        self._close()
        usage = getattr(work, "usage", NO_USAGE)
        if usage is not NO_USAGE and self._usage is NO_USAGE:
            if not is_sound(usage):
                reason = f"The agent {self.assignment.agent!r} reported {usage!r} as its usage."
                self._engine.failed(self, Failure("usage.malformed", reason, retryable=False))
                return
            self._engine.used(self, usage, "")
        self._engine.succeeded(self, work)

    def _fail(self, failure: Failure) -> None:
        """Report a failure of the agent's own, unless it was asked to stop.

        What it says then is how it takes that, and not why: it must not be tried again for it.
        """
        self._end(self._ending if self._is_stopping else failure)

    def _end(self, failure: Failure | None) -> None:
        """Report how it ended: as `failure`, or as cancelled where there is none."""
        if self.is_over:
            return  # It was given up already, and its lease with it.
        self._close()
        if failure is None:
            self._engine.cancelled(self)
        else:
            self._engine.failed(self, failure)

    def _close(self) -> None:
        self.is_over = True
        for timer in (self._deadline, self._heartbeat):
            if timer is not None:
                timer.cancel()

    def stop(self, failure: Failure | None = None) -> None:
        """End the work: as `failure`, or as cancelled.

        The report follows when the agent has stopped, so that no second attempt works beside
        it. An agent that does not stop in time loses its lease all the same.
        """
        if self.is_over or self._is_stopping or self.task is None:
            return
        self._is_stopping = True
        self._ending = failure
        self.task.cancel()
        if not self._has_started:
            self._end(failure)  # A task that is cancelled before its first step never runs at all.
            return
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._loop.call_later(CANCEL_SECONDS_MAX, self._give_up, failure)

    def abandon(self) -> None:
        """Cut the line: the engine closes, and what happens now is no longer reported."""
        self._close()
        if self.task is not None:
            self.task.cancel()

    def _give_up(self, failure: Failure | None) -> None:
        because = failure.reason if failure is not None else "The run was cancelled."
        reason = f"{because} The agent did not stop within {CANCEL_SECONDS_MAX:g} s after that."
        # Not retried: another attempt could meet the first one, which may still be at work.
        hung = Failure(HUNG, reason, "Look for what it left running.", retryable=False)
        self._end(None if failure is None else hung)

    def _time_out(self, seconds: float) -> None:
        reason = f"The attempt took longer than its limit of {seconds:g} s."
        self.stop(Failure("step.timed_out", reason, "Raise the limit, or make the step smaller."))

    def _listen(self, seconds: float, *, again: bool = False) -> None:
        if self._questions:
            self._touch()
        silent = self._loop.time() - self._last_activity
        if silent >= seconds and not again:
            # The loop itself may have been late; the agent's messages so far are read first.
            listen = functools.partial(self._listen, seconds, again=True)
            self._heartbeat = self._loop.call_later(LISTEN_SECONDS, listen)
        elif silent >= seconds:
            reason = f"The agent sent nothing for {seconds:g} s."
            self.stop(Failure("lease.expired", reason, "Look at the last output of the attempt."))
        else:
            self._heartbeat = self._loop.call_later(seconds - silent, self._listen, seconds)

    def _touch(self) -> None:
        self._last_activity = self._loop.time()

    # What follows keeps the promise of `ports.agent.Line`.

    def log(self, level: LogLevel, message: str) -> None:
        """See `Line.log`."""
        self._touch()
        self._engine.log(self, level, message)

    def progress(self, done: int, total: int, note: str = "") -> None:
        """See `Line.progress`."""
        self._touch()
        self._engine.moved(self, done, total, note)

    def usage(self, usage: Usage, *, model: str = "") -> None:
        """See `Line.usage`."""
        self._use(usage, model, estimated=False)

    def estimate(self, usage: Usage, *, model: str = "") -> None:
        """See `Estimating.estimate`."""
        self._use(usage, model, estimated=True)

    def _use(self, usage: Usage, model: str, *, estimated: bool) -> None:
        self._touch()
        if not is_sound(usage):
            raise AttemptFailed("usage.malformed", f"The agent reported {usage!r} as its usage.")
        self._usage += usage
        self._engine.used(self, usage, model, estimated=estimated)

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """See `Line.admit`."""
        self._touch()
        await self._engine.admitted(self, Spending(model, input_tokens, output_tokens))
        self._touch()

    async def admit_here(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """See `Hosting.admit_here`."""
        self._touch()
        call = Spending(model, input_tokens, output_tokens)
        await self._engine.admitted(self, call, is_here=True)
        self._touch()

    def room(self, model: str) -> Amount:
        """See `Hosting.room`."""
        return self._engine.room(self, model)

    def release(self) -> None:
        """See `Hosting.release`."""
        self._engine.released(self)

    async def permit(self, action: Action) -> Verdict:
        """See `Line.permit`. While people are asked, neither silence nor time counts."""
        self._pause()
        try:
            return await self._engine.permitted(self, action)
        finally:
            self._go_on()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """See `Clocked.waiting`."""
        self._pause()
        try:
            yield
        finally:
            self._go_on()

    def _pause(self) -> None:
        """Stop the clock of the attempt, if this is the first that it stands still for."""
        self._questions += 1
        if self._questions == 1 and self._deadline is not None and not self._is_stopping:
            self._seconds_left = max(0.0, self._deadline.when() - self._loop.time())
            self._deadline.cancel()

    def _go_on(self) -> None:
        """Resume the clock of the attempt, if this was the last reason to pause it."""
        self._questions -= 1
        self._touch()
        if self._questions or self._is_stopping or self.is_over or self._deadline is None:
            return
        limit = self.assignment.seconds_max
        self._deadline = self._loop.call_later(self._seconds_left, self._time_out, limit)

    async def started(self, process: ProcessHandle) -> None:
        """See `Line.started`."""
        self._touch()
        await self._engine.recorded(self, process)

    def keep(
        self, name: str, content: bytes, *, media_type: str, title: str, obtained: str
    ) -> ArtifactRef:
        """See `Line.keep`."""
        self._touch()
        digest, size = self._engine.keep(content)
        return ArtifactRef(name, digest, size, media_type, title, obtained)


def _self_cancelled(agent: str) -> Failure:
    return Failure(
        "agent.crashed",
        f"The agent {agent!r} cancelled its own work.",
        "Look for a task of its own that it cancelled and did not catch.",
    )


def _addressed(hint: str, assignment: Assignment) -> str:
    """Name the run and the step in a hint; agents write RUN STEP, and need not know how to quote.

    What a person reads is there to be copied.
    """
    return hint.replace("RUN STEP", f"{assignment.run} {shlex.quote(assignment.step)}")
