"""What each event changes in the ledger."""

from collections.abc import Iterable
from typing import assert_never

from missioncontrol.domain.budget.events import (
    NOTHING,
    AccountSnapshot,
    AmountReserved,
    BudgetEvent,
    CapSet,
    LedgerOpened,
    Limit,
    ReservationSettled,
    ReservationSnapshot,
    RunBudgetClosed,
    RunBudgeted,
    StepBudgeted,
    Tally,
    UsageCharged,
    tally_of,
)
from missioncontrol.domain.budget.scopes import Scope, day_of, run_of
from missioncontrol.domain.budget.states import (
    SETTLED_MAX,
    Account,
    Ledger,
    OpenedRun,
    Reservation,
    Shift,
    lending,
    line,
    release,
    shifts,
)
from missioncontrol.domain.errors import Corrupt


def evolve(ledger: Ledger | None, event: BudgetEvent, at: float) -> Ledger:
    """Apply `event`, which became true at `at` (seconds since the epoch), and return the ledger.

    Raises:
        Corrupt: `budget.no_beginning` or `budget.two_beginnings`, where a stream does not begin
            with `LedgerOpened`, or has a second one.
    """
    if ledger is None:
        return _begin(event, at)
    ledger.length += 1
    ledger.day = ledger.today(day_of(at))
    match event:
        case AmountReserved():
            _reserve(ledger, event)
        case UsageCharged():
            _charge(ledger, event)
        case ReservationSettled():
            _settle(ledger, event.reservation)
        case RunBudgeted():
            ledger.runs[event.run] = OpenedRun(event.workflow)
            limit = Limit(event.amount, event.origin, at=at)
            _account(ledger, Scope("run", event.run)).limits["total"] = limit
        case StepBudgeted():
            scope = Scope("step", f"{event.run}/{event.step}")
            _account(ledger, scope).limits["total"] = Limit(event.amount, "workflow", at=at)
        case RunBudgetClosed():
            _close(ledger, event.run)
        case CapSet():
            _set_cap(ledger, event, at)
        case LedgerOpened():
            raise Corrupt("budget.two_beginnings", f"Ledger {ledger.number} was opened twice.")
        case _:
            assert_never(event)
    return ledger


def _begin(event: BudgetEvent, at: float) -> Ledger:
    if not isinstance(event, LedgerOpened):
        raise Corrupt(
            "budget.no_beginning",
            f"A ledger begins with {type(event).__name__}, not LedgerOpened.",
        )
    ledger = Ledger(event.number, 1, max(event.day, day_of(at)), settled=dict(event.settled))
    for run, workflow in event.runs.items():
        ledger.runs[run] = OpenedRun(workflow)
    for account in event.accounts:
        _take_over(ledger, account, event.day)
    for reservation in event.reservations:
        _take_back(ledger, reservation)
    for each in reversed(ledger.live.values()):  # Children first: what they hold is lent to them.
        parent = ledger.live.get(each.parent)
        if parent is not None:
            parent.lent += each.outstanding
        _hold(ledger, each.holds, each.outstanding)
    return ledger


def _take_over(ledger: Ledger, stored: AccountSnapshot, day: str) -> None:
    account = _account(ledger, stored.scope)
    account.limits.update(stored.limits)
    account.total = stored.spent.get("total", NOTHING)
    account.month = stored.spent.get("month", NOTHING)
    account.day = stored.spent.get("day", NOTHING)
    account.as_of = day


def _take_back(ledger: Ledger, stored: ReservationSnapshot) -> None:
    _put(ledger, stored.reservation, stored)
    ledger.live[stored.reservation].used = stored.used


def _reserve(ledger: Ledger, event: AmountReserved) -> None:
    _put(ledger, event.reservation, event)
    made = ledger.live[event.reservation]
    _hold(ledger, made.holds, made.outstanding)
    _apply(ledger, lending(ledger, event.parent, made.outstanding))


def _put(ledger: Ledger, name: str, of: AmountReserved | ReservationSnapshot) -> None:
    parent = ledger.live.get(of.parent)
    above = {scope for each in line(ledger, parent) for scope in each.scopes}
    holds = tuple(scope for scope in of.scopes if scope not in above)
    ledger.live[name] = Reservation(name, of.scopes, holds, of.amount, of.parent)
    if parent is not None:
        parent.children = (*parent.children, name)


def _charge(ledger: Ledger, event: UsageCharged) -> None:
    charge = tally_of(event.usage, event.cost, estimated=event.estimated)
    _apply(ledger, shifts(ledger, ledger.live.get(event.reservation), charge))
    for scope in event.scopes:
        if not run_of(scope) or run_of(scope) in ledger.runs:  # Ended runs are not stored.
            _account(ledger, scope).add(charge, ledger.day)


def _settle(ledger: Ledger, name: str) -> None:
    reservation = ledger.live.get(name)
    if reservation is None:
        return
    for child in reservation.children:
        _settle(ledger, child)
    _apply(ledger, release(ledger, reservation))
    del ledger.live[name]
    parent = ledger.live.get(reservation.parent)
    if parent is not None:
        parent.children = tuple(child for child in parent.children if child != name)
    ledger.settled[name] = tuple(
        dict.fromkeys((*reservation.scopes, *(s for e in line(ledger, parent) for s in e.scopes)))
    )
    while len(ledger.settled) > SETTLED_MAX:
        del ledger.settled[next(iter(ledger.settled))]


def _apply(ledger: Ledger, found: Iterable[Shift]) -> None:
    for shift in found:
        shift.reservation.used += shift.used
        shift.reservation.lent += shift.lent
        _hold(ledger, shift.reservation.holds, shift.held)


def _hold(ledger: Ledger, scopes: Iterable[Scope], more: Tally) -> None:
    for scope in scopes:
        _account(ledger, scope).held += more


def _account(ledger: Ledger, scope: Scope) -> Account:
    found = ledger.accounts.get(scope)
    if found is None:
        found = ledger.accounts[scope] = Account()
        if scope.kind == "step" and run_of(scope) in ledger.runs:
            ledger.runs[run_of(scope)].steps.add(scope)
    return found


def _close(ledger: Ledger, run: str) -> None:
    opened = ledger.runs.pop(run)
    for scope in (Scope("run", run), *opened.steps):
        ledger.accounts.pop(scope, None)


def _set_cap(ledger: Ledger, event: CapSet, at: float) -> None:
    limits = _account(ledger, event.scope).limits
    if event.amount is None:
        limits.pop(event.period, None)
        return
    limits[event.period] = Limit(event.amount, "set", event.actor, event.reason, at)
