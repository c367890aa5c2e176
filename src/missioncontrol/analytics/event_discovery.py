"""What is asked of a product first, where none of the events that the definitions name came.

A question about `signup` yields nothing of a product that calls it otherwise. What most of its
people do is told then, in the order in which they first did it: the share of the others of these
events that came after it, over everybody who did more than one of them.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from missioncontrol.analytics.filters import counted, matches_activity
from missioncontrol.analytics.kpis import activation_of
from missioncontrol.analytics.questions import Active, Pattern, Range, Step
from missioncontrol.analytics.setting import Setting, bounds, day_of
from missioncontrol.analytics.sql import Parameters
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.warehouse import Statement

DAYS = 70
"""So many days up to and with today are looked at; where nothing came in them, the newest ones."""

NAMES_MAX = 200
STEPS = 4
WITHIN = timedelta(days=7).total_seconds()
"""How much time each step has: what the activation of the definitions gives to most of its own."""


def names_asked(product: str, setting: Setting) -> Statement:
    """Return the statement of a product's events lately: rows of a name, most frequent first."""
    parameters = Parameters(product)
    return parameters.statement(
        f"SELECT e.name {_lately(product, setting, parameters)}"
        f" GROUP BY e.name ORDER BY count(*) DESC, e.name LIMIT {NAMES_MAX}"
    )


def newest_asked(product: str, setting: Setting) -> Statement:
    """Return the statement of the newest event: a row of its moment, None where there is none."""
    parameters = Parameters(product)
    today = day_of(setting.as_of, setting)
    asked = Active(product=product, range=Range(today, today))
    events = counted(asked, setting, parameters)
    return parameters.statement(f"SELECT max(e.happened) FROM {events} e")


def oldest_asked(product: str) -> Statement:
    """Return the statement of the oldest event: a row of its moment, None where there is none."""
    parameters = Parameters(product)
    return parameters.statement(
        f"SELECT min(e.happened) FROM counted e WHERE e.product = {parameters.product}"
    )


def usual_asked(product: Product, setting: Setting) -> Statement:
    """Return the statement of one event of the activation, where one came lately: at once found."""
    parameters = Parameters(product.slug)
    lately = _lately(product.slug, setting, parameters)
    names = parameters.texts(step.pattern.event for step in activation_of(product).steps)
    return parameters.statement(
        f"SELECT e.name {lately} AND list_contains({names}, e.name) LIMIT 1"
    )


def opening_asked(product: str, setting: Setting) -> Statement:
    """Return the statement of the events that most people did lately: rows of a name, in order."""
    parameters = Parameters(product)
    lately = _lately(product, setting, parameters)
    return parameters.statement(
        f"WITH seen AS (SELECT e.person, e.name, min(e.happened) AS first {lately}"
        f" AND {matches_activity(Pattern(), parameters, 'e')}"
        " GROUP BY e.person, e.name),"
        f" most AS (SELECT name, count(*) AS people FROM seen GROUP BY name"
        f" ORDER BY people DESC, name LIMIT {STEPS}),"
        " placed AS (SELECT name, rank() OVER (PARTITION BY person ORDER BY first) AS place,"
        " count(*) OVER (PARTITION BY person) AS others FROM seen SEMI JOIN most USING (name)),"
        " led AS (SELECT name, sum(others - place) / nullif(sum(others - 1), 0) AS ahead"
        " FROM placed GROUP BY name)"
        " SELECT name FROM most JOIN led USING (name)"
        " ORDER BY coalesce(ahead, 0) DESC, people DESC, name"
    )


def lacks_usual(product: Product, names: Sequence[str]) -> bool:
    """Whether no step of a product's activation is among its events, and none was chosen."""
    if product.is_own or product.measures.activation or not names:
        return False
    return not any(step.pattern.event in names for step in activation_of(product).steps)


def steps_of(rows: Sequence[Sequence[Any]]) -> tuple[Step, ...]:
    """Return the steps of a funnel out of the rows of `opening_asked`."""
    names = [str(name) for (name,) in rows]
    return tuple(Step(Pattern(name), WITHIN if place else None) for place, name in enumerate(names))


def _lately(product: str, setting: Setting, parameters: Parameters) -> str:
    today = day_of(setting.as_of, setting)
    asked = Active(product=product, range=Range(today - timedelta(days=DAYS - 1), today))
    since, until = bounds(asked.range, setting)
    return (
        f"FROM {counted(asked, setting, parameters)} e"
        f" WHERE e.happened >= {parameters.moment(since)}"
        f" AND e.happened < {parameters.moment(until)}"
    )
