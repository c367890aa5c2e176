"""Faults that can be planted in the product, one at a time: the simulation has to find each.

Each fault replaces one function or value while a world lives. `seed` is the first that finds it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from missioncontrol.application.execution import Execution
from missioncontrol.application.metering import Meter
from missioncontrol.domain.approval import decide as approving
from missioncontrol.domain.approval.events import ApprovalGiven, ApprovalGranted
from missioncontrol.domain.approval.states import Approval
from missioncontrol.domain.budget import decide as budgeting
from missioncontrol.domain.run import decide as runs
from missioncontrol.domain.run import evolve as run_evolving
from missioncontrol.domain.run.commands import ReportFailure, StartSteps
from missioncontrol.domain.run.events import (
    AttemptFailed,
    RunEvent,
    RunSettled,
    StepStarted,
)
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.schedule import slots
from missioncontrol.domain.step import Slot
from missioncontrol.runtime.attempts import Attempts
from missioncontrol.runtime.registry import Registry


class Fault(msgspec.Struct, frozen=True):
    """A fault: `name` of `owner` becomes what `broken` makes of it."""

    owner: Any
    name: str
    broken: Callable[[Any], Any]
    seed: int  # the first that finds it


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Plant the fault called `name` while the block runs."""
    fault = FAULTS[name]
    sound = getattr(fault.owner, fault.name)
    setattr(fault.owner, fault.name, fault.broken(sound))
    try:
        yield
    finally:
        setattr(fault.owner, fault.name, sound)


def _nothing(_: Any) -> Callable[..., None]:
    return lambda *_args, **_named: None


def _none(_: Any) -> Callable[..., Iterator[None]]:
    return lambda *_args, **_named: iter(())


def _retry_after_cancel(sound: Any) -> Any:
    def failure(command: ReportFailure, run: Run, now: float) -> list[RunEvent]:
        retry, tried = run.steps[command.step].retry, run.working[command.step].attempt
        if command.failure.retryable and tried < retry.attempts:
            again = now + retry.wait(tried, command.jitter)
            return [AttemptFailed(command.step, command.fence, command.failure, again)]
        events: list[RunEvent] = sound(command, run, now)
        return events

    return failure


def _double_dispatch(sound: Any) -> Any:
    def start(command: StartSteps, run: Run, now: float) -> list[RunEvent]:
        events: list[RunEvent] = sound(command, run, now)
        for key in list(run.working)[:1]:
            attempt = run.working[key].attempt
            fence = run.fence + len(command.steps) + 1
            events.append(StepStarted(key, attempt, fence, run.steps[key].agent))
        return events

    return start


def _late_report_accepted(sound: Any) -> Any:
    def late(run: Run, step: str, fence: int, kind: str) -> list[RunEvent] | None:
        if kind == "failure" and step in run.working:
            return None
        events: list[RunEvent] | None = sound(run, step, fence, kind)
        return events

    return late


def _wrong_fence(sound: Any) -> Any:
    def start(command: StartSteps, run: Run, now: float) -> list[RunEvent]:
        events: list[RunEvent] = sound(command, run, now)
        return [
            msgspec.structs.replace(each, fence=each.fence - 1)
            if isinstance(each, StepStarted) and each.attempt > 1
            else each
            for each in events
        ]

    return start


def _settled_twice(sound: Any) -> Any:
    def cancelled(command: Any, run: Run) -> list[RunEvent]:
        events: list[RunEvent] = sound(command, run)
        return [*events, events[-1]] if events and isinstance(events[-1], RunSettled) else events

    return cancelled


def _dependant_too_early(sound: Any) -> Any:
    def lease(self: Attempts, state: Run, keys: tuple[str, ...]) -> Any:
        fence = state.fence
        leased = sound(self, state, keys)
        for number, key in enumerate(keys, start=fence + 1):
            step = state.steps[key]
            if step.needs and key in state.working:
                started = StepStarted(key, state.working[key].attempt, number, step.agent)
                self.begin(state, started)
        return leased

    return lease


def _slot_leak(sound: Any) -> Any:
    def release(
        self: Registry, name: str, run: str, fence: int, slots: tuple[Slot, ...] = ()
    ) -> None:
        del slots
        sound(self, name, run, fence)

    return release


def _one_approval_is_enough(_: Any) -> Any:
    def agreed(command: Any, approval: Approval) -> list[Any]:
        given = ApprovalGiven(command.who.actor, command.reason)
        return [given, ApprovalGranted((given.by,), approval.digest)]

    return agreed


def _approval_reused(sound: Any) -> Any:
    def start(run: Run, event: StepStarted, at: float) -> None:
        released = run.released.get(event.step)
        sound(run, event, at)
        if released is not None:
            run.released[event.step] = released

    return start


def _always_fires(_: Any) -> Any:
    return lambda *_args, **_named: "fire"


FAULTS: dict[str, Fault] = {
    "retry-after-cancel": Fault(runs, "_failure", _retry_after_cancel, 1),
    "double-dispatch": Fault(runs, "_start", _double_dispatch, 1),
    "late-report-accepted": Fault(runs, "_late", _late_report_accepted, 1),
    "wrong-fence": Fault(runs, "_start", _wrong_fence, 1),
    "settled-twice": Fault(runs, "_cancelled", _settled_twice, 1),
    "dependant-too-early": Fault(Attempts, "lease", _dependant_too_early, 0),
    "reservation-not-freed": Fault(Meter, "settle", _nothing, 0),
    "cap-not-checked": Fault(budgeting, "refuse_excess", _nothing, 9),
    "in-flight-call-not-charged": Fault(Meter, "forfeit", _none, 2),
    "start-below-a-spent-cap": Fault(Meter, "refuse_spent", _nothing, 71),
    "run-not-halted-at-its-cap": Fault(Execution, "_hold_to_caps", _nothing, 0),
    "one-approval-is-enough": Fault(approving, "_agreed", _one_approval_is_enough, 1),
    "approval-reused": Fault(run_evolving, "_start", _approval_reused, 1),
    "digest-not-compared": Fault(approving, "refuse_unseen", _nothing, 1),
    "overlap-ignored": Fault(slots, "_overlapping", _always_fires, 1),
    "slot-leak": Fault(Registry, "release", _slot_leak, 1),
}
