"""Derives the answer to the first steps of a funnel from that to all steps, without a query.

Counts of the first steps do not depend on later ones, except where the order is free, as any step
may then be the first.
"""

from datetime import UTC, datetime

import msgspec

from missioncontrol.analytics.answers import FunnelAnswer, FunnelGroup
from missioncontrol.analytics.calendar import Setting, Weekday, buckets
from missioncontrol.analytics.questions import Funnel, digest


def beginning(
    question: Funnel, answer: FunnelAnswer, steps: int, *, week_starts: Weekday = "monday"
) -> tuple[Funnel, FunnelAnswer]:
    """Return the question about the first `steps`, and its answer."""
    assert question.order != "any"
    exclusions = tuple(each for each in question.exclusions if each.before < steps)
    first = msgspec.structs.replace(question, steps=question.steps[:steps], exclusions=exclusions)
    moment = datetime.fromisoformat(answer.as_of).astimezone(UTC).replace(tzinfo=None)
    setting = Setting(moment, answer.zone, week_starts)
    shortened = msgspec.structs.replace(
        answer,
        question=digest(first),
        steps=answer.steps[:steps],
        groups=tuple(_cut(each, steps) for each in answer.groups),
        trend=_trend(first, answer, setting),
    )
    return first, shortened


def _trend(first: Funnel, answer: FunnelAnswer, setting: Setting) -> tuple[FunnelGroup, ...]:
    """Return the periods; one is complete once none of its people can reach a further step."""
    if first.by is None:
        return ()
    periods = zip(answer.trend, buckets(first.range, first.by, setting), strict=True)
    found = []
    for each, bucket in periods:
        cut = _cut(each, len(first.steps))
        is_open = bucket.until > setting.as_of or any(step.pending for step in cut.steps)
        found.append(msgspec.structs.replace(cut, is_complete=not is_open))
    return tuple(found)


def _cut(group: FunnelGroup, steps: int) -> FunnelGroup:
    return msgspec.structs.replace(group, steps=group.steps[:steps])
