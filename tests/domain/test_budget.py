"""Budgets: what fits under every cap is set aside, what was used counts, and nothing else."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.domain.budget.balances import capped, shared_out, standings
from missioncontrol.domain.budget.commands import (
    BudgetCommand,
    ChargeUsage,
    CloseRun,
    OpenLedger,
    OpenRun,
    OpenStep,
    Reserve,
    SetCap,
    Settle,
)
from missioncontrol.domain.budget.decide import CAPS_MAX, decide
from missioncontrol.domain.budget.events import (
    EVENTS,
    NOTHING,
    BudgetEvent,
    CapSet,
    LedgerOpened,
    Limit,
    PassedCap,
    Tally,
    UsageCharged,
)
from missioncontrol.domain.budget.evolve import evolve
from missioncontrol.domain.budget.forecast import forecast
from missioncontrol.domain.budget.refusals import refuse_excess, refuse_spent, shortfalls
from missioncontrol.domain.budget.scopes import (
    BUILT_IN,
    RUNS,
    WORKSPACE,
    Kind,
    Period,
    Scope,
    called,
    scopes_of,
)
from missioncontrol.domain.budget.states import (
    MODELS_MAX,
    OTHER,
    SETTLED_MAX,
    Account,
    Ledger,
)
from missioncontrol.domain.errors import Corrupt, NotFound, Rejected
from missioncontrol.domain.step import Amount, Repeat, Retry, Spending, Step
from missioncontrol.domain.work import Usage
from tests.domain.ledgers import (
    BUDGET_EXAMPLES,
    DAY,
    DRAFT,
    FLOW,
    NOW,
    RUN,
    WORKFLOW,
    held,
    opened,
    spent,
    when,
)

ALICE = "user:alice"
SMALL = Amount(0, 1)
RUN_SCOPE = Scope("run", RUN)


def cap(scope: Scope, amount: Amount | None, period: Period = "total") -> SetCap:
    return SetCap(scope, period, amount, ALICE, "we agreed on it")


def charge(
    name: str,
    cost: int | None,
    tokens: int = 0,
    model: str = "",
    scopes: tuple[Scope, ...] = (),
) -> ChargeUsage:
    return ChargeUsage(name, model, Usage(input_tokens=tokens), cost, None, scopes)


def refused(ledger: Ledger, command: BudgetCommand, now: float = NOW) -> Rejected | NotFound:
    with pytest.raises((Rejected, NotFound)) as no:
        decide(command, ledger, now)
    assert isinstance(no.value, Rejected | NotFound)
    return no.value


def charged(events: list[BudgetEvent]) -> UsageCharged:
    [event] = events
    assert isinstance(event, UsageCharged)
    return event


# ── What fits


def test_what_fits_under_every_cap_is_set_aside_in_every_scope() -> None:
    ledger = opened(Amount(1_000, 500))
    when(ledger, Reserve("a", DRAFT, Amount(400, 100)))
    assert {held(ledger, scope) for scope in DRAFT} == {Tally(400, 100)}


@pytest.mark.parametrize("scope", DRAFT, ids=lambda scope: scope.kind)
@pytest.mark.parametrize("period", ["total", "month", "day"])
def test_a_cap_of_any_scope_and_period_is_enough_to_refuse(scope: Scope, period: Period) -> None:
    ledger = opened(Amount(10_000, 10_000))
    when(ledger, OpenStep(RUN, "draft", Amount(10_000)))
    when(ledger, cap(scope, Amount(99), period))
    assert refused(ledger, Reserve("a", DRAFT, Amount(100, 1))).code == "budget.exceeded"
    assert held(ledger, WORKSPACE) == NOTHING


def test_nothing_is_set_aside_anywhere_when_one_cap_of_many_is_too_small() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, cap(Scope("model", "m-1"), Amount(tokens=10)))
    refused(ledger, Reserve("a", DRAFT, Amount(5, 11)))
    assert all(held(ledger, scope) == NOTHING for scope in DRAFT)
    when(ledger, Reserve("a", DRAFT, Amount(5, 10)))


def test_a_cap_is_filled_to_the_last_micro_dollar_and_not_beyond() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, Reserve("a", DRAFT, Amount(999, 1)))
    when(ledger, Reserve("b", DRAFT, Amount(1, 1)))
    refused(ledger, Reserve("c", DRAFT, Amount(1, 1)))


def test_reserving_twice_is_reserving_once_and_something_else_is_refused() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, Reserve("a", DRAFT, Amount(600, 1)))
    assert when(ledger, Reserve("a", DRAFT, Amount(600, 1))) == []
    assert refused(ledger, Reserve("a", DRAFT, Amount(6, 1))).code == "budget.duplicate"
    when(ledger, Settle("a"))
    assert refused(ledger, Reserve("a", DRAFT, Amount(600, 1))).code == "budget.duplicate"


def test_work_of_a_run_that_is_not_open_and_of_no_run_is_refused() -> None:
    ledger = opened()
    other = refused(ledger, Reserve("a", scopes_of("run-2", FLOW), Amount(0, 1)))
    assert other.code == "budget.run_not_open"
    assert refused(ledger, Reserve("a", (WORKSPACE,), Amount(0, 1))).code == "budget.no_run"


# ── Zero, absent, unknown


def test_a_run_without_a_cap_of_its_own_gets_the_built_in_one() -> None:
    ledger = opened(None)
    refused(ledger, Reserve("a", DRAFT, Amount(0, 2_000_001)))
    when(ledger, Reserve("a", DRAFT, Amount(0, 2_000_000)))
    assert opened(Amount()).account(Scope("run", RUN)).limits["total"].amount == BUILT_IN


def test_the_default_of_runs_can_be_changed_and_taken_away_again() -> None:
    ledger = opened()
    when(ledger, cap(RUNS, Amount(50)))
    when(ledger, OpenRun("run-2", FLOW, None))
    refused(ledger, Reserve("a", scopes_of("run-2", FLOW), Amount(51, 0)))
    when(ledger, cap(RUNS, None))
    [default] = [each for each in capped(ledger, NOW) if each.scope == RUNS]
    assert default.limit is not None
    assert (default.limit.amount, default.limit.origin) == (BUILT_IN, "built-in")


def test_zero_means_that_nothing_may_be_spent_and_nothing_always_fits() -> None:
    ledger = opened(Amount(0, 0))
    refusal = refused(ledger, Reserve("a", DRAFT, Amount(1, 0)))
    assert "is $0.00: nothing may be spent there" in refusal.reason
    when(ledger, Reserve("b", DRAFT, Amount(0, 0)))
    when(ledger, charge("b", 700, 3))
    when(ledger, Reserve("c", DRAFT, Amount(0, 0)))


def test_an_unknown_price_is_refused_under_a_cap_in_money_alone() -> None:
    ledger = opened(Amount(tokens=100))
    when(ledger, Reserve("a", DRAFT, Amount(None, 60)))
    when(ledger, cap(WORKSPACE, Amount(1_000_000), "day"))
    refusal = refused(ledger, Reserve("b", DRAFT, Amount(None, 10)))
    assert refusal.code == "budget.unknown_price"
    assert "'m-1'" in refusal.reason
    assert "`mission budget price set m-1 " in refusal.hint


def test_tokens_that_nobody_can_bound_are_refused_under_a_cap_in_tokens() -> None:
    ledger = opened()
    refusal = refused(ledger, Reserve("a", DRAFT, Amount(1, None)))
    assert refusal.code == "budget.unknown_tokens"


def test_an_unknown_cost_counts_in_tokens_and_is_told_apart() -> None:
    ledger = opened()
    when(ledger, Reserve("a", DRAFT, Amount(None, 60)))
    when(ledger, charge("a", None, 50))
    when(ledger, charge("a", 5, 10))
    assert spent(ledger, WORKSPACE) == Tally(5, 60, 50)


# ── Messages


def test_a_refusal_names_step_cap_and_missing_amount_and_the_command_that_raises_it() -> None:
    ledger = opened()
    when(ledger, cap(WORKFLOW, Amount(2_000_000), "month"))
    when(ledger, Reserve("a", DRAFT, Amount(1_880_000, 10)))
    when(ledger, charge("a", 1_880_000, 10))
    when(ledger, Settle("a"))
    refusal = refused(ledger, Reserve("b", DRAFT, Amount(400_000, 10)))
    assert refusal.reason == (
        "Step 'draft' may need $0.40 and the cap of workflow 'release-check' for this month "
        "leaves $0.12 of $2.00: $0.28 too much."
    )
    assert refusal.hint == (
        "`mission budget set workflow release-check --cost 2.28 --per month --reason TEXT` "
        "would allow it."
    )


def test_the_command_of_a_refusal_raises_the_cap_just_far_enough() -> None:
    ledger = opened(Amount(100))
    when(ledger, Reserve("a", DRAFT, Amount(60, 1)))
    assert "--cost 0.00011 " in refused(ledger, Reserve("b", DRAFT, Amount(50, 1))).hint
    when(ledger, cap(Scope("run", RUN), Amount(109)))
    refused(ledger, Reserve("b", DRAFT, Amount(50, 1)))
    when(ledger, cap(Scope("run", RUN), Amount(110)))
    when(ledger, Reserve("b", DRAFT, Amount(50, 1)))


def test_every_cap_that_is_too_small_is_named_the_one_that_lacks_most_first() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, cap(WORKSPACE, Amount(500)))
    reason = refused(ledger, Reserve("a", DRAFT, Amount(1_200, 1))).reason
    assert reason.index("the workspace") < reason.index(f"run {RUN!r}")


def test_of_many_caps_that_are_too_small_only_some_are_told() -> None:
    ledger = opened(Amount(10))
    for scope in DRAFT[:2]:
        for period in ("day", "month"):
            when(ledger, SetCap(scope, period, Amount(20), ALICE, "why"))
    refusal = refused(ledger, Reserve("a", DRAFT, Amount(100, 1)))
    assert refusal.reason.endswith("2 more caps do not allow it either.")
    assert refusal.hint.count("mission budget set") == 5, "one that is left out still refuses it"
    assert refusal.hint.endswith("would allow it.")


def test_of_very_many_caps_a_refusal_names_ten_and_says_how_many_more_there_are() -> None:
    ledger = opened(Amount(10))
    scopes = (WORKSPACE, *DRAFT[:2], Scope("agent", "b"), Scope("agent", "c"))
    for scope in scopes:
        for period in ("day", "month", "total"):
            if scope.kind != "run" or period != "total":
                when(ledger, SetCap(scope, period, Amount(20), ALICE, "why"))
    asked = dict.fromkeys(scopes, Amount(100, 1))
    with pytest.raises(Rejected) as no:
        refuse_excess(ledger, asked, "2026-01-01", about=DRAFT)
    assert no.value.hint.count("mission budget set") == 10
    assert " more would allow it" in no.value.hint


def test_the_commands_of_a_refusal_below_spent_caps_let_the_work_start_at_once() -> None:
    ledger = opened(Amount(1_000_000))
    scopes = (WORKSPACE, *(Scope("agent", name) for name in "abcd"))
    for scope in scopes:
        when(ledger, SetCap(scope, "total", Amount(0), ALICE, "why"))
    with pytest.raises(Rejected) as no:
        refuse_spent(ledger, scopes, "2026-01-01")
    assert no.value.reason.endswith("2 more caps do not allow it either.")
    assert no.value.hint.count("mission budget set") == len(scopes)


def test_a_refusal_that_only_other_work_causes_would_fit_later() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, Reserve("a", DRAFT, Amount(600, 1)))
    asked = dict.fromkeys(DRAFT, Amount(600, 1))
    assert list(shortfalls(ledger, asked, ledger.day))
    assert not list(shortfalls(ledger, asked, ledger.day, held=False))


def test_a_name_that_a_shell_would_read_otherwise_is_quoted_in_the_command() -> None:
    ledger = opened(Amount(tokens=10))
    when(ledger, OpenStep(RUN, "each[0]", Amount(tokens=1)))
    scopes = scopes_of(RUN, FLOW, step="each[0]")
    hint = refused(ledger, Reserve("a", scopes, Amount(0, 2))).hint
    assert "set step 'run-1/each[0]' --tokens 2 --reason" in hint


# ── Windows


def test_the_money_of_a_day_is_there_again_on_the_next_and_that_of_a_month_is_not() -> None:
    ledger = opened()
    when(ledger, cap(WORKSPACE, Amount(100), "day"))
    when(ledger, cap(WORKSPACE, Amount(150), "month"))
    for number, name in enumerate("ab"):
        when(ledger, Reserve(name, DRAFT, Amount(75, 1)), NOW + number * DAY)
        when(ledger, charge(name, 75, 1), NOW + number * DAY)
        when(ledger, Settle(name), NOW + number * DAY)
    reason = refused(ledger, Reserve("c", DRAFT, Amount(1, 1)), NOW + 2 * DAY).reason
    assert "for this month leaves $0.00" in reason
    when(ledger, Reserve("c", DRAFT, Amount(100, 1)), NOW + 10 * DAY)


def test_what_is_set_aside_before_midnight_still_counts_after_it() -> None:
    ledger = opened()
    when(ledger, cap(WORKSPACE, Amount(100), "day"))
    when(ledger, Reserve("a", DRAFT, Amount(80, 1)))
    refused(ledger, Reserve("b", DRAFT, Amount(30, 1)), NOW + DAY)
    when(ledger, charge("a", 80, 1), NOW + DAY)
    [_, _, day] = standings(ledger, WORKSPACE, NOW + DAY)
    assert (day.window, day.spent.cost, day.held.cost) == ("2026-11-23", 80, 0)


def test_a_clock_that_is_set_back_gives_no_money_back() -> None:
    ledger = opened()
    when(ledger, cap(WORKSPACE, Amount(100), "day"))
    when(ledger, Reserve("a", DRAFT, Amount(100, 1)))
    when(ledger, charge("a", 100, 1))
    when(ledger, Settle("a"))
    refused(ledger, Reserve("b", DRAFT, Amount(1, 1)), NOW - DAY)


# ── Charging and settling


def test_settling_frees_what_was_not_used_and_settling_twice_is_settling_once() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, Reserve("a", DRAFT, Amount(900, 90)))
    when(ledger, charge("a", 300, 30))
    assert held(ledger, WORKSPACE) == Tally(600, 60)
    assert len(when(ledger, Settle("a"))) == 1
    assert when(ledger, Settle("a")) == []
    assert held(ledger, WORKSPACE) == NOTHING
    when(ledger, Reserve("b", DRAFT, Amount(700, 1)))


def test_use_within_what_was_set_aside_passes_nothing() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, Reserve("a", DRAFT, Amount(1_000, 10)))
    event = charged(when(ledger, charge("a", 1_000, 10)))
    assert (event.over, event.passed, event.late) == (None, (), False)


def test_use_beyond_it_is_recorded_with_how_much_and_which_caps_it_passes() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, cap(WORKSPACE, Amount(5_000)))
    when(ledger, Reserve("a", DRAFT, Amount(900, 100)))
    assert charged(when(ledger, charge("a", 950, 10))).over == Amount(cost=50)
    event = charged(when(ledger, charge("a", 250, 95)))
    assert event.over == Amount(250, 5)
    assert event.passed == (PassedCap(Scope("run", RUN), "total", Amount(200)),)
    refused(ledger, Reserve("b", DRAFT, Amount(1, 1)))


def test_usage_that_is_told_late_still_counts_all_of_it_beyond() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, Reserve("a", DRAFT, Amount(900, 100)))
    when(ledger, Settle("a"))
    event = charged(when(ledger, charge("a", 1_100, 20)))
    assert (event.late, event.over) == (True, Amount(1_100, 20))
    assert [passed.by for passed in event.passed] == [Amount(100)]
    assert spent(ledger, Scope("agent", "writer")) == Tally(1_100, 20)


def test_usage_for_which_nothing_was_set_aside_counts_where_it_says() -> None:
    ledger = opened(Amount(1_000))
    assert refused(ledger, charge("x", 5, 1)).code == "budget.unknown_reservation"
    assert charged(when(ledger, charge("x", 5, 1, scopes=DRAFT))).late
    assert spent(ledger, WORKFLOW) == Tally(5, 1)


def test_usage_after_the_end_of_its_run_counts_for_all_that_outlives_the_run() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, Reserve("a", DRAFT, Amount(900, 100)))
    when(ledger, CloseRun(RUN))
    when(ledger, charge("a", 10, 1))
    assert spent(ledger, WORKFLOW) == Tally(10, 1)
    assert Scope("run", RUN) not in ledger.accounts


def test_a_usage_of_nothing_is_no_event() -> None:
    ledger = opened()
    when(ledger, Reserve("a", DRAFT, Amount(0, 0)))
    assert when(ledger, charge("a", 0, 0)) == []


def test_a_usage_counts_for_the_model_that_was_really_used() -> None:
    ledger = opened()
    when(ledger, cap(Scope("model", "m-2"), Amount(tokens=5)))
    when(ledger, Reserve("a", DRAFT, Amount(0, 100)))
    event = charged(when(ledger, charge("a", 0, 8, model="m-2")))
    assert [(each.scope.name, each.by.tokens) for each in event.passed] == [("m-2", 3)]
    assert spent(ledger, Scope("model", "m-1")) == NOTHING
    assert held(ledger, Scope("model", "m-1")) == Tally(0, 92)


def test_an_agent_that_makes_up_models_does_not_make_the_ledger_grow_for_ever() -> None:
    ledger = opened()
    when(ledger, Reserve("a", DRAFT, Amount(0, 1_000)))
    for number in range(MODELS_MAX + 5):
        when(ledger, charge("a", 0, 1, model=f"made-up-{number}"))
    assert sum(scope.kind == "model" for scope in ledger.accounts) <= MODELS_MAX + 1
    assert spent(ledger, Scope("model", OTHER)).tokens == 6


def test_models_that_are_only_reserved_for_do_not_make_the_ledger_grow_for_ever_either() -> None:
    ledger = opened()
    for number in range(MODELS_MAX + 5):
        when(ledger, Reserve(f"a-{number}", (Scope("model", f"m-{number}"), RUN_SCOPE), SMALL))
    assert sum(scope.kind == "model" for scope in ledger.accounts) <= MODELS_MAX + 1
    assert held(ledger, Scope("model", OTHER)) == Tally(0, 5)


def test_the_cap_of_other_models_holds_before_one_of_them_is_called() -> None:
    ledger = opened()
    when(ledger, cap(Scope("model", OTHER), Amount(tokens=1)))
    for number in range(MODELS_MAX - 1):
        when(ledger, Reserve(f"a-{number}", (Scope("model", f"m-{number}"), RUN_SCOPE), SMALL))
    new = (Scope("model", "one-more"), RUN_SCOPE)
    assert "model 'other'" in refused(ledger, Reserve("b", new, Amount(0, 2))).reason
    assert when(ledger, Reserve("c", new, SMALL))
    assert not when(ledger, Reserve("c", new, SMALL))


# ── Parents and children


def test_a_child_comes_out_of_its_parent_and_not_of_the_caps_again() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, Reserve("p", scopes_of(RUN, FLOW), Amount(1_000, 100)))
    when(ledger, Reserve("c", DRAFT, Amount(700, 70), "p"))
    assert held(ledger, WORKSPACE) == Tally(1_000, 100)
    refusal = refused(ledger, Reserve("d", DRAFT, Amount(301, 1), "p"))
    assert "what was set aside for it leaves $0.0003 of $0.001" in refusal.reason
    when(ledger, charge("c", 200, 20))
    when(ledger, Settle("c"))
    when(ledger, Reserve("d", DRAFT, Amount(800, 80), "p"))
    assert held(ledger, WORKSPACE) == Tally(800, 80)
    assert spent(ledger, WORKSPACE) == Tally(200, 20)


def test_a_child_is_held_to_the_caps_of_what_its_parent_is_not_in() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, cap(Scope("agent", "writer"), Amount(50), "day"))
    when(ledger, Reserve("p", scopes_of(RUN, FLOW), Amount(1_000, 100)))
    refused(ledger, Reserve("c", DRAFT, Amount(51, 1), "p"))
    when(ledger, Reserve("c", DRAFT, Amount(50, 1), "p"))
    refused(ledger, Reserve("d", DRAFT, Amount(1, 1), "p"))


def test_what_a_child_uses_beyond_its_own_comes_out_of_its_parents() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, Reserve("p", scopes_of(RUN, FLOW), Amount(1_000, 100)))
    when(ledger, Reserve("c", DRAFT, Amount(100, 10), "p"))
    event = charged(when(ledger, charge("c", 150, 10)))
    assert (event.over, event.passed) == (Amount(cost=50), ())
    assert held(ledger, WORKSPACE) == Tally(850, 90)


def test_what_is_lent_stays_promised_when_a_sibling_overspends() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, Reserve("p", scopes_of(RUN, FLOW), Amount(1_000, 100)))
    when(ledger, Reserve("c", DRAFT, Amount(500, 10), "p"))
    when(ledger, Reserve("d", DRAFT, Amount(500, 10), "p"))
    event = charged(when(ledger, charge("c", 800, 10)))
    assert [passed.by for passed in event.passed] == [Amount(300)]
    assert held(ledger, WORKSPACE).cost == 500
    when(ledger, charge("d", 500, 10))
    assert (spent(ledger, WORKSPACE).cost, held(ledger, WORKSPACE).cost) == (1_300, 0)


def test_a_parent_that_settles_takes_its_children_with_it() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, Reserve("p", scopes_of(RUN, FLOW), Amount(1_000, 100)))
    when(ledger, Reserve("c", DRAFT, Amount(500, 10), "p"))
    when(ledger, Reserve("g", DRAFT, Amount(400, 10), "c"))
    when(ledger, Settle("p"))
    assert not ledger.live
    assert all(account.held == NOTHING for account in ledger.accounts.values())
    assert charged(when(ledger, charge("g", 3, 1))).late


def test_a_parent_of_unknown_cost_keeps_no_cap_in_money() -> None:
    ledger = opened(Amount(tokens=1_000))
    when(ledger, Reserve("p", scopes_of(RUN, FLOW), Amount(None, 500)))
    when(ledger, cap(WORKSPACE, Amount(1_000_000)))
    refusal = refused(ledger, Reserve("c", DRAFT, Amount(5, 5), "p"))
    assert refusal.code == "budget.unknown_price"
    when(ledger, Reserve("c", DRAFT, Amount(0, 5), "p"))


def test_a_child_without_a_parent_and_a_line_without_end_are_refused() -> None:
    ledger = opened()
    assert refused(ledger, Reserve("c", DRAFT, Amount(0, 1), "p")).code == (
        "budget.unknown_reservation"
    )
    name = ""
    for number in range(32):
        when(ledger, Reserve(f"r-{number}", DRAFT, Amount(0, 1), name))
        name = f"r-{number}"
    assert refused(ledger, Reserve("r", DRAFT, Amount(0, 1), name)).code == "budget.too_deep"


# ── Caps


def test_a_raised_cap_lets_through_what_was_refused_and_tells_who_and_why() -> None:
    ledger = opened(Amount(100))
    refused(ledger, Reserve("a", DRAFT, Amount(101, 1)))
    [event] = when(ledger, cap(Scope("run", RUN), Amount(200)))
    assert event == CapSet(
        Scope("run", RUN), "total", Amount(200), ALICE, "we agreed on it", Amount(100)
    )
    when(ledger, Reserve("a", DRAFT, Amount(101, 1)))


def test_a_cap_lowered_below_what_is_spent_holds_from_then_on_and_says_so() -> None:
    ledger = opened()
    when(ledger, Reserve("a", DRAFT, Amount(500, 1)))
    when(ledger, charge("a", 500, 1))
    when(ledger, Settle("a"))
    [event] = when(ledger, cap(WORKFLOW, Amount(200), "day"))
    assert isinstance(event, CapSet)
    assert event.passed == Amount(cost=300)
    refusal = refused(ledger, Reserve("b", DRAFT, Amount(1, 1)))
    assert "leaves $0.00 of $0.0002" in refusal.reason
    assert "--cost 0.000501 " in refusal.hint


def test_use_of_what_was_set_aside_before_a_cap_was_lowered_passes_it_no_further() -> None:
    ledger = opened()
    when(ledger, Reserve("a", DRAFT, Amount(500, 1)))
    when(ledger, cap(WORKFLOW, Amount(200)))
    assert charged(when(ledger, charge("a", 400, 1))).passed == ()


def test_the_same_cap_again_is_no_event() -> None:
    ledger = opened()
    when(ledger, cap(WORKSPACE, Amount(5)))
    assert when(ledger, cap(WORKSPACE, Amount(5))) == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (SetCap(WORKSPACE, "day", Amount(1), ALICE, " \n"), "budget.no_reason"),
        (SetCap(WORKSPACE, "day", Amount(1), ALICE, "x" * 2_001), "budget.no_reason"),
        (cap(WORKSPACE, Amount(-1)), "budget.bad_amount"),
        (cap(WORKSPACE, Amount(tokens=10**15 + 1)), "budget.bad_amount"),
        (cap(WORKSPACE, None), "budget.no_cap"),
        (cap(Scope("workspace", "x"), Amount(1)), "budget.bad_scope"),
        (cap(Scope("agent"), Amount(1)), "budget.bad_scope"),
        (cap(Scope("agent", "a\nb"), Amount(1)), "budget.bad_scope"),
        (cap(Scope("model", "x" * 301), Amount(1)), "budget.bad_scope"),
        (cap(RUNS, Amount(1), "day"), "budget.bad_scope"),
        (cap(Scope("run", "run-9"), Amount(1)), "budget.run_not_open"),
        (cap(Scope("run", RUN), None), "budget.needs_cap"),
        (cap(Scope("run", f"{RUN}/x"), Amount(1)), "budget.bad_scope"),
        (cap(Scope("step", f"{RUN}/x"), Amount(1)), "budget.bad_scope"),
        (OpenStep("run-9", "x", Amount(1)), "budget.run_not_open"),
        (OpenRun("run-9", FLOW, Amount(-1)), "budget.bad_amount"),
        (OpenLedger(), "budget.exists"),
    ],
)
def test_what_makes_no_sense_is_refused(command: BudgetCommand, code: str) -> None:
    refusal = refused(opened(), command)
    assert refusal.code == code
    assert refusal.reason.endswith(".")


def test_a_step_keeps_to_its_own_budget_over_all_its_attempts() -> None:
    ledger = opened()
    when(ledger, OpenStep(RUN, "draft", Amount(tokens=100)))
    when(ledger, Reserve("first", DRAFT, Amount(0, 60)))
    when(ledger, charge("first", 0, 60))
    when(ledger, Settle("first"))
    assert (
        "step 'draft' leaves 40 tokens"
        in refused(ledger, Reserve("second", DRAFT, Amount(0, 60))).reason
    )
    when(ledger, cap(Scope("step", f"{RUN}/draft"), Amount(tokens=120)))
    when(ledger, Reserve("second", DRAFT, Amount(0, 60)))


def test_opening_a_run_again_keeps_the_cap_that_was_raised_meanwhile() -> None:
    ledger = opened(Amount(100))
    when(ledger, cap(Scope("run", RUN), Amount(900)))
    assert when(ledger, OpenRun(RUN, FLOW, Amount(100))) == []
    when(ledger, Reserve("a", DRAFT, Amount(900, 1)))


def test_a_run_that_ends_frees_everything_and_is_forgotten() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, OpenStep(RUN, "draft", Amount(1_000)))
    when(ledger, Reserve("p", DRAFT, Amount(500, 1)))
    when(ledger, Reserve("c", DRAFT, Amount(100, 1), "p"))
    when(ledger, CloseRun(RUN))
    assert not ledger.live
    assert held(ledger, WORKSPACE) == NOTHING
    assert {scope.kind for scope in ledger.accounts} == {"workspace", "workflow", "agent", "model"}
    assert when(ledger, CloseRun(RUN)) == []


def test_what_a_run_lent_to_another_and_borrowed_back_ends_with_it_once() -> None:
    ledger = opened()
    when(ledger, OpenRun("run-2", "other", None))
    when(ledger, Reserve("q", DRAFT, Amount(0, 50)))
    when(ledger, Reserve("p", scopes_of("run-2", "other"), Amount(0, 40), "q"))
    when(ledger, Reserve("x", DRAFT, Amount(0, 30), "p"))
    when(ledger, CloseRun(RUN))
    assert not ledger.live
    assert all(account.held == NOTHING for account in ledger.accounts.values())


def test_there_is_an_end_to_the_caps_but_those_there_are_can_be_changed() -> None:
    ledger = opened()
    for number in range(CAPS_MAX // 2):
        account = ledger.accounts[Scope("agent", f"agent-{number}")] = Account()
        account.limits = {"day": Limit(Amount(1)), "month": Limit(Amount(1))}
    assert refused(ledger, cap(WORKSPACE, Amount(1))).code == "budget.too_many"
    assert when(ledger, cap(Scope("agent", "agent-1"), Amount(2), "day"))


def test_a_step_with_an_empty_budget_or_one_that_it_has_already_gets_none() -> None:
    ledger = opened()
    assert when(ledger, OpenStep(RUN, "draft", Amount())) == []
    when(ledger, OpenStep(RUN, "draft", Amount(tokens=5)))
    assert when(ledger, OpenStep(RUN, "draft", Amount(tokens=9))) == []


def test_the_scopes_of_settled_work_are_remembered_only_so_long() -> None:
    ledger = opened()
    for number in range(SETTLED_MAX + 3):
        when(ledger, Reserve(f"r-{number}", DRAFT, Amount(0, 1)))
        when(ledger, Settle(f"r-{number}"))
    assert len(ledger.settled) == SETTLED_MAX
    assert refused(ledger, charge("r-2", 1, 1)).code == "budget.unknown_reservation"


# ── The log


def test_every_event_comes_back_from_its_bytes_as_it_was() -> None:
    assert {type(event) for event in BUDGET_EXAMPLES} == set(EVENTS)
    for event in BUDGET_EXAMPLES:
        assert msgspec.json.decode(msgspec.json.encode(event), type=type(event)) == event


def test_a_ledger_that_begins_otherwise_or_twice_is_corrupt() -> None:
    with pytest.raises(Corrupt):
        evolve(None, BUDGET_EXAMPLES[-1], NOW)
    with pytest.raises(Corrupt):
        evolve(opened(), LedgerOpened(1), NOW)
    with pytest.raises(NotFound):
        decide(CloseRun(RUN), None, NOW)


def test_a_ledger_that_takes_over_knows_what_a_parent_has_lent() -> None:
    ledger = opened(Amount(1_000))
    when(ledger, Reserve("p", scopes_of(RUN, FLOW), Amount(1_000, 100)))
    when(ledger, Reserve("c", DRAFT, Amount(700, 70), "p"))
    when(ledger, charge("c", 100, 10))
    [event] = decide(OpenLedger(ledger), None, NOW + DAY)
    after = evolve(None, event, NOW + DAY)
    refused(after, Reserve("d", DRAFT, Amount(301, 1), "p"))
    when(after, Reserve("d", DRAFT, Amount(300, 1), "p"))
    assert (after.number, after.length, spent(after, WORKSPACE)) == (2, 2, Tally(100, 10))
    assert [each.spent.cost for each in standings(after, WORKSPACE, NOW + DAY)] == [100, 100, 0]


def test_a_parent_whose_cost_nobody_knew_holds_what_its_children_do() -> None:
    ledger = opened(Amount(None, 1_000))
    when(ledger, Reserve("p", scopes_of(RUN, FLOW), Amount(None, 100)))
    when(ledger, Reserve("c", DRAFT, Amount(70, 70), "p"))
    assert held(ledger, WORKSPACE) == Tally(70, 100)
    when(ledger, cap(WORKSPACE, Amount(100)))
    refused(ledger, Reserve("d", DRAFT, Amount(31, 1)))
    when(ledger, Settle("c"))
    assert held(ledger, WORKSPACE) == Tally(0, 100)
    when(ledger, Reserve("d", DRAFT, Amount(100, 1)))
    refused(ledger, Reserve("e", DRAFT, Amount(1, 1)))


STEPS = ("draft", "check", "ship")
AGENTS = ("writer", "critic")
MODELS = ("m-1", "m-2", "")
KINDS: tuple[Kind, ...] = ("agent", "model", "step", "workflow", "run")
names = st.sampled_from([f"r-{number}" for number in range(8)])
amounts = st.builds(Amount, st.integers(0, 400) | st.none(), st.integers(0, 400))
caps = st.builds(Amount, st.integers(0, 900) | st.none(), st.integers(0, 900) | st.none())
scopes = st.builds(
    lambda run, step, agent, model: scopes_of(
        run, f"flow-{run}", step=step, agent=agent, model=model
    ),
    st.sampled_from(["run-1", "run-2"]),
    st.sampled_from(STEPS),
    st.sampled_from(AGENTS),
    st.sampled_from(MODELS),
)
one_scope = st.sampled_from(
    [WORKSPACE, Scope("agent", "writer"), Scope("model", "m-1"), Scope("run", "run-1")]
)
commands: st.SearchStrategy[BudgetCommand] = st.one_of(
    st.builds(Reserve, names, scopes, amounts, names | st.just("")),
    st.builds(Reserve, names, scopes, amounts),
    st.builds(
        ChargeUsage,
        names,
        st.sampled_from(MODELS),
        st.builds(Usage, input_tokens=st.integers(0, 300)),
        st.integers(0, 300) | st.none(),
        st.none(),
        scopes | st.just(()),
    ),
    st.builds(Settle, names),
    st.builds(
        SetCap,
        one_scope,
        st.sampled_from(["total", "day", "month"]),
        caps,
        st.just(ALICE),
        st.just("why"),
    ),
    st.builds(OpenRun, st.sampled_from(["run-1", "run-2"]), st.just("flow"), caps),
    st.builds(CloseRun, st.sampled_from(["run-1", "run-2"])),
)
moments = st.lists(st.tuples(commands, st.floats(-DAY / 2, DAY)), max_size=60)


class Book:
    """A live ledger with the log it came from, and by how much each cap may be passed."""

    def __init__(self) -> None:
        self.log: list[tuple[BudgetEvent, float]] = []
        self.ledger: Ledger | None = None
        self.now = NOW
        self.do(OpenLedger())
        self.do(OpenRun("run-1", "flow", Amount(900, 900)))

    def do(self, command: BudgetCommand) -> None:
        try:
            events = decide(command, self.ledger, self.now)
        except (Rejected, NotFound):
            return
        for event in events:
            self.ledger = evolve(self.ledger, event, self.now)
            self.log.append((event, self.now))

    def committed(self) -> dict[tuple[Scope, Period, str], int]:
        """Return what is spent and set aside, wherever a cap holds."""
        assert self.ledger is not None
        return {
            (scope, period, unit): getattr(
                account.spent(period, self.ledger.day) + account.held, unit
            )
            for scope, account in self.ledger.accounts.items()
            for period, limit in account.limits.items()
            for unit in ("cost", "tokens")
            if getattr(limit.amount, unit) is not None
        }


@settings(max_examples=70, deadline=None)
@given(moments)
def test_only_a_charge_or_a_lowered_cap_takes_anything_past_a_cap_and_says_so(
    history: list[tuple[BudgetCommand, float]],
) -> None:
    book = Book()
    for command, later in history:
        assert book.ledger is not None
        book.now += later
        before, count = book.committed(), len(book.log)
        book.do(command)
        overruns = {
            (each.scope, each.period, unit): getattr(each.by, unit)
            for event, _ in book.log[count:]
            if isinstance(event, UsageCharged)
            for each in event.passed
            for unit in ("cost", "tokens")
            if getattr(each.by, unit) is not None
        }
        for key, amount in book.committed().items():
            limit = book.ledger.accounts[key[0]].limits[key[1]].amount
            if amount > getattr(limit, key[2]) and amount > before.get(key, amount):
                assert overruns.get(key) == amount - getattr(limit, key[2])


@settings(max_examples=70, deadline=None)
@given(moments)
def test_what_is_held_is_what_reservations_may_still_use_and_sums_equal_the_total(
    history: list[tuple[BudgetCommand, float]],
) -> None:
    book = Book()
    for command, later in history:
        book.now += later
        book.do(command)
    assert book.ledger is not None
    held_by_scope: dict[Scope, Tally] = {}
    for each in book.ledger.live.values():
        for scope in each.holds:
            held_by_scope[scope] = held_by_scope.get(scope, NOTHING) + each.outstanding
    for scope, account in book.ledger.accounts.items():
        assert account.held == held_by_scope.get(scope, NOTHING)
        assert min(account.held.cost, account.held.tokens) >= 0
    charges = [event for event, _ in book.log if isinstance(event, UsageCharged)]
    for kind in KINDS:
        sums = shared_out(iter(charges), kind).values()
        assert sum(sums, NOTHING) == book.ledger.account(WORKSPACE).total


@settings(max_examples=60, deadline=None)
@given(moments, st.integers(0, 60))
def test_the_log_folds_to_the_live_ledger_also_through_one_that_takes_over(
    history: list[tuple[BudgetCommand, float]], turn: int
) -> None:
    book = Book()
    for number, (command, later) in enumerate(history):
        book.now += later
        book.do(command)
        if number == turn:
            stands = told(book.ledger, book.now)
            [event] = decide(OpenLedger(book.ledger), None, book.now)
            book.log = [
                (msgspec.json.decode(msgspec.json.encode(event), type=LedgerOpened), book.now)
            ]
            book.ledger = evolve(None, *book.log[0])
            assert told(book.ledger, book.now) == stands
    folded: Ledger | None = None
    for event, at in book.log:
        data = msgspec.json.encode(event)
        folded = evolve(folded, msgspec.json.decode(data, type=type(event)), at)
    assert folded == book.ledger


def told(ledger: Ledger | None, now: float) -> object:
    """Return all that a ledger says of money, whatever its number and length."""
    assert ledger is not None
    accounts = {
        scope: (
            account.limits,
            account.held,
            [each.spent for each in standings(ledger, scope, now)],
        )
        for scope, account in ledger.accounts.items()
    }
    return accounts, ledger.live, ledger.runs, ledger.settled


# ── Forecasts


def worst(spending: Spending) -> Amount:
    """A token costs a micro-dollar, except for the unknown model."""
    tokens = spending.input_tokens + spending.output_tokens
    return Amount(None if spending.model == "odd" else tokens, tokens)


def metered(key: str, tokens: int, model: str = "m-1", **more: object) -> Step:
    step = Step(key, "writer", spending=Spending(model, tokens))
    return msgspec.structs.replace(step, **more)


def test_a_forecast_counts_attempts_items_rounds_and_called_steps() -> None:
    call = Step("call", "", body=(metered("in", 10), metered("in2", 1)), repeat=Repeat("", 3))
    steps = [
        metered("once", 1_000),
        metered("tried", 100, retry=Retry(attempts=2)),
        metered("each", 10_000, for_each=["a", "b"]),
        call,
        Step("free", "tester"),
    ]
    found = forecast(steps, worst)
    assert found.total == Amount(21_233, 21_233)
    assert found.shares == {
        Scope("agent", "writer"): found.total,
        Scope("model", "m-1"): found.total,
    }


def test_a_step_with_a_budget_counts_for_no_more_than_that() -> None:
    found = forecast([metered("a", 500, budget=Amount(tokens=60)), metered("b", 5)], worst)
    assert found.total == Amount(505, 65)


def test_a_model_without_a_price_makes_the_whole_cost_unknown_and_is_named() -> None:
    found = forecast([metered("a", 500), metered("b", 5, "odd")], worst)
    assert (found.total, found.unpriced) == (Amount(None, 505), ("odd",))
    assert found.shares[Scope("model", "m-1")] == Amount(500, 500)
    assert Scope("model", "") not in forecast([metered("c", 5, "")], worst).shares


def test_what_a_cap_is_for_has_a_name_in_sentences() -> None:
    assert called(RUNS) == "each run without one of its own"
    assert called(WORKSPACE) == "the workspace"
    assert called(Scope("step", "run-1/a/b")) == "step 'a/b'"
