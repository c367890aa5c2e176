"""What attempts tell us becomes what is true of their run, and of its mission."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.application import acceptance
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.plan import ExpectedArtifact, Plan
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.states import Cancelled, Failed, Resting, Succeeded, Working
from missioncontrol.domain.step import Retry, Step
from missioncontrol.domain.work import (
    ArtifactRef,
    CommandRan,
    Fact,
    Usage,
    Work,
)
from missioncontrol.ports.agent import ProcessHandle
from tests.application.parts import Office, run
from tests.domain.plans import a_plan, a_task, without


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def begin(office: Office, *steps: Step) -> None:
    """Create `run-1` and start its first step."""
    office.execution.tell("run-1", CreateRun("run-1", "w", steps or (Step("a", "hand"),), 10))
    office.execution.start("run-1", ((steps[0].key if steps else "a"),))


def state(office: Office, step: str = "a") -> Any:
    return office.journal.runs["run-1"].states[step]


def test_good_work_is_a_success_with_its_checks(office: Office) -> None:
    begin(office)
    content = b"words"
    reference = ArtifactRef("a.txt", office.artifacts.put(content), 5, "text/plain")
    office.execution.success("run-1", "a", 1, Work("Done.", artifacts=(reference,)))
    assert isinstance(state(office), Succeeded)
    assert [check.passed for check in state(office).checks] == [True]
    assert office.journal.runs["run-1"].status == "succeeded"


def test_work_that_fails_a_check_is_a_failure_that_says_which(office: Office) -> None:
    begin(office, Step("a", "hand", expects=(ExpectedArtifact("a.txt", "text/plain"),)))
    office.execution.success("run-1", "a", 1, Work("Done."))
    assert isinstance(state(office), Failed)
    assert state(office).failure.code == "evidence.missing"
    assert "1 of 1 checks" in state(office).failure.reason
    assert "a.txt was handed in" in state(office).failure.reason
    assert [check.passed for check in state(office).checks] == [False]


def test_work_that_fails_a_check_is_tried_again(office: Office) -> None:
    expected = (ExpectedArtifact("a.txt", "text/plain"),)
    begin(office, Step("a", "hand", retry=Retry(attempts=2), expects=expected))
    office.execution.success("run-1", "a", 1, Work("Done."))
    assert isinstance(state(office), Resting)


def test_work_from_an_old_lease_is_refused_and_its_checks_are_not_made(office: Office) -> None:
    begin(office)
    office.execution.interrupt("run-1", "gone")
    office.execution.start("run-1", ("a",))
    office.execution.success("run-1", "a", 1, Work(artifacts=(ArtifactRef("x", "", 0, ""),)))
    assert isinstance(state(office), Working)
    office.execution.success("run-1", "a", 2, Work())
    office.execution.success("run-1", "a", 2, Work())
    assert isinstance(state(office), Succeeded)


def circular() -> list[Any]:
    circle: list[Any] = []
    circle.append(circle)
    return circle


@pytest.mark.parametrize(
    "output",
    [object(), circular(), {"a": {1, object()}}, "\ud800", {("a", "b"): 1}],
    ids=["object", "circle", "set", "surrogate", "key"],
)
def test_output_that_is_no_json_is_refused_for_good(office: Office, output: Any) -> None:
    begin(office, Step("a", "hand", retry=Retry(attempts=5)))
    office.execution.success("run-1", "a", 1, Work(output=output))
    assert state(office).failure.code == "work.not_json"
    assert not state(office).failure.retryable


LARGE = "x" * (acceptance.WORK_BYTES_MAX + 1)


@pytest.mark.parametrize(
    "work",
    [
        Work(output=LARGE),
        Work(summary=LARGE),
        Work(facts=(Fact("f", LARGE),)),
        Work(evidence=(CommandRan((LARGE,), 0, 1.0),)),
    ],
    ids=["output", "summary", "facts", "evidence"],
)
def test_work_too_large_for_the_log_is_refused_for_good(office: Office, work: Work) -> None:
    begin(office, Step("a", "hand", retry=Retry(attempts=5)))
    office.execution.success("run-1", "a", 1, work)
    assert isinstance(state(office), Failed)
    assert state(office).failure.code == "work.too_large"
    assert f"{acceptance.WORK_BYTES_MAX:,}" in state(office).failure.reason


@pytest.mark.parametrize(
    "work",
    [
        Work(summary=3),  # type: ignore[arg-type]
        Work(summary="\ud800"),
        Work(facts=(Fact("ratio", float("nan")),)),
        Work(facts=(Fact("ratio", float("inf")),)),
        Work(evidence=(CommandRan(("make",), 0, float("inf")),)),
        Work(evidence=("the tests passed",)),  # type: ignore[arg-type]
        Work(artifacts=({"name": "a"},)),  # type: ignore[arg-type]
        Work(facts=None),  # type: ignore[arg-type]
    ],
    ids=[
        "summary no text",
        "summary no utf-8",
        "fact not a number",
        "fact infinite",
        "infinite seconds",
        "evidence no evidence",
        "artifact no artifact",
        "facts no tuple",
    ],
)
def test_work_that_could_not_be_read_again_fails_its_step_and_nothing_else(
    office: Office, work: Work
) -> None:
    begin(office)
    office.execution.success("run-1", "a", 1, work)
    assert isinstance(state(office), Failed)
    assert not state(office).failure.retryable


def test_a_failure_is_bounded_like_everything_in_the_log(office: Office) -> None:
    begin(office)
    office.execution.failure("run-1", "a", 1, Failure("x", LARGE, LARGE))
    assert len(msgspec.json.encode(state(office).failure)) < acceptance.WORK_BYTES_MAX


@pytest.mark.parametrize("reason", ["a name of \udcff bytes", "nul \x00"])
def test_a_failure_can_always_be_written_down(office: Office, reason: str) -> None:
    begin(office)
    office.execution.failure("run-1", "a", 1, Failure("x", reason))
    assert isinstance(state(office), Failed)


def test_usage_is_written_down_unless_there_is_none(office: Office) -> None:
    begin(office)
    office.execution.usage("run-1", "a", 1, Usage())
    office.execution.usage("run-1", "a", 1, Usage(input_tokens=3))
    assert office.journal.runs["run-1"].usage == Usage(input_tokens=3, cost=None)


def test_a_process_is_written_down(office: Office) -> None:
    begin(office)
    office.execution.process("run-1", "a", 1, ProcessHandle(42, 1.5, 42))
    assert [process.pid for process in state(office).processes] == [42]


def test_a_cancel_and_its_report(office: Office) -> None:
    begin(office)
    office.execution.cancel("run-1", "Enough.", actor="jo")
    office.execution.cancelled("run-1", "a", 1)
    assert isinstance(state(office), Cancelled)
    assert office.journal.runs["run-1"].status == "cancelled"


def test_a_run_out_of_time_fails(office: Office) -> None:
    begin(office)
    office.execution.time_out("run-1", 2.5)
    office.execution.cancelled("run-1", "a", 1)
    run = office.journal.runs["run-1"]
    assert (run.status, run.cancel_reason) == (
        "failed",
        "The run took longer than its limit of 2.5 s.",
    )


def test_a_run_goes_on_after_its_engine(office: Office) -> None:
    begin(office)
    assert len(office.execution.interrupt("run-1", "gone")) == 1
    assert len(office.execution.resume("run-1", actor="jo")) == 1


# Missions and their plans.

PLAN = a_plan(
    a_task("survey"),
    a_task("report", role="writer", needs=("survey",)),
    a_task("build", role="builder", needs=("survey",)),
)


def begin_mission(office: Office, *, execute: bool = True) -> tuple[str, str]:
    from missioncontrol.application.missions import Goal

    mission, run = office.missions.begin(
        Goal("Make search fast."),
        execute=execute,
        concurrency=4,
        limits={"plan_seconds_max": 60.0, "task_seconds_max": 30.0},
        actor="jo",
    )
    office.execution.start(run, (PLAN_STEP,))
    return mission, run


def planned(office: Office, plan: Plan | Any) -> Work:
    artifacts = tuple(
        ArtifactRef(name, office.artifacts.put(content), len(content), kind)
        for name, content, kind in [
            ("plan.json", b"{}", "application/json"),
            ("plan.md", b"# Plan", "text/markdown"),
        ]
    )
    output = {"plan": msgspec.to_builtins(plan)} if isinstance(plan, Plan) else plan
    return Work("Planned.", output, artifacts=artifacts)


def test_a_plan_becomes_the_plan_and_its_tasks_become_steps(office: Office) -> None:
    mission, run = begin_mission(office)
    office.execution.success(run, PLAN_STEP, 1, planned(office, PLAN))
    assert office.journal.missions[mission].plan == PLAN
    state = office.journal.runs[run]
    assert list(state.steps) == ["plan", "survey", "report"]
    assert list(state.startable(0.0, 9)) == ["survey"]
    assert state.steps["survey"].seconds_max == 30.0
    assert [append.stream for append in office.journal._pending][-3:] == [run, mission, run]


def test_a_plan_that_is_not_to_be_carried_out_ends_the_run(office: Office) -> None:
    mission, run = begin_mission(office, execute=False)
    office.execution.success(run, PLAN_STEP, 1, planned(office, PLAN))
    assert office.journal.runs[run].status == "succeeded"
    assert office.journal.missions[mission].plan == PLAN
    assert office.journal.missions[mission].status == "succeeded"


@pytest.mark.parametrize(
    "output",
    [
        None,
        {},
        {"plan": 3},
        {"plan": {"goal": "x"}},
        {"plan": msgspec.to_builtins(without(PLAN, title=""))},
        {"plan": msgspec.to_builtins(a_plan(a_task("plan")))},
    ],
    ids=["nothing", "empty", "number", "half", "unsound", "task named plan"],
)
def test_a_plan_that_is_none_fails_the_mission_for_good(office: Office, output: Any) -> None:
    mission, run = begin_mission(office)
    work = planned(office, {} if output is None else output)
    office.execution.success(run, PLAN_STEP, 1, msgspec.structs.replace(work, output=output))
    state = office.journal.runs[run].states[PLAN_STEP]
    assert isinstance(state, Failed)
    assert not state.failure.retryable
    assert office.journal.runs[run].status == "failed"
    assert office.journal.missions[mission].plan is None
    assert office.journal.missions[mission].status == "failed"


def test_a_plan_that_comes_while_the_run_is_cancelled_brings_nothing(office: Office) -> None:
    mission, run = begin_mission(office)
    office.execution.cancel(run, "Enough.", actor="jo")
    office.execution.success(run, PLAN_STEP, 1, planned(office, PLAN))
    assert list(office.journal.runs[run].steps) == ["plan"]
    assert office.journal.runs[run].status == "cancelled"
    assert office.journal.missions[mission].status == "cancelled"


def test_a_step_that_plans_without_a_mission_is_any_step(office: Office) -> None:
    begin(office, Step(PLAN_STEP, "hand"))
    office.execution.success("run-1", PLAN_STEP, 1, Work(output=1))
    assert isinstance(state(office, PLAN_STEP), Succeeded)


def test_the_end_of_a_run_is_the_end_of_its_mission_in_one_append(office: Office) -> None:
    mission, run = begin_mission(office)
    office.execution.failure(run, PLAN_STEP, 1, Failure("x", "no", retryable=False))
    assert office.journal.missions[mission].status == "failed"
    assert [append.stream for append in office.journal._pending][-2:] == [run, mission]


def test_a_run_whose_mission_is_not_at_hand_is_told_nothing(office: Office) -> None:
    mission, name = begin_mission(office)
    run(office.journal.commit())
    office.journal.forget(mission)
    assert mission in office.journal.missions, "a run at hand needs it"
    del office.journal.missions[mission]
    with pytest.raises(NotFound) as no:
        office.execution.failure(name, PLAN_STEP, 1, Failure("x", "no", retryable=False))
    assert no.value.code == "mission.unknown"
    assert not office.journal.has_pending
    assert not office.journal.runs[name].is_settled
    run(office.journal.load_mission(mission))
    office.execution.failure(name, PLAN_STEP, 1, Failure("x", "no", retryable=False))
    assert office.journal.missions[mission].status == "failed"
