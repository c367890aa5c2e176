"""What every event leaves behind in a run."""

import pytest

from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.run.events import (
    AttemptFailed,
    AttemptInterrupted,
    CancelRequested,
    ReportRefused,
    RunCreated,
    RunEvent,
    RunResumed,
    RunSettled,
    RunStarted,
    StepSucceeded,
)
from missioncontrol.domain.run.evolve import evolve
from missioncontrol.domain.run.states import Ready, Run, Working
from missioncontrol.domain.step import Step
from tests.domain.history import BROKEN, created, run_after, started, step


def test_a_run_remembers_what_it_was_created_with() -> None:
    event = RunCreated(
        "run-1", "release", (step("a"),), 3, 9.0, {"x": 1}, "mission-1", "api", "run-0"
    )
    run = evolve(None, event, 5.0)
    assert (run.id, run.workflow, run.concurrency, run.seconds_max) == ("run-1", "release", 3, 9.0)
    assert (run.inputs, run.mission, run.retry_of) == ({"x": 1}, "mission-1", "run-0")
    assert run.created_at == 5.0


def test_times_are_those_of_the_events() -> None:
    run = evolve(None, created(step("a")), 1.0)
    events: list[RunEvent] = [RunStarted(), started("a"), StepSucceeded("a", 1)]
    for at, event in enumerate(events, start=2):
        evolve(run, event, float(at))
    evolve(run, RunSettled("succeeded"), 9.0)
    assert (run.created_at, run.started_at, run.settled_at) == (1.0, 2.0, 9.0)


def test_a_working_step_knows_its_attempt_and_since_when_it_works() -> None:
    run = evolve(None, created(step("a")), 1.0)
    evolve(run, started("a", 4, 7), 8.0)
    assert run.states["a"] == Working(4, 7, "hand", 8.0)
    assert run.fence == 7


def test_a_refused_report_is_remembered_and_changes_no_step() -> None:
    run = run_after(created(step("a")), RunStarted(), started("a"))
    before = dict(run.states)
    evolve(run, ReportRefused("a", 0, "success"), 0.0)
    assert run.states == before
    assert (0, "success") in run.refused


def test_resuming_changes_no_step() -> None:
    run = run_after(created(step("a")), RunStarted(), started("a"))
    before = dict(run.states)
    evolve(run, RunResumed(), 0.0)
    assert run.states == before


def test_an_interrupted_attempt_is_taken_back() -> None:
    run = run_after(created(step("a")), RunStarted(), started("a"))
    evolve(run, AttemptInterrupted("a", 1, "gone"), 0.0)
    assert isinstance(run.states["a"], Ready)
    assert run.tries["a"] == 0
    assert run.interruptions["a"] == 1


def test_a_second_beginning_is_corrupt() -> None:
    with pytest.raises(Corrupt) as no:
        evolve(run_after(created(step("a"))), created(step("a")), 0.0)
    assert no.value.code == "run.two_beginnings"


@pytest.mark.parametrize("event", [RunStarted(), RunSettled("failed"), started("a")])
def test_a_log_that_begins_in_the_middle_is_corrupt(event: RunEvent) -> None:
    with pytest.raises(Corrupt) as no:
        evolve(None, event, 0.0)
    assert no.value.code == "run.no_beginning"


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], "queued"),
        ([RunStarted()], "running"),
        ([RunStarted(), CancelRequested("Enough.")], "cancelling"),
        ([RunStarted(), CancelRequested("Enough."), RunSettled("cancelled")], "cancelled"),
        ([RunStarted(), RunSettled("failed")], "failed"),
        ([RunStarted(), RunSettled("succeeded")], "succeeded"),
    ],
)
def test_the_status_is_one_word(events: list[RunEvent], status: str) -> None:
    assert run_after(created(step("a")), *events).status == status


def readings(run: Run) -> dict[str, object]:
    """Compute from `states` alone what the run keeps beside them."""
    names = {"Ready": "ready", "Working": "working", "Resting": "resting"}
    found: dict[str, object] = {name: set() for name in names.values()}
    for key, state in run.states.items():
        name = names.get(type(state).__name__)
        if name:
            members = found[name]
            assert isinstance(members, set)
            members.add(key)
    return found


def test_the_kept_readings_follow_from_the_states() -> None:
    steps = (step("a"), step("b"), step("c"), step("d", "a"), Step("e", "hand", ("b",)))
    run = run_after(
        created(*steps),
        RunStarted(),
        started("a", 1, 1),
        started("b", 1, 2),
        AttemptFailed("a", 1, BROKEN, 9.0),
        StepSucceeded("b", 2),
    )
    stored = {"ready": set(run.ready), "working": set(run.working), "resting": set(run.resting)}
    assert stored == readings(run)
    assert run.unsettled == 4
