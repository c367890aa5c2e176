"""The metrics of a product that the detection watches, with their questions about complete days."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Literal

import msgspec

from missioncontrol.analytics import kpis
from missioncontrol.analytics.calendar import Setting, bounds, day_of, start_of, zone_of
from missioncontrol.analytics.detection.findings import Place, Unit
from missioncontrol.analytics.filters import counted, label_of
from missioncontrol.analytics.questions import (
    SERIES_MAX,
    Active,
    AnyQuestion,
    Funnel,
    Pattern,
    Range,
    Retention,
    Series,
    Step,
    Trend,
)
from missioncontrol.analytics.sql import Parameters, between
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.warehouse import Statement

HISTORY_DAYS = 70
NAMES_MAX = 20
"""Number of the most frequent events that are watched individually."""

RETENTION_DAYS = {1: 13, 7: 20, 30: 6}
"""Retention days, and for each how many days ago a window of cohorts may have ended."""
DAY = 86_400.0

WRONG = ("error", "fail", "exception", "crash", "timeout", "rejected", "refund", "cancel", "churn")
"""Parts of event names that mark an increase as bad."""

SERIES_OF_ONE = SERIES_MAX // 2


class KnownEvent(msgspec.Struct, frozen=True):
    """A recent event of a product, and the first day on which it occurred."""

    name: str
    since: date


class WatchedMetric(msgspec.Struct, frozen=True):
    """A watched metric, and the places of its values."""

    metric: str
    title: str
    unit: Unit
    question: AnyQuestion
    place: Place
    better: Literal["up", "down", ""]
    people: Place  # the place of the number of people in the answer
    recent: int = 6  # days before the last one within which a window may end
    shortest: int = 1
    follows: frozenset[str] = frozenset()
    """Metrics that may cause changes of this one."""


def last_day(setting: Setting) -> date:
    """Return the last complete day."""
    return day_of(setting.as_of, setting) - timedelta(days=1)


def names_query(product: str, setting: Setting) -> Statement:
    """Return the statement of a product's recent events: `(name, first)`, most frequent first."""
    last = last_day(setting)
    asked = Active(product=product, range=Range(_days_before(last, HISTORY_DAYS - 1), last))
    since, until = bounds(asked.range, setting)
    parameters = Parameters(product)
    events = counted(asked, setting, parameters)
    return parameters.statement(
        f"SELECT e.name, min(e.happened) FROM {events} AS e"
        f" WHERE {between(since, until, parameters)}"
        " GROUP BY e.name ORDER BY count(*) DESC, e.name LIMIT 200"
    )


def known_events(rows: Sequence[Sequence[Any]], setting: Setting) -> tuple[KnownEvent, ...]:
    """Return the events of a product from the rows of `names_query`."""
    found = ((str(name), first) for name, first in rows)
    return tuple(
        KnownEvent(name, day_of(first, setting))
        for name, first in found
        if hasattr(first, "astimezone")
    )


def watched_metrics(
    product: Product, names: Sequence[KnownEvent], setting: Setting
) -> tuple[WatchedMetric, ...]:
    """Return the metrics of a product, possible causes before their effects."""
    if not names:
        return ()
    last = last_day(setting)
    # The first day with data is rarely complete.
    first_day = min(each.since for each in names)
    since = _days_before(last, HISTORY_DAYS - 1)
    since = since if first_day <= since else first_day + timedelta(days=1)
    if since > last:
        return ()
    steps = _steps_in(kpis.activation_of(product).steps, names)
    found = [
        *_people(product, Range(since, last)),
        *_conversions(product, steps, since, setting),
        *_retention(product, steps, first_day, since, last),
        *_events(product, steps, names, since, last),
    ]
    return tuple(found)


def better_of(name: str) -> Literal["up", "down", ""]:
    """Return whether an increase of an event is good or bad, as far as its name says."""
    return "down" if any(part in name.lower() for part in WRONG) else ""


def _steps_in(steps: Sequence[Step], names: Sequence[KnownEvent]) -> tuple[Step, ...]:
    """Return the steps whose events occur in a product."""
    known = {each.name for each in names}
    return tuple(each for each in steps if not each.pattern.event or each.pattern.event in known)


def _people(product: Product, range_: Range) -> list[WatchedMetric]:
    question = kpis.active(product, range_)
    begins = kpis.activation_of(product).steps[0].pattern.event
    follows = frozenset({f"events.{begins}"})
    place = Place(aggregate="mean", line="dau")
    return [
        WatchedMetric("active.dau", "DAU", "people", question, place, "up", place, follows=follows)
    ]


def _conversions(
    product: Product, steps: Sequence[Step], since: date, setting: Setting
) -> list[WatchedMetric]:
    """Return the conversions from each step to the next, within a day and within its window.

    Only days that ended at least this window ago count, so that all people had the same time.
    """
    found: list[WatchedMetric] = []
    begins = f"events.{steps[0].pattern.event}" if steps else ""
    before: list[str] = [begins]
    for earlier, step in pairwise(steps):
        metric = f"conversion.{step.pattern.event or 'any'}"
        for within in dict.fromkeys((DAY, step.within or DAY)):
            until = _last_entered(within, setting)
            if (until - since).days < 1:
                continue
            question = Funnel(
                product=product.slug,
                range=Range(since, until),
                steps=(Step(earlier.pattern), Step(step.pattern, within)),
                by="day",
            )
            title = f"{label_of(step.pattern)} after {label_of(earlier.pattern)}"
            if within == DAY:
                title += " within a day"
            place, people = Place(aggregate="share", step=1, of=0), Place(step=0)
            follows = frozenset(before)
            found.append(
                WatchedMetric(
                    metric, title, "share", question, place, "up", people, follows=follows
                )
            )
        before.append(metric)
    return found


def _retention(
    product: Product, steps: Sequence[Step], first_day: date, since: date, last: date
) -> list[WatchedMetric]:
    """Return the retention 1, 7 and 30 days after the start."""
    if not steps:
        return []
    start, longest = steps[0].pattern, max(RETENTION_DAYS)
    follows = {f"events.{start.event}", *(f"conversion.{each.pattern.event}" for each in steps)}
    earliest = max(first_day + timedelta(days=1), _days_before(since, longest))
    question = Retention(
        product=product.slug,
        range=Range(earliest, last),
        start=start,
        back=Pattern(kpis.activation_of(product).active),
        periods=longest,
    )
    found = []
    for day, recent in RETENTION_DAYS.items():
        metric, title = f"retention.day_{day}", f"D{day} retention"
        found.append(
            WatchedMetric(
                metric,
                title,
                "share",
                question,
                Place(aggregate="share", period=day),
                "up",
                Place(),
                recent=recent,
                shortest=3,
                follows=frozenset(follows),
            )
        )
        follows.add(metric)
    return found


def _events(
    product: Product, steps: Sequence[Step], names: Sequence[KnownEvent], since: date, last: date
) -> list[WatchedMetric]:
    """Return the counts of events: those of the activation, then the most frequent ones."""
    order = [each.pattern.event for each in steps if each.pattern.event]
    first = {each.name: each.since for each in names}
    wrong = [each.name for each in names if better_of(each.name) == "down"]
    chosen = [*order, *wrong[: NAMES_MAX // 4], *first]
    chosen = list(dict.fromkeys(each for each in chosen if each))[:NAMES_MAX]
    # A new error counts as an increase from 0; a new feature starts with its first full day.
    started = {
        name: since
        if better_of(name) == "down" or first[name] <= since
        else first[name] + timedelta(days=1)
        for name in chosen
    }
    chunks: list[tuple[date, list[str]]] = []
    for name in chosen:
        fitting = (each for at, each in chunks if at == started[name] and len(each) < SERIES_OF_ONE)
        chunk = next(fitting, None)
        if chunk is None:
            chunks.append((started[name], chunk := []))
        chunk.append(name)
    found = [
        each
        for at, chunk in chunks
        if at <= last
        for each in _of_chunk(product, chunk, order, Range(at, last))
    ]
    return sorted(found, key=lambda each: chosen.index(each.metric.removeprefix("events.")))


def _of_chunk(
    product: Product, chunk: Sequence[str], order: Sequence[str], range_: Range
) -> list[WatchedMetric]:
    series = [
        each
        for number, name in enumerate(chunk)
        for each in (
            Series(Pattern(name), key=f"E{number}"),
            Series(Pattern(name), "people", key=f"P{number}"),
        )
    ]
    question = Trend(product=product.slug, range=range_, series=tuple(series))
    return [
        WatchedMetric(
            f"events.{name}",
            name.replace("_", " ").capitalize(),
            "events",
            question,
            Place(line=f"E{number}"),
            better_of(name) or ("up" if name in order else ""),
            Place(line=f"P{number}"),
            follows=_causes(name, order),
        )
        for number, name in enumerate(chunk)
    ]


def _causes(name: str, order: Sequence[str]) -> frozenset[str]:
    if name in order[:1]:
        return frozenset()
    earlier = order[: order.index(name)] if name in order else order
    steps = order[: order.index(name) + 1] if name in order else order
    events = {f"events.{each}" for each in earlier}
    return frozenset({"active.dau", *events, *(f"conversion.{each}" for each in steps)})


def _last_entered(within: float, setting: Setting) -> date:
    """Return the last day that ended at least `within` seconds ago."""
    latest = setting.as_of - timedelta(seconds=within)
    day = day_of(latest, setting)
    is_over = start_of(day + timedelta(days=1), zone_of(setting.zone)) <= latest
    return day if is_over else day - timedelta(days=1)


def _days_before(day: date, days: int) -> date:
    return day - timedelta(days=days)
