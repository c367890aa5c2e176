"""The detection of changes: query the metrics, detect, merge by cause, and attribute to slices."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from missioncontrol.analytics.answers import AnyAnswer
from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.detection import attribution
from missioncontrol.analytics.detection.answer_values import value
from missioncontrol.analytics.detection.detector import Change, changes, follows_of, merge_by_cause
from missioncontrol.analytics.detection.findings import Figure, Finding, Place, derived
from missioncontrol.analytics.detection.metrics import (
    WatchedMetric,
    known_events,
    names_query,
    watched_metrics,
)
from missioncontrol.analytics.questions import EVERYBODY, AnyQuestion, Range, Segment, Trend, digest
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.warehouse import Statement

Ask = Callable[[AnyQuestion], Awaitable[AnyAnswer]]
Rows = Callable[[Statement], Awaitable[list[tuple[Any, ...]]]]

SLICED_MAX = 12
"""Number of the most severe findings that are attributed to slices."""


async def find_changes(
    product: Product,
    setting: Setting,
    ask: Ask,
    rows: Rows,
    *,
    segment: Segment = EVERYBODY,
    is_sliced: bool = True,
) -> tuple[Finding, ...]:
    """Return the changes in a product, most severe first; none where there is little data.

    A `segment` restricts events and people. `is_sliced` attributes changes to slices.

    Raises:
        Unavailable: as `ask` and `rows` do.
    """
    names = known_events(await rows(names_query(product.slug, setting)), setting)
    metrics = [_within(each, segment) for each in watched_metrics(product, names, setting)]
    answers = await _answers(ask, (each.question for each in metrics))
    alone = await asyncio.to_thread(changes, metrics, answers, setting)
    people = await _answers(
        ask, (question for each in alone if (question := people_question(each.finding)) is not None)
    )
    found = merge_by_cause([reached(each, people).finding for each in alone], follows_of(metrics))
    if not found or not is_sliced:
        return found
    properties = attribution.properties(
        await rows(attribution.properties_query(product.slug, setting))
    )
    slicings = [attribution.slicings(each, properties) for each in found[:SLICED_MAX]]
    answers = await _answers(
        ask, (question for each in slicings for one in each for question in (one.now, one.before))
    )
    explained = (
        msgspec.structs.replace(each, slices=attribution.slices(each, parts, answers))
        for each, parts in zip(found, slicings, strict=False)
    )
    return (*explained, *found[SLICED_MAX:])


def _within(metric: WatchedMetric, segment: Segment) -> WatchedMetric:
    """Return a metric restricted to a segment."""
    if segment == EVERYBODY:
        return metric
    question = msgspec.structs.replace(metric.question, segment=segment)
    return msgspec.structs.replace(metric, question=question)


async def _answers(ask: Ask, questions: Iterable[AnyQuestion]) -> dict[str, AnyAnswer]:
    """Return the answers to distinct questions, by digest."""
    different = {digest(each): each for each in questions}
    answers = await asyncio.gather(*(ask(each) for each in different.values()))
    return dict(zip(different, answers, strict=True))


WHOLE = Place(line="P")


def people_question(finding: Finding) -> Trend | None:
    """Return the question of how many people had an event; None where people are counted already.

    It covers the days of the change; where events are missing, the same weekdays just before.
    """
    question, line = finding.question, finding.observed.place.line
    if finding.unit != "events" or not isinstance(question, Trend):
        return None
    series = next(each for each in question.series if each.key == line)
    people = msgspec.structs.replace(series, count="people", key=WHOLE.line)
    weeks = timedelta(days=-(-((finding.until - finding.since).days + 1) // 7) * 7)
    before = weeks if finding.is_down else timedelta()
    days = Range(finding.since - before, finding.until - before)
    return msgspec.structs.replace(question, range=days, series=(people,), by="day")


def reached(change: Change, answers: Mapping[str, AnyAnswer]) -> Change:
    """Return a change with its affected people, where they needed a question of their own.

    The affected part of the people is that of the events.
    """
    finding = change.finding
    question = people_question(finding)
    answer = answers.get(digest(question)) if question is not None else None
    if question is None or answer is None:
        return change
    people = Figure(value(answer, WHOLE) or 0.0, "people", question, WHOLE)
    touched = derived("affected", "people", finding.observed, finding.expected, people)
    return change if touched is None else change.touching(touched)
