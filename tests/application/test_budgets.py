"""Budgets in the engine: through the journal, onto the log, and back from it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.application.budgets import (
    LEDGER,
    Budgets,
    CapChange,
    last_ledger,
    read_ledger,
    stream_of,
)
from missioncontrol.application.journal import Journal, fold
from missioncontrol.application.prices import PRICES, read_prices
from missioncontrol.domain.budget.balances import shared_out
from missioncontrol.domain.budget.events import CapSet, LedgerOpened, Tally, UsageCharged
from missioncontrol.domain.budget.evolve import evolve
from missioncontrol.domain.budget.scopes import RUNS, WORKSPACE, Cap, Scope, scopes_of
from missioncontrol.domain.budget.states import Ledger
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.price import charged
from missioncontrol.domain.price_list import SetPrice
from missioncontrol.domain.register import decode
from missioncontrol.domain.step import Amount, Retry, Spending, Step
from missioncontrol.domain.work import Usage
from missioncontrol.ports.event_store import EventStore
from tests.application.parts import ObservedStore, StandingClock, run

ALICE = "user:alice"
RUN, FLOW = "run-1", "release-check"
DRAFT = scopes_of(RUN, FLOW, step="draft", agent="writer", model="gpt-4o")
CALL = Spending("gpt-4o", 1_000, 100)  # $2.50 and $10 a million: 3,500 micro-dollars
DAY = 86_400.0


class House:
    """Budgets over one log, with a clock that is set by hand."""

    def __init__(self, store: EventStore | None = None, *, events_max: int = 10_000) -> None:
        self.store = store or ObservedStore()
        self.clock = StandingClock()
        self.journal = Journal(self.store, self.clock)
        self.budgets = Budgets(self.journal, GenaiPrices(), events_max=events_max)

    async def open(self, amount: Amount | None = None) -> Budgets:
        await self.budgets.open()
        self.budgets.open_run(RUN, FLOW, amount)
        return self.budgets

    async def again(self) -> Budgets:
        """Commit, and return the budgets of an engine that begins on the same log."""
        await self.journal.commit()
        other = House(self.store)
        other.clock.time = self.clock.time
        await other.budgets.open()
        return other.budgets

    async def charges(self) -> list[UsageCharged]:
        found = [decode(row.type, row.schema, row.body) for row in await self.store.read()]
        return [event for event in found if isinstance(event, UsageCharged)]


def spent(budgets: Budgets, scope: Scope = WORKSPACE) -> Tally:
    return budgets.standing(scope)[0].spent


def test_the_worst_case_of_a_call_is_priced_set_aside_charged_and_settled() -> None:
    async def main() -> None:
        house = House()
        budgets = await house.open(Amount(cost=10_000))
        amount = budgets.worst(CALL, "writer")
        assert amount == Amount(3_500, 1_100)
        budgets.reserve("a", DRAFT, amount)
        usage = Usage(input_tokens=800, cached_tokens=400, output_tokens=50)
        charge = budgets.spend("a", "gpt-4o-2024-08-06", usage)
        assert (charge.cost, charge.over, charge.passed) == (2_000, None, ())
        assert charge.price.startswith("genai-prices ")
        budgets.settle("a")
        after = await house.again()
        assert spent(after) == Tally(2_000, 850)
        assert after.ledger == budgets.ledger
        assert not after.reservations(RUN)

    run(main())


def test_a_step_that_declares_nothing_needs_nothing_and_asks_for_no_price() -> None:
    async def main() -> None:
        budgets = await House().open()
        assert budgets.worst(None, "tester") == Amount(0, 0)
        assert budgets.worst(Spending("no-such-model", by_call=True)) == Amount(0, 0)
        assert budgets.worst(Spending("no-such-model", 5)) == Amount(None, 5)

    run(main())


def test_a_refused_reservation_leaves_nothing_in_the_log() -> None:
    async def main() -> None:
        house = House()
        budgets = await house.open(Amount(cost=100))
        before = len(await house.journal.commit())
        with pytest.raises(Rejected, match="Step 'draft' may need"):
            budgets.reserve("a", DRAFT, Amount(101, 1))
        assert before == 2
        assert await house.journal.commit() == []

    run(main())


def test_reservation_and_what_it_pays_for_are_one_transaction() -> None:
    async def main() -> None:
        house = House()
        assert isinstance(house.store, ObservedStore)
        budgets = await house.open()
        budgets.reserve("a", DRAFT, Amount(0, 5))
        budgets.prices.change(SetPrice("m", Decimal(1), Decimal(1), "why"), actor=ALICE)
        await house.journal.commit()
        assert [[a.stream for a in appends] for appends in house.store.appends] == [
            ["ledger-1", "prices"]
        ]

    run(main())


def test_a_price_that_changes_meanwhile_is_charged_as_of_the_use_and_nothing_settled_changes() -> (
    None
):
    async def main() -> None:
        house = House()
        budgets = await house.open(Amount(cost=10_000))
        budgets.reserve("a", DRAFT, budgets.worst(CALL))
        first = budgets.spend("a", "gpt-4o", Usage(input_tokens=400))
        change = SetPrice("gpt-4o", Decimal(25), Decimal(100), "a new contract")
        budgets.prices.change(change, actor=ALICE)
        second = budgets.spend("a", "gpt-4o", Usage(input_tokens=400))
        assert (first.cost, second.cost) == (1_000, 10_000)
        assert (second.over, second.price) == (Amount(cost=7_500), "override 1")
        after = await house.again()
        assert spent(after).cost == 11_000
        for each in await house.charges():
            assert charged(each.price, each.usage) == each.cost

    run(main())


def test_a_price_set_for_the_name_in_the_table_holds_for_its_dated_names_too() -> None:
    async def main() -> None:
        budgets = await House().open()
        change = SetPrice("GPT-4o", Decimal(7), Decimal(8), "why", valid_from="2020-01-01")
        budgets.prices.change(change, actor=ALICE)
        known = budgets.prices.price("gpt-4o-2024-08-06", 1_790_000_000.0)
        assert known is not None
        assert known.rates.input == 7

    run(main())


def test_a_model_without_a_price_is_charged_like_the_one_that_was_reserved_for() -> None:
    async def main() -> None:
        budgets = await House().open(Amount(cost=10_000))
        budgets.reserve("a", DRAFT, budgets.worst(CALL))
        assert budgets.spend("a", "made-up", Usage(input_tokens=400)).cost == 1_000
        assert spent(budgets, Scope("model", "made-up")) == Tally(1_000, 400)

    run(main())


def test_all_spellings_of_a_model_count_under_one_name() -> None:
    async def main() -> None:
        budgets = await House().open()
        for name in ("gpt-4o-2024-08-06", "openai:gpt-4o", "made-up"):
            cap = Cap(Scope("model", name), "day", Amount(tokens=1_000))
            budgets.set_cap(cap, actor=ALICE, reason="careful")
        assert [each.scope.name for each in budgets.caps() if each.scope.kind == "model"] == [
            "gpt-4o",
            "made-up",
        ]
        budgets.reserve("a", DRAFT, Amount(0, 900))
        budgets.spend("a", "gpt-4o-2024-11-20", Usage(input_tokens=900))
        with pytest.raises(Rejected, match="model 'gpt-4o' for today leaves 100 tokens"):
            budgets.reserve("b", scopes_of(RUN, FLOW, model="openai/gpt-4o"), Amount(0, 101))
        change = SetPrice("Made-Up", Decimal(1), Decimal(1), "why")
        budgets.prices.change(change, actor=ALICE)
        assert budgets.prices.name("made-up", house_time) == "Made-Up"

    house_time = 1_790_000_000.0
    run(main())


def test_an_unknown_price_counts_tokens_under_caps_in_tokens_and_is_refused_under_money() -> None:
    async def main() -> None:
        scopes = scopes_of(RUN, FLOW, step="draft", model="odd")
        budgets = await House().open(Amount(tokens=1_000))
        budgets.reserve("a", scopes, budgets.worst(Spending("odd", 600)))
        assert budgets.spend("a", "odd", Usage(input_tokens=500)).cost is None
        assert spent(budgets) == Tally(0, 500, 500)
        budgets.set_cap(Cap(WORKSPACE, "day", Amount(5)), actor=ALICE, reason="careful")
        with pytest.raises(Rejected, match="model 'odd', whose price is not known"):
            budgets.reserve("b", scopes, budgets.worst(Spending("odd", 1)))

    run(main())


def test_usage_that_nobody_reserved_for_counts_and_without_its_scopes_is_refused() -> None:
    async def main() -> None:
        budgets = await House().open(Amount(cost=100))
        with pytest.raises(NotFound):
            budgets.spend("a", "gpt-4o", Usage(input_tokens=400))
        charge = budgets.spend("a", "gpt-4o", Usage(input_tokens=400), scopes=DRAFT[1:])
        assert (charge.over, spent(budgets).cost) == (Amount(1_000, 400), 1_000)
        assert [each.by for each in charge.passed] == [Amount(900)]
        assert budgets.spend("a", "gpt-4o", Usage(), scopes=DRAFT).cost == 0

    run(main())


def test_a_refused_step_may_wait_where_only_work_under_way_is_in_its_way() -> None:
    async def main() -> None:
        budgets = await House().open(Amount(cost=1_000))
        budgets.reserve("a", DRAFT, Amount(600, 1))
        assert budgets.fits_later(DRAFT, Amount(1_000, 1))
        budgets.spend("a", "gpt-4o", Usage(cost=1))
        assert not budgets.fits_later(DRAFT, Amount(1_000, 1))
        budgets.reserve("c", DRAFT, Amount(500, 1), parent="a")
        assert budgets.fits_later(DRAFT, Amount(599, 0), parent="a")
        assert not budgets.fits_later(DRAFT, Amount(600, 0), parent="a")

    run(main())


# ── Runs


def steps(model: str = "gpt-4o", attempts: int = 1) -> list[Step]:
    spending = Spending(model, 1_000, 100)
    return [
        Step("a", "writer", spending=spending, retry=Retry(attempts=attempts)),
        Step("b", "tester"),
    ]


def test_a_run_whose_worst_case_is_too_much_is_not_admitted_and_sets_nothing_aside() -> None:
    async def main() -> None:
        budgets = await House().open(Amount(cost=7_000))
        budgets.admit_run(RUN, FLOW, budgets.estimate(steps(attempts=2)))
        with pytest.raises(Rejected) as no:
            budgets.admit_run(RUN, FLOW, budgets.estimate(steps(attempts=3)))
        assert no.value.reason == (
            "Run 'run-1' may need $0.0105 and the cap of run 'run-1' leaves $0.007 of $0.007: "
            "$0.0035 too much."
        )
        assert "`mission budget set run run-1 --cost 0.0105 --reason TEXT`" in no.value.hint
        assert not budgets.reservations(RUN)

    run(main())


def test_a_forecast_holds_agents_and_models_to_their_own_caps_and_names_unknown_prices() -> None:
    async def main() -> None:
        budgets = await House().open(Amount(tokens=10_000))
        budgets.set_cap(
            Cap(Scope("agent", "writer"), "day", Amount(3_499)), actor=ALICE, reason="careful"
        )
        budgets.admit_run(RUN, FLOW, budgets.estimate(steps()))
        with pytest.raises(Rejected, match="agent 'writer' for today leaves"):
            budgets.admit_run(RUN, FLOW, budgets.forecast(steps()))
        with pytest.raises(Rejected, match="model 'odd', whose price is not known"):
            budgets.admit_run(RUN, FLOW, budgets.forecast(steps("odd")))

    run(main())


def test_a_step_keeps_to_its_budget_over_its_attempts_and_after_a_restart() -> None:
    async def main() -> None:
        house = House()
        budgets = await house.open()
        budgets.open_step(RUN, "draft", Amount(tokens=100))
        budgets.reserve("a", DRAFT, Amount(0, 60))
        budgets.spend("a", "", Usage(output_tokens=60, cost=1))
        budgets.settle("a")
        after = await house.again()
        with pytest.raises(Rejected, match="step 'draft' leaves 40 tokens of 100 tokens"):
            after.reserve("b", DRAFT, Amount(0, 60))

    run(main())


def test_a_ledger_or_price_list_that_is_not_there_is_told_as_such() -> None:
    async def main() -> None:
        house = House()
        with pytest.raises(NotFound, match="ledger-7"):
            await house.journal.load(LEDGER, "ledger-7")
        with pytest.raises(NotFound, match="prices"):
            await house.journal.load(PRICES, "prices")
        assert await read_ledger(house.store) is None
        assert (await read_prices(house.store)).dated == {}

    run(main())


def test_a_halted_run_is_admitted_once_its_cap_is_raised() -> None:
    async def main() -> None:
        house = House()
        budgets = await house.open(Amount(cost=100))
        forecast = budgets.forecast(steps())
        with pytest.raises(Rejected):
            budgets.admit_run(RUN, FLOW, forecast)
        change = CapChange(Scope("run", RUN), "the review is worth it", cost=3_500)
        event = budgets.change_cap(change, actor=ALICE)
        assert event is not None
        assert (event.actor, event.before, event.reason) == (
            ALICE,
            Amount(cost=100),
            "the review is worth it",
        )
        after = await house.again()
        after.open_run(RUN, FLOW, Amount(cost=100))
        after.admit_run(RUN, FLOW, forecast)

    run(main())


def test_what_a_dead_engine_had_set_aside_is_found_and_settled_by_the_next() -> None:
    async def main() -> None:
        house = House()
        budgets = await house.open(Amount(cost=1_000))
        budgets.reserve("a", DRAFT, Amount(800, 10))
        budgets.spend("a", "", Usage(cost=300))
        after = await house.again()
        assert after.reservations(RUN) == ["a"]
        after.settle("a")
        assert after.standing(WORKSPACE)[0].held == Tally()
        after.reserve("b", DRAFT, Amount(700, 1))
        after.close_run(RUN)
        assert not after.ledger.live

    run(main())


def test_sums_by_agent_model_and_step_equal_the_total_exactly() -> None:
    async def main() -> None:
        house = House(events_max=50)
        budgets = await house.open()
        for number in range(120):
            scopes = scopes_of(
                RUN,
                FLOW,
                step=f"step-{number % 7}",
                agent=f"agent-{number % 3}",
                model=("gpt-4o", "gpt-5", "odd")[number % 3],
            )
            budgets.reserve(f"r-{number}", scopes, Amount(0, 0))
            budgets.spend(f"r-{number}", "", Usage(input_tokens=number * 7 + 1, output_tokens=3))
            budgets.settle(f"r-{number}")
        await house.journal.commit()
        charges = await house.charges()
        assert len(charges) == 120
        for kind in ("agent", "model", "step"):
            sums = shared_out(iter(charges), kind)
            assert sum(sums.values(), Tally()) == spent(budgets)
            for name, tally in sums.items():
                scope = Scope(kind, name)
                assert spent(budgets, scope) == tally

    run(main())


# ── Caps


def test_changing_one_unit_of_a_cap_leaves_the_other_as_it_is() -> None:
    async def main() -> None:
        budgets = await House().open()
        for change in (
            CapChange(WORKSPACE, "one", "month", cost=5_000_000),
            CapChange(WORKSPACE, "two", "month", tokens=1_000),
            CapChange(WORKSPACE, "three", "month", cost=None),
        ):
            budgets.change_cap(change, actor=ALICE)
        [cap] = [each for each in budgets.caps() if each.scope == WORKSPACE]
        assert cap.limit is not None
        assert (cap.limit.amount, cap.limit.reason) == (Amount(tokens=1_000), "three")
        assert (
            budgets.change_cap(CapChange(WORKSPACE, "x", "month", tokens=1_000), actor=ALICE)
            is None
        )
        budgets.change_cap(CapChange(WORKSPACE, "four", "month", tokens=None), actor=ALICE)
        assert [each.scope for each in budgets.caps()] == [RUNS, Scope("run", RUN)]
        with pytest.raises(Rejected) as no:
            budgets.change_cap(CapChange(WORKSPACE, "why"), actor=ALICE)
        assert no.value.code == "budget.nothing_to_do"

    run(main())


def test_a_change_of_a_cap_or_price_can_be_sent_to_another_process_as_it_is() -> None:
    for change in (
        CapChange(Scope("agent", "writer"), "why", "day", cost=None),
        CapChange(WORKSPACE, "why", tokens=0),
        SetPrice("m", Decimal("0.1"), Decimal(2), "why", cache_write=Decimal("1e-6")),
    ):
        sent = msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(change)))
        assert msgspec.convert(sent, type(change)) == change


def test_nothing_was_ever_capped_in_an_empty_home_but_the_built_in_cap_is_told() -> None:
    async def main() -> None:
        house = House()
        await house.budgets.open()
        [only] = house.budgets.caps()
        assert only.limit is not None
        assert (only.scope, only.limit.origin) == (RUNS, "built-in")
        assert only.left == Amount(tokens=2_000_000)
        assert [each.left for each in house.budgets.standing(WORKSPACE)] == [Amount()] * 3
        house.budgets.settle("nothing")
        house.budgets.close_run("nothing")
        assert not house.journal.has_pending

    run(main())


# ── Ledgers that take over


def test_a_long_ledger_is_taken_over_by_a_new_one_that_knows_all_of_it() -> None:
    async def main() -> None:
        house = House(events_max=20)
        budgets = await house.open(Amount(tokens=1_000))
        budgets.reserve("kept", DRAFT, Amount(0, 400))
        for number in range(100):
            budgets.reserve(f"r-{number}", DRAFT, Amount(0, 5))
            budgets.spend(f"r-{number}", "gpt-4o", Usage(input_tokens=5))
            budgets.settle(f"r-{number}")
            if number % 10 == 0:
                await house.journal.commit()
        last = budgets.ledger.number
        after = await house.again()
        assert await last_ledger(house.store) == last > 10
        assert after.ledger == budgets.ledger
        assert (spent(after).tokens, after.reservations(RUN)) == (500, ["kept"])
        with pytest.raises(Rejected, match="leaves 100 tokens of 1,000 tokens"):
            after.reserve("too-much", DRAFT, Amount(0, 101))
        assert len(house.journal.others) <= 2  # The old one goes with the next commit.

    run(main())


def test_no_ledger_is_much_longer_than_it_may_be_and_each_can_be_folded_by_itself() -> None:
    async def main() -> None:
        house = House(events_max=20)
        budgets = await house.open()
        for number in range(60):
            budgets.reserve(f"r-{number}", DRAFT, Amount(0, 1))
        budgets.close_run(RUN)
        await house.journal.commit()
        for number in range(1, budgets.ledger.number):
            state, version = await fold(house.store, LEDGER, stream_of(number))
            assert state is not None
            assert (state.number, state.length, version) == (number, 20, 20)

    run(main())


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 8, 9, 31, 33])
def test_the_last_ledger_is_found_however_many_there_are(count: int) -> None:
    async def main() -> None:
        house = House(events_max=1)
        for number in range(count):
            house.budgets.open_run(f"run-{number}", FLOW, None)
        await house.journal.commit()
        assert await last_ledger(house.store) == count

    run(main())


# ── Two hundred at once

CALLERS = 200
PRICE_OF_ONE = 700
CAP = 100_000  # enough for 142 of them


@asynccontextmanager
async def at_work(path: Path) -> AsyncIterator[House]:
    """Open a real log, and commit whatever is decided, many at a time."""
    store = SqliteEventStore(path, writable=True)
    house = House(store)
    woken = asyncio.Event()
    house.journal.wake = woken.set

    async def commit() -> None:
        while True:
            await woken.wait()
            woken.clear()
            await house.journal.commit()

    committing = asyncio.ensure_future(commit())
    try:
        yield house
    finally:
        committing.cancel()
        store.close()


async def admissions(house: House) -> int:
    """Ask from 200 threads at the same moment; return how many were admitted, durably."""
    budgets, loop = house.budgets, asyncio.get_running_loop()
    line, admitted = threading.Barrier(CALLERS), list[bool]()
    done = asyncio.Event()

    async def admit(number: int) -> bool:
        scopes = scopes_of(RUN, FLOW, step=f"step-{number}", agent="writer")
        try:
            budgets.reserve(f"r-{number}", scopes, Amount(PRICE_OF_ONE, 10))
        except Rejected:
            return False
        await house.journal.durable()
        return True

    def ask(number: int) -> None:
        line.wait()
        asking = asyncio.run_coroutine_threadsafe(admit(number), loop)
        admitted.append(asking.result(20))
        if len(admitted) == CALLERS:
            loop.call_soon_threadsafe(done.set)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    await asyncio.wait_for(done.wait(), 20)
    for thread in threads:
        thread.join()
    return sum(admitted)


def test_of_200_threads_that_ask_at_once_no_more_are_admitted_than_the_cap_allows(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with at_work(tmp_path / "log.db") as house:
            await house.open()
            cap = Cap(Scope("workflow", FLOW), "day", Amount(CAP))
            house.budgets.set_cap(cap, actor=ALICE, reason="careful")
            assert await admissions(house) == CAP // PRICE_OF_ONE
            rows = await house.store.read_stream(stream_of(1), limit=10_000)
        ledger: Ledger | None = None
        for row in rows:
            event = decode(row.type, row.schema, row.body)
            ledger = evolve(ledger, event, row.time / 1_000_000)  # type: ignore[arg-type]
            assert ledger.account(cap.scope).held.cost <= CAP
        assert ledger == house.budgets.ledger
        assert len(ledger.live if ledger else ()) == CAP // PRICE_OF_ONE

    run(main())


def test_work_that_overspends_while_others_are_admitted_goes_over_by_what_is_recorded_alone(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with at_work(tmp_path / "log.db") as house:
            budgets = await house.open()
            budgets.set_cap(Cap(WORKSPACE, "total", Amount(CAP)), actor=ALICE, reason="careful")

            async def work(number: int) -> int:
                amount = Amount(PRICE_OF_ONE, 10)
                while not admitted(number, amount):
                    if not budgets.fits_later(DRAFT, amount):
                        return 0
                    await house.journal.durable()  # Something settles meanwhile.
                await house.journal.durable()
                cost = PRICE_OF_ONE // 2 if number % 9 else PRICE_OF_ONE + number
                over = budgets.spend(f"r-{number}", "", Usage(cost=cost)).over
                budgets.settle(f"r-{number}")
                return over.cost or 0 if over else 0

            def admitted(number: int, amount: Amount) -> bool:
                try:
                    budgets.reserve(f"r-{number}", DRAFT, amount)
                except Rejected:
                    return False
                return True

            over = sum(await asyncio.gather(*map(work, range(3 * CALLERS))))
            await house.journal.durable()
            excess = [each.over.cost or 0 for each in await house.charges() if each.over]
            assert sum(excess) == over > 0
            assert CAP - PRICE_OF_ONE < spent(budgets).cost <= CAP + over

    run(main())


def test_who_changed_a_cap_stands_in_the_log_twice_and_the_run_is_its_thread() -> None:
    async def main() -> None:
        house = House()
        budgets = await house.open()
        budgets.set_cap(Cap(Scope("run", RUN), "day", Amount(5)), actor=ALICE, reason="careful")
        await house.journal.commit()
        rows = await house.store.read_stream(stream_of(1))
        assert [(row.type, row.actor, row.correlation) for row in rows] == [
            ("ledger_opened", "engine", "ledger-1"),
            ("run_budgeted", "engine", RUN),
            ("cap_set", ALICE, RUN),
        ]
        first, _, last = (decode(row.type, row.schema, row.body) for row in rows)
        assert isinstance(first, LedgerOpened)
        assert isinstance(last, CapSet)
        assert (last.actor, last.reason) == (ALICE, "careful")

    run(main())
