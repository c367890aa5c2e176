"""What the log says about a run, gathered for its report."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.output_stores.memory import MemoryOutputStore
from missioncontrol.application import records as module
from missioncontrol.application.missions import Goal
from missioncontrol.application.records import gather
from missioncontrol.documents.cost_lines import spending
from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.run.commands import AddSteps, CreateRun, ReportSuccess, ReportUsage
from missioncontrol.domain.run.events import Check, Failure
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import ProcessHandle
from missioncontrol.ports.output_store import OutputLine
from tests.application.parts import Office, run
from tests.domain.plans import a_plan, a_task

PLAN = a_plan(
    a_task("survey"),
    a_task("report", role="writer", needs=("survey",)),
    a_task("check", role="auditor", needs=("survey",)),
    a_task("build", role="builder"),
)
BROKEN = Failure("x", "It broke.", "Mend it.")


class Story:
    """A mission whose tasks are recorded step by step."""

    def __init__(self, root: Path) -> None:
        self.command_bus = Office(root)
        self.output = MemoryOutputStore()
        self.mission, self.run = self.command_bus.missions.begin(
            Goal("Make search fast."),
            execute=True,
            concurrency=4,
            limits={"plan_seconds_max": 60.0, "task_seconds_max": 30.0},
            actor="jo",
        )

    def planned(self, **output: Any) -> None:
        """Accept the plan, as if its artifacts had been checked."""
        from missioncontrol.domain import execution
        from missioncontrol.domain.mission import AcceptPlan

        journal = self.command_bus.journal
        self.start(PLAN_STEP)
        steps = execution.steps_of(PLAN, seconds_max=30.0)
        journal.handle_run(self.run, AddSteps(PLAN_STEP, 1, steps))
        journal.handle_mission(self.mission, AcceptPlan(self.run, PLAN))
        self.succeed(PLAN_STEP, Work(output={"plan": msgspec.to_builtins(PLAN), **output}))

    def start(self, *steps: str, name: str = "") -> None:
        self.command_bus.clock.time += 1.0
        self.command_bus.execution.start(name or self.run, steps)

    def fence(self, step: str, name: str = "") -> int:
        return self.command_bus.journal.runs[name or self.run].working[step].fence

    def succeed(self, step: str, work: Work, name: str = "") -> None:
        self.command_bus.clock.time += 1.0
        checks = (Check("whole", True),)
        self.command_bus.execution.tell(
            name or self.run, ReportSuccess(step, self.fence(step, name), work, checks)
        )

    def fail(self, step: str, failure: Failure = BROKEN) -> None:
        self.command_bus.clock.time += 1.0
        self.command_bus.execution.failure(self.run, step, self.fence(step), failure)

    def record(self, name: str = "") -> MissionRecord:
        run(self.command_bus.journal.commit())
        return run(
            gather(self.command_bus.store, self.output, name or self.run, program="mission 1")
        )


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def task(record: MissionRecord, key: str) -> TaskRecord:
    return next(found for found in record.tasks if found.task.key == key)


def test_a_mission_without_a_plan_says_so(story: Story) -> None:
    record = story.record()
    assert (record.status, record.plan.summary, record.tasks) == (
        "queued",
        "No plan was accepted.",
        (),
    )
    assert record.plan_attempts == ()
    assert (record.title, record.goal, record.program) == (
        "Make search fast",
        "Make search fast.",
        "mission 1",
    )


def test_every_task_is_told_as_it_stands(story: Story) -> None:
    story.planned(commit="c0ffee")
    before = story.record()
    assert [found.state for found in before.tasks] == ["waiting"] * 3 + ["handed_over"]
    assert before.commit == "c0ffee"
    story.start("survey")
    story.command_bus.execution.process(story.run, "survey", 2, ProcessHandle(42, 1.5, 42))
    assert task(story.record(), "survey").state == "running"
    assert task(story.record(), "survey").attempts[0].outcome == "running"
    story.command_bus.execution.usage(story.run, "survey", 2, Usage(input_tokens=3))
    story.command_bus.execution.usage(story.run, "survey", 2, Usage(input_tokens=4))
    story.fail("survey")
    resting = task(story.record(), "survey")
    assert (resting.state, resting.reason) == ("waiting", "It broke. Mend it.")
    story.start("survey")
    story.command_bus.execution.interrupt(story.run, "The engine ended.")
    story.start("survey")
    story.fail("survey", Failure("x", "For good.", retryable=False))
    record = story.record()
    survey = task(record, "survey")
    outcomes = [(tried.number, tried.outcome, tried.error) for tried in survey.attempts]
    assert outcomes == [
        (1, "failed", "It broke."),
        (2, "interrupted", "The engine ended."),
        (2, "failed", "For good."),
    ]
    assert survey.attempts[0].usage == Usage(input_tokens=7, cost=None)
    assert (survey.state, survey.reason) == ("failed", "For good.")
    check = task(record, "check")
    assert (check.state, check.reason) == ("blocked", "It needs 'survey', which did not succeed.")
    assert record.usage == Usage(input_tokens=7, cost=None)


def test_a_task_that_no_step_was_made_of_waits(story: Story) -> None:
    from missioncontrol.domain.mission import AcceptPlan

    story.command_bus.journal.handle_mission(story.mission, AcceptPlan(story.run, PLAN))
    assert task(story.record(), "survey").state == "waiting"


def test_work_and_checks_of_a_success_are_told(story: Story) -> None:
    story.planned()
    story.start("survey")
    story.succeed("survey", Work("Measured."))
    survey = task(story.record(), "survey")
    assert (survey.state, survey.work.summary) == ("succeeded", "Measured.")
    assert [check.what for check in survey.checks] == ["whole"]
    assert survey.attempts[0].outcome == "succeeded"
    assert survey.attempts[0].ended is not None


def test_a_cancelled_attempt_is_told(story: Story) -> None:
    story.planned()
    story.start("survey")
    story.command_bus.execution.cancel(story.run, "Enough.", actor="jo")
    story.command_bus.execution.cancelled(story.run, "survey", 2)
    record = story.record()
    assert record.status == "cancelled"
    assert task(record, "survey").attempts[0].outcome == "cancelled"


def test_a_retried_task_keeps_the_plan_and_the_other_results(story: Story) -> None:
    story.planned()
    story.start("survey")
    story.succeed("survey", Work("Measured."))
    story.start("check", "report")
    story.fail("check", Failure("x", "no", retryable=False))
    story.succeed("report", Work("Told."))
    first = story.record()
    new = run(story.command_bus.repeats.retry(story.run, "check", actor="jo"))
    story.start("check", name=new)
    story.succeed("check", Work("Checked."), name=new)
    second = story.record(new)
    assert second.plan == PLAN
    assert task(second, "survey").kept_from == story.run
    assert task(second, "check").state == "succeeded"
    assert story.record() == first  # What happens later does not change what was told.


def test_events_carry_the_hash_before_them(story: Story) -> None:
    story.command_bus.journal.handle_run("other", CreateRun("other", "w", (Step("a", "hand"),), 1))
    story.planned()
    story.command_bus.journal.handle_run(
        "other-2", CreateRun("other-2", "w", (Step("a", "hand"),), 1)
    )
    story.start("survey")
    record = story.record()
    stored = run(story.command_bus.store.read())
    before = {event.position: b for event, b in zip(stored[1:], stored, strict=False)}
    assert record.events[0].previous == "00" * 32
    for event in record.events[1:]:
        assert event.previous == before[event.position].hash.hex()
    streams = {event.stream for event in record.events}
    assert streams == {story.mission, story.run}
    assert [event.position for event in record.events] == sorted(
        event.position for event in record.events
    )


def test_output_is_bounded_and_what_was_left_out_is_counted(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_LINES_MAX", 3)
    lines = [OutputLine(story.run, "plan", 1, n * 1_000_000, "info", str(n)) for n in range(5)]
    story.output.write(lines[:3])
    assert story.record().log_left_out == 0
    story.output.write(lines[3:])
    record = story.record()
    assert [line.message for line in record.log] == ["0", "1", "2"]
    assert record.log_left_out == 2


def test_the_tries_of_a_model_at_planning_are_told(story: Story) -> None:
    tries = [
        {
            "planner": "small",
            "outcome": "refused",
            "faults": ["/title: is empty"],
            "usage": {"input_tokens": 5, "cost": None, "extra": 1},
        },
        {"model": "large", "outcome": "accepted"},
        {},
    ]
    story.planned(attempts=tries)
    attempts = [(p.number, p.planner, p.outcome, p.faults) for p in story.record().plan_attempts]
    assert attempts == [
        (1, "small", "refused", ("/title: is empty",)),
        (2, "large", "accepted", ()),
        (3, "model", "", ()),
    ]


def test_what_planning_cost_is_the_priced_usage_of_the_run(story: Story) -> None:
    story.start(PLAN_STEP)
    priced = Usage(input_tokens=5, output_tokens=1, cost=7)
    story.command_bus.execution.tell(story.run, ReportUsage(PLAN_STEP, 1, priced))
    unpriced = {"input_tokens": 5, "output_tokens": 1, "cost": None}
    detail = {"attempts": [{"model": "small", "outcome": "refused", "usage": unpriced}]}
    story.fail(PLAN_STEP, Failure("x", "No.", retryable=False, detail=detail))
    spent = spending(story.record())
    assert [(one.who, one.usage) for one in spent.expenses] == [("small", priced)]
    assert (spent.total, spent.recorded, spent.differs) == (priced, priced, False)


def test_the_tries_of_the_planner_itself_are_told(story: Story) -> None:
    story.start(PLAN_STEP)
    story.fail(PLAN_STEP, Failure("x", "No.", retryable=False))
    (tried,) = story.record().plan_attempts
    assert (tried.planner, tried.outcome, tried.faults) == ("local", "failed", ("No.",))


def test_the_tries_of_a_model_that_never_made_a_plan_are_told(story: Story) -> None:
    story.start(PLAN_STEP)
    detail = {"attempts": [{"model": "small", "outcome": "refused"}]}
    story.fail(PLAN_STEP, Failure("x", "No.", retryable=False, detail=detail))
    (tried,) = story.record().plan_attempts
    assert (tried.planner, tried.outcome) == ("small", "refused")


def test_a_planner_that_succeeded_by_itself_is_told(story: Story) -> None:
    story.planned()
    (tried,) = story.record().plan_attempts
    assert (tried.planner, tried.outcome, tried.faults) == ("local", "accepted", ())


def test_long_streams_are_read_to_their_end(story: Story) -> None:
    steps = tuple(Step(f"s{n}", "hand") for n in range(2_600))
    create = CreateRun("long", "w", steps, 3_000, mission=story.mission)
    story.command_bus.execution.tell("long", create)
    story.command_bus.execution.start("long", tuple(step.key for step in steps))
    for fence, step in enumerate(steps, start=1):
        story.command_bus.journal.handle_run("long", ReportSuccess(step.key, fence))
    record = story.record("long")
    assert record.status == "succeeded"
    assert len([event for event in record.events if event.stream == "long"]) == 5_203


def test_a_run_of_a_program_has_no_report(story: Story) -> None:
    story.command_bus.journal.handle_run("alone", CreateRun("alone", "w", (Step("a", "hand"),), 1))
    with pytest.raises(Rejected) as no:
        story.record("alone")
    assert no.value.code == "run.no_mission"


def test_a_run_that_does_not_exist_has_no_report(story: Story) -> None:
    with pytest.raises(NotFound):
        story.record("nobody")
