"""Ledgers as they stand after given events, and one example of every event about money."""

from decimal import Decimal

from missioncontrol.domain.budget.commands import BudgetCommand, OpenLedger, OpenRun
from missioncontrol.domain.budget.decide import decide
from missioncontrol.domain.budget.events import (
    AccountSnapshot,
    AmountReserved,
    BudgetEvent,
    CapSet,
    LedgerOpened,
    Limit,
    PassedCap,
    ReservationSettled,
    ReservationSnapshot,
    RunBudgetClosed,
    RunBudgeted,
    StepBudgeted,
    Tally,
    UsageCharged,
)
from missioncontrol.domain.budget.evolve import evolve
from missioncontrol.domain.budget.scopes import WORKSPACE, Scope, scopes_of
from missioncontrol.domain.budget.states import Ledger
from missioncontrol.domain.price import Price, Tier, rates
from missioncontrol.domain.price_list import PriceSet
from missioncontrol.domain.step import Amount
from missioncontrol.domain.work import Usage

NOW = 1_795_348_800.0  # 2026-11-22 12:00 UTC
DAY = 86_400.0
RUN, FLOW = "run-1", "release-check"
DRAFT = scopes_of(RUN, FLOW, step="draft", agent="writer", model="m-1")
WORKFLOW = Scope("workflow", FLOW)

PRICE = Price(
    "m-1",
    rates(
        Decimal(3),
        Decimal(15),
        cached=Decimal("0.3"),
        cache_write=Decimal("3.75"),
        reasoning=Decimal(12),
    ),
    (Tier(200_000, rates(Decimal(6), Decimal("22.5"))),),
    "genai-prices",
    "0.2.3",
    "2026-01-01",
)
USAGE = Usage(100, 10, 20, 5, 7, 3)

BUDGET_EXAMPLES: tuple[BudgetEvent, ...] = (
    LedgerOpened(
        2,
        "2026-11-22",
        (
            AccountSnapshot(
                WORKSPACE, {"day": Limit(Amount(1, 2), "set", "user:alice", "why", 1.5)}
            ),
        ),
        (ReservationSnapshot("r", DRAFT, Amount(1, 2), "p", Tally(1, 1, 1)),),
        {RUN: FLOW},
        {"q": DRAFT},
    ),
    CapSet(WORKFLOW, "month", Amount(1, 2), "user:alice", "why", Amount(3, 4), Amount(5)),
    RunBudgeted(RUN, FLOW, Amount(1, 2), "built-in"),
    StepBudgeted(RUN, "draft", Amount(1, 2)),
    RunBudgetClosed(RUN),
    AmountReserved("r", DRAFT, Amount(1, 2), "p"),
    UsageCharged(
        "r", USAGE, DRAFT, 9, PRICE, Amount(1), (PassedCap(WORKFLOW, "day", Amount(1)),), True, True
    ),
    ReservationSettled("r"),
)
PRICE_EXAMPLES = (PriceSet("m-1", PRICE, "user:alice", "why"),)


def opened(amount: Amount | None = None, *, now: float = NOW) -> Ledger:
    """Return a ledger in which run `run-1` may spend `amount`."""
    ledger = evolve(None, decide(OpenLedger(), None, now)[0], now)
    when(ledger, OpenRun(RUN, FLOW, amount), now)
    return ledger


def when(ledger: Ledger, command: BudgetCommand, now: float = NOW) -> list[BudgetEvent]:
    """Decide `command` and make its events true of `ledger`."""
    events = decide(command, ledger, now)
    for event in events:
        evolve(ledger, event, now)
    return events


def held(ledger: Ledger, scope: Scope) -> Tally:
    """Return what is set aside in a scope."""
    return ledger.account(scope).held


def spent(ledger: Ledger, scope: Scope) -> Tally:
    """Return what was ever spent in a scope."""
    return ledger.account(scope).total
