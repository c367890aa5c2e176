"""What steps may use: set aside before they start, charged while they work, and freed again."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.domain.budget.scopes import BUILT_IN, WORKSPACE, Cap, Period, Scope
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.run.states import Expanded
from missioncontrol.domain.step import Amount, Spending
from missioncontrol.domain.work import Usage
from tests.application.parts import run
from tests.application.play import BROKEN, CARDS, Play, Turns
from tests.application.test_expansion import TOP

SPENT = Usage(input_tokens=100, output_tokens=50, cost=9)  # 150 of the 1,000 tokens set aside


@pytest.fixture(autouse=True)
def caller() -> Any:
    """Provide an agent that asks before every call."""
    by_call = Spending("", 600, 400, by_call=True)
    CARDS["caller"] = msgspec.structs.replace(CARDS["thinker"], name="caller", spending=by_call)
    yield
    del CARDS["caller"]


def play(
    directory: Path, steps: str, *saved: str, head: str = "", script: dict[str, Any] | None = None
) -> Play:
    return Play(directory, f"name: costly\n{head}\nsteps:\n{steps}", script, saved=saved)


def use(played: Play, key: str, usage: Usage = SPENT) -> str:
    fence = played.run.working[key].fence
    return played.command_bus.execution.usage(played.name, key, fence, usage)


def cap(played: Play, scope: Scope, tokens: int, period: Period = "total") -> None:
    played.command_bus.budgets.set_cap(
        Cap(scope, period, Amount(tokens=tokens)), actor="carol", reason="So much."
    )


def held(played: Play, scope: Scope = WORKSPACE) -> int:
    return played.command_bus.budgets.ledger.account(scope).held.tokens


def spent(played: Play, scope: Scope = WORKSPACE) -> int:
    return played.command_bus.budgets.ledger.account(scope).total.tokens


def limit_of(played: Play) -> Amount | None:
    account = played.command_bus.budgets.ledger.account(Scope("run", played.name))
    return account.limits["total"].amount if account.limits else None


def stored(played: Play) -> list[Any]:
    run(played.command_bus.journal.commit())
    return run(played.command_bus.store.read_stream(played.name))


def resume(played: Play) -> None:
    played.command_bus.execution.resume(played.name, actor="carol")


# The worst case, and what is left of it.


def test_the_worst_case_is_set_aside_while_an_attempt_works_and_freed_after_it(
    tmp_path: Path,
) -> None:
    played = play(tmp_path, "  a: {agent: thinker}\n  b: {agent: thinker, needs: a}")
    played.start()
    assert held(played) == 1_000
    use(played, "a")
    assert (held(played), spent(played)) == (850, 150)
    played.end("a")
    assert (held(played), spent(played)) == (0, 150)
    assert played.go().run.outcome == "succeeded"


@pytest.mark.parametrize(
    ("end", "rests"), [("fail", True), ("interrupt", False), ("cancel", False)]
)
def test_it_is_freed_however_the_attempt_ends(tmp_path: Path, end: str, rests: bool) -> None:
    played = play(tmp_path, "  a: {agent: thinker, retry: 2}", script={"a": BROKEN})
    played.start()
    if end == "fail":
        played.end("a")
    elif end == "interrupt":
        played.command_bus.execution.interrupt(played.name, "The engine ended.")
    else:
        played.cancel()
    assert held(played) == 0
    assert ("a" in played.run.resting) is rests


def test_a_run_without_a_budget_has_the_built_in_one(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: thinker}")
    assert limit_of(played) == BUILT_IN


def test_a_run_that_can_use_nothing_has_no_account(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: hand}")
    assert limit_of(played) is None
    played.start()
    use(played, "a")  # It declared no usage; the usage that it reports counts all the same.
    assert limit_of(played) == BUILT_IN
    assert spent(played) == 150


# A step that calls models and does not say how much.


def test_a_step_that_does_not_say_how_much_takes_all_that_is_left(tmp_path: Path) -> None:
    steps = "  a: {agent: spender, for_each: [1, 2, 3]}"
    played = play(tmp_path, steps, head="budget: {tokens: 1000}")
    assert played.start() == ["a[0]"]
    assert held(played) == 1_000
    use(played, "a[0]")
    played.end("a[0]")
    assert played.start() == ["a[1]"]
    assert held(played) == 850
    played.end("a[1]")
    assert played.go().run.outcome == "succeeded"


@pytest.mark.parametrize(
    "scope", [WORKSPACE, Scope("workflow", "costly"), Scope("agent", "spender")]
)
def test_nothing_that_calls_models_starts_where_nothing_is_left(
    tmp_path: Path, scope: Scope
) -> None:
    played = play(tmp_path, "  a: {agent: spender}")
    cap(played, scope, 0)
    assert played.go().run.status == "halted"
    assert played.done == []
    assert played.run.halt is not None
    assert "leaves nothing" in played.run.halt.reason
    cap(played, scope, 10)
    resume(played)
    assert played.go().run.outcome == "succeeded"


def test_what_names_no_model_stops_at_the_cap_of_any(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: hand, budget: {tokens: 10}}")
    cap(played, Scope("model", "gpt-4o"), 0)
    assert played.go().run.status == "halted"
    assert played.run.halt is not None
    assert "model 'gpt-4o'" in played.run.halt.reason


# Halts.


def test_a_run_whose_worst_case_is_too_much_is_halted_before_anything_starts(
    tmp_path: Path,
) -> None:
    head = "budget: {tokens: 1999}"
    played = play(tmp_path, "  a: {agent: thinker}\n  b: {agent: thinker}", head=head).go()
    assert played.done == []
    assert played.run.status == "halted"
    assert played.run.halt is not None
    assert played.run.halt.code == "budget.exceeded"
    assert "1 token too much" in played.run.halt.reason
    assert "mission budget set run run-1 --tokens 2000" in played.run.halt.reason
    cap(played, Scope("run", "run-1"), 2_000)
    resume(played)
    assert played.go().run.outcome == "succeeded"


def test_a_halted_run_that_is_resumed_too_early_is_halted_again(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: thinker}", head="budget: {tokens: 999}")
    resume(played)
    assert played.go().run.status == "halted"
    assert played.done == []


def test_zero_means_that_nothing_may_be_spent_and_free_steps_still_run(tmp_path: Path) -> None:
    free = play(tmp_path / "free", "  a: {agent: hand}", head="budget: {tokens: 0}")
    assert free.go().run.outcome == "succeeded"
    costly = play(tmp_path / "costly", "  a: {agent: thinker}", head="budget: {tokens: 0}")
    assert costly.go().run.status == "halted"
    assert "nothing may be spent there" in str(costly.run.halt)


def test_an_unknown_price_under_a_cap_in_money_halts_and_says_what_to_do(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: thinker}", head="budget: {cost: 1.00 USD}").go()
    assert played.run.halt is not None
    assert played.run.halt.code == "budget.unknown_price"


def test_a_cap_that_is_lowered_meanwhile_halts_what_was_admitted(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: thinker}\n  b: {agent: thinker, needs: a}")
    played.start()
    use(played, "a")
    cap(played, WORKSPACE, 1_000)
    played.end("a")
    played.go()
    assert played.run.status == "halted"
    assert played.done == ["a"]
    cap(played, WORKSPACE, 1_150)
    resume(played)
    assert played.go().run.outcome == "succeeded"


def test_what_is_at_work_is_not_counted_twice_when_a_run_is_resumed(tmp_path: Path) -> None:
    steps = "  a: {agent: thinker}\n  b: {agent: thinker, needs: c}\n  c: {agent: hand}"
    played = play(tmp_path, steps, head="budget: {tokens: 2000}")
    played.start()
    cap(played, WORKSPACE, 1_500)
    played.end("c")
    played.start()
    assert "b" not in played.run.working
    cap(played, WORKSPACE, 2_000)
    resume(played)
    assert played.run.halt is None
    assert played.go().run.outcome == "succeeded"


def test_items_that_are_done_are_not_counted_again_when_a_run_is_resumed(tmp_path: Path) -> None:
    steps = "  each: {agent: thinker, for_each: [1, 2, 3], concurrency: 1}"
    played = play(tmp_path, steps, head="budget: {tokens: 3000}")
    played.start()
    use(played, "each[0]", Usage(input_tokens=1_000))
    played.end("each[0]")
    played.command_bus.execution.interrupt(played.name, "The engine ended.")
    resume(played)
    assert played.go().run.outcome == "succeeded"


def test_a_run_whose_every_item_is_at_work_can_be_resumed(tmp_path: Path) -> None:
    steps = "  each: {agent: thinker, for_each: [1, 2]}"
    played = play(tmp_path, steps, head="budget: {tokens: 2000}")
    played.start()
    assert len(played.run.working) == 2
    resume(played)
    assert played.go().run.outcome == "succeeded"


def test_a_halt_keeps_back_all_that_was_about_to_start(tmp_path: Path) -> None:
    steps = "  a: {agent: hand}\n  b: {agent: thinker, needs: a}\n  c: {agent: thinker, needs: a}"
    played = play(tmp_path, steps)
    cap(played, WORKSPACE, 500)
    played.go()
    assert played.done == ["a"]
    assert played.run.status == "halted"
    assert [event.type for event in stored(played)].count("run_halted") == 1


# Waiting for other work.


def test_a_step_waits_where_only_work_under_way_is_in_its_way(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: thinker}\n  b: {agent: thinker}")
    cap(played, Scope("agent", "thinker"), 1_900)
    assert played.start() == ["a"]
    assert played.start() == []
    assert played.run.halt is None
    use(played, "a")
    played.end("a")
    assert played.start() == ["b"]


# Budgets of steps.


def test_a_step_uses_no_more_than_its_budget_over_all_attempts(tmp_path: Path) -> None:
    steps = "  a: {agent: thinker, retry: 3, budget: {tokens: 400}}"
    played = play(tmp_path, steps, script={"a": Turns([BROKEN, BROKEN, None])})
    reserved = []
    for _ in range(2):
        played.start()
        reserved.append(held(played))
        use(played, "a")
        played.end("a")
    assert reserved == [400, 250]
    played.start()
    assert held(played) == 100
    assert "beyond the cap of step 'a' by 50 tokens" in use(played, "a")


def test_a_step_with_nothing_left_halts_the_run_until_its_budget_is_raised(tmp_path: Path) -> None:
    steps = "  a: {agent: thinker, retry: 3, budget: {tokens: 150}}"
    played = play(tmp_path, steps, script={"a": Turns([BROKEN, None])})
    played.start()
    use(played, "a")
    played.go()
    assert played.run.status == "halted"
    assert "step 'a'" in str(played.run.halt)
    cap(played, Scope("step", "run-1/a"), 1_150)
    resume(played)
    assert played.go().run.outcome == "succeeded"


def test_all_items_share_the_budget_of_their_step(tmp_path: Path) -> None:
    steps = "  each: {agent: thinker, for_each: [1, 2, 3], budget: {tokens: 1200}}"
    played = play(tmp_path, steps)
    assert played.start() == ["each[0]"]
    assert played.start() == []
    use(played, "each[0]", Usage(input_tokens=700))
    played.end()
    assert played.start() == ["each[1]"]
    assert held(played) == 500
    use(played, "each[1]", Usage(input_tokens=500))
    played.end()
    played.start()
    assert played.run.status == "halted"
    assert "step 'each'" in str(played.run.halt)


SUB = """
name: sub
budget: {tokens: 1500}
steps:
  one: {agent: thinker}
  two: {agent: thinker, needs: one}
"""


def test_the_steps_of_a_call_share_its_budget(tmp_path: Path) -> None:
    played = play(tmp_path, "  call: {workflow: sub}\n  b: {agent: thinker}", SUB)
    played.start()
    use(played, "call/one", Usage(input_tokens=1_000))
    played.end("call/one")
    played.end("b")
    played.start()
    assert held(played) == 500
    assert spent(played, Scope("step", "run-1/call")) == 1_000
    assert played.go().run.outcome == "succeeded"


def test_all_rounds_of_a_call_share_its_budget(tmp_path: Path) -> None:
    sub = SUB.replace("steps:", "outputs: {n: '${{ steps.two.output }}'}\nsteps:")
    steps = "  call: {workflow: sub, repeat: {until: output.n == 2, times: 3}}"
    played = play(tmp_path, steps, sub, script={"call/two": 1, "call#2/two": 2})
    for key in ("call/one", "call/two"):
        played.start()
        use(played, key, Usage(input_tokens=700))
        played.end(key)
    played.start()
    assert held(played) == 100
    assert isinstance(played.state("call"), Expanded)


def test_calls_within_calls_share_the_tighter_budget(tmp_path: Path) -> None:
    top = TOP.replace("steps:", "budget: {tokens: 800}\nsteps:").replace(
        ', with: {n: "${{ inputs.n + 1 }}"}', ""
    )
    played = play(tmp_path, "  call: {workflow: top}", SUB, top)
    played.start()
    assert held(played) == 800
    assert {Scope("step", "run-1/call"), Scope("step", "run-1/call/inner")} <= set(
        played.command_bus.budgets.ledger.accounts
    )


# Agents that ask before every call.


def admit(played: Play, key: str, tokens: int) -> None:
    fence = played.run.working[key].fence
    call = Spending("", tokens, 0)
    played.command_bus.execution.meter.admit(played.run, played.run.steps[key], fence, call)


def test_each_call_is_set_aside_when_it_is_asked_for_and_freed_by_the_next(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: caller}", head="budget: {tokens: 1000}")
    played.start()
    assert held(played) == 0
    admit(played, "a", 400)
    assert held(played) == 400
    use(played, "a")
    admit(played, "a", 850)
    assert (held(played), spent(played)) == (850, 150)
    with pytest.raises(Rejected) as no:
        admit(played, "a", 851)
    assert no.value.code == "budget.exceeded"
    played.end("a")
    assert held(played) == 0


def test_a_step_with_a_budget_of_nothing_does_not_start_by_asking_before_each_call(
    tmp_path: Path,
) -> None:
    played = play(tmp_path, "  a: {agent: caller, budget: {tokens: 0}}")
    assert played.start() == []
    assert "nothing may be spent" in str(played.run.halt)


def test_a_call_of_nothing_frees_what_the_one_before_it_left(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: caller}", head="budget: {tokens: 1000}")
    played.start()
    admit(played, "a", 850)
    use(played, "a")
    admit(played, "a", 0)
    assert (held(played), spent(played)) == (0, 150)


def test_an_engine_goes_on_with_the_calls_of_the_one_before_it(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: caller}", head="budget: {tokens: 1000}")
    played.start()
    admit(played, "a", 400)
    admit(played, "a", 300)
    played.command_bus.execution.meter._calls.clear()  # As in a new engine.
    use(played, "a")
    admit(played, "a", 200)
    assert (held(played), spent(played)) == (200, 150)


def test_what_an_engine_before_this_one_set_aside_for_a_call_is_freed(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: hand}")
    played.start()
    admit(played, "a", 400)
    played.command_bus.execution.meter._calls.clear()  # As in a new engine.
    played.command_bus.execution.interrupt(played.name, "It ended.")
    assert held(played) == 0


def test_calls_come_out_of_what_their_attempt_has_set_aside(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: thinker}")
    played.start()
    admit(played, "a", 900)
    assert held(played) == 1_000
    with pytest.raises(Rejected):
        admit(played, "a", 1_001)
    played.end("a")
    assert held(played) == 0


def test_a_call_whose_engine_ended_is_freed_by_the_next_engine(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: caller}")
    played.start()
    admit(played, "a", 400)
    played.command_bus.execution.meter._calls.clear()  # As the next engine knows nothing of them.
    played.command_bus.execution.interrupt(played.name, "The engine ended.")
    assert held(played) == 0
    assert played.command_bus.budgets.reservations(played.name) == []


def test_a_step_that_asks_by_the_call_keeps_to_its_budget(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: caller, budget: {tokens: 300}}")
    played.start()
    admit(played, "a", 300)
    with pytest.raises(Rejected) as no:
        admit(played, "a", 301)
    assert "step 'a'" in no.value.reason


# After the end.


def test_usage_that_is_told_late_counts_and_opens_nothing_again(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: thinker}").go()
    assert played.command_bus.budgets.ledger.runs == {}
    over = played.command_bus.execution.usage(played.name, "a", 1, SPENT)
    assert over == ""
    assert played.run.usage.tokens == 150
    assert spent(played, Scope("workflow", "costly")) == spent(played) == 150
    assert played.command_bus.budgets.ledger.runs == {}
    assert Scope("run", "run-1") not in played.command_bus.budgets.ledger.accounts


def test_all_that_a_run_had_set_aside_is_free_after_it(tmp_path: Path) -> None:
    steps = "  a: {agent: thinker}\n  call: {workflow: sub}\n  c: {agent: caller}"
    played = play(tmp_path, steps, SUB)
    played.start()
    admit(played, "c", 100)
    played.cancel()
    ledger = played.command_bus.budgets.ledger
    assert (ledger.live, ledger.runs) == ({}, {})
    assert all(account.held.tokens == 0 for account in ledger.accounts.values())


def test_sums_in_the_run_and_in_the_ledger_are_the_same(tmp_path: Path) -> None:
    steps = "  each: {agent: thinker, for_each: [1, 2, 3]}\n  call: {workflow: sub}"
    played = play(tmp_path, steps, SUB)
    amounts = iter(range(1, 100))
    while played.start() or played.run.working:
        for key in list(played.run.working):
            use(played, key, Usage(input_tokens=next(amounts), output_tokens=1))
            played.end(key)
    total = played.run.usage.tokens
    assert total == 5 + sum(range(1, 6))
    assert spent(played) == total
    for sums in (played.run.usage_by_step, played.run.usage_by_agent, played.run.usage_by_model):
        assert sum(usage.tokens for usage in sums.values()) == total
    run(played.command_bus.journal.commit())
