"""What each command makes true of the ledger, or why it is refused."""

from typing import assert_never

import msgspec

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
from missioncontrol.domain.budget.events import (
    NOTHING,
    AccountSnapshot,
    AmountReserved,
    BudgetEvent,
    CapSet,
    LedgerOpened,
    PassedCap,
    ReservationSettled,
    ReservationSnapshot,
    RunBudgetClosed,
    RunBudgeted,
    StepBudgeted,
    Tally,
    UsageCharged,
    tally_of,
)
from missioncontrol.domain.budget.refusals import (
    UNITS,
    refuse_beyond_parent,
    refuse_excess,
    refuse_spent,
    words,
)
from missioncontrol.domain.budget.scopes import (
    BUILT_IN,
    PERIODS,
    RUNS,
    WORKSPACE,
    Scope,
    called,
    day_of,
    run_of,
)
from missioncontrol.domain.budget.states import (
    NAME_MAX,
    Account,
    Ledger,
    Reservation,
    line,
    shifts,
)
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.step import NO_AMOUNT, Amount

AMOUNT_MAX = 10**15
"""A thousand million dollars, and more tokens than there are."""

CAPS_MAX = 10_000
DEPTH_MAX = 32
REASON_MAX = 2_000


def decide(command: BudgetCommand, ledger: Ledger | None, now: float) -> list[BudgetEvent]:
    """Answer `command` with the events it makes true; an empty list means it was true already.

    Raises:
        Rejected: `budget.exceeded`, `budget.beyond_limit`, `budget.unknown_price`,
            `budget.unknown_tokens`, `budget.bad_scope`, `budget.bad_amount`, `budget.no_reason`,
            `budget.no_cap`, `budget.needs_cap`, `budget.too_many`, `budget.run_not_open`,
            `budget.no_run`, `budget.duplicate`, `budget.too_deep` or `budget.exists`.
        NotFound: `budget.unknown_reservation`, or `budget.no_ledger`.
    """
    if isinstance(command, OpenLedger):
        return _open(command, ledger)
    if ledger is None:
        raise NotFound("budget.no_ledger", "There is no such ledger.")
    match command:
        case Reserve():
            return _reserve(command, ledger, ledger.today(day_of(now)))
        case ChargeUsage():
            return _charge(command, ledger, ledger.today(day_of(now)))
        case Settle():
            is_live = command.reservation in ledger.live
            return [ReservationSettled(command.reservation)] if is_live else []
        case OpenRun():
            return _open_run(command, ledger)
        case OpenStep():
            return _open_step(command, ledger)
        case CloseRun():
            return _close_run(command.run, ledger)
        case SetCap():
            return _set_cap(command, ledger, ledger.today(day_of(now)))
        case _:
            assert_never(command)


def _open(command: OpenLedger, ledger: Ledger | None) -> list[BudgetEvent]:
    if ledger is not None:
        raise Rejected("budget.exists", f"Ledger {ledger.number} is open already.")
    before = command.before
    if before is None:
        return [LedgerOpened(1)]
    return [
        LedgerOpened(
            before.number + 1,
            before.day,
            tuple(_account_snapshot(*entry, before.day) for entry in before.accounts.items()),
            tuple(
                ReservationSnapshot(each.id, each.scopes, each.amount, each.parent, each.used)
                for each in before.live.values()
            ),
            {run: opened.workflow for run, opened in before.runs.items()},
            dict(before.settled),
        )
    ]


def _account_snapshot(scope: Scope, account: Account, day: str) -> AccountSnapshot:
    spent = {period: account.spent(period, day) for period in PERIODS}
    return AccountSnapshot(
        scope, dict(account.limits), {name: sum_ for name, sum_ in spent.items() if sum_ != NOTHING}
    )


def _reserve(command: Reserve, ledger: Ledger, day: str) -> list[BudgetEvent]:
    scopes = tuple(dict.fromkeys(map(ledger.counted, command.scopes)))
    command = msgspec.structs.replace(command, scopes=scopes)
    present = ledger.live.get(command.reservation)
    if present is not None:
        return _same(command, present)
    if command.reservation in ledger.settled:
        raise Rejected(
            "budget.duplicate", f"Reservation {command.reservation!r} is settled already."
        )
    _refuse_closed_runs(command.scopes, ledger)
    parent = _parent(command, ledger)
    asked = dict.fromkeys(command.scopes, command.amount)
    if parent is not None:
        within = _unknown_within(parent.amount, command.amount)
        asked |= {scope: within for each in line(ledger, parent) for scope in each.scopes}
        refuse_beyond_parent(parent, command.amount, about=command.scopes)
    refuse_excess(ledger, asked, day, about=command.scopes)
    if command.starts or command.amount != NO_AMOUNT:
        refuse_spent(ledger, tuple(asked), day)
    return [AmountReserved(command.reservation, command.scopes, command.amount, command.parent)]


def _same(command: Reserve, present: Reservation) -> list[BudgetEvent]:
    if (command.scopes, command.amount, command.parent) == (
        present.scopes,
        present.amount,
        present.parent,
    ):
        return []
    raise Rejected(
        "budget.duplicate",
        f"Reservation {command.reservation!r} holds {words(present.amount)} already; "
        f"it can't hold {words(command.amount)} as well.",
    )


def _unknown_within(parent: Amount, amount: Amount) -> Amount:
    """Return what the scopes above are asked for: nothing, or an unknown amount.

    What the parent set aside is held there already. Where its amount was unknown, it
    holds nothing, and no cap could be enforced by it.
    """
    by = {
        unit: None if wanted is None or (wanted and getattr(parent, unit) is None) else 0
        for unit, wanted in ((unit, getattr(amount, unit)) for unit in UNITS)
    }
    return Amount(**by)


def _parent(command: Reserve, ledger: Ledger) -> Reservation | None:
    if not command.parent:
        return None
    parent = ledger.live.get(command.parent)
    if parent is None:
        raise NotFound(
            "budget.unknown_reservation",
            f"There is no reservation {command.parent!r} out of which {command.reservation!r} "
            "could come.",
        )
    if sum(1 for _ in line(ledger, parent)) >= DEPTH_MAX:
        raise Rejected(
            "budget.too_deep",
            f"Reservation {command.reservation!r} would come out of {DEPTH_MAX} others in a row.",
        )
    return parent


def _refuse_closed_runs(scopes: tuple[Scope, ...], ledger: Ledger) -> None:
    runs = {run_of(scope) for scope in scopes if scope.kind in ("run", "step")}
    for run in runs:
        _refuse_closed(run, ledger)
    # A run always has a cap; what belongs to none needs another one.
    if not runs and not any(ledger.account(scope).limits for scope in scopes):
        agent = next((scope.name for scope in scopes if scope.kind == "agent"), "")
        where = f"agent {agent}" if agent else "workspace"
        raise Rejected(
            "budget.no_run",
            f"Work in {', '.join(map(called, scopes)) or 'no scope'} belongs to no run, and no "
            "cap holds for it.",
            hint=f"`mission budget set {where} --cost USD --reason TEXT` sets one.",
        )


def _refuse_closed(run: str, ledger: Ledger) -> None:
    if run not in ledger.runs:
        raise Rejected(
            "budget.run_not_open",
            f"Run {run!r} has no budget: it has ended, or was never begun.",
            hint="`mission budget list` names the runs that have one.",
        )


def _models(scopes: tuple[Scope, ...]) -> list[str]:
    return [scope.name for scope in scopes if scope.kind == "model"]


def _charge(command: ChargeUsage, ledger: Ledger, day: str) -> list[BudgetEvent]:
    charge = tally_of(command.usage, command.cost, estimated=command.estimated)
    if charge == NOTHING:
        return []
    reservation = ledger.live.get(command.reservation)
    scopes = _charged_scopes(command, ledger, reservation)
    over = _over(reservation, charge, is_known=command.cost is not None)
    return [
        UsageCharged(
            command.reservation,
            command.usage,
            scopes,
            command.cost,
            command.price,
            over,
            _passed(ledger, reservation, scopes, charge, day),
            reservation is None,
            command.estimated,
        )
    ]


def _charged_scopes(
    command: ChargeUsage, ledger: Ledger, reservation: Reservation | None
) -> tuple[Scope, ...]:
    """Return the scopes, its own first, in which a usage counts: one model, whatever is above."""
    if reservation is not None:
        scopes = [scope for each in line(ledger, reservation) for scope in each.scopes]
    else:
        scopes = list(command.scopes or ledger.settled.get(command.reservation, ()))
    if not scopes:
        raise NotFound(
            "budget.unknown_reservation",
            f"There is no reservation {command.reservation!r}, and nothing says whose usage it is.",
        )
    model = command.model or next(iter(_models(tuple(scopes))), "")
    found = [scope for scope in scopes if scope.kind != "model"]
    if model:
        found.append(ledger.counted(Scope("model", model)))
    return tuple(dict.fromkeys((*found, WORKSPACE)))


def _over(reservation: Reservation | None, charge: Tally, *, is_known: bool) -> Amount | None:
    """Return how much of a charge goes beyond what was set aside for it."""
    if reservation is None:
        return Amount(charge.cost if is_known else None, charge.tokens)
    beyond: dict[str, int] = {}
    for unit in UNITS:
        whole = getattr(reservation.amount, unit)
        if whole is not None:
            used, more = getattr(reservation.used, unit), getattr(charge, unit)
            beyond[unit] = max(used + more - whole, 0) - max(used - whole, 0)
    more_than = {unit: amount for unit, amount in beyond.items() if amount}
    return Amount(**more_than) if more_than else None


def _passed(
    ledger: Ledger,
    reservation: Reservation | None,
    scopes: tuple[Scope, ...],
    charge: Tally,
    day: str,
) -> tuple[PassedCap, ...]:
    """Return the caps of which more is spent or set aside than they allow, by this charge."""
    held: dict[Scope, Tally] = {}
    for shift in shifts(ledger, reservation, charge):
        held |= dict.fromkeys(shift.reservation.holds, shift.held)
    passed: list[PassedCap] = []
    for scope in scopes:
        account = ledger.accounts.get(scope)
        if account is None or not account.limits:
            continue
        growth = charge + held.get(scope, NOTHING)
        for period, limit in account.limits.items():
            after = account.spent(period, day) + account.held + growth
            by = {
                unit: getattr(after, unit) - getattr(limit.amount, unit)
                for unit in UNITS
                if getattr(limit.amount, unit) is not None
                and getattr(growth, unit) > 0
                and getattr(after, unit) > getattr(limit.amount, unit)
            }
            if by:
                passed.append(PassedCap(scope, period, Amount(**by)))
    return tuple(passed)


def _open_run(command: OpenRun, ledger: Ledger) -> list[BudgetEvent]:
    if command.run in ledger.runs:
        return []  # Also where its cap was raised since: it keeps that.
    amount = command.amount
    if amount is not None and not _is_empty(amount):
        _refuse_bad_amount(amount)
        return [RunBudgeted(command.run, command.workflow, amount, "workflow")]
    default = ledger.account(RUNS).limits.get("total")
    if default is not None:
        return [RunBudgeted(command.run, command.workflow, default.amount, "default")]
    return [RunBudgeted(command.run, command.workflow, BUILT_IN, "built-in")]


def _open_step(command: OpenStep, ledger: Ledger) -> list[BudgetEvent]:
    _refuse_closed(command.run, ledger)
    _refuse_bad_amount(command.amount)
    scope = Scope("step", f"{command.run}/{command.step}")
    if _is_empty(command.amount) or "total" in ledger.account(scope).limits:
        return []
    return [StepBudgeted(command.run, command.step, command.amount)]


def _close_run(run: str, ledger: Ledger) -> list[BudgetEvent]:
    if run not in ledger.runs:
        return []
    left = {
        each.id: each.parent
        for each in ledger.live.values()
        if any(run_of(scope) == run for scope in each.scopes)
    }
    settled = [ReservationSettled(name) for name, parent in left.items() if parent not in left]
    return [*settled, RunBudgetClosed(run)]


def _set_cap(command: SetCap, ledger: Ledger, day: str) -> list[BudgetEvent]:
    scope, period = command.scope, command.period
    amount = command.amount if command.amount and not _is_empty(command.amount) else None
    _refuse_bad_scope(command, ledger)
    _refuse_bad_reason(command.reason)
    account = ledger.account(scope)
    present = account.limits.get(period)
    before = None if present is None else present.amount
    if amount is None:
        _refuse_removing_cap(command, before)
    else:
        _refuse_bad_amount(amount)
        _refuse_too_many(ledger, present is None)
    if amount == before:
        return []
    passed = None if amount is None else _beyond(amount, account.spent(period, day))
    return [CapSet(scope, period, amount, command.actor, command.reason.strip(), before, passed)]


def _beyond(amount: Amount, spent: Tally) -> Amount | None:
    """Return by how much more is spent already than a new cap allows."""
    by = {
        unit: getattr(spent, unit) - getattr(amount, unit)
        for unit in UNITS
        if getattr(amount, unit) is not None and getattr(spent, unit) > getattr(amount, unit)
    }
    return Amount(**by) if by else None


def _refuse_bad_scope(command: SetCap, ledger: Ledger) -> None:
    scope, reason = command.scope, ""
    if scope.kind == "workspace" and scope.name:
        reason = f"The workspace has no name; {scope.name[:60]!r} is one too many."
    elif not scope.name and scope not in (WORKSPACE, RUNS):
        reason = f"The name of the {scope.kind} that the cap is for is missing."
    elif len(scope.name) > NAME_MAX or not scope.name.isprintable():
        reason = f"{scope.name[:60]!r} is no name of {scope.kind}s."
    elif scope == RUNS and command.period != "total":
        reason = f"The cap of each run is for the whole run, not for a {command.period}."
    if reason:
        raise Rejected(
            "budget.bad_scope",
            reason,
            hint="`mission budget set --help` tells what a cap can be for.",
        )
    if run_of(scope):
        _refuse_closed(run_of(scope), ledger)
        _refuse_capless(scope, ledger)


def _refuse_capless(scope: Scope, ledger: Ledger) -> None:
    """Refuse a cap of a run or step that nothing would keep: each has one from its beginning."""
    if "total" not in ledger.account(scope).limits:
        raise Rejected(
            "budget.bad_scope",
            f"{scope.name!r} is no {scope.kind} with a budget of its own.",
            hint="Give it one in the workflow, or change the cap of its run.",
        )


def _refuse_bad_amount(amount: Amount) -> None:
    for unit in UNITS:
        value = getattr(amount, unit)
        if value is not None and not 0 <= value <= AMOUNT_MAX:
            raise Rejected(
                "budget.bad_amount",
                f"A cap of {value:,} {'micro-dollars' if unit == 'cost' else 'tokens'} is none; "
                f"it must be 0 to {AMOUNT_MAX:,}.",
                hint="Give another amount.",
            )


def _refuse_removing_cap(command: SetCap, before: Amount | None) -> None:
    if before is None:
        raise Rejected(
            "budget.no_cap",
            f"There is no cap of {called(command.scope)} to take away.",
            hint="`mission budget list` names the caps there are.",
        )
    if command.period == "total" and run_of(command.scope):
        raise Rejected(
            "budget.needs_cap",
            f"The cap of {called(command.scope)} can be changed, but not removed.",
            hint="Set it to the amount that it may spend.",
        )


def _refuse_too_many(ledger: Ledger, is_new: bool) -> None:
    if is_new and sum(len(each.limits) for each in ledger.accounts.values()) >= CAPS_MAX:
        raise Rejected(
            "budget.too_many",
            f"There are {CAPS_MAX:,} caps; that is as many as there may be.",
            hint="Take one away first.",
        )


def _refuse_bad_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > REASON_MAX:
        raise Rejected(
            "budget.no_reason",
            "A cap is set for a reason, and none is given."
            if not reason.strip()
            else f"The reason has {len(reason):,} characters; at most {REASON_MAX:,} fit.",
            hint="Say in a sentence why: --reason TEXT.",
        )


def _is_empty(amount: Amount) -> bool:
    return amount.cost is None and amount.tokens is None
