"""Time, tokens and money of a plan, from earlier runs."""

from missioncontrol.domain.foresight import Actual
from missioncontrol.domain.plan import Phase, Plan, Requirement, Task
from missioncontrol.specialists.estimating.runs import CASES_MIN, ENOUGH, from_runs


def actual(
    run: int, task: str, role: str, seconds: float, *, tokens: int = 0, cost: int | None = 0
) -> Actual:
    return Actual(f"run-{run}", task, role, role, "Add x", seconds, tokens, cost)


def plan(*tasks: Task) -> Plan:
    phases = (Phase("p", "P", "p", tasks),)
    return Plan("goal", "title", "s", (), (), phases, (Requirement("R1", "x"),))


def task(role: str, *, agent: str = "") -> Task:
    return Task(role, role, "d", role, acceptance=("a",), requirements=("R1",), agent=agent)  # type: ignore[arg-type]


def test_a_task_takes_what_tasks_of_its_role_took() -> None:
    before = [actual(n, "survey", "surveyor", 2.0) for n in range(5)]
    before += [actual(n, "audit", "auditor", 50.0) for n in range(5)]
    found = from_runs(plan(task("surveyor")), before)
    (seconds,) = found.estimates
    assert (seconds.task, seconds.measure, seconds.likely) == ("surveyor", "seconds", 2.0)
    assert seconds.basis[0] == "survey of run-0 (2 s)"


def test_too_few_runs_give_no_number_but_a_reason() -> None:
    before = [actual(n, "", "", 10.0) for n in range(ENOUGH - 1)]
    found = from_runs(plan(task("surveyor")), before)
    assert found.estimates == ()
    (why,) = found.unestimated
    assert "2 comparable runs ended here before, and 3 are needed" in why


def test_the_whole_run_is_estimated_from_whole_runs() -> None:
    before = [actual(n, "", "", 10.0 + n, tokens=1_000, cost=200) for n in range(6)]
    found = from_runs(plan(task("surveyor")), before)
    assert [each.measure for each in found.estimates] == ["seconds", "tokens", "cost"]
    assert found.unestimated == ()


def test_money_is_left_out_where_one_price_was_not_known() -> None:
    before = [actual(n, "", "", 10.0, tokens=1, cost=None if n == 3 else 5) for n in range(6)]
    found = from_runs(plan(task("surveyor")), before)
    assert "cost" not in {each.measure for each in found.estimates}


def test_what_never_used_a_token_is_not_said_to_take_none() -> None:
    before = [actual(n, "", "", 10.0) for n in range(6)]
    found = from_runs(plan(task("surveyor")), before)
    assert {each.measure for each in found.estimates} == {"seconds"}


def test_a_change_is_compared_with_those_of_the_same_agent_alone() -> None:
    before = [Actual(f"run-{n}", "b", "builder", "codex", "g", 60.0) for n in range(4)]
    assert from_runs(plan(task("builder", agent="claude")), before).estimates == ()
    assert len(from_runs(plan(task("builder", agent="codex")), before).estimates) == 1


def test_what_is_handed_over_takes_no_time_here() -> None:
    before = [Actual(f"run-{n}", "b", "builder", "codex", "g", 60.0) for n in range(4)]
    assert from_runs(plan(task("builder")), before).estimates == ()


def test_many_runs_tell_how_often_such_a_range_held() -> None:
    before = [actual(n, "", "", float(10 + n % 7)) for n in range(CASES_MIN + 5)]
    (seconds, *_) = from_runs(plan(task("surveyor")), before).estimates
    assert seconds.held is not None
    assert 0.6 <= seconds.held <= 1
    assert seconds.cases == CASES_MIN + 5
