"""Answers to questions, and the answer to the first steps of a funnel from that to all."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from missioncontrol.analytics.calendar import Setting, Weekday, buckets
from missioncontrol.analytics.questions import AnyQuestion, Funnel, digest
from missioncontrol.domain.errors import Rejected


class Answer(msgspec.Struct, frozen=True, tag_field="measure", kw_only=True):
    """Fields of all answers."""

    question: str  # its digest
    definition: str  # name and version of the definition that applied: "funnel 1"
    as_of: str  # data counts as complete up to here
    zone: str
    position: int  # of the warehouse: two answers at one position are equal


class StepCount(msgspec.Struct, frozen=True):
    """How many reached a step, and the outcome of those of the step before who did not."""

    label: str
    reached: int
    lost: int  # reached the step before only, and their window is over
    pending: int  # reached the step before only, and their window is open
    of_first: float | None
    of_before: float | None
    median: float | None  # seconds from the first step
    median_step: float | None  # seconds from the step before


class FunnelGroup(msgspec.Struct, frozen=True):
    """The steps of one value of the breakdown, or of one period of entry."""

    key: str
    steps: tuple[StepCount, ...]
    is_complete: bool = True  # of a period: it is over, and so are all windows that began in it


class FunnelAnswer(Answer, frozen=True, tag="funnel", kw_only=True):
    """The steps, also by breakdown value and by period of entry where the question has these."""

    steps: tuple[StepCount, ...]
    groups: tuple[FunnelGroup, ...] = ()
    trend: tuple[FunnelGroup, ...] = ()


class RetentionCell(msgspec.Struct, frozen=True):
    """A cell of the retention table: how many of a cohort returned in a period."""

    people: int | None  # None: the period is not complete
    share: float | None


class Cohort(msgspec.Struct, frozen=True):
    """The people who started in one period."""

    bucket: str
    size: int
    kept: tuple[RetentionCell, ...]  # of period 0 and on, or of each bracket


class RetentionGroup(msgspec.Struct, frozen=True):
    """The cohorts of one value of the breakdown."""

    key: str
    cohorts: tuple[Cohort, ...]
    overall: tuple[float | None, ...]


class RetentionAnswer(Answer, frozen=True, tag="retention", kw_only=True):
    """A row for each cohort; `overall` weights those complete in a period by their size."""

    labels: tuple[str, ...]  # of the columns: "W0", "W1", or "D1 to D3"
    cohorts: tuple[Cohort, ...]
    overall: tuple[float | None, ...]
    groups: tuple[RetentionGroup, ...] = ()


class Line(msgspec.Struct, frozen=True):
    """One series, with a value for each bucket; None where it is undefined."""

    key: str
    label: str
    values: tuple[float | None, ...]
    total: float | None  # over the whole range: people are counted once
    breakdown: str | None = None
    before: tuple[float | None, ...] = ()  # values of the days before, where compared
    total_before: float | None = None
    change: float | None = None  # of total against total_before: 0.1 is a tenth more
    difference: float | None = None  # total less total_before


class TrendAnswer(Answer, frozen=True, tag="trend", kw_only=True):
    """Lines over the same buckets; the last bucket may not be over.

    With a breakdown the lines of everything come first, then those of each value.
    """

    buckets: tuple[str, ...]
    complete: tuple[bool, ...]
    lines: tuple[Line, ...]
    buckets_before: tuple[str, ...] = ()  # beside each bucket; "" where nothing is: see `comparing`
    data_since: str = ""  # the first day of the data, where days before it were to be compared with


class ActiveAnswer(Answer, frozen=True, tag="active", kw_only=True):
    """Lines `dau`, `wau`, `mau` and `stickiness` (DAU through MAU), by day."""

    buckets: tuple[str, ...]
    complete: tuple[bool, ...]
    lines: tuple[Line, ...]
    buckets_before: tuple[str, ...] = ()
    data_since: str = ""  # the first day of the data, where days before it were to be compared with


class LifecycleAnswer(Answer, frozen=True, tag="lifecycle", kw_only=True):
    """Lines `new`, `returning`, `resurrecting` (together all who are active) and `dormant`."""

    buckets: tuple[str, ...]
    complete: tuple[bool, ...]
    lines: tuple[Line, ...]


class Node(msgspec.Struct, frozen=True):
    """An event at one level; the name "" is the rest ("other"); `end` counts paths ending here."""

    level: int  # 0 is the anchor
    name: str
    paths: int
    end: int


class Flow(msgspec.Struct, frozen=True):
    """How many paths go from a node of `level` to one of the next level."""

    level: int
    source: str
    target: str
    paths: int


class PathsAnswer(Answer, frozen=True, tag="paths", kw_only=True):
    """Nodes and flows; the paths of a node equal its outgoing flows plus those that end there."""

    nodes: tuple[Node, ...]
    flows: tuple[Flow, ...]


AnyAnswer = (
    FunnelAnswer | RetentionAnswer | TrendAnswer | ActiveAnswer | LifecycleAnswer | PathsAnswer
)


class Member(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person behind a count."""

    person: int
    label: str  # the id by which the product knows them
    happened: str  # when the person entered this count
    properties: dict[str, object] = {}


class Members(msgspec.Struct, frozen=True):
    """A page of the people behind a count, with their total number."""

    total: int
    members: tuple[Member, ...]
    cursor: str | None = None


def common_fields(
    question: AnyQuestion, setting: Setting, definition: str, position: int
) -> dict[str, Any]:
    """Return the fields that all answers have, see `Answer`."""
    return {
        "question": digest(question),
        "definition": definition,
        "as_of": setting.as_of.isoformat() + "Z",
        "zone": setting.zone,
        "position": position,
    }


def bad_cell(reason: str) -> Rejected:
    """Return the refusal of a cell that an answer does not have."""
    return Rejected("analytics.bad_cell", reason, hint="Use a count that the answer has.")


def first_steps(
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
