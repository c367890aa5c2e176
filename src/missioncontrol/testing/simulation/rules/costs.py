"""What tokens cost and steps can cost at most, worked out with pencil and paper."""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

Data = dict[str, Any]
Rates = tuple[Fraction, ...]
"""Micro-dollars per token: input, cached, written to a cache, output, reasoning."""


class Costs:
    """The prices of a world: a table, and what people have set since."""

    def __init__(self, table: Mapping[str, tuple[Decimal, ...]], aliases: dict[str, str]) -> None:
        """`table` has the rates of each model in US dollars per million tokens."""
        self._rates: dict[str, Rates] = {
            model: tuple(map(Fraction, rates)) for model, rates in table.items()
        }
        self._aliases = aliases

    def price_set(self, data: Data) -> None:
        """Record that a person set a price."""
        by = data["price"]["rates"]
        kinds = ("input", "cached", "cache_write", "output", "reasoning")
        self._rates[data["model"]] = tuple(Fraction(by[kind]) for kind in kinds)

    def name_of(self, model: str) -> str:
        """Return the name under which a model counts."""
        return self._aliases.get(model, model)

    def charged(self, models: Iterable[str], usage: Data) -> int | None:
        """Return what counts as spent for a usage, in micro-dollars; None where it is unknown.

        It is priced by the first of `models` whose price is known.
        """
        named = usage.get("cost", 0) or 0
        known = (self._rates.get(self.name_of(model)) for model in models)
        rates = next((each for each in known if each is not None), None)
        if rates is not None:
            return max(named, _cost(rates, usage))
        has_tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
        return named if named or not has_tokens else None

    def worst(self, spending: Data) -> Data:
        """Return the most that one attempt can use; without a cost where no price is known."""
        if "stated" in spending:
            return dict(spending["stated"])
        put_in, put_out = spending.get("input_tokens", 0), spending.get("output_tokens", 0)
        rates = self._rates.get(self.name_of(spending.get("model", "")))
        amount: Data = {"tokens": put_in + put_out}
        if rates is not None or not amount["tokens"]:
            dearest = max(rates[:3]) * put_in + max(rates[3:]) * put_out if rates else 0
            amount["cost"] = math.ceil(dearest)
        return amount

    def forecast(self, steps: Iterable[Data]) -> dict[tuple[str, str], Data]:
        """Return the worst case of steps: in all under ("", ""), and by agent and model."""
        total: dict[tuple[str, str], Data] = {("", ""): {"cost": 0, "tokens": 0}}
        for step in steps:
            for scope, amount in self._of_step(step).items():
                total[scope] = _sum(total.get(scope, {"cost": 0, "tokens": 0}), amount)
        return total

    def _of_step(self, step: Data) -> dict[tuple[str, str], Data]:
        times = step["repeat"].get("times", 10) if step.get("repeat") else 1
        if step.get("for_each") == []:
            return {}
        if isinstance(step.get("for_each"), list):
            times *= len(step["for_each"])
        if step.get("body"):
            once = self.forecast(step["body"])
        else:
            once = self._of_attempt(step)
            times *= step.get("retry", {}).get("attempts", 1)
        budget = step.get("budget") or {}
        return {scope: _cut(amount, times, budget) for scope, amount in once.items()}

    def _of_attempt(self, step: Data) -> dict[tuple[str, str], Data]:
        spending = step.get("spending")
        if spending is None:
            return {}
        scopes = [("", ""), ("agent", step["agent"])]
        if spending.get("model"):
            scopes.append(("model", self.name_of(spending["model"])))
        return dict.fromkeys(scopes, self.worst(spending))


def _cost(rates: Rates, usage: Data) -> int:
    cached, written = usage.get("cached_tokens", 0), usage.get("cache_write_tokens", 0)
    reasoning = usage.get("reasoning_tokens", 0)
    fresh = usage.get("input_tokens", 0) - cached - written
    output = usage.get("output_tokens", 0) - reasoning
    parts = zip((fresh, cached, written, output, reasoning), rates, strict=True)
    whole: Fraction = sum((tokens * rate for tokens, rate in parts), Fraction(1, 2))
    return math.floor(whole)


def _sum(one: Data, other: Data) -> Data:
    """Add amounts; what is not known in one is not known in the sum."""
    return {unit: one[unit] + other[unit] for unit in one if unit in other}


def _cut(amount: Data, times: int, budget: Data) -> Data:
    return {
        unit: min(value * times, budget.get(unit, value * times)) for unit, value in amount.items()
    }
