"""How work flows: time in each stage, what waits for what, and which items are slow."""

import math
from collections.abc import Iterable, Iterator, Sequence
from weakref import WeakKeyDictionary

import msgspec

from missioncontrol.application.flow_index import (
    BEGUN,
    DAY,
    FlowDay,
    FlowIndex,
    FlowWeek,
    Lead,
    StageFlow,
)
from missioncontrol.application.work_index import WorkIndex, WorkItem
from missioncontrol.domain.work_item.stages import Stage

WAITS_MAX = 8
KEYS_MAX = 10
SLOW_MAX = 50
"""Items over the p90 of their stage that are named; the longest there come first."""

CASES_MIN = 20
"""Stays that ended in a stage before its p90 calls an item slow."""

QUIET = frozenset({"ready_to_build", "building", "in_review"})
"""Statuses of items that can be slow; what waits, is stuck or failed is shown as that."""

KINDS = ("agent", "person", "failed", "item")
"""What items wait for; what a person can free at once comes first, order among tasks last."""


class Wait(msgspec.Struct, frozen=True):
    """Something that items wait for, and what frees it."""

    kind: str  # agent, person, failed or item
    name: str
    items: tuple[str, ...]  # keys of those that wait, at most ten
    count: int
    seconds: float  # that all of them have waited together


class SlowItem(msgspec.Struct, frozen=True):
    """An item that has been in its stage longer than nine of ten that left it."""

    id: str  # its key
    title: str
    stage: Stage
    entered: float  # seconds since the epoch
    p90: float  # seconds
    reason: str


class Flow(msgspec.Struct, frozen=True):
    """How work flows on the board."""

    stages: list[StageFlow]
    lead: Lead
    waits: list[Wait]  # by kind, then the longest first; what is left over is the last one
    slow: list[SlowItem]  # at most 50
    cases_min: int  # stays that a stage needs before items in it are called slow
    days: list[FlowDay]  # the oldest first
    weeks: list[FlowWeek]  # the oldest first


_known: WeakKeyDictionary[WorkIndex, FlowIndex] = WeakKeyDictionary()


def flow_of(index: WorkIndex, now: float) -> Flow:
    """Return how work flows, from when items entered their stages."""
    flow = flow_index(index)
    stages = flow.stages(now)
    return Flow(
        stages,
        flow.lead(now),
        _waits(index.open_items, now),
        _slow(index.open_items, stages, now),
        CASES_MIN,
        flow.days(now),
        flow.weeks(now),
    )


def slow_items(index: WorkIndex, now: float) -> list[SlowItem]:
    """Return the items that are over the p90 of their stage, the longest there first."""
    return _slow(index.open_items, flow_index(index).stages(now), now)


def flow_index(index: WorkIndex) -> FlowIndex:
    """Return the sums over the items of an index, brought up to it."""
    found = _known.get(index)
    if found is None:
        found = _known[index] = FlowIndex()
    found.follow(index)
    return found


def roughly(seconds: float) -> str:
    """Return a time in one unit, as people say it: `43 min`, `17.5 h`, `2.6 d`."""
    for size, unit in ((DAY, "d"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"


def _slow(items: Iterable[WorkItem], stages: Iterable[StageFlow], now: float) -> list[SlowItem]:
    limits = {each.stage: each.p90 for each in stages if each.stays >= CASES_MIN}
    late = {stage: now - limits[stage] for stage in BEGUN if stage in limits}
    found = [
        each
        for each in items
        if each.word in QUIET and each.entered < late.get(each.stage, -math.inf)
    ]
    found.sort(key=lambda each: (each.entered, each.id))
    return [
        SlowItem(
            e.id,
            e.title,
            e.stage,
            e.entered,
            limits[e.stage],
            e.reason,
        )
        for e in found[:SLOW_MAX]
    ]


def _waits(items: Iterable[WorkItem], now: float) -> list[Wait]:
    groups: dict[tuple[str, str], list[WorkItem]] = {}
    for item in items:
        for cause in _causes(item):
            groups.setdefault(cause, []).append(item)
    found = [
        Wait(
            kind,
            name,
            tuple(each.id for each in waiting[:KEYS_MAX]),
            len(waiting),
            sum(max(now - each.since, 0.0) for each in waiting),
        )
        for (kind, name), waiting in groups.items()
    ]
    found.sort(key=lambda each: (KINDS.index(each.kind), -each.seconds))
    return [*found[:WAITS_MAX], *_left_over(found[WAITS_MAX:])]


def _left_over(waits: Sequence[Wait]) -> Iterator[Wait]:
    """Yield what is not listed by itself, so that the rows add up."""
    if waits:
        seconds = sum(each.seconds for each in waits)
        yield Wait("others", f"{len(waits)} more", (), sum(e.count for e in waits), seconds)


def _causes(item: WorkItem) -> list[tuple[str, str]]:
    match item.word:
        case "stuck" if item.on and item.on[0] in item.blocked_by:
            return [("item", item.on[0])]
        case "stuck":
            return [("agent", item.on[0] if item.on else item.status.partition(": ")[2])]
        case "waiting":
            return [("person", item.status.partition(" on ")[2] or "a person")]
        case "failed":
            return [("failed", "Failed tasks")]
    return [("item", key) for key in item.blocked_by]
