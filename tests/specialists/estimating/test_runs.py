"""Time, tokens and money of a run, from earlier ones."""

from missioncontrol.domain.estimates import Actual
from missioncontrol.specialists.estimating.ranges import CASES_MIN
from missioncontrol.specialists.estimating.runs import BEFORE_MIN, NEEDED, from_runs


def actual(run: int, seconds: float, *, tokens: int = 0, cost: int | None = 0) -> Actual:
    return Actual(f"run-{run}", "", "", "", "Add x", seconds, tokens, cost)


def runs(count: int = NEEDED, *, tokens: int = 0, cost: int | None = 0) -> list[Actual]:
    return [actual(n, 10.0 + n % 3, tokens=tokens, cost=cost) for n in range(count)]


def test_a_run_takes_what_earlier_ones_took() -> None:
    found = from_runs(runs(tokens=1_000, cost=200))
    assert [each.measure for each in found.estimates] == ["seconds", "tokens", "cost"]
    seconds = found.estimates[0]
    assert 10 <= seconds.low <= seconds.likely <= seconds.high <= 12
    assert seconds.basis[0] == "run-0 (10 s, 1,000 tokens)"
    assert (seconds.held, seconds.cases) == (1.0, CASES_MIN)
    assert found.unestimated == ()


def test_too_few_runs_give_no_number_but_a_reason() -> None:
    found = from_runs(runs(NEEDED - 1))
    assert found.estimates == ()
    (why,) = found.unestimated
    assert "24 comparable runs ended here before, and 25 are needed" in why


def test_single_tasks_of_old_records_are_no_runs() -> None:
    tasks = [Actual(f"run-{n}", "t", "surveyor", "", "Add x", 2.0) for n in range(NEEDED)]
    assert "no comparable run ended here" in from_runs(tasks).unestimated[0]


def test_money_is_left_out_where_one_price_was_not_known() -> None:
    before = [*runs(NEEDED, tokens=1, cost=5), actual(99, 10.0, tokens=1, cost=None)]
    assert [each.measure for each in from_runs(before).estimates] == ["seconds", "tokens"]


def test_what_never_used_a_token_is_not_said_to_take_none() -> None:
    found = from_runs(runs())
    assert [each.measure for each in found.estimates] == ["seconds"]


def test_a_range_that_is_too_wide_is_not_told_but_why() -> None:
    before = [actual(n, 1.0 if n % 2 else 100.0) for n in range(NEEDED)]
    found = from_runs(before)
    assert found.estimates == ()
    assert "the most of the range would be over 10 times its least" in found.unestimated[0]


def test_a_range_that_did_not_hold_is_not_told_but_why() -> None:
    before = [actual(n, 1.3 ** (n % 7 + n // 5)) for n in range(NEEDED + BEFORE_MIN)]
    growing = [actual(n, 2.0**-n * 1e9) for n in range(NEEDED)]
    assert all(each.held is None or each.held >= 0.7 for each in from_runs(before).estimates)
    assert from_runs(growing).estimates == ()
