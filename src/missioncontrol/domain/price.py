"""What a model costs: dollars per million tokens, and what a usage comes to by that, exactly."""

from decimal import ROUND_CEILING, ROUND_HALF_UP, Context, Decimal

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.work import Usage

_EXACT = Context(prec=100)
"""Wide enough for every product and sum here, whatever the program around us has set."""


class Rates(msgspec.Struct, frozen=True):
    """US dollars per million tokens, which is the same as micro-dollars per token."""

    input: Decimal  # read without a cache
    cached: Decimal  # read from a cache
    cache_write: Decimal
    output: Decimal
    reasoning: Decimal  # the part of the output that is reasoning


class Tier(msgspec.Struct, frozen=True):
    """What all tokens of a usage cost once its input is larger than a threshold."""

    above: int  # input tokens, cached ones included
    rates: Rates


class Price(msgspec.Struct, frozen=True, omit_defaults=True):
    """The price of a model, with its source."""

    model: str  # as the source names it
    rates: Rates
    tiers: tuple[Tier, ...] = ()  # by rising threshold
    source: str = ""  # `genai-prices`, or `override`
    version: str = ""  # of the source
    valid_from: str = ""  # a UTC date such as 2026-11-22; empty where the source names none

    def rates_for(self, input_tokens: int) -> Rates:
        """Return what holds for a usage with that much input."""
        found = self.rates
        for tier in self.tiers:
            if input_tokens > tier.above:
                found = tier.rates
        return found


def rates(
    input: Decimal,  # noqa: A002 - the word that price lists use
    output: Decimal,
    *,
    cached: Decimal | None = None,
    cache_write: Decimal | None = None,
    reasoning: Decimal | None = None,
) -> Rates:
    """Return rates; what has none of its own costs what its whole kind costs."""
    return Rates(
        input,
        input if cached is None else cached,
        input if cache_write is None else cache_write,
        output,
        output if reasoning is None else reasoning,
    )


def cost(price: Price, usage: Usage) -> int:
    """Return what `usage` costs, in micro-dollars.

    The parts are added exactly and the sum is rounded once, half up, so that anybody who has the
    price and the usage comes to the same number.

    Raises:
        Rejected: `usage.malformed`, where a part is larger than its whole.
    """
    fresh = usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens
    output = usage.output_tokens - usage.reasoning_tokens
    if min(fresh, output) < 0:
        raise Rejected(
            "usage.malformed",
            f"A usage of {usage.input_tokens:,} input tokens holds {usage.cached_tokens:,} read "
            f"from a cache and {usage.cache_write_tokens:,} written to one; of its "
            f"{usage.output_tokens:,} output tokens {usage.reasoning_tokens:,} are reasoning.",
            hint="Input includes what is cached, and output includes reasoning.",
        )
    by = price.rates_for(usage.input_tokens)
    parts = (
        (fresh, by.input),
        (usage.cached_tokens, by.cached),
        (usage.cache_write_tokens, by.cache_write),
        (output, by.output),
        (usage.reasoning_tokens, by.reasoning),
    )
    return int(_total(*parts).to_integral_value(ROUND_HALF_UP, _EXACT))


def charged(price: Price | None, usage: Usage) -> int | None:
    """Return what counts as spent for a usage, in micro-dollars; None where it can't be known.

    `usage.cost` is what the agent names. It holds where no price is known, and where it is higher
    than what the tokens come to: tools that a provider charges for are not in them. Tokens that
    are reported to have cost nothing have a cost that is not known.
    """
    named = usage.cost or 0
    if price is not None:
        return max(named, cost(price, usage))
    return named if named or not usage.tokens else None


def worst(price: Price, input_tokens: int, output_tokens: int) -> int:
    """Return the most that a usage within these limits can cost, in micro-dollars.

    All input may be of the dearest kind, and a smaller input may be in a dearer tier.
    """
    reachable = [
        price.rates,
        *(tier.rates for tier in price.tiers if input_tokens > tier.above),
    ]
    most = max(
        _total(
            (input_tokens, max(by.input, by.cached, by.cache_write)),
            (output_tokens, max(by.output, by.reasoning)),
        )
        for by in reachable
    )
    return int(most.to_integral_value(ROUND_CEILING, _EXACT))


def _total(*parts: tuple[int, Decimal]) -> Decimal:
    total = Decimal(0)
    for tokens, rate in parts:
        total = _EXACT.add(total, _EXACT.multiply(Decimal(tokens), rate))
    return total
