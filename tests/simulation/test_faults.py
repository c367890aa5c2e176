"""Faults planted in the code, one at a time: the simulation finds each of them."""

from collections.abc import Callable
from typing import Any

import pytest

from missioncontrol.application import journal
from missioncontrol.application.execution import Execution
from missioncontrol.application.metering import Meter
from missioncontrol.application.step_resolution import WorkingOut
from missioncontrol.domain.approval import decide as approving
from missioncontrol.domain.approval.commands import Approve
from missioncontrol.domain.approval.events import ApprovalEvent, ApprovalGiven, ApprovalGranted
from missioncontrol.domain.approval.states import Approval
from missioncontrol.domain.budget import decide as budgeting
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.operation import Operation
from missioncontrol.domain.run import decide as deciding
from missioncontrol.domain.run.commands import (
    CancelRun,
    ReportFailure,
    ReportSuccess,
    RunCommand,
    StartSteps,
)
from missioncontrol.domain.run.events import (
    AttemptFailed,
    RunEvent,
    RunSettled,
    StepStarted,
    StepSucceeded,
)
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.schedule import slots
from missioncontrol.projections import run_index
from missioncontrol.runtime.attempts import Attempts
from missioncontrol.runtime.registry import Registry
from missioncontrol.testing.simulation.world import Deadlock, World

SEEDS = 60
FOUND = (AssertionError, KeyError, Deadlock, MissionControlError)

Decider = Callable[[RunCommand, Run | None, float], list[RunEvent]]
Patch = pytest.MonkeyPatch


def find(*words: str) -> None:
    """Live in worlds that hold these words until something is found."""

    def live_on() -> None:
        for seed in range(SEEDS):
            World(seed, words=frozenset(words)).live()

    with pytest.raises(FOUND):
        live_on()


def settles_twice(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    events = deciding.decide(command, run, now)
    if events and isinstance(events[-1], RunSettled):
        return [*events, events[-1]]
    return events


def accepts_late_reports(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    if isinstance(command, ReportSuccess) and run is not None and not run.is_settled:
        holder = run.working.get(command.step)
        if holder is not None and holder.fence != command.fence:
            return [StepSucceeded(command.step, command.fence, command.work)]
    return deciding.decide(command, run, now)


def forgets_a_need(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    events = deciding.decide(command, run, now)
    if isinstance(command, StartSteps) and run is not None:
        waiting = [key for key in run.states if run.is_waiting(key)]
        if waiting:
            return [*events, StepStarted(waiting[0], 1, run.fence + len(events) + 1, "worker")]
    return events


def retries_after_a_cancel(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    if isinstance(command, ReportFailure) and run is not None and run.cancel_reason is not None:
        return [AttemptFailed(command.step, command.fence, command.failure, now + 1)]
    return deciding.decide(command, run, now)


def calls_everything_a_success(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    events = deciding.decide(command, run, now)
    return [RunSettled("succeeded") if isinstance(e, RunSettled) else e for e in events]


def forgets_who_asked(command: RunCommand, run: Run | None, now: float) -> list[RunEvent]:
    events = deciding.decide(command, run, now)
    return events[1:] if isinstance(command, CancelRun) and len(events) > 1 else events


@pytest.mark.parametrize(
    "fault",
    [
        settles_twice,
        accepts_late_reports,
        forgets_a_need,
        retries_after_a_cancel,
        calls_everything_a_success,
        forgets_who_asked,
    ],
)
def test_a_fault_in_what_is_decided_about_runs_is_found(fault: Decider, monkeypatch: Patch) -> None:
    monkeypatch.setattr(journal, "decide", fault)
    find("items")


def test_a_condition_that_is_not_asked_is_found(monkeypatch: Patch) -> None:
    monkeypatch.setattr(WorkingOut, "_truth", lambda *_, **__: True)
    find("conditions")


def test_a_single_yes_where_two_are_needed_is_found(monkeypatch: Patch) -> None:
    def agreed(command: Approve, approval: Approval) -> list[ApprovalEvent]:
        given = ApprovalGiven(command.who.actor, command.reason)
        return [given, ApprovalGranted((given.by,), approval.digest)]

    monkeypatch.setattr(approving, "_agreed", agreed)
    find("approvals")


def test_an_author_who_decides_is_found(monkeypatch: Patch) -> None:
    monkeypatch.setattr(approving, "refuse_author", _let_it_be)
    find("approvals")


def test_a_question_that_outlives_its_step_is_found(monkeypatch: Patch) -> None:
    monkeypatch.setattr(Execution, "_withdraw", _let_it_be)
    find("approvals")


def test_a_cap_that_nobody_keeps_is_found(monkeypatch: Patch) -> None:
    monkeypatch.setattr(budgeting, "refuse_excess", _let_it_be)
    find("money", "items", "calls")


def test_a_run_that_is_too_dear_and_begins_is_found(monkeypatch: Patch) -> None:
    monkeypatch.setattr(Execution, "_hold_to_caps", _let_it_be)
    find("money")


def test_money_that_stays_set_aside_is_found(monkeypatch: Patch) -> None:
    monkeypatch.setattr(Meter, "settle", _let_it_be)
    find("money")


def test_overspending_that_nobody_writes_down_is_found(monkeypatch: Patch) -> None:
    monkeypatch.setattr(budgeting, "_over", _let_it_be)
    find("money")


def test_work_that_begins_after_an_emergency_stop_is_found(monkeypatch: Patch) -> None:
    monkeypatch.setattr(Operation, "may_dispatch", True)
    find("stop", "items")


def test_work_that_an_emergency_stop_does_not_end_is_found(monkeypatch: Patch) -> None:
    async def abandon(*_: Any) -> None:
        pass

    monkeypatch.setattr(Attempts, "abandon", abandon)
    find("stop", "items")


def test_a_slot_that_fires_beside_a_run_is_found(monkeypatch: Patch) -> None:
    monkeypatch.setattr(slots, "_overlapping", lambda *_, **__: "fire")
    find("schedules")


def test_a_shared_place_that_is_taken_twice_is_found(monkeypatch: Patch) -> None:
    monkeypatch.setattr(Registry, "slot_room", lambda *_: 100)
    find("slots", "items")


def test_rows_that_miss_an_event_are_found(monkeypatch: Patch) -> None:
    count_ends = run_index._count_ends
    seen: list[object] = []

    def forgetful(row: Any, event: Any) -> None:
        seen.append(event)
        if len(seen) != 5:
            count_ends(row, event)

    monkeypatch.setattr(run_index, "_count_ends", forgetful)
    find("items")


def _let_it_be(*_: Any, **__: Any) -> None:
    pass
