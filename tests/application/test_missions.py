"""A mission is begun, and a task of it is done again."""

from pathlib import Path

import pytest

from missioncontrol.application.missions import TITLE_MAX, Goal, title_of
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.operation import SetRateLimit
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.events import Failure, ReusedResult
from missioncontrol.domain.run.states import Ready, Run, Succeeded, Waiting
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import Work
from tests.application.parts import Office, run

LIMITS = {"plan_seconds_max": 60.0, "task_seconds_max": 30.0}
BROKEN = Failure("x", "It broke.", retryable=False)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def begin(office: Office, goal: Goal) -> tuple[str, str]:
    return office.missions.begin(goal, execute=True, concurrency=4, limits=LIMITS, actor="jo")


def test_a_goal_becomes_a_mission_and_the_run_that_plans_it(office: Office) -> None:
    goal = Goal("Make search fast. Really.", "/repo", "", "It is slow.", ("No service",))
    mission, name = begin(office, goal)
    state = office.journal.missions[mission]
    assert (state.title, state.goal, state.repository) == (
        "Make search fast",
        "Make search fast. Really.",
        "/repo",
    )
    assert (state.context, state.constraints) == ("It is slow.", ("No service",))
    assert (state.status, state.runs) == ("running", (name,))
    made = office.journal.runs[name]
    assert (made.workflow, made.concurrency, made.mission) == ("mission", 4, mission)
    assert list(made.steps) == [PLAN_STEP]
    assert made.steps[PLAN_STEP].seconds_max == 60.0
    assert made.inputs == {
        "goal": "Make search fast. Really.",
        "title": "Make search fast",
        "repository": "/repo",
        "context": "It is slow.",
        "constraints": ["No service"],
        "execute": True,
        "task_seconds_max": 30.0,
    }
    run(office.journal.commit())
    assert len(office.store.appends) == 1
    assert office.types(mission) == ["mission_created", "mission_started"]


def test_a_given_title_is_kept(office: Office) -> None:
    mission, _ = begin(office, Goal("Make search fast.", title=" Search "))
    assert office.journal.missions[mission].title == "Search"


@pytest.mark.parametrize("goal", ["", " \n ", "x\x00", "?", "..."])
def test_a_goal_that_says_nothing_leaves_nothing_behind(office: Office, goal: str) -> None:
    with pytest.raises(Rejected) as no:
        begin(office, Goal(goal))
    assert no.value.code == "mission.bad_input"
    assert "goal" in no.value.reason
    assert not office.journal.has_pending


@pytest.mark.parametrize(
    ("goal", "title"),
    [
        ("Make search fast", "Make search fast"),
        ("\n\n  Make search fast.  \nAnd more", "Make search fast"),
        ("Make search fast. It is slow.", "Make search fast"),
        ("Support v2.0 of the API!", "Support v2.0 of the API"),
        ("word " * 50, "word " * 19 + "word…"),
        (
            (
                "Limit how often sessions begin, so that a client that begins more than 100 of "
                "them a minute gets 429 and a hint"
            ),
            "Limit how often sessions begin",
        ),
        ("x" * 300, "x" * TITLE_MAX + "…"),
        ("", ""),
    ],
)
def test_a_title_is_the_first_sentence_cut_at_a_word(goal: str, title: str) -> None:
    assert title_of(goal) == title
    assert len(title_of(goal)) <= TITLE_MAX + 1


# Retrying.


def finished(office: Office, *, mission: bool) -> str:
    """Return a run: plan → (survey → report, check), whose survey failed."""
    name = "run-old"
    owner = ""
    if mission:
        owner, _ = begin(office, Goal("Make search fast."))
    steps = (
        Step("plan", "planner"),
        Step("survey", "surveyor", ("plan",)),
        Step("report", "writer", ("survey",), "any"),
        Step("check", "auditor", ("plan",)),
    )
    create = CreateRun(name, "mission", steps, 3, 99.0, {"goal": "g"}, owner)
    office.execution.tell(name, create)
    tell = office.execution
    tell.start(name, ("plan",))
    tell.success(name, "plan", 1, Work(output="plan")) if not mission else plan(office, name)
    tell.start(name, ("survey", "check"))
    tell.success(name, "check", 3, Work(output="checked"))
    tell.failure(name, "survey", 2, BROKEN)
    tell.start(name, ("report",))
    tell.success(name, "report", 4, Work(output="report"))
    assert office.journal.runs[name].status == "failed"
    return name


def plan(office: Office, name: str) -> None:
    from missioncontrol.domain.run.commands import ReportSuccess

    office.execution.tell(name, ReportSuccess("plan", 1, Work(output="plan")))


def kinds(state: Run) -> dict[str, type]:
    return {key: type(step) for key, step in state.states.items()}


def test_a_task_is_done_again_with_all_that_follows_and_nothing_else(office: Office) -> None:
    old = finished(office, mission=False)
    new = run(office.repeats.retry(old, "survey", actor="jo"))
    state = office.journal.runs[new]
    assert kinds(state) == {
        "plan": Succeeded,
        "survey": Ready,
        "report": Waiting,
        "check": Succeeded,
    }
    assert state.states["check"] == Succeeded(Work(output="checked"), (), old)
    assert (state.retry_of, state.concurrency, state.seconds_max) == (old, 3, 99.0)
    assert state.inputs == {"goal": "g"}
    assert office.journal.runs[old].status == "failed"


def test_a_task_that_nothing_follows_is_done_again_with_what_never_succeeded_and_its_traces(
    office: Office,
) -> None:
    old = finished(office, mission=False)
    new = run(office.repeats.retry(old, "check", actor="jo"))
    assert kinds(office.journal.runs[new]) == {
        "plan": Succeeded,
        "survey": Ready,
        "report": Waiting,
        "check": Ready,
    }


def test_what_two_tasks_lead_to_is_done_again_once(office: Office) -> None:
    steps = (
        Step("a", "hand"),
        Step("b", "hand", ("a",)),
        Step("c", "hand", ("a",)),
        Step("d", "hand", ("b", "c")),
    )
    office.execution.tell("run-old", CreateRun("run-old", "w", steps, 9))
    for fence, key in enumerate("abcd", start=1):
        office.execution.start("run-old", (key,))
        office.execution.success("run-old", key, fence, Work())
    new = run(office.repeats.retry("run-old", "a", actor="jo"))
    assert list(kinds(office.journal.runs[new]).values()) == [Ready, Waiting, Waiting, Waiting]


def test_a_kept_result_names_the_run_that_made_it_through_many_retries(office: Office) -> None:
    old = finished(office, mission=False)
    second = run(office.repeats.retry(old, "survey", actor="jo"))
    office.execution.start(second, ("survey",))
    office.execution.failure(second, "survey", 1, BROKEN)
    office.execution.start(second, ("report",))
    office.execution.failure(second, "report", 2, BROKEN)
    third = run(office.repeats.retry(second, "survey", actor="jo"))
    reused = office.journal.runs[third].states["plan"]
    assert isinstance(reused, Succeeded)
    assert reused.kept_from == old


def test_a_retry_takes_its_mission_up_again(office: Office) -> None:
    old = finished(office, mission=True)
    mission = office.journal.runs[old].mission
    run(office.journal.commit())
    office.journal.forget(mission)
    office.journal.forget(old)
    new = run(office.repeats.retry(old, "survey", actor="jo"))
    assert office.journal.missions[mission].runs[-1] == new
    assert office.journal.missions[mission].status == "running"
    assert office.journal.runs[new].mission == mission


def test_planning_again_brings_new_tasks(office: Office) -> None:
    old = finished(office, mission=True)
    new = run(office.repeats.retry(old, PLAN_STEP, actor="jo"))
    assert kinds(office.journal.runs[new]) == {PLAN_STEP: Ready}


def test_a_step_called_plan_outside_a_mission_is_any_step(office: Office) -> None:
    old = finished(office, mission=False)
    new = run(office.repeats.retry(old, "plan", actor="jo"))
    assert list(office.journal.runs[new].steps) == ["plan", "survey", "report", "check"]
    assert Succeeded not in kinds(office.journal.runs[new]).values()


def test_a_task_that_does_not_exist_is_refused_with_those_that_do(office: Office) -> None:
    old = finished(office, mission=False)
    with pytest.raises(NotFound) as no:
        run(office.repeats.retry(old, "dream", actor="jo"))
    assert no.value.code == "run.unknown_step"
    assert "plan, survey, report, check" in no.value.hint


def test_a_run_that_goes_on_is_not_retried(office: Office) -> None:
    steps = (Step("a", "hand"), Step("b", "hand"))
    create = CreateRun("run-9", "w", steps, 1, kept={"a": ReusedResult("run-8")})
    office.execution.tell("run-9", create)
    with pytest.raises(Rejected) as no:
        run(office.repeats.retry("run-9", "a", actor="jo"))
    assert no.value.code == "run.not_settled"


def test_a_run_that_does_not_exist_is_not_retried(office: Office) -> None:
    with pytest.raises(NotFound):
        run(office.repeats.retry("nobody", "a", actor="jo"))


def test_a_limit_of_a_person_holds_in_whatever_letters_they_write_their_name(
    office: Office,
) -> None:
    for name, starts in (("user:JO", 1), ("user:jo", 9)):
        limit = SetRateLimit("actor", name, starts, 60.0, "A script of theirs runs wild.")
        office.operations.limit(limit, actor="user:ann")
    office.operations.refuse_new_run("user:Jo")
    for name in ("user:jo", "user:JO", "jo", "user:\uff2ao"):
        with pytest.raises(Unavailable, match="has begun 1 run"):
            office.operations.refuse_new_run(name)
    office.operations.refuse_new_run("user:joanna")


def test_an_actor_begins_no_more_runs_than_their_limit_allows(office: Office) -> None:
    limit = SetRateLimit("actor", "user:jo", 2, 60.0, "A script of theirs runs wild.")
    office.operations.limit(limit, actor="user:ann")
    for _ in range(2):
        office.operations.refuse_new_run("user:jo")
    with pytest.raises(Unavailable) as no:
        office.operations.refuse_new_run("user:jo")
    assert no.value.code == "operation.rate_limited"
    office.operations.refuse_new_run("user:ann")
    office.clock.time += 61.0
    office.operations.refuse_new_run("user:jo")
