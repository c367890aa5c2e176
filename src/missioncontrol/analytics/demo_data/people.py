"""The people of the demo data: their properties, their activation and their visits."""

from collections.abc import Sequence
from math import exp, log
from random import Random

import msgspec

PLATFORMS = {"web": 0.5, "ios": 0.28, "android": 0.22}
PLANS = {"free": 0.68, "pro": 0.23, "team": 0.09}
COUNTRIES = {"US": 0.32, "DE": 0.16, "GB": 0.13, "IN": 0.13, "FR": 0.1, "CH": 0.08, "BR": 0.08}
CAMPAIGNS = {"organic": 0.47, "search": 0.24, "social": 0.19, "partner": 0.1}

ENGAGED, LIFETIME, VISITS = 0.65, 20.0, 0.8
"""Engaged people: their share, mean lifetime in days, and probability of a visit each day."""
TRYING, TRYING_LIFETIME, TRYING_VISITS = 1 - ENGAGED, 4.0, 0.3

ONBOARDS = {"web": 0.66, "ios": 0.62, "android": 0.58}
ACTS, INVITES = 0.72, 0.4
HOUR, DAY = 3_600.0, 86_400.0

Draw = Sequence[tuple[float, str]]


class Person(msgspec.Struct):
    """A generated person with properties and behavior."""

    number: int
    platform: str
    plan: str
    country: str
    campaign: str
    visits: float  # probability of a visit on a day
    leaves: float  # index of the last day with visits
    has_onboarded: bool = False
    is_known: bool = False  # an event has carried the profile
    is_bot: bool = False
    user: str = ""
    device: str = ""

    def __post_init__(self) -> None:
        self.user, self.device = f"u{self.number}", f"d{self.number}"


class Milestones(msgspec.Struct, frozen=True):
    """Seconds since signup for each step; None for steps that are not reached."""

    onboarded: float | None
    acted: float | None
    invited: float | None


def cumulated(shares: dict[str, float]) -> Draw:
    """Return cumulated shares for `drawn`."""
    total, found = 0.0, []
    for value, share in shares.items():
        total += share
        found.append((total, value))
    return found


def drawn(draw: Draw, chance: float) -> str:
    """Return the value that a number between 0 and 1 falls on."""
    for limit, value in draw:
        if chance < limit:
            return value
    return draw[-1][1]


_PLATFORMS, _PLANS = cumulated(PLATFORMS), cumulated(PLANS)
_COUNTRIES, _CAMPAIGNS = cumulated(COUNTRIES), cumulated(CAMPAIGNS)


def sign_up(number: int, day: int, random: Random, *, stays: bool = False) -> Person:
    """Return a new person of a day; one who `stays` has been a user before the first day."""
    chance = random.random
    is_engaged = chance() < ENGAGED or stays
    lifetime = LIFETIME if is_engaged else TRYING_LIFETIME
    platform = drawn(_PLATFORMS, chance())
    return Person(
        number,
        platform,
        drawn(_PLANS, chance()),
        drawn(_COUNTRIES, chance()),
        drawn(_CAMPAIGNS, chance()),
        VISITS if is_engaged else TRYING_VISITS,
        day - lifetime * log(1 - chance()),
        has_onboarded=stays and chance() < ONBOARDS[platform],
    )


def milestones(person: Person, random: Random) -> Milestones:
    """Return when a person reaches each step of the activation."""
    chances = [random.random() for _ in range(6)]
    if chances[0] >= ONBOARDS[person.platform]:
        return Milestones(None, None, None)
    onboarded = _after(HOUR, 1.3, chances[1], 6.5 * DAY)
    if chances[2] >= ACTS:
        return Milestones(onboarded, None, None)
    acted = onboarded + _after(9 * HOUR, 1.2, chances[3], 6.5 * DAY)
    if chances[4] >= INVITES:
        return Milestones(onboarded, acted, None)
    return Milestones(onboarded, acted, acted + _after(1.5 * DAY, 1.0, chances[5], 13.5 * DAY))


def days_until_next(person: Person, weekdays: Sequence[float], day: int, random: Random) -> int:
    """Return the days until the next visit; `weekdays` has the probability of each weekday."""
    chance, ahead = random.random, 0
    never = log(1 - person.visits)
    while True:
        ahead += 1 + int(log(1 - chance()) / never)
        if chance() < weekdays[(day + ahead) % 7]:
            return ahead


def _after(median: float, spread: float, chance: float, most: float) -> float:
    """Return a log-logistic delay: most are short, and some very long."""
    chance = min(max(chance, 1e-6), 1 - 1e-6)
    return min(median * exp(spread * log(chance / (1 - chance)) / 1.7), most)
