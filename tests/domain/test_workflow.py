"""Which workflows can be run, and why the others can't."""

import math
from typing import Any

import pytest

from missioncontrol.domain import execution
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.graph import find_cycle, in_order
from missioncontrol.domain.plan import ExpectedArtifact
from missioncontrol.domain.step import ONCE, Retry, Step, refuse_bad_limits
from missioncontrol.domain.workflow import CONCURRENCY_MAX, STEPS_MAX, Workflow, sound
from tests.domain.history import step
from tests.domain.plans import a_plan, a_task


def refused(workflow: Workflow) -> Rejected:
    with pytest.raises(Rejected) as no:
        sound(workflow)
    return no.value


def test_a_sound_workflow_is_returned_unchanged() -> None:
    workflow = Workflow("release", (step("a"), step("b", "a"), step("c", "a", "b")))
    assert sound(workflow) is workflow


def test_a_workflow_needs_a_step() -> None:
    assert refused(Workflow("release", ())).code == "workflow.empty"


def test_a_workflow_can_be_too_long() -> None:
    steps = (step("a"),) * (STEPS_MAX + 1)
    assert refused(Workflow("release", steps)).code == "workflow.too_long"


@pytest.mark.parametrize("steps", [(step("a"), step("a")), (step(""),)])
def test_every_step_has_a_name_of_its_own(steps: tuple[Step, ...]) -> None:
    assert refused(Workflow("release", steps)).code == "workflow.duplicate_step"


def test_a_need_is_a_step_of_the_same_workflow() -> None:
    no = refused(Workflow("release", (step("a"), step("b", "a", "z"))))
    assert no.code == "workflow.unknown_need"
    assert "'b' needs 'z'" in no.reason


def test_a_circle_is_named_in_order() -> None:
    steps = (step("start"), step("a", "start", "c"), step("b", "a"), step("c", "b"))
    no = refused(Workflow("release", steps))
    assert no.code == "workflow.cycle"
    assert "a → c → b → a" in no.reason


def test_a_step_cannot_need_itself() -> None:
    assert "a → a" in refused(Workflow("release", (step("a", "a"),))).reason


@pytest.mark.parametrize(
    ("concurrency", "seconds_max"),
    [(0, 0.0), (-1, 0.0), (CONCURRENCY_MAX + 1, 0.0), (1, -1.0), (1, math.nan), (1, math.inf)],
)
def test_the_limits_of_a_run_mean_something(concurrency: int, seconds_max: float) -> None:
    no = refused(Workflow("release", (step("a"),), concurrency, seconds_max))
    assert no.code == "workflow.bad_concurrency"


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"retry": Retry(attempts=0)}, "retry.attempts"),
        ({"retry": Retry(wait_seconds=-1.0)}, "retry.wait_seconds"),
        ({"retry": Retry(factor=0.5)}, "retry.factor"),
        ({"retry": Retry(wait_seconds_max=-1.0)}, "retry.wait_seconds_max"),
        ({"seconds_max": -1.0}, "seconds_max"),
        ({"heartbeat_seconds_max": -0.1}, "heartbeat_seconds_max"),
        ({"seconds_max": math.nan}, "seconds_max"),
        # JSON has no infinity: stored as null, such an event could never be read again.
        ({"seconds_max": math.inf}, "seconds_max"),
        ({"heartbeat_seconds_max": math.inf}, "heartbeat_seconds_max"),
        ({"retry": Retry(wait_seconds=math.inf)}, "retry.wait_seconds"),
        ({"retry": Retry(factor=math.inf)}, "retry.factor"),
        ({"retry": Retry(wait_seconds_max=math.inf)}, "retry.wait_seconds_max"),
    ],
    ids=str,
)
def test_a_limit_that_means_nothing_is_refused_by_name(options: dict[str, Any], name: str) -> None:
    bad = Step("a", "hand", **options)
    with pytest.raises(Rejected) as no:
        refuse_bad_limits(bad)
    assert no.value.code == "step.bad_limit"
    assert f"sets {name} to" in no.value.reason
    assert refused(Workflow("release", (bad,))).code == "step.bad_limit"


def test_a_chain_of_fifty_thousand_steps_is_sound() -> None:
    steps = [step("s0"), *(step(f"s{n}", f"s{n - 1}") for n in range(1, 50_000))]
    steps.reverse()
    assert len(sound(Workflow("long", tuple(steps))).steps) == 50_000


def test_a_circle_of_fifty_thousand_steps_is_found() -> None:
    needs = {f"s{n}": (f"s{(n - 1) % 50_000}",) for n in range(50_000)}
    assert len(find_cycle(needs)) == 50_001


# Waits.


def test_the_wait_doubles_up_to_its_cap() -> None:
    retry = Retry(attempts=9, wait_seconds=1.0, factor=2.0, wait_seconds_max=5.0)
    assert [retry.wait(n, 0.0) for n in (1, 2, 3, 4, 5)] == [0.5, 1.0, 2.0, 2.5, 2.5]


@pytest.mark.parametrize("jitter", [0.0, 0.25, 0.5, 0.999])
@pytest.mark.parametrize("attempt", [1, 2, 3, 10])
def test_half_of_the_wait_is_certain_and_half_is_drawn(attempt: int, jitter: float) -> None:
    retry = Retry(wait_seconds=1.0, factor=2.0, wait_seconds_max=60.0)
    longest = min(60.0, 2.0 ** (attempt - 1))
    assert longest / 2 <= retry.wait(attempt, jitter) < longest
    assert retry.wait(attempt, jitter) == pytest.approx(longest * (0.5 + jitter / 2))


def test_the_ten_thousandth_wait_is_the_longest_one() -> None:
    assert Retry(attempts=20_000, wait_seconds_max=60.0).wait(10_000, 0.0) == 30.0


# Graphs.


def test_a_graph_without_a_circle_has_none() -> None:
    assert find_cycle({"a": (), "b": ("a", "a"), "c": ("a", "b"), "d": ("nobody",)}) == []


def test_a_circle_is_told_without_the_way_to_it() -> None:
    assert find_cycle({"a": ("b",), "b": ("c",), "c": ("d",), "d": ("b",)}) == ["b", "c", "d", "b"]


def test_what_is_needed_comes_first_and_ties_keep_their_order() -> None:
    needs = {"d": ("b", "c"), "c": ("a",), "b": ("a",), "a": (), "z": ("nobody",)}
    assert in_order(needs) == ["a", "z", "c", "b", "d"]


def test_a_circle_has_no_order() -> None:
    with pytest.raises(AssertionError):
        in_order({"a": ("b",), "b": ("a",)})


# From plans to steps.


def test_the_first_step_of_a_mission_plans_it() -> None:
    first = execution.planning_step(seconds_max=120.0)
    assert (first.key, first.agent, first.seconds_max) == ("plan", "planner", 120.0)
    assert [item.name for item in first.expects] == ["plan.json", "plan.md"]
    assert first.retry == ONCE


def test_every_task_done_here_becomes_a_step_after_the_plan() -> None:
    survey = a_task("survey", artifacts=(ExpectedArtifact("survey.md", "text/markdown"),))
    review = a_task("review", role="reviewer", needs=("survey",))
    build = a_task("build", role="builder", needs=("review",))
    first, second = execution.steps_of(a_plan(survey, review, build), seconds_max=90.0)
    assert (first.key, first.agent, first.needs) == ("survey", "surveyor", ("plan",))
    assert (first.runs_after, first.expects) == ("success", survey.artifacts)
    assert (second.key, second.needs, second.runs_after) == ("review", ("plan", "survey"), "any")
    assert first.seconds_max == second.seconds_max == 90.0
    assert first.retry == execution.TASK_RETRY
