"""Discovers the events of a product, and a first funnel of them.

The default activation yields nothing for a product with other event names. Its most common events
then form a funnel, in the order in which people first do them: for each event, the share of the
other ones that follow it, over all people who did more than one.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from missioncontrol.analytics.calendar import Setting, bounds, day_of
from missioncontrol.analytics.filters import counted, matches_activity
from missioncontrol.analytics.kpis import activation_of
from missioncontrol.analytics.questions import Active, Pattern, Range, Step
from missioncontrol.analytics.sql import Parameters, between
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.warehouse import Statement

DAYS = 70
"""Days up to today that are considered; where they have no events, those before the newest one."""

NAMES_MAX = 200
STEPS = 4
WITHIN = timedelta(days=7).total_seconds()
"""The window of each step, as for most steps of the default activation."""


def names_query(product: str, setting: Setting) -> Statement:
    """Return the statement of a product's recent event names, most frequent first."""
    parameters = Parameters(product)
    return parameters.statement(
        f"SELECT e.name {_lately(product, setting, parameters)}"
        f" GROUP BY e.name ORDER BY count(*) DESC, e.name LIMIT {NAMES_MAX}"
    )


def newest_query(product: str, setting: Setting) -> Statement:
    """Return the statement of the time of the newest event, None where there is none."""
    parameters = Parameters(product)
    today = day_of(setting.as_of, setting)
    asked = Active(product=product, range=Range(today, today))
    events = counted(asked, setting, parameters)
    return parameters.statement(f"SELECT max(e.happened) FROM {events} e")


def oldest_query(product: str) -> Statement:
    """Return the statement of the time of the oldest event, None where there is none."""
    parameters = Parameters(product)
    return parameters.statement(
        f"SELECT min(e.happened) FROM counted e WHERE e.product = {parameters.product}"
    )


def usual_query(product: Product, setting: Setting) -> Statement:
    """Return the statement of one recent event of the activation, which is found quickly."""
    parameters = Parameters(product.slug)
    lately = _lately(product.slug, setting, parameters)
    names = parameters.texts(step.pattern.event for step in activation_of(product).steps)
    return parameters.statement(
        f"SELECT e.name {lately} AND list_contains({names}, e.name) LIMIT 1"
    )


def opening_query(product: str, setting: Setting) -> Statement:
    """Return the statement of the events that most people did recently, in funnel order."""
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
    """Whether a product uses the default activation and has none of its events."""
    if product.is_own or product.measures.activation or not names:
        return False
    return not any(step.pattern.event in names for step in activation_of(product).steps)


def steps_of(rows: Sequence[Sequence[Any]]) -> tuple[Step, ...]:
    """Return the funnel steps of the rows of `opening_query`."""
    names = [str(name) for (name,) in rows]
    return tuple(Step(Pattern(name), WITHIN if place else None) for place, name in enumerate(names))


def _lately(product: str, setting: Setting, parameters: Parameters) -> str:
    today = day_of(setting.as_of, setting)
    asked = Active(product=product, range=Range(today - timedelta(days=DAYS - 1), today))
    since, until = bounds(asked.range, setting)
    return f"FROM {counted(asked, setting, parameters)} e WHERE {between(since, until, parameters)}"
