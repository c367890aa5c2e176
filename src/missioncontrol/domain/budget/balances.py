"""How budgets stand: what was spent, is set aside and is left, by scope and window."""

from collections.abc import Iterator

import msgspec

from missioncontrol.domain.budget.events import NOTHING, Limit, Tally, UsageCharged, tally_of
from missioncontrol.domain.budget.refusals import UNITS
from missioncontrol.domain.budget.scopes import (
    BUILT_IN,
    PERIODS,
    RUNS,
    Kind,
    Period,
    Scope,
    day_of,
    window,
)
from missioncontrol.domain.budget.states import Ledger
from missioncontrol.domain.step import Amount

ORDER = ("workspace", "workflow", "agent", "model", "run", "step")


class Standing(msgspec.Struct, frozen=True):
    """A scope in one of its windows."""

    scope: Scope
    period: Period
    window: str  # `2026-11-22`, `2026-11`, or empty for all time
    limit: Limit | None
    spent: Tally
    held: Tally  # what is set aside now, whatever the window

    @property
    def left(self) -> Amount:
        """What may still be set aside; negative where more is spent than the cap allows."""
        if self.limit is None:
            return Amount()
        used = self.spent + self.held
        by = {
            unit: None if cap is None else cap - getattr(used, unit)
            for unit, cap in ((unit, getattr(self.limit.amount, unit)) for unit in UNITS)
        }
        return Amount(**by)


def standings(ledger: Ledger | None, scope: Scope, now: float) -> list[Standing]:
    """Return how a scope stands: all time, this month and today."""
    ledger = ledger or Ledger()
    day = ledger.today(day_of(now))
    account = ledger.account(scope)
    return [
        Standing(
            scope,
            period,
            window(period, day),
            account.limits.get(period),
            account.spent(period, day),
            account.held,
        )
        for period in PERIODS
    ]


def capped(ledger: Ledger | None, now: float) -> Iterator[Standing]:
    """Yield every cap that holds, the widest scope first; the default of runs is always there."""
    ledger = ledger or Ledger()
    yield default_of_runs(ledger)
    for scope in sorted(ledger.accounts, key=lambda scope: (ORDER.index(scope.kind), scope.name)):
        if scope != RUNS:
            yield from (each for each in standings(ledger, scope, now) if each.limit is not None)


def default_of_runs(ledger: Ledger) -> Standing:
    """Return the cap of a run that has none of its own in its workflow."""
    limit = ledger.account(RUNS).limits.get("total") or Limit(BUILT_IN, "built-in")
    return Standing(RUNS, "total", "", limit, NOTHING, NOTHING)


def shared_out(charges: Iterator[UsageCharged], kind: Kind) -> dict[str, Tally]:
    """Return the sums of charges by the agent, model, step … that they were for.

    Every charge counts once, for the innermost one: the sums add up to the total exactly. What
    was for none stands under the empty name.
    """
    sums: dict[str, Tally] = {}
    for charge in charges:
        name = next((scope.name for scope in charge.scopes if scope.kind == kind), "")
        tally = tally_of(charge.usage, charge.cost, estimated=charge.estimated)
        sums[name] = sums.get(name, NOTHING) + tally
    return sums
