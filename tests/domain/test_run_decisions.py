"""Each command, in each state of a run, and what it makes true."""

import pytest

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.run.commands import (
    AddSteps,
    CancelRun,
    CreateRun,
    Interrupt,
    RecordProcess,
    ReportCancelled,
    ReportFailure,
    ReportSuccess,
    ReportUsage,
    ResumeRun,
    RunCommand,
    StartSteps,
)
from missioncontrol.domain.run.decide import decide
from missioncontrol.domain.run.events import (
    AttemptFailed,
    AttemptInterrupted,
    CancelRequested,
    Check,
    ProcessStarted,
    ReportRefused,
    ReusedResult,
    RunCreated,
    RunResumed,
    RunSettled,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepsAdded,
    StepsBlocked,
    StepsCancelled,
    StepStarted,
    StepSucceeded,
    UsageReported,
)
from missioncontrol.domain.run.states import (
    INTERRUPTIONS_MAX,
    Blocked,
    Cancelled,
    Failed,
    Process,
    Ready,
    Resting,
    Run,
    Succeeded,
    Waiting,
    Working,
)
from missioncontrol.domain.step import Retry, Step
from missioncontrol.domain.work import Usage, Work
from tests.domain.history import (
    BROKEN,
    FINAL,
    after_any,
    cancelling,
    created,
    run_after,
    started,
    step,
    when,
    working,
)

USAGE = Usage(input_tokens=3, cost=5)


def settled(outcome_of: str = "succeeded") -> Run:
    ended = StepSucceeded("a", 1) if outcome_of == "succeeded" else StepFailed("a", 1, BROKEN)
    end = RunSettled("succeeded" if outcome_of == "succeeded" else "failed")
    return run_after(created(step("a")), RunStarted(), started("a"), ended, end)


# Creation.


def test_a_run_begins_as_it_was_asked_for() -> None:
    command = CreateRun(
        "run-1", "release", (step("a"),), 3, 9.0, {"x": 1}, "mission-1", "api", "run-0"
    )
    assert decide(command, None, 0.0) == [
        RunCreated("run-1", "release", (step("a"),), 3, 9.0, {"x": 1}, "mission-1", "api", "run-0")
    ]


def test_a_run_is_created_once() -> None:
    with pytest.raises(Rejected) as no:
        decide(CreateRun("run-1", "release", (step("a"),), 1), working(step("a")), 0.0)
    assert no.value.code == "run.exists"


def test_a_run_without_steps_has_nothing_to_do() -> None:
    with pytest.raises(Rejected) as no:
        decide(CreateRun("run-1", "release", (), 1), None, 0.0)
    assert no.value.code == "run.nothing_to_do"


def test_a_run_that_keeps_every_result_has_nothing_to_do() -> None:
    with pytest.raises(Rejected) as no:
        decide(
            CreateRun("run-1", "w", (step("a"),), 1, kept={"a": ReusedResult("run-0")}), None, 0.0
        )
    assert no.value.code == "run.nothing_to_do"


@pytest.mark.parametrize(
    "command",
    [
        StartSteps(("a",)),
        AddSteps("a", 1, ()),
        RecordProcess("a", 1, 2, 3.0, 2),
        ReportUsage("a", 1, USAGE),
        ReportSuccess("a", 1),
        ReportFailure("a", 1, BROKEN),
        ReportCancelled("a", 1),
        Interrupt("gone"),
        ResumeRun(),
        CancelRun("enough"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_run_that_does_not_exist_knows_no_other_command(command: RunCommand) -> None:
    with pytest.raises(NotFound) as no:
        decide(command, None, 0.0)
    assert no.value.code == "run.unknown"


def test_steps_without_needs_are_ready_and_the_others_wait() -> None:
    run = run_after(created(step("a"), step("b", "a")))
    assert isinstance(run.states["a"], Ready)
    assert isinstance(run.states["b"], Waiting)
    assert run.status == "queued"


def test_kept_results_stand_as_successes_of_the_run_they_came_from() -> None:
    reused = {"a": ReusedResult("run-0", Work(output=7))}
    run = run_after(RunCreated("run-1", "w", (step("a"), step("b", "a")), 1, kept=reused))
    assert run.states["a"] == Succeeded(Work(output=7), (), "run-0")
    assert list(run.startable(0.0, 9)) == ["b"]
    assert run.unsettled == 1


def test_a_chain_of_kept_results_leaves_only_what_follows_them() -> None:
    reused = {"b": ReusedResult("run-0"), "a": ReusedResult("run-0")}
    steps = (step("a"), step("b", "a"), step("c", "b"))
    run = run_after(RunCreated("run-1", "w", steps, 1, kept=reused))
    assert list(run.startable(0.0, 9)) == ["c"]


# Starting.


def test_the_first_start_starts_the_run() -> None:
    run = run_after(created(step("a"), step("b")))
    assert decide(StartSteps(("a", "b")), run, 0.0) == [
        RunStarted(),
        StepStarted("a", 1, 1, "hand"),
        StepStarted("b", 1, 2, "hand"),
    ]


def test_a_later_start_does_not_start_the_run_again() -> None:
    run = working(step("a"), step("b"))
    assert decide(StartSteps(("b",)), run, 0.0) == [StepStarted("b", 1, 2, "hand")]
    assert run.status == "running"


@pytest.mark.parametrize("key", ["a", "c", "nobody"])
def test_only_what_is_ready_can_start(key: str) -> None:
    run = working(step("a"), step("b"), step("c", "a"))
    with pytest.raises(Rejected) as no:
        decide(StartSteps((key,)), run, 0.0)
    assert no.value.code == "run.not_startable"


def test_one_step_gets_one_lease_however_often_it_is_named() -> None:
    run = run_after(created(step("a"), step("b")))
    with pytest.raises(Rejected) as no:
        decide(StartSteps(("a", "a")), run, 0.0)
    assert no.value.code == "run.not_startable"


def test_a_run_never_has_more_at_work_than_it_may() -> None:
    run = run_after(created(step("a"), step("b"), concurrency=1))
    with pytest.raises(Rejected) as no:
        decide(StartSteps(("a", "b")), run, 0.0)
    assert no.value.code == "run.full"
    assert list(run.startable(0.0, 9)) == ["a"]


def test_a_full_run_offers_nothing() -> None:
    run = run_after(created(step("a"), step("b"), concurrency=1), RunStarted(), started("a"))
    assert list(run.startable(0.0, 9)) == []


def test_a_run_that_is_cancelling_starts_nothing() -> None:
    run = cancelling(step("a"), step("b"))
    assert list(run.startable(0.0, 9)) == []
    assert run.status == "cancelling"
    with pytest.raises(Rejected) as no:
        decide(StartSteps(("b",)), run, 0.0)
    assert no.value.code == "run.cancelling"


def test_a_run_that_has_ended_starts_nothing() -> None:
    assert list(settled().startable(0.0, 9)) == []
    with pytest.raises(Rejected) as no:
        decide(StartSteps(("a",)), settled(), 0.0)
    assert no.value.code == "run.settled"


# Success.


def test_the_last_success_settles_the_run_in_the_same_decision() -> None:
    done = StepSucceeded("a", 1, Work(output=1), (Check("it is there", True),))
    command = ReportSuccess("a", 1, Work(output=1), (Check("it is there", True),))
    assert decide(command, working(step("a")), 0.0) == [done, RunSettled("succeeded")]


def test_a_success_makes_ready_what_waited_for_it_alone() -> None:
    run = working(step("a"), step("x"), step("b", "a"), step("c", "a", "x"))
    assert when(run, ReportSuccess("a", 1)) == [StepSucceeded("a", 1)]
    assert isinstance(run.states["b"], Ready)
    assert isinstance(run.states["c"], Waiting)


def test_a_need_that_is_named_twice_is_one_need() -> None:
    run = working(step("a"), step("b", "a", "a"))
    when(run, ReportSuccess("a", 1))
    assert list(run.startable(0.0, 9)) == ["b"]


def test_a_run_with_a_failure_in_it_fails_though_its_last_step_succeeds() -> None:
    run = working(step("a"), after_any("b", "a"))
    when(run, ReportFailure("a", 1, BROKEN))
    when(run, StartSteps(("b",)))
    assert when(run, ReportSuccess("b", 2)) == [StepSucceeded("b", 2), RunSettled("failed")]


# Reports that come late or twice.


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (ReportSuccess("a", 1), "success"),
        (ReportFailure("a", 1, BROKEN), "failure"),
        (ReportCancelled("a", 1), "cancelled"),
        (AddSteps("a", 1, (step("n"),)), "steps"),
        (RecordProcess("a", 1, 2, 3.0, 2), "process"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_report_from_an_old_lease_is_refused_once_and_then_ignored(
    command: RunCommand, kind: str
) -> None:
    run = run_after(
        created(step("a"), step("b")),
        RunStarted(),
        started("a"),
        AttemptInterrupted("a", 1, "gone"),
        started("a", 1, 2),
    )
    assert when(run, command) == [ReportRefused("a", 1, kind)]
    assert when(run, command) == []
    assert isinstance(run.states["a"], Working)


def test_a_doubled_success_changes_nothing() -> None:
    run = working(step("a"), step("b"))
    when(run, ReportSuccess("a", 1, Work(output=1)))
    assert when(run, ReportSuccess("a", 1, Work(output=2))) == [ReportRefused("a", 1, "success")]
    assert when(run, ReportSuccess("a", 1, Work(output=2))) == []
    assert run.states["a"] == Succeeded(Work(output=1))


@pytest.mark.parametrize(
    "command",
    [
        ReportSuccess("nobody", 1),
        ReportFailure("nobody", 1, BROKEN),
        ReportUsage("nobody", 1, USAGE),
        ReportCancelled("nobody", 1),
        AddSteps("nobody", 1, ()),
        RecordProcess("nobody", 1, 2, 3.0, 2),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_report_about_no_step_of_this_run_is_not_found(command: RunCommand) -> None:
    with pytest.raises(NotFound) as no:
        decide(command, working(step("a")), 0.0)
    assert no.value.code == "run.unknown_step"


def test_usage_counts_even_when_it_comes_late() -> None:
    run = working(step("a"), step("b"))
    assert when(run, ReportUsage("a", 1, USAGE)) == [UsageReported("a", 1, USAGE)]
    when(run, ReportSuccess("a", 1))
    late = [UsageReported("a", 1, USAGE), ReportRefused("a", 1, "usage")]
    assert when(run, ReportUsage("a", 1, USAGE)) == late
    assert when(run, ReportUsage("a", 1, USAGE)) == [UsageReported("a", 1, USAGE)]
    assert run.usage == Usage(input_tokens=9, cost=15)
    assert run.usage_by_step == {"a": Usage(input_tokens=9, cost=15)}


def test_one_unknown_price_makes_the_cost_of_the_run_unknown() -> None:
    run = working(step("a"))
    when(run, ReportUsage("a", 1, USAGE))
    when(run, ReportUsage("a", 1, Usage(output_tokens=1, cost=None)))
    assert run.usage == Usage(input_tokens=3, output_tokens=1, cost=None)


def test_a_process_is_on_record_with_its_attempt() -> None:
    run = working(step("a"))
    events = when(run, RecordProcess("a", 1, 42, 5.5, 42))
    assert events == [ProcessStarted("a", 1, 42, 5.5, 42)]
    when(run, RecordProcess("a", 1, 43, 5.6, 42))
    assert run.working["a"].processes == (Process(42, 5.5, 42), Process(43, 5.6, 42))


# Failure, retries and what they block.


def test_a_failure_with_attempts_left_rests_and_is_tried_again() -> None:
    run = working(Step("a", "hand", retry=Retry(attempts=3, wait_seconds=2.0)))
    events = when(run, ReportFailure("a", 1, BROKEN, jitter=0.0), now=100.0)
    assert events == [AttemptFailed("a", 1, BROKEN, 101.0)]
    assert run.states["a"] == Resting(1, 101.0, BROKEN)
    assert list(run.startable(100.9, 9)) == []
    assert list(run.startable(101.0, 9)) == ["a"]
    assert when(run, StartSteps(("a",)), now=101.0) == [StepStarted("a", 2, 2, "hand")]


def test_a_resting_step_cannot_start_early() -> None:
    run = working(Step("a", "hand", retry=Retry(attempts=2, wait_seconds=2.0)))
    when(run, ReportFailure("a", 1, BROKEN), now=100.0)
    with pytest.raises(Rejected) as no:
        decide(StartSteps(("a",)), run, 100.5)
    assert no.value.code == "run.not_startable"


def test_a_rested_step_may_start_beside_the_ready_ones_while_there_is_room() -> None:
    tried_twice = Step("a", "hand", retry=Retry(attempts=2, wait_seconds=0.0))
    run = working(tried_twice, step("b"), step("c"))
    when(run, ReportFailure("a", 1, BROKEN))
    assert sorted(run.startable(0.0, 9)) == ["a", "b", "c"]
    assert len(run.startable(0.0, 2)) == 2
    assert run.startable(0.0, 0) == []


def test_agents_take_turns_and_each_takes_its_oldest_first() -> None:
    steps = [Step(f"{agent}{n}", agent) for agent in ("one", "two") for n in range(3)]
    run = run_after(created(*steps, concurrency=5))
    assert run.startable(0.0, 9) == ["one0", "two0", "one1", "two1", "one2"]
    assert run.startable(0.0, 3) == ["one0", "two0", "one1"]


def test_an_agent_without_room_keeps_no_place_from_the_others() -> None:
    steps = [Step(f"{agent}{n}", agent) for agent in ("one", "two") for n in range(3)]
    run = run_after(created(*steps))
    room = {"one": 1, "two": 9}
    assert run.startable(0.0, 3, room.__getitem__) == ["one0", "two0", "two1"]
    assert run.startable(0.0, 3, lambda _: -1) == []


def test_the_last_attempt_fails_the_step_and_the_run() -> None:
    run = working(Step("a", "hand", retry=Retry(attempts=2, wait_seconds=0.0)))
    when(run, ReportFailure("a", 1, BROKEN))
    when(run, StartSteps(("a",)))
    checks = (Check("it is there", False, "It is not."),)
    assert when(run, ReportFailure("a", 2, BROKEN, checks=checks)) == [
        StepFailed("a", 2, BROKEN, checks),
        RunSettled("failed"),
    ]
    assert run.states["a"] == Failed(BROKEN, checks)


def test_a_failure_that_would_repeat_itself_is_not_retried() -> None:
    run = working(Step("a", "hand", retry=Retry(attempts=9)))
    assert when(run, ReportFailure("a", 1, FINAL))[0] == StepFailed("a", 1, FINAL)


def test_a_failure_blocks_everything_that_waits_for_its_success() -> None:
    run = working(step("a"), step("b", "a"), step("c", "b"), step("d", "a", "c"))
    assert when(run, ReportFailure("a", 1, BROKEN)) == [
        StepFailed("a", 1, BROKEN),
        StepsBlocked("a", ("b", "d", "c")),
        RunSettled("failed"),
    ]
    assert run.states["c"] == Blocked("a")


def test_a_failure_leaves_alone_what_does_not_need_it() -> None:
    run = working(step("a"), step("x"), step("b", "a"))
    assert when(run, ReportFailure("a", 1, BROKEN)) == [
        StepFailed("a", 1, BROKEN),
        StepsBlocked("a", ("b",)),
    ]
    assert list(run.startable(0.0, 9)) == ["x"]


def test_a_step_that_runs_after_any_end_runs_after_a_failure() -> None:
    run = working(step("a"), after_any("b", "a"), step("c", "b"))
    assert when(run, ReportFailure("a", 1, BROKEN)) == [StepFailed("a", 1, BROKEN)]
    assert list(run.startable(0.0, 9)) == ["b"]


def test_a_step_that_runs_after_any_end_runs_after_blocked_ones() -> None:
    run = working(step("a"), step("b", "a"), after_any("c", "b"))
    when(run, ReportFailure("a", 1, BROKEN))
    assert run.states["b"] == Blocked("a")
    assert list(run.startable(0.0, 9)) == ["c"]


def test_a_step_that_runs_after_any_end_still_waits_for_all_its_needs() -> None:
    run = working(step("a"), step("x"), after_any("b", "a", "x"))
    when(run, ReportFailure("a", 1, BROKEN))
    assert list(run.startable(0.0, 9)) == ["x"]
    when(run, StartSteps(("x",)))
    when(run, ReportSuccess("x", 2))
    assert list(run.startable(0.0, 9)) == ["b"]


def test_a_blocked_step_stays_blocked_when_its_other_needs_succeed() -> None:
    run = working(step("a"), step("x"), step("b", "a", "x"))
    when(run, StartSteps(("x",)))
    when(run, ReportFailure("a", 1, BROKEN))
    assert when(run, ReportSuccess("x", 2)) == [StepSucceeded("x", 2), RunSettled("failed")]
    assert run.states["b"] == Blocked("a")


def test_a_step_blocked_by_one_failure_is_not_blocked_again_by_another() -> None:
    run = working(step("a"), step("x"), step("b", "a", "x"))
    when(run, StartSteps(("x",)))
    when(run, ReportFailure("a", 1, BROKEN))
    events = when(run, ReportFailure("x", 2, BROKEN))
    assert events == [StepFailed("x", 2, BROKEN), RunSettled("failed")]


# Cancelling.


def test_cancelling_before_anything_began_settles_at_once() -> None:
    run = run_after(created(step("a"), step("b", "a")))
    assert when(run, CancelRun("Enough.")) == [
        CancelRequested("Enough."),
        StepsCancelled(("a", "b")),
        RunSettled("cancelled"),
    ]
    assert run.status == "cancelled"


def test_cancelling_waits_for_what_works() -> None:
    run = working(step("a"), step("b", "a"))
    assert when(run, CancelRun("Enough.")) == [
        CancelRequested("Enough."),
        StepsCancelled(("b",)),
    ]
    assert when(run, ReportCancelled("a", 1)) == [
        StepCancelled("a", 1),
        RunSettled("cancelled"),
    ]
    assert isinstance(run.states["a"], Cancelled)


def test_each_working_step_is_waited_for() -> None:
    run = working(step("a"), step("b"))
    when(run, StartSteps(("b",)))
    assert when(run, CancelRun("Enough.")) == [CancelRequested("Enough.")]
    assert when(run, ReportCancelled("a", 1)) == [StepCancelled("a", 1)]
    assert when(run, ReportCancelled("b", 2))[-1] == RunSettled("cancelled")


def test_a_resting_step_is_cancelled_and_never_tried_again() -> None:
    run = working(Step("a", "hand", retry=Retry(attempts=2, wait_seconds=1.0)))
    when(run, ReportFailure("a", 1, BROKEN))
    assert when(run, CancelRun("Enough."))[-1] == RunSettled("cancelled")
    assert list(run.startable(1e9, 9)) == []
    assert isinstance(run.states["a"], Cancelled)


def test_a_failure_during_a_cancel_is_not_retried_and_blocks_nothing() -> None:
    run = working(Step("a", "hand", retry=Retry(attempts=9)), step("b", "a"))
    when(run, CancelRun("Enough."))
    assert when(run, ReportFailure("a", 1, BROKEN)) == [
        StepFailed("a", 1, BROKEN),
        RunSettled("cancelled"),
    ]


def test_a_success_during_a_cancel_is_kept_and_the_run_is_cancelled_all_the_same() -> None:
    run = cancelling(step("a"), step("b", "a"))
    assert when(run, ReportSuccess("a", 1, Work(output=1))) == [
        StepSucceeded("a", 1, Work(output=1)),
        RunSettled("cancelled"),
    ]
    assert run.states["a"] == Succeeded(Work(output=1))


def test_a_success_does_not_wake_what_was_cancelled() -> None:
    run = working(step("a"), step("b", "a"), step("x"))
    when(run, StartSteps(("x",)))
    when(run, CancelRun("Enough."))
    when(run, ReportSuccess("a", 1))
    assert isinstance(run.states["b"], Cancelled)


def test_asking_twice_to_cancel_is_asking_once() -> None:
    run = cancelling(step("a"))
    assert when(run, CancelRun("Again.")) == []
    assert run.cancel_reason == "Enough."


def test_a_run_that_ended_by_itself_cannot_be_cancelled() -> None:
    with pytest.raises(Rejected) as no:
        decide(CancelRun("Enough."), settled(), 0.0)
    assert no.value.code == "run.settled"


def test_nobody_can_say_that_a_step_was_cancelled_while_nobody_asked_for_it() -> None:
    with pytest.raises(Rejected) as no:
        decide(ReportCancelled("a", 1), working(step("a")), 0.0)
    assert no.value.code == "run.not_cancelling"


def test_a_run_that_took_too_long_ends_as_failed() -> None:
    run = working(step("a"), step("b", "a"))
    assert when(run, CancelRun("It took too long.", "failed"))[0] == CancelRequested(
        "It took too long.", "failed"
    )
    assert when(run, ReportCancelled("a", 1))[-1] == RunSettled("failed")
    assert run.status == "failed"


def test_a_run_that_took_too_long_fails_even_if_what_worked_succeeds() -> None:
    run = working(step("a"))
    when(run, CancelRun("It took too long.", "failed"))
    assert when(run, ReportSuccess("a", 1))[-1] == RunSettled("failed")


# Adding steps.


def test_added_steps_wait_for_the_step_that_brought_them() -> None:
    run = working(step("a"))
    more = (step("b", "a"), step("c", "b"), step("d"))
    assert when(run, AddSteps("a", 1, more)) == [StepsAdded("a", more)]
    assert list(run.startable(0.0, 9)) == ["d"]
    assert when(run, ReportSuccess("a", 1)) == [StepSucceeded("a", 1)]
    assert list(run.startable(0.0, 9)) == ["d", "b"]


def test_adding_nothing_is_nothing() -> None:
    assert decide(AddSteps("a", 1, ()), working(step("a")), 0.0) == []


def test_an_added_step_needs_a_name_of_its_own() -> None:
    with pytest.raises(Rejected) as no:
        decide(AddSteps("a", 1, (step("a"),)), working(step("a")), 0.0)
    assert no.value.code == "run.duplicate_step"


def test_two_added_steps_of_one_name_are_refused() -> None:
    with pytest.raises(Rejected) as no:
        decide(AddSteps("a", 1, (step("n"), step("n"))), working(step("a")), 0.0)
    assert no.value.code == "run.duplicate_step"


def test_added_steps_that_need_each_other_in_a_circle_are_refused() -> None:
    circle = (step("n", "m"), step("m", "n"))
    with pytest.raises(Rejected):
        decide(AddSteps("a", 1, circle), working(step("a")), 0.0)


def test_an_added_step_can_need_only_what_cannot_have_ended() -> None:
    run = working(step("a"), step("b"))
    with pytest.raises(Rejected) as no:
        decide(AddSteps("a", 1, (step("n", "b"),)), run, 0.0)
    assert no.value.code == "run.unknown_need"


def test_a_run_that_is_cancelling_takes_no_more_steps() -> None:
    with pytest.raises(Rejected) as no:
        decide(AddSteps("a", 1, (step("n"),)), cancelling(step("a")), 0.0)
    assert no.value.code == "run.cancelling"


def test_a_failure_blocks_the_steps_it_brought() -> None:
    run = working(step("a"))
    when(run, AddSteps("a", 1, (step("b", "a"),)))
    assert when(run, ReportFailure("a", 1, FINAL)) == [
        StepFailed("a", 1, FINAL),
        StepsBlocked("a", ("b",)),
        RunSettled("failed"),
    ]


# Engines that end before their runs.


def test_an_interrupted_attempt_is_ready_again_and_does_not_count_as_a_try() -> None:
    run = working(step("a"))
    assert when(run, Interrupt("gone")) == [AttemptInterrupted("a", 1, "gone")]
    assert when(run, ResumeRun()) == [RunResumed()]
    assert when(run, StartSteps(("a",))) == [StepStarted("a", 1, 2, "hand")]


def test_a_run_that_never_started_is_resumed_without_a_word() -> None:
    run = run_after(created(step("a")))
    assert when(run, Interrupt("gone")) == []
    assert when(run, ResumeRun()) == []


def test_a_run_that_has_ended_cannot_be_resumed_or_interrupted() -> None:
    assert decide(Interrupt("gone"), settled(), 0.0) == []
    with pytest.raises(Rejected) as no:
        decide(ResumeRun(), settled(), 0.0)
    assert no.value.code == "run.settled"


def test_a_run_that_was_being_cancelled_ends_with_its_engine() -> None:
    run = cancelling(step("a"), step("b", "a"))
    assert when(run, Interrupt("gone")) == [StepCancelled("a", 1), RunSettled("cancelled")]


def interrupted_often(run: Run, key: str) -> None:
    for _ in range(INTERRUPTIONS_MAX):
        when(run, Interrupt("gone"))
        when(run, StartSteps((key,)))


def test_a_step_that_takes_its_engine_down_too_often_fails() -> None:
    run = working(step("a"), step("b", "a"))
    interrupted_often(run, "a")
    events = when(run, Interrupt("gone"))
    failed, blocked, end = events
    assert isinstance(failed, StepFailed)
    assert failed.failure.code == "step.interrupted_too_often"
    assert not failed.failure.retryable
    assert blocked == StepsBlocked("a", ("b",))
    assert end == RunSettled("failed")


def test_a_step_that_takes_its_engine_down_does_not_take_its_neighbours_with_it() -> None:
    run = working(step("a"), step("x"), step("b", "a"))
    interrupted_often(run, "a")
    when(run, StartSteps(("x",)))
    kinds = [type(event) for event in when(run, Interrupt("gone"))]
    assert kinds == [StepFailed, StepsBlocked, AttemptInterrupted]
    assert run.status == "running"
    assert list(run.startable(0.0, 9)) == ["x"]


def test_two_steps_that_are_interrupted_too_often_block_a_common_dependant_once() -> None:
    run = working(step("a"), step("x"), step("b", "a", "x"))
    when(run, StartSteps(("x",)))
    for _ in range(INTERRUPTIONS_MAX):
        when(run, Interrupt("gone"))
        when(run, StartSteps(("a", "x")))
    kinds = [type(event) for event in when(run, Interrupt("gone"))]
    assert kinds == [StepFailed, StepsBlocked, StepFailed, RunSettled]
    assert run.unsettled == 0


# What has ended stays as it is.


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
@pytest.mark.parametrize(
    "command",
    [
        StartSteps(("a",)),
        AddSteps("a", 1, (step("n"),)),
        RecordProcess("a", 1, 2, 3.0, 2),
        ReportSuccess("a", 1, Work(output="late")),
        ReportFailure("a", 1, BROKEN),
        ReportCancelled("a", 1),
        Interrupt("gone"),
        ResumeRun(),
        CancelRun("enough"),
        ReportUsage("a", 1, USAGE),
    ],
    ids=lambda command: type(command).__name__,
)
def test_nothing_changes_how_a_run_ended(outcome: str, command: RunCommand) -> None:
    run = settled(outcome)
    before = (run.outcome, dict(run.states), run.settled_at, run.unsettled, run.cancel_reason)
    try:
        events = when(run, command)
    except Rejected:
        events = []
    assert {type(event) for event in events} <= {ReportRefused, UsageReported}
    assert (
        run.outcome,
        dict(run.states),
        run.settled_at,
        run.unsettled,
        run.cancel_reason,
    ) == before
    assert run.is_settled
