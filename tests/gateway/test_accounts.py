"""Calls that go on at the same time never pass a cap together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.application.budgets import Budgets
from missioncontrol.application.journal import Journal
from missioncontrol.application.model_calls import LedgerAccount, charge_interrupted
from missioncontrol.domain.budget.scopes import Scope, scopes_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.step import Amount
from missioncontrol.domain.work import NO_USAGE, Usage
from missioncontrol.interfaces.gateway.keys import Caller
from missioncontrol.interfaces.gateway.line_account import LineAccount
from missioncontrol.interfaces.gateway.settings import GatewayPolicy
from missioncontrol.ports.agent import AttemptFailed
from tests.application.parts import CountingIds, ObservedStore, StandingClock
from tests.gateway.answers import RESPONSES_ASK, responses_stream
from tests.gateway.house import house, openai, run
from tests.gateway.line import Line
from tests.gateway.upstream import Script, scripted

CALL = 1_000  # tokens that the cap is a multiple of


def scopes(model: str) -> tuple[Scope, ...]:
    return scopes_of("run-1", "w", agent="coder", model=model)


class Ledger:
    """Real budgets over a log in memory, which is written as the engine does it."""

    def __init__(self, cap: Amount, *, room_seconds: float = 20.0) -> None:
        self.journal = Journal(ObservedStore(), StandingClock())
        self.budgets = Budgets(self.journal, GenaiPrices())
        self.account = LedgerAccount(
            self.budgets, self.journal, CountingIds(), scopes, room_seconds=room_seconds
        )
        self.cap = cap
        self.due = asyncio.Event()
        self.journal.wake = self.due.set

    async def write(self) -> None:
        while True:
            await self.due.wait()
            self.due.clear()
            await asyncio.sleep(0.005)
            await self.journal.commit()


@asynccontextmanager
async def ledger(cap: Amount, **more: float) -> AsyncIterator[Ledger]:
    made = Ledger(cap, **more)
    await made.budgets.open()
    made.budgets.open_run("run-1", "w", cap)
    writing = asyncio.create_task(made.write())
    try:
        yield made
    finally:
        writing.cancel()


def test_two_hundred_calls_at_once_never_pass_one_cap() -> None:
    async def main() -> None:
        script = Script(responses_stream("Hi"), pause=0.002)
        policy = GatewayPolicy(calls_at_once=300, refusals_per_minute=300)
        async with (
            ledger(Amount(tokens=20_000)) as books,
            scripted(script) as upstream,
            house(openai(upstream), policy=policy) as ours,
        ):
            key = ours.keys.issue(Caller("many", books.account))
            highest = 0

            async def watch() -> None:
                nonlocal highest
                while True:
                    standing = books.budgets.standing(Scope("run", "run-1"))[0]
                    highest = max(highest, standing.spent.tokens + standing.held.tokens)
                    await asyncio.sleep(0)

            watching = asyncio.create_task(watch())
            ask = {**RESPONSES_ASK, "stream": True}
            calls = await asyncio.gather(
                *(ours.ask("/v1/responses", ask, key=key) for _ in range(200))
            )
            replies = await asyncio.gather(*(call.reply() for call in calls))
            watching.cancel()
            passed = sum(reply.status == 200 for reply in replies)
            assert {reply.status for reply in replies} == {200, 402}
            spent = books.budgets.standing(Scope("run", "run-1"))[0].spent
            assert spent.tokens == passed * 312 <= 20_000
            assert 0 < highest <= 20_000
            assert books.budgets.reservations("run-1") == []
            assert len(upstream.seen) == passed

    run(main())


def test_a_reservation_that_can_not_be_written_is_given_back() -> None:
    async def main() -> None:
        books = Ledger(Amount(tokens=5_000))
        await books.budgets.open()
        books.budgets.open_run("run-1", "w", books.cap)
        waiting = asyncio.create_task(
            books.account.admit("gpt-5", input_tokens=1_000, output_tokens=10)
        )
        await asyncio.sleep(0)
        assert books.budgets.reservations("run-1") == ["call-1"]
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert books.budgets.reservations("run-1") == []

    run(main())


def test_a_call_is_charged_and_settled_in_the_ledger() -> None:
    async def main() -> None:
        async with ledger(Amount(tokens=5_000), room_seconds=0) as books:
            name = await books.account.admit("gpt-5", input_tokens=1_000, output_tokens=10)
            with pytest.raises(AttemptFailed) as refused:
                await books.account.admit("gpt-5", input_tokens=4_000, output_tokens=0)
            assert refused.value.code == "budget.held"
            with pytest.raises(AttemptFailed) as refused:
                await books.account.admit("gpt-5", input_tokens=5_001, output_tokens=0)
            assert refused.value.code == "budget.exceeded"
            books.account.settle(name, Usage(500, output_tokens=5, cost=None), model="gpt-5-x")
            other = await books.account.admit("gpt-5", input_tokens=4_000, output_tokens=0)
            books.account.settle(other, NO_USAGE, model="gpt-5")
            assert books.budgets.standing(Scope("run", "run-1"))[0].spent.tokens == 505

    run(main())


def test_calls_on_one_line_are_reserved_together() -> None:
    async def main() -> None:
        line = Line(tokens=250)
        account = LineAccount(line, room_seconds=0)
        one = await account.admit("m", input_tokens=100, output_tokens=0)
        await account.admit("m", input_tokens=100, output_tokens=0)
        assert line.held == 200
        with pytest.raises(AttemptFailed):
            await account.admit("m", input_tokens=100, output_tokens=0)
        assert line.held == 200, "those that go on keep what they had"
        account.settle(one, Usage(90), model="m-1")
        account.settle(one, Usage(90), model="m-1")
        assert line.used == [(Usage(90), "m-1")]
        await account.admit("m", input_tokens=100, output_tokens=0)
        assert line.held == 200

    run(main())


def test_calls_of_another_model_wait_for_their_turn_on_a_line() -> None:
    async def main() -> None:
        line = Line()
        account = LineAccount(line)
        one = await account.admit("a", input_tokens=1, output_tokens=0)
        other = asyncio.create_task(account.admit("b", input_tokens=2, output_tokens=0))
        await asyncio.sleep(0.01)
        assert not other.done()
        account.settle(one, NO_USAGE, model="a")
        await other
        assert line.admitted == [("a", 1, 0), ("b", 2, 0)]
        assert line.used == []

    run(main())


def test_a_call_that_is_cancelled_while_it_is_admitted_holds_nothing() -> None:
    async def main() -> None:
        account = LineAccount(Line())
        waiting = asyncio.create_task(account.admit("a", input_tokens=1, output_tokens=0))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(account.admit("b", input_tokens=1, output_tokens=0), 30)

    run(main())


def test_a_call_waits_for_room_that_another_one_holds() -> None:
    async def main() -> None:
        async with ledger(Amount(tokens=5_000)) as books:
            first = await books.account.admit("gpt-5", input_tokens=4_000, output_tokens=10)
            waiting = asyncio.create_task(
                books.account.admit("gpt-5", input_tokens=2_000, output_tokens=0)
            )
            await asyncio.sleep(0)
            books.account.settle(first, Usage(input_tokens=100), model="gpt-5")
            second = await waiting
            books.account.settle(second, NO_USAGE, model="gpt-5")
            assert books.budgets.reservations("run-1") == []

    run(main())


def test_calls_that_others_left_no_room_for_keep_their_key_from_nothing() -> None:
    async def main() -> None:
        async with (
            ledger(Amount(tokens=5_000), room_seconds=0) as books,
            scripted(Script(responses_stream("Hi"))) as upstream,
            house(openai(upstream), policy=GatewayPolicy(refusals_per_minute=1)) as ours,
        ):
            key = ours.keys.issue(Caller("many", books.account))
            held = await books.account.admit("gpt-5", input_tokens=4_900, output_tokens=0)
            ask = {**RESPONSES_ASK, "stream": True}
            for _ in range(3):
                reply = await (await ours.ask("/v1/responses", ask, key=key)).reply()
                assert (reply.status, reply.json["error"]["code"]) == (429, "budget.held")
                assert int(reply.headers["retry-after"]) > 0
                assert "x-should-retry" not in reply.headers
            books.account.settle(held, NO_USAGE, model="gpt-5")
            reply = await (await ours.ask("/v1/responses", ask, key=key)).reply()
            assert reply.status == 200

    run(main())


def test_nothing_stays_set_aside_for_a_call_that_can_not_be_counted() -> None:
    async def main() -> None:
        async with ledger(Amount(tokens=5_000)) as books:
            name = await books.account.admit("gpt-5", input_tokens=1_000, output_tokens=10)
            with pytest.raises(Rejected):
                books.account.settle(name, Usage(input_tokens=1, cached_tokens=2), model="gpt-5")
            assert books.budgets.reservations("run-1") == []

    run(main())


def test_what_a_crash_broke_off_counts_as_used_and_is_set_aside_no_longer() -> None:
    async def main() -> None:
        async with ledger(Amount(tokens=5_000)) as books:
            await books.account.admit("gpt-5", input_tokens=1_000, output_tokens=10)
            await books.journal.durable()
            after = Budgets(Journal(books.journal.store, StandingClock()), GenaiPrices())
            await after.open()
            reserved = after.ledger.live["call-1"].amount
            charge_interrupted(after)
            charge_interrupted(after)
            after.forfeit("call-1")
            standing = after.standing(Scope("run", "run-1"))[0]
            assert (standing.spent.tokens, standing.held.tokens) == (1_010, 0)
            assert standing.spent.cost == reserved.cost

    run(main())


def test_a_call_on_a_line_waits_for_room_that_another_one_on_it_holds() -> None:
    async def main() -> None:
        line = Line(tokens=250)
        account = LineAccount(line)
        one = await account.admit("m", input_tokens=200, output_tokens=0)
        waiting = [
            asyncio.create_task(account.admit("m", input_tokens=tokens, output_tokens=0))
            for tokens in (100, 120)
        ]
        await asyncio.sleep(0.01)
        assert line.refused == 2
        account.settle(one, NO_USAGE, model="m")
        await asyncio.gather(*waiting)
        assert line.held == 220
        with pytest.raises(AttemptFailed) as refused:
            await LineAccount(line).admit("m", input_tokens=300, output_tokens=0)
        assert refused.value.code == "budget.exceeded", "with nobody to wait for"

    run(main())


def test_a_row_of_calls_of_one_model_keeps_no_other_from_its_turn() -> None:
    async def main() -> None:
        account = LineAccount(Line())
        one = await account.admit("a", input_tokens=1, output_tokens=0)
        other = asyncio.create_task(account.admit("b", input_tokens=1, output_tokens=0))
        await asyncio.sleep(0)
        late = asyncio.create_task(account.admit("a", input_tokens=1, output_tokens=0))
        await asyncio.sleep(0)
        account.settle(one, NO_USAGE, model="a")
        second = await other
        assert not late.done()
        account.settle(second, NO_USAGE, model="b")
        await late

    run(main())


def test_what_the_last_call_on_a_line_left_is_freed_when_no_other_follows() -> None:
    async def main() -> None:
        line = Line()
        account = LineAccount(line, idle_seconds=0)
        one = await account.admit("m", input_tokens=100, output_tokens=0)
        account.settle(one, Usage(90), model="m")
        await asyncio.sleep(0.01)
        assert line.admitted == [("m", 100, 0), ("m", 0, 0)]
        two = await account.admit("m", input_tokens=100, output_tokens=0)
        account.settle(two, Usage(90), model="m")
        three = await account.admit("m", input_tokens=70, output_tokens=0)
        await asyncio.sleep(0.01)
        assert line.held == 70, "a call that follows keeps what it has"
        account.settle(three, NO_USAGE, model="m")
        account.close()
        await asyncio.sleep(0.01)
        assert line.held == 70, "whoever ends frees it"

    run(main())


def test_what_a_line_can_not_count_is_set_aside_no_longer() -> None:
    class Broken(Line):
        def usage(self, usage: Usage, *, model: str = "") -> None:
            raise Rejected("usage.malformed", "It can't be counted.")

    async def main() -> None:
        line = Broken()
        account = LineAccount(line, idle_seconds=0)
        one = await account.admit("m", input_tokens=100, output_tokens=0)
        with pytest.raises(Rejected):
            account.settle(one, Usage(90), model="m")
        await asyncio.sleep(0.01)
        assert line.held == 0

    run(main())
