"""The worst case of steps that have not begun: what they can use, by agent and by model."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from missioncontrol.domain.budget.scopes import Scope
from missioncontrol.domain.step import NO_AMOUNT, Amount, Spending, Step

Worst = Callable[[Spending], Amount]
"""The most that one attempt can use; its cost is None where no price is known."""

Named = Callable[[str], str]
"""The name under which a model counts."""


class Forecast(msgspec.Struct, frozen=True):
    """What can be used at most, as far as it is known beforehand."""

    total: Amount = NO_AMOUNT
    shares: dict[Scope, Amount] = {}  # of agents and models
    unpriced: tuple[str, ...] = ()  # models whose price is not known
    at_least: bool = False  # how many items a list of it will have is not known yet

    def shares_by(self, counted: Callable[[Scope], Scope]) -> dict[Scope, Amount]:
        """Return the shares by the scope that each of them counts in."""
        sums = dict[Scope, Amount]()
        for scope, amount in self.shares.items():
            within = counted(scope)
            sums[within] = _sum(sums.get(within, NO_AMOUNT), amount)
        return sums


def forecast(steps: Iterable[Step], worst: Worst, named: Named = str) -> Forecast:
    """Return the worst case of all metered steps, over all attempts, rounds and listed items.

    A step with a budget never uses more than that. A list that is still an expression counts as
    one item, and the forecast is the least that the worst case can be.
    """
    return _together([_of_step(step, worst, named) for step in steps])


def _of_step(step: Step, worst: Worst, named: Named) -> Forecast:
    rounds = step.repeat.times if step.repeat else 1
    items = len(step.for_each) if isinstance(step.for_each, list | tuple) else 1
    if not items:
        return Forecast()
    once = forecast(step.body, worst, named) if step.body else _of_attempts(step, worst, named)
    if isinstance(step.for_each, str) and once.shares:
        once = msgspec.structs.replace(once, at_least=True)
    return _within(step.budget, _often(once, rounds * items))


def _of_attempts(step: Step, worst: Worst, named: Named) -> Forecast:
    spending = step.spending
    if spending is None:
        return Forecast()
    amount = worst(spending)
    scopes = [Scope("agent", step.agent)]
    if spending.model:
        scopes.append(Scope("model", named(spending.model)))
    unpriced = (spending.model,) if amount.cost is None else ()
    once = Forecast(amount, dict.fromkeys(scopes, amount), unpriced)
    return _often(once, step.retry.attempts)


def _together(parts: Sequence[Forecast]) -> Forecast:
    total, shares = NO_AMOUNT, dict[Scope, Amount]()
    unpriced: dict[str, None] = {}
    for part in parts:
        total = _sum(total, part.total)
        for scope, amount in part.shares.items():
            shares[scope] = _sum(shares.get(scope, NO_AMOUNT), amount)
        unpriced |= dict.fromkeys(part.unpriced)
    return Forecast(total, shares, tuple(unpriced), any(part.at_least for part in parts))


def _often(part: Forecast, times: int) -> Forecast:
    def grown(amount: Amount) -> Amount:
        return Amount(
            None if amount.cost is None else amount.cost * times,
            None if amount.tokens is None else amount.tokens * times,
        )

    return _each(part, grown)


def _within(budget: Amount | None, part: Forecast) -> Forecast:
    if budget is None:
        return part

    def cut(amount: Amount) -> Amount:
        return Amount(_least(amount.cost, budget.cost), _least(amount.tokens, budget.tokens))

    return _each(part, cut)


def _least(amount: int | None, most: int | None) -> int | None:
    """Cut an amount down; what is not known stays unknown, whatever it may be at most."""
    return amount if amount is None or most is None else min(amount, most)


def _each(part: Forecast, change: Callable[[Amount], Amount]) -> Forecast:
    shares = {scope: change(amount) for scope, amount in part.shares.items()}
    return msgspec.structs.replace(part, total=change(part.total), shares=shares)


def _sum(one: Amount, other: Amount) -> Amount:
    return Amount(
        None if one.cost is None or other.cost is None else one.cost + other.cost,
        None if one.tokens is None or other.tokens is None else one.tokens + other.tokens,
    )
