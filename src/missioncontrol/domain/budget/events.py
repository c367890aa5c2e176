"""What can become true of the ledger. Stored for ever: fields are added with defaults."""

from typing import Literal

import msgspec

from missioncontrol.domain.budget.scopes import Period, Scope
from missioncontrol.domain.price import Price
from missioncontrol.domain.step import Amount
from missioncontrol.domain.work import Usage

Origin = Literal["set", "workflow", "default", "built-in"]


class Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The common shape."""


class Tally(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A sum of money and tokens."""

    cost: int = 0  # micro-dollars, of all whose cost is known
    tokens: int = 0
    unpriced: int = 0  # those of the tokens whose cost is not known
    estimated_tokens: int = 0  # those of the tokens that were not measured
    estimated_cost: int = 0  # micro-dollars, that part of the cost

    def __add__(self, other: "Tally") -> "Tally":
        """Add two sums."""
        return Tally(
            self.cost + other.cost,
            self.tokens + other.tokens,
            self.unpriced + other.unpriced,
            self.estimated_tokens + other.estimated_tokens,
            self.estimated_cost + other.estimated_cost,
        )

    def __sub__(self, other: "Tally") -> "Tally":
        """Return how much larger this sum is; negative where it is smaller."""
        return Tally(
            self.cost - other.cost,
            self.tokens - other.tokens,
            self.unpriced - other.unpriced,
            self.estimated_tokens - other.estimated_tokens,
            self.estimated_cost - other.estimated_cost,
        )


def tally_of(usage: Usage, cost: int | None, *, estimated: bool = False) -> Tally:
    """Return one usage as a sum; `cost` in micro-dollars, None where it can't be known."""
    tokens, known = usage.tokens, cost or 0
    return Tally(
        known,
        tokens,
        tokens if cost is None else 0,
        tokens if estimated else 0,
        known if estimated else 0,
    )


NOTHING = Tally()


class Limit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cap as it stands, with who set it and why."""

    amount: Amount
    origin: Origin = "set"
    actor: str = ""
    reason: str = ""
    at: float = 0.0  # seconds since the epoch


class AccountSnapshot(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a ledger knows of a scope when the next one takes over."""

    scope: Scope
    limits: dict[Period, Limit] = {}
    spent: dict[Period, Tally] = {}


class ReservationSnapshot(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is set aside when the next ledger takes over."""

    reservation: str
    scopes: tuple[Scope, ...]
    amount: Amount
    parent: str = ""
    used: Tally = NOTHING


class LedgerOpened(Event, frozen=True):
    """A ledger begins, with all that the one before it knew."""

    number: int
    day: str = ""  # the UTC date of the windows in `accounts`
    accounts: tuple[AccountSnapshot, ...] = ()
    reservations: tuple[ReservationSnapshot, ...] = ()  # parents before their children
    runs: dict[str, str] = {}  # the open ones, and their workflows
    settled: dict[str, tuple[Scope, ...]] = {}  # the last ones, for usage that is reported late


class CapSet(Event, frozen=True):
    """A user raised, lowered, set or removed a cap."""

    scope: Scope
    period: Period
    amount: Amount | None  # None: removed
    actor: str
    reason: str
    before: Amount | None = None
    passed: Amount | None = None  # by how much more is spent already; None where it is not


class RunBudgeted(Event, frozen=True):
    """A run may spend so much."""

    run: str
    workflow: str
    amount: Amount
    origin: Origin = "workflow"


class StepBudgeted(Event, frozen=True):
    """A step may spend so much, in all its attempts."""

    run: str
    step: str
    amount: Amount


class RunBudgetClosed(Event, frozen=True):
    """A run has ended: nothing more is set aside for it."""

    run: str


class AmountReserved(Event, frozen=True):
    """The worst case of some work is set aside."""

    reservation: str
    scopes: tuple[Scope, ...]
    amount: Amount
    parent: str = ""  # the reservation out of which it comes


class PassedCap(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cap that more is spent or set aside of than it allows."""

    scope: Scope
    period: Period
    by: Amount


class UsageCharged(Event, frozen=True):
    """Something was used, and counts as spent in all these scopes."""

    reservation: str
    usage: Usage  # as it was reported
    scopes: tuple[Scope, ...]  # each once
    cost: int | None  # micro-dollars; None where it can't be known
    price: Price | None = None  # by which it was worked out
    over: Amount | None = None  # how much of it goes beyond what was set aside
    passed: tuple[PassedCap, ...] = ()  # by this usage
    late: bool = False  # nothing was set aside for it any more
    estimated: bool = False  # it was not measured: a crash or a provider hid what was used


class ReservationSettled(Event, frozen=True):
    """The work is over: what it did not use, and what it lent, is free again."""

    reservation: str


BudgetEvent = (
    LedgerOpened
    | CapSet
    | RunBudgeted
    | StepBudgeted
    | RunBudgetClosed
    | AmountReserved
    | UsageCharged
    | ReservationSettled
)

EVENTS: dict[type, tuple[str, int]] = {
    LedgerOpened: ("ledger_opened", 1),
    CapSet: ("cap_set", 1),
    RunBudgeted: ("run_budgeted", 1),
    StepBudgeted: ("step_budgeted", 1),
    RunBudgetClosed: ("run_budget_closed", 1),
    AmountReserved: ("amount_reserved", 1),
    UsageCharged: ("usage_charged", 1),
    ReservationSettled: ("reservation_settled", 1),
}
"""The lasting names of these events."""
