"""Calls that go on at the same time never pass a cap together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.application.budgets import Budgets
from missioncontrol.application.calling import LedgerAccount
from missioncontrol.application.journal import Journal
from missioncontrol.domain.budget.scopes import Scope, scopes_of
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

    def __init__(self, cap: Amount) -> None:
        self.journal = Journal(ObservedStore(), StandingClock())
        self.budgets = Budgets(self.journal, GenaiPrices())
        self.account = LedgerAccount(self.budgets, self.journal, CountingIds(), scopes)
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
async def ledger(cap: Amount) -> AsyncIterator[Ledger]:
    made = Ledger(cap)
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
        async with ledger(Amount(tokens=5_000)) as books:
            name = await books.account.admit("gpt-5", input_tokens=1_000, output_tokens=10)
            with pytest.raises(AttemptFailed) as refused:
                await books.account.admit("gpt-5", input_tokens=4_000, output_tokens=0)
            assert refused.value.code == "budget.exceeded"
            books.account.settle(name, Usage(500, output_tokens=5, cost=None), model="gpt-5-x")
            other = await books.account.admit("gpt-5", input_tokens=4_000, output_tokens=0)
            books.account.settle(other, NO_USAGE, model="gpt-5")
            assert books.budgets.standing(Scope("run", "run-1"))[0].spent.tokens == 505

    run(main())


def test_calls_on_one_line_are_reserved_together() -> None:
    async def main() -> None:
        line = Line(tokens=250)
        account = LineAccount(line)
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
        await asyncio.wait_for(account.admit("b", input_tokens=1, output_tokens=0), 1)

    run(main())
