"""How caps, what was spent of them, and prices look for a person and for a program."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from missioncontrol.application.queries.costs import PriceView, TierView
from missioncontrol.cli.formatters import wrapped
from missioncontrol.cli.text import moment, unpriced
from missioncontrol.domain.budget.balances import Standing
from missioncontrol.domain.budget.events import CapSet, Limit, Tally
from missioncontrol.domain.budget.refusals import UNITS, words, written
from missioncontrol.domain.budget.scopes import BUILT_IN, RUNS, WORKSPACE, Period, Scope, called
from missioncontrol.domain.money import of_which_estimated, tokens
from missioncontrol.domain.step import Amount

EACH = {"total": "", "month": " each month", "day": " each day"}
ORIGINS = {
    "workflow": "from its workflow",
    "default": "the cap of each run without one of its own",
    "built-in": "built in; `mission budget set run` changes it",
}
TOKENS = {
    "input": "input",
    "cached": "cached input",
    "cache_write": "input written to a cache",
    "output": "output",
    "reasoning": "reasoning",
}


def title(scope: Scope) -> str:
    """Return a scope as a heading."""
    if scope == RUNS:
        return "each run whose workflow names no budget"
    return "workspace" if scope == WORKSPACE else f"{scope.kind} {scope.name}"


def cap_lines(standing: Standing, width: int) -> list[str]:
    """Return the lines about one cap and how it stands."""
    assert standing.limit is not None
    window = f", {standing.window}" if standing.window else ""
    lines = wrapped(f"{title(standing.scope)}{window}", width)
    limit = standing.limit
    if standing.scope == RUNS:
        lines += wrapped(f"at most {words(limit.amount)}", width, "    ", "    ")
    else:
        for unit in UNITS:
            if getattr(limit.amount, unit) is not None:
                lines += wrapped(_stand(standing, unit), width, "    ", "    ")
    lines += wrapped(_since(limit), width, "    ", "    ")
    return lines


def _stand(standing: Standing, unit: Any) -> str:
    """Return `$1.20 spent, $0.40 set aside, $0.40 left of $2.00`."""
    assert standing.limit is not None
    spent, held = getattr(standing.spent, unit), getattr(standing.held, unit)
    cap, left = getattr(standing.limit.amount, unit), getattr(standing.left, unit)
    parts = [f"{written(unit, spent)} spent{_estimated(standing.spent, unit)}"]
    if held:
        parts.append(f"{written(unit, held)} set aside")
    rest = f"{written(unit, left)} left" if left >= 0 else f"{written(unit, -left)} too much"
    if unit == "cost" and standing.spent.unpriced:
        rest += f" ({tokens(standing.spent.unpriced)} of unknown price not counted)"
    return f"{', '.join(parts)}, {rest} of {written(unit, cap)}"


def _estimated(spent: Tally, unit: str) -> str:
    """Return what a sum in one unit says of its estimated part."""
    is_money = unit == "cost"
    count = 0 if is_money else spent.estimated_tokens
    return of_which_estimated(count, spent.estimated_cost if is_money else 0)


def _since(limit: Limit) -> str:
    if limit.origin != "set":
        return ORIGINS[limit.origin]
    return f"set by {limit.actor}, {moment(limit.at)[:16]} UTC: {limit.reason}"


def scope_lines(standings: Sequence[Standing], width: int) -> list[str]:
    """Return the lines about a scope: all time, this month and today."""
    lines = wrapped(title(standings[0].scope), width)
    for each in standings:
        lines += wrapped(f"{each.window or 'all time'}: {_spent(each.spent)}", width, "  ", "    ")
        if each.limit is not None:
            for unit in UNITS:
                if getattr(each.limit.amount, unit) is not None:
                    lines += wrapped(_stand(each, unit), width, "    ", "    ")
            lines += wrapped(_since(each.limit), width, "    ", "    ")
    held = standings[0].held
    if held.cost or held.tokens:
        aside = words(Amount(held.cost, held.tokens))
        lines += wrapped(f"now set aside for work: {aside}", width, "  ", "    ")
    if not any(each.limit for each in standings):
        lines += wrapped("no cap of its own", width, "  ", "    ")
    return lines


def _spent(spent: Tally) -> str:
    amount = words(Amount(spent.cost, spent.tokens))
    unknown = f", of which {unpriced(spent.unpriced)}" if spent.unpriced else ""
    return (
        f"{amount} spent{of_which_estimated(spent.estimated_tokens, spent.estimated_cost)}{unknown}"
    )


def changed_lines(scope: Scope, period: Period, event: CapSet | None, width: int) -> list[str]:
    """Return what became of a cap that was changed."""
    name = called(scope) if scope in (RUNS, WORKSPACE) else title(scope)
    about = f"The cap of {name}{EACH[period]}"
    if event is None:
        return wrapped(f"{about} was so already.", width)
    if event.amount is None:
        rest = f" {words(BUILT_IN)} hold instead, as built in." if scope == RUNS else ""
        return wrapped(f"{about} is gone; it was {_amount(event.before)}.{rest}", width)
    before = f" (before: {words(event.before)})" if event.before else ""
    lines = wrapped(f"{about} is {words(event.amount)} now{before}.", width)
    if event.passed is not None:
        lines += wrapped(
            f"{words(event.passed)} more than that is spent already; "
            "nothing more may be spent there until it is raised"
            f"{'' if period == 'total' else f' or the {period} is over'}.",
            width,
        )
    return lines


def _amount(amount: Amount | None) -> str:
    return words(amount or Amount())


def standing_view(standing: Standing) -> dict[str, Any]:
    """Return a standing as plain values; money in micro-dollars."""
    limit = standing.limit
    return {
        "scope": standing.scope.kind,
        "name": standing.scope.name,
        "period": standing.period,
        "window": standing.window,
        "cap": None if limit is None else _units(limit.amount),
        "spent": {
            "cost": standing.spent.cost,
            "tokens": standing.spent.tokens,
            "unpriced_tokens": standing.spent.unpriced,
            "estimated_tokens": standing.spent.estimated_tokens,
            "estimated_cost": standing.spent.estimated_cost,
        },
        "reserved": {"cost": standing.held.cost, "tokens": standing.held.tokens},
        "left": None if limit is None else _units(standing.left),
        "origin": "" if limit is None else limit.origin,
        "actor": "" if limit is None else limit.actor,
        "reason": "" if limit is None else limit.reason,
        "since": 0.0 if limit is None else limit.at,
    }


def changed_view(scope: Scope, period: Period, event: CapSet | None) -> dict[str, Any]:
    """Return what became of a cap as plain values."""
    about = {
        "scope": scope.kind,
        "name": scope.name,
        "period": period,
        "changed": event is not None,
    }
    if event is None:
        return about
    return {
        **about,
        "cap": None if event.amount is None else _units(event.amount),
        "before": None if event.before is None else _units(event.before),
        "passed": None if event.passed is None else _units(event.passed),
    }


def _units(amount: Amount) -> dict[str, int | None]:
    return {unit: getattr(amount, unit) for unit in UNITS}


# Prices.


def price_lines(price: PriceView, width: int) -> list[str]:
    """Return what a model costs, and where that comes from."""
    since = f", from {price.valid_from} on" if price.valid_from else ""
    lines = wrapped(f"{price.model}: {price.source} {price.version}{since}", width)
    lines += wrapped(_rates(price), width, "    ", "    ")
    for tier in price.tiers:
        more = f"with more than {tier.above:,} input tokens, all of them: {_rates(tier)}"
        lines += wrapped(more, width, "    ", "    ")
    return lines


def _rates(found: PriceView | TierView) -> str:
    """Return `$2.50 input, $1.25 cached input, $10.00 output a million tokens`."""
    rates = {name: Decimal(getattr(found, name)) for name in TOKENS}
    usual = {"cached": "input", "cache_write": "input", "reasoning": "output"}
    prices = [
        f"{rate_text(rate)} {TOKENS[name]}"
        for name, rate in rates.items()
        if name not in usual or rate != rates[usual[name]]
    ]
    return f"{', '.join(prices)}, a million tokens"


def rate_text(rate: Decimal) -> str:
    """Return a price as `$2.50`, with as many decimals as it needs."""
    whole, _, decimals = f"{rate:f}".partition(".")
    return f"${whole}.{decimals.rstrip('0').ljust(2, '0')}"


def set_lines(price: PriceView, width: int) -> list[str]:
    """Return a price that was set, with who and why."""
    why = f"set by {price.actor}: {price.reason}"
    return [*price_lines(price, width), *wrapped(why, width, "    ", "    ")]


def price_view(price: PriceView) -> dict[str, Any]:
    """Return a price as plain values; dollars a million tokens, as text so that none is lost."""
    return {
        "model": price.model,
        "source": price.source,
        "version": price.version,
        "from": price.valid_from,
        **_rates_view(price),
        "tiers": [{"above": tier.above, **_rates_view(tier)} for tier in price.tiers],
    }


def _rates_view(rates: PriceView | TierView) -> dict[str, str]:
    return {name: getattr(rates, name) for name in TOKENS}
