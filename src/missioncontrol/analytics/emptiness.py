"""Explains an activation without people: an unmet condition, no recent events, or unknown steps."""

import re
from collections.abc import Sequence
from datetime import date

import msgspec

from missioncontrol.analytics.event_discovery import DAYS
from missioncontrol.analytics.filters import matches
from missioncontrol.analytics.kpis import Kpi
from missioncontrol.analytics.questions import Pattern, Segment, Where
from missioncontrol.analytics.sql import Parameters
from missioncontrol.ports.warehouse import Statement

NAMES_MAX = 3
_SIGNS = {"is": "=", "contains": "~", "above": ">", "at_least": ">=", "below": "<", "at_most": "<="}
_PLAIN = re.compile(r"[\w .:$/-]{1,60}")
"""Event names that may be shown; they come from outside and may hold anything."""


def has_no_starts(kpis: Sequence[Kpi]) -> bool:
    """Whether no person took the first step of the activation, now or in the days before."""
    rates = [each for each in kpis if each.key == "activation_rate"]
    return bool(rates) and all(each.value is None and each.before is None for each in rates)


def conditions(segment: Segment) -> tuple[Where, ...]:
    """Return the conditions on events that require a property to exist."""
    needing = ("set", *_SIGNS)
    return tuple(each for each in segment.where if each.of == "event" and each.operator in needing)


def of_person(where: Where) -> Where:
    """Return a condition on events as one on people."""
    return msgspec.structs.replace(where, of="person")


def met_query(product: str, where: Where) -> Statement:
    """Return the statement of whether any event meets a condition: one boolean."""
    parameters = Parameters(product)
    met = matches(Pattern(where=(where,)), parameters, "e")
    return parameters.statement(
        f"SELECT EXISTS (SELECT 1 FROM counted e WHERE e.product = {parameters.product} AND {met})"
    )


class Emptiness(msgspec.Struct, frozen=True):
    """Why no person started: a fact for the headline, and a hint on the question or the setup."""

    fact: str = ""
    hint: str = ""


NOT_EMPTY = Emptiness()


def unmet(where: Where, *, by_people: bool) -> Emptiness:
    """Return that no event meets a condition, and the same condition on people if that is met."""
    fact = f"No event has {_written(where)}"
    return Emptiness(fact, f"People do: ask for {_written(of_person(where))}" if by_people else "")


def unknown_steps(steps: Sequence[str], names: Sequence[str]) -> Emptiness:
    """Return the hint that none of the steps is among the product's events.

    `names` are the events of a product, most frequent first.
    """
    if not names or any(each in ("", *names) for each in steps):
        return Emptiness()
    listed = ", ".join(each for each in names[:NAMES_MAX] if _PLAIN.fullmatch(each))
    choose = f"; choose from {listed}{' …' if len(names) > NAMES_MAX else ''}" if listed else ""
    hint = f"No step of the activation funnel came in the newest {DAYS} days of events{choose}"
    return Emptiness(hint=hint)


def silent_since(newest: date) -> Emptiness:
    """Return the day of the newest events."""
    return Emptiness(f"The newest events are of {newest.day} {newest:%b %Y}")


def _written(where: Where) -> str:
    name = f"person.{where.property}" if where.of == "person" else where.property
    if where.operator == "set":
        return f"{name}?"
    return f"{name}{_SIGNS[where.operator]}{'|'.join(where.values)}"
