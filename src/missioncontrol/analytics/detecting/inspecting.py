"""All of it in order: what is watched is asked, what changed is found, and who explains it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from missioncontrol.analytics.answers import AnyAnswer
from missioncontrol.analytics.detecting import attributing
from missioncontrol.analytics.detecting.asking import Watched, named, names_asked, watched
from missioncontrol.analytics.detecting.detect import changes, follows_of
from missioncontrol.analytics.detecting.finding import Finding
from missioncontrol.analytics.detecting.merging import merged
from missioncontrol.analytics.detecting.reaching import people_asked, reached
from missioncontrol.analytics.questions import EVERYBODY, AnyQuestion, Segment, digest
from missioncontrol.analytics.setting import Setting
from missioncontrol.domain.product.states import Product
from missioncontrol.ports.warehouse import Statement

Ask = Callable[[AnyQuestion], Awaitable[AnyAnswer]]
Rows = Callable[[Statement], Awaitable[list[tuple[Any, ...]]]]

SLICED_MAX = 12
"""Findings of which it is asked who explains them: the most severe."""


async def inspected(
    product: Product,
    setting: Setting,
    ask: Ask,
    rows: Rows,
    *,
    segment: Segment = EVERYBODY,
    is_sliced: bool = True,
) -> tuple[Finding, ...]:
    """Return what changed in a product, the most severe first; nothing where there is little data.

    With a `segment`, of its events and people alone.

    Raises:
        Unavailable: as `ask` and `rows` do.
    """
    names = named(await rows(names_asked(product.slug, setting)), setting)
    metrics = [_within(each, segment) for each in watched(product, names, setting)]
    answers = await _asked(ask, (each.question for each in metrics))
    alone = await asyncio.to_thread(changes, metrics, answers, setting)
    people = await _asked(
        ask, (asked for each in alone if (asked := people_asked(each.finding)) is not None)
    )
    found = merged([reached(each, people).finding for each in alone], follows_of(metrics))
    if not found or not is_sliced:
        return found
    properties = attributing.properties(
        await rows(attributing.properties_asked(product.slug, setting))
    )
    slicings = [attributing.slicings(each, properties) for each in found[:SLICED_MAX]]
    answers = await _asked(
        ask, (question for each in slicings for one in each for question in (one.now, one.before))
    )
    explained = (
        msgspec.structs.replace(each, slices=attributing.slices(each, asked, answers))
        for each, asked in zip(found, slicings, strict=False)
    )
    return (*explained, *found[SLICED_MAX:])


def _within(metric: Watched, segment: Segment) -> Watched:
    """Return a metric as it is told of a segment."""
    if segment == EVERYBODY:
        return metric
    question = msgspec.structs.replace(metric.question, segment=segment)
    return msgspec.structs.replace(metric, question=question)


async def _asked(ask: Ask, questions: Iterable[AnyQuestion]) -> dict[str, AnyAnswer]:
    """Return the answers to different questions, by their digest."""
    different = {digest(each): each for each in questions}
    answers = await asyncio.gather(*(ask(each) for each in different.values()))
    return dict(zip(different, answers, strict=True))
