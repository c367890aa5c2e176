"""What may be asked of the ledger."""

import msgspec

from missioncontrol.domain.budget.scopes import Period, Scope
from missioncontrol.domain.budget.states import Ledger
from missioncontrol.domain.price import Price
from missioncontrol.domain.step import Amount
from missioncontrol.domain.work import Usage


class OpenLedger(msgspec.Struct, frozen=True):
    """Begin a ledger, after the one before it if there is one."""

    before: Ledger | None = None


class SetCap(msgspec.Struct, frozen=True):
    """Raise, lower, set or take away a cap."""

    scope: Scope
    period: Period
    amount: Amount | None  # all of it; None takes the cap away
    actor: str
    reason: str


class OpenRun(msgspec.Struct, frozen=True):
    """Allow a run to spend what its workflow states, or the default."""

    run: str
    workflow: str
    amount: Amount | None


class OpenStep(msgspec.Struct, frozen=True):
    """Allow a step of an open run to spend so much."""

    run: str
    step: str
    amount: Amount


class CloseRun(msgspec.Struct, frozen=True):
    """Forget a run that has ended."""

    run: str


class Reserve(msgspec.Struct, frozen=True):
    """Set the worst case of some work aside, in every scope or in none."""

    reservation: str
    scopes: tuple[Scope, ...]
    amount: Amount  # None in a unit: the amount is unknown
    parent: str = ""
    starts: bool = False  # work starts with it, so that no cap of its scopes may be spent


class ChargeUsage(msgspec.Struct, frozen=True):
    """Count what was used."""

    reservation: str
    model: str  # as its agent reports it; empty where that is the one that was reserved for
    usage: Usage
    cost: int | None
    price: Price | None
    scopes: tuple[Scope, ...] = ()  # where nothing was set aside, or it is long forgotten
    estimated: bool = False  # see `UsageCharged`


class Settle(msgspec.Struct, frozen=True):
    """Free what some work has not used."""

    reservation: str


BudgetCommand = OpenLedger | SetCap | OpenRun | OpenStep | CloseRun | Reserve | ChargeUsage | Settle
