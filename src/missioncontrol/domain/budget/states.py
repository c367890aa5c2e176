"""The ledger as it stands: accounts of scopes, and what is set aside of them."""

from collections.abc import Iterator
from typing import assert_never

import msgspec

from missioncontrol.domain.budget.events import NOTHING, Limit, Tally
from missioncontrol.domain.budget.scopes import Period, Scope, window
from missioncontrol.domain.step import Amount

SETTLED_MAX = 1_000
"""Settled reservations whose scopes are in memory for usage that is reported late."""

MODELS_MAX = 1_000
NAME_MAX = 300

OTHER = "other"
"""The model that stands for all those beyond `MODELS_MAX`: agents make up any name they like."""


class Account(msgspec.Struct):
    """What was spent and is set aside in one scope."""

    limits: dict[Period, Limit] = {}
    held: Tally = NOTHING
    total: Tally = NOTHING
    month: Tally = NOTHING
    day: Tally = NOTHING
    as_of: str = ""  # the UTC date of the last two; older windows are dropped

    def spent(self, period: Period, day: str) -> Tally:
        """Return what was spent in the window of that day."""
        match period:
            case "total":
                return self.total
            case "month":
                return (
                    self.month if window("month", self.as_of) == window("month", day) else NOTHING
                )
            case "day":
                return self.day if self.as_of == day else NOTHING
            case _:
                assert_never(period)

    def add(self, tally: Tally, day: str) -> None:
        """Count what was spent on that day."""
        if self.as_of != day:
            self.month = self.spent("month", day)
            self.day = NOTHING
            self.as_of = day
        self.month += tally
        self.day += tally
        self.total += tally


class Reservation(msgspec.Struct):
    """What is set aside for some work."""

    id: str
    scopes: tuple[Scope, ...]
    holds: tuple[Scope, ...]  # those of them in which no reservation above it holds it already
    amount: Amount
    parent: str = ""
    children: tuple[str, ...] = ()
    used: Tally = NOTHING  # by itself and below it
    lent: Tally = NOTHING  # what its children may still use

    @property
    def outstanding(self) -> Tally:
        """What it may still use, and so holds."""
        return outstanding(self.amount, self.used, self.lent)

    @property
    def left(self) -> Amount:
        """What may still come out of it; None in a unit whose amount is not known."""
        used, of = self.used + self.lent, self.amount
        return Amount(
            None if of.cost is None else of.cost - used.cost,
            None if of.tokens is None else of.tokens - used.tokens,
        )


class OpenedRun(msgspec.Struct):
    """A run that may spend."""

    workflow: str
    steps: set[Scope] = set()  # those with an account


class Ledger(msgspec.Struct):
    """What is true of all budgets now."""

    number: int = 0
    length: int = 0  # events in its stream
    day: str = ""  # the latest UTC date on which anything became true
    accounts: dict[Scope, Account] = {}
    live: dict[str, Reservation] = {}  # parents before their children
    runs: dict[str, OpenedRun] = {}
    settled: dict[str, tuple[Scope, ...]] = {}

    def today(self, day: str) -> str:
        """Return the date that counts: a clock that is set back gives no money back."""
        return max(self.day, day)

    def account(self, scope: Scope) -> Account:
        """Return the account of a scope; an empty one where there is none."""
        return self.accounts.get(scope) or Account()

    def counted(self, scope: Scope) -> Scope:
        """Return the scope in which work of `scope` counts, before it is done and after."""
        if scope.kind != "model":
            return scope
        named = Scope("model", scope.name[:NAME_MAX])
        if named in self.accounts:
            return named
        known = sum(1 for each in self.accounts if each.kind == "model")
        return named if known < MODELS_MAX else Scope("model", OTHER)


class Shift(msgspec.Struct, frozen=True, gc=False):
    """How a reservation changes with something that happens below it."""

    reservation: Reservation
    used: Tally
    lent: Tally
    held: Tally


def outstanding(amount: Amount, used: Tally, lent: Tally) -> Tally:
    """Return what may still be used of an amount; what is lent stays promised, come what may."""
    return Tally(
        max((amount.cost or 0) - used.cost, lent.cost, 0),
        max((amount.tokens or 0) - used.tokens, lent.tokens, 0),
    )


def line(ledger: Ledger, reservation: Reservation | None) -> Iterator[Reservation]:
    """Yield a reservation and those above it."""
    while reservation is not None:
        yield reservation
        reservation = ledger.live.get(reservation.parent)


def shifts(ledger: Ledger, reservation: Reservation | None, used: Tally) -> list[Shift]:
    """Return what using so much changes in a reservation and in those above it."""
    found: list[Shift] = []
    lent = NOTHING
    for each in line(ledger, reservation):
        after = outstanding(each.amount, each.used + used, each.lent + lent)
        held = after - each.outstanding
        found.append(Shift(each, used, lent, held))
        lent = held
    return found


def lending(ledger: Ledger, parent: str, lent: Tally) -> list[Shift]:
    """Return what changes above a reservation that has come to hold so much more, or less.

    A parent that set enough aside goes on holding the same. One of unknown amount holds
    what its children do.
    """
    found: list[Shift] = []
    for each in line(ledger, ledger.live.get(parent)):
        after = outstanding(each.amount, each.used, each.lent + lent)
        held = after - each.outstanding
        found.append(Shift(each, NOTHING, lent, held))
        lent = held
    return found


def release(ledger: Ledger, reservation: Reservation) -> list[Shift]:
    """Return what the end of a reservation without children changes in those above it."""
    freed = NOTHING - reservation.outstanding
    return [
        Shift(reservation, NOTHING, NOTHING, freed),
        *lending(ledger, reservation.parent, freed),
    ]
