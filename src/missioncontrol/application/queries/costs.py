"""What may be spent and what was: caps in three parts, burn rate, breakdowns and a forecast."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any, Literal

import msgspec

from missioncontrol.application.budgets import LEDGER, last_ledger, stream_of
from missioncontrol.application.prices import PRICES, STREAM, name_of, price_of
from missioncontrol.application.queries.instruments import Instruments
from missioncontrol.application.queries.measures import (
    DAY_HOURS,
    Hour,
    Spent,
    Window,
    burn_rate,
    hours_of,
    spent_by,
    spent_by_day,
    total,
)
from missioncontrol.application.read_model import Present
from missioncontrol.domain.budget.balances import Standing, capped, standings
from missioncontrol.domain.budget.events import Origin
from missioncontrol.domain.budget.scopes import WORKSPACE, Kind, Period, Scope, day_of
from missioncontrol.domain.budget.states import Ledger
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.price import Price, Rates
from missioncontrol.domain.price_list import PriceList
from missioncontrol.domain.step import Amount

DAYS = 14
NAMES = 12
PACE_HOURS = 7 * DAY_HOURS
"""The pace of the forecast is that of so many hours, or of all there are where they are fewer."""

CAPS_MAX = 500
KINDS: tuple[str, ...] = ("input", "cached", "cache_write", "output", "reasoning")


class Units(msgspec.Struct, frozen=True):
    """Money and tokens; None is no cap in that unit."""

    cost: int | None = None  # micro-dollars
    tokens: int | None = None


class Sum(msgspec.Struct, frozen=True):
    """What was spent or is set aside."""

    cost: int = 0
    tokens: int = 0
    unpriced_tokens: int = 0
    estimated_tokens: int = 0  # those of the tokens that were not measured
    estimated_cost: int = 0  # micro-dollars, that part of `cost`


class CapView(msgspec.Struct, frozen=True):
    """A scope in one of its windows. Money in micro-dollars, times in seconds since the epoch."""

    scope: Kind
    name: str
    period: Period
    window: str  # `2026-11-22`, `2026-11`, or empty for all time
    cap: Units | None
    spent: Sum
    reserved: Sum
    left: Units | None
    origin: Origin | Literal[""]
    actor: str
    reason: str
    since: float
    forecast: int | None  # micro-dollars by the end of the window; None where it is unknown


class Forecast(msgspec.Struct, frozen=True):
    """What the workspace will have spent, at the pace of the last seven days."""

    period: Period
    ends: float  # when the window does
    spent: int
    cost: int  # by the end
    an_hour: float  # the pace, micro-dollars
    cap: int | None
    passes: float | None  # when the cap will be used up, at this pace; None: not in this window


class Costs(msgspec.Struct, frozen=True):
    """What was spent, at a glance."""

    today: CapView
    month: CapView
    all_time: CapView
    caps: list[CapView]
    burn: int  # micro-dollars an hour
    hours: list[Hour]  # the last 24
    days: list[Spent]  # the last 14
    agents: list[Spent]  # of the last 7 days, likewise below
    models: list[Spent]
    workflows: list[Spent]
    forecasts: list[Forecast]
    behind: int  # events that the measures have not counted yet


class TierView(msgspec.Struct, frozen=True):
    """What tokens cost once the input is larger than a threshold."""

    above: int
    input: str
    cached: str
    cache_write: str
    output: str
    reasoning: str


class PriceView(msgspec.Struct, frozen=True):
    """A price: US dollars a million tokens, as text so that no digit is lost."""

    model: str
    source: str
    version: str
    valid_from: str  # a UTC date; empty where the source names none
    input: str
    cached: str
    cache_write: str
    output: str
    reasoning: str
    tiers: list[TierView]
    actor: str = ""  # who set it
    reason: str = ""


async def ledger_of(present: Present) -> Ledger | None:
    """Return how everything stands, not to be changed; None where nothing was spent or capped."""
    number = await last_ledger(present.store)
    found: Ledger | None = None
    if number:
        found = await present.find(LEDGER, stream_of(number))
    return found


async def caps(
    present: Present, instruments: Instruments, now: float, *, begin: int = 0, limit: int = CAPS_MAX
) -> list[CapView]:
    """Return caps that hold, the widest scope first; the default of runs is the first of all."""
    ledger = await ledger_of(present)
    pace = Pace(instruments, now)
    chosen = islice(capped(ledger, now), begin, begin + limit)
    return [cap_view(each, pace.of(each.scope), now) for each in chosen]


async def scope_view(
    present: Present, instruments: Instruments, scope: Scope, now: float
) -> list[CapView]:
    """Return how a scope stands: all time, this month and today."""
    await instruments.measuring.behind()
    counted = scope
    if scope.kind == "model":
        known = await prices_of(present)
        counted = Scope("model", name_of(known, instruments.prices, scope.name, now))
    pace = Pace(instruments, now).of(counted)
    found = standings(await ledger_of(present), counted, now)
    return [cap_view(each, pace, now) for each in found]


async def costs(present: Present, instruments: Instruments, now: float) -> Costs:
    """Return what was spent, what may be, and where that leads."""
    behind = await instruments.measuring.behind()
    every, month, day = await scope_view(present, instruments, WORKSPACE, now)
    week = Window.last(PACE_HOURS, now)
    pace = Pace(instruments, now).of(WORKSPACE)
    return Costs(
        day,
        month,
        every,
        await caps(present, instruments, now),
        burn_rate(instruments, now),
        hours_of(instruments, Window.last(DAY_HOURS, now)),
        spent_by_day(instruments, DAYS, now),
        spent_by(instruments, "agent", week)[:NAMES],
        spent_by(instruments, "model", week)[:NAMES],
        spent_by(instruments, "workflow", week)[:NAMES],
        [forecast(each, pace or 0.0, now) for each in (day, month)],
        behind,
    )


class Pace:
    """How fast scopes have cost money in the last seven days; asked of the measures once each.

    Where the log is younger than seven days, its own hours count, and one at least.
    """

    def __init__(self, instruments: Instruments, now: float) -> None:
        """Nothing is asked yet."""
        self._instruments = instruments
        self._now = now
        self._window = Window.last(PACE_HOURS, now)
        self._costs: dict[str, dict[str, int]] = {}

    def of(self, scope: Scope) -> float | None:
        """Return micro-dollars an hour.

        None of a single run or step, whose past says nothing about what is left of it.
        """
        if scope.kind in ("run", "step"):
            return None
        if scope == WORKSPACE:
            return total(self._instruments, self._window).cost / self._hours
        return self._by(scope.kind).get(scope.name, 0) / self._hours

    def _by(self, kind: Any) -> dict[str, int]:
        if kind not in self._costs:
            found = spent_by(self._instruments, kind, self._window)
            self._costs[kind] = {each.name: each.cost for each in found}
        return self._costs[kind]

    @cached_property
    def _hours(self) -> float:
        hours = hours_of(self._instruments, self._window)
        used = [hour.at for hour in hours if hour.cost or hour.tokens]
        lasted = (self._now - used[0]) / 3_600 if used else float(PACE_HOURS)
        return max(1.0, min(lasted, float(PACE_HOURS)))


def cap_view(standing: Standing, pace: float | None, now: float) -> CapView:
    """Return how a cap stands as programs and pages see it."""
    limit, spent, held = standing.limit, standing.spent, standing.held
    return CapView(
        standing.scope.kind,
        standing.scope.name,
        standing.period,
        standing.window,
        None if limit is None else _units(limit.amount),
        Sum(
            spent.cost,
            spent.tokens,
            spent.unpriced,
            spent.estimated_tokens,
            spent.estimated_cost,
        ),
        Sum(held.cost, held.tokens, held.unpriced),
        None if limit is None else _units(standing.left),
        "" if limit is None else limit.origin,
        "" if limit is None else limit.actor,
        "" if limit is None else limit.reason,
        0.0 if limit is None else limit.at,
        _by_the_end(standing, pace, now),
    )


def _by_the_end(standing: Standing, pace: float | None, now: float) -> int | None:
    if pace is None or standing.period == "total":
        return None
    left = max(0.0, end_of(standing.period, now) - now) / 3_600
    return round(standing.spent.cost + pace * left)


def end_of(period: Period, now: float) -> float:
    """Return when a day or month of UTC is over, in seconds since the epoch; infinity for all."""
    moment = datetime.fromtimestamp(now, UTC)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return (midnight + timedelta(days=1)).timestamp()
    if period == "month":
        first = midnight.replace(day=1)
        return (first + timedelta(days=monthrange(first.year, first.month)[1])).timestamp()
    return float("inf")


def forecast(view: CapView, pace: float, now: float) -> Forecast:
    """Return where a window of the workspace leads, at `pace` micro-dollars an hour."""
    cap = view.cap.cost if view.cap is not None else None
    ends = end_of(view.period, now)
    cost = view.forecast if view.forecast is not None else view.spent.cost
    passes = None
    if cap is not None and cost >= cap and pace > 0:
        passes = now + max(0, cap - view.spent.cost) / pace * 3_600
    return Forecast(view.period, ends, view.spent.cost, cost, pace, cap, passes)


# Prices.


async def prices_of(present: Present) -> PriceList:
    """Return what people have set. Don't change it."""
    return await present.find(PRICES, STREAM) or PriceList()


async def prices_set(present: Present) -> list[PriceView]:
    """Return the prices that people have set, by model and date."""
    known = await prices_of(present)
    return [
        price_view(each.price, each.actor, each.reason)
        for _, dated in sorted(known.dated.items())
        for each in dated
    ]


async def price_view_of(
    present: Present, instruments: Instruments, model: str, now: float
) -> PriceView:
    """Return what a model costs now.

    Raises:
        NotFound: `price.unknown`.
    """
    known = await prices_of(present)
    found = price_of(known, instruments.prices, model, now)
    if found is None:
        raise NotFound(
            "price.unknown",
            f"The price of {model[:80]!r} is not known: none is set from {day_of(now)} or "
            f"before, and it is not in {instruments.prices.version}.",
            hint="Set it: a model of unknown cost never counts as free.",
        )
    dated = known.dated.get(found.model.lower(), ())
    by = next((each for each in dated if each.price is found), None)
    return price_view(found, by.actor if by else "", by.reason if by else "")


def price_view(price: Price, actor: str = "", reason: str = "") -> PriceView:
    """Return a price as programs and pages see it."""
    tiers = [TierView(tier.above, **_rates(tier.rates)) for tier in price.tiers]
    return PriceView(
        price.model,
        price.source,
        price.version,
        price.valid_from,
        **_rates(price.rates),
        tiers=tiers,
        actor=actor,
        reason=reason,
    )


def _rates(rates: Rates) -> dict[str, str]:
    return {kind: f"{getattr(rates, kind):f}" for kind in KINDS}


def _units(amount: Amount) -> Units:
    return Units(amount.cost, amount.tokens)
