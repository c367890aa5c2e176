"""The prices that people set themselves: they go before those of any table."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.price import Price, rates

OVERRIDE = "override"
"""The source of a price that a user set."""

MODELS_MAX = 1_000
DATES_MAX = 20
"""Dated prices stored for one model; the oldest ones go first."""

NAME_MAX = 200
REASON_MAX = 2_000
RATE_MAX = Decimal(1_000_000)
DECIMALS_MAX = 12

Rate = Annotated[str, Meta(pattern=r"^[0-9]{1,7}(\.[0-9]{1,12})?$")]
"""US dollars a million tokens, as callers write them."""


class PriceSet(msgspec.Struct, frozen=True):
    """A user set what a model costs from a date on. What is settled stays as it is."""

    model: str
    price: Price
    actor: str
    reason: str


PriceEvent = PriceSet


class SetPrice(msgspec.Struct, frozen=True):
    """Say what a model costs, in US dollars per million tokens."""

    model: Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
    input: Decimal
    output: Decimal
    reason: Annotated[
        str, Meta(min_length=1, max_length=REASON_MAX, description="Why; stored in the log.")
    ]
    cached: Decimal | None = None  # what input costs, where it is None
    cache_write: Decimal | None = None
    valid_from: Annotated[str, Meta(max_length=10, description="A UTC date; today by default.")] = (
        ""
    )
    actor: str = ""  # who sets it


PriceCommand = SetPrice


class PriceList(msgspec.Struct):
    """What was set, by the name of the model in small letters."""

    count: int = 0
    dated: dict[str, tuple[PriceSet, ...]] = {}  # by rising date, then in the order of setting

    def price(self, model: str, day: str) -> Price | None:
        """Return what holds for `model` on a UTC date, where a user has set it."""
        valid = [
            each.price for each in self.dated.get(model.lower(), ()) if each.price.valid_from <= day
        ]
        return valid[-1] if valid else None


def decide(command: PriceCommand, prices: PriceList | None, now: float) -> list[PriceEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `price.bad_model`, `price.bad_rate`, `price.bad_date`, `price.no_reason` or
            `price.too_many`.
    """
    del now
    model = command.model.strip()
    known = prices or PriceList()
    _refuse_bad_model(model, known)
    _refuse_bad_date(command.valid_from)
    _refuse_bad_reason(command.reason)
    named = {
        "input": command.input,
        "output": command.output,
        "cached": command.cached,
        "cache write": command.cache_write,
    }
    for name, rate in named.items():
        if rate is not None:
            _refuse_bad_rate(model, name, rate)
    price = Price(
        model,
        rates(
            command.input, command.output, cached=command.cached, cache_write=command.cache_write
        ),
        source=OVERRIDE,
        version=str(known.count + 1),
        valid_from=command.valid_from,
    )
    return [PriceSet(model, price, command.actor, command.reason.strip())]


def evolve(prices: PriceList | None, event: PriceEvent, at: float) -> PriceList:
    """Apply `event`, and return the list."""
    del at
    prices = PriceList() if prices is None else prices
    key = event.model.lower()
    dated = sorted((*prices.dated.get(key, ()), event), key=lambda each: each.price.valid_from)
    prices.dated[key] = tuple(dated[-DATES_MAX:])
    prices.count += 1
    return prices


def _refuse_bad_model(model: str, known: PriceList) -> None:
    if not model or len(model) > NAME_MAX or not model.isprintable():
        raise Rejected(
            "price.bad_model",
            f"{model[:60]!r} is no name of a model.",
            hint=f"Name it as its agent reports it, in 1 to {NAME_MAX} characters.",
        )
    if model.lower() not in known.dated and len(known.dated) >= MODELS_MAX:
        raise Rejected(
            "price.too_many",
            f"Prices of {len(known.dated):,} models are set; that is as many as there may be.",
            hint="Set the price of one of them instead.",
        )


def rate_in(text: str, name: str) -> str:
    """Return dollars for a million tokens, as people type them, in the form of a `Rate`.

    Raises:
        Rejected: `price.bad_rate`.
    """
    try:
        rate = Decimal(text.strip().removeprefix("$"))
    except InvalidOperation:
        rate = Decimal("NaN")
    if not _fits(rate):
        raise Rejected(
            "price.bad_rate",
            f"{name} is {text[:40]!r}; it must be 0 to {RATE_MAX:,} dollars for a million tokens, "
            f"with at most {DECIMALS_MAX} decimals.",
            hint="Write it like 2.50.",
        )
    return f"{rate:f}"


def _fits(rate: Decimal) -> bool:
    # The exponent first: a rate such as 1E+999999 must not be written out.
    exponent = rate.as_tuple().exponent
    fits = isinstance(exponent, int) and -DECIMALS_MAX <= exponent <= 6
    return fits and 0 <= rate <= RATE_MAX


def _refuse_bad_rate(model: str, name: str, rate: Decimal) -> None:
    if not _fits(rate):
        raise Rejected(
            "price.bad_rate",
            f"The {name} price of {model!r} is {str(rate)[:40]}; it must be 0 to {RATE_MAX:,} "
            f"dollars per million tokens with at most {DECIMALS_MAX} decimals.",
            hint="Write it like 2.50.",
        )


def _refuse_bad_date(text: str) -> None:
    try:
        if date.fromisoformat(text).isoformat() == text:
            return
    except ValueError:
        pass
    raise Rejected(
        "price.bad_date",
        f"The price is to hold from {text[:40]!r}; that is no date.",
        hint="Write a UTC date like 2026-11-22.",
    )


def _refuse_bad_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > REASON_MAX:
        raise Rejected(
            "price.no_reason",
            "A price is set for a reason, and none is given."
            if not reason.strip()
            else f"The reason has {len(reason):,} characters; at most {REASON_MAX:,} fit.",
            hint="Say in a sentence why: --reason TEXT.",
        )


EVENTS: dict[type, tuple[str, int]] = {PriceSet: ("price_set", 1)}
"""The lasting names of these events."""
