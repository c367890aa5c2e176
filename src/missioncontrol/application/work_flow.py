"""How work flows: time in each stage, what waits for what, and how many items are where by day."""

from collections.abc import Iterable, Sequence

import msgspec

from missioncontrol.application.work_index import WorkItem
from missioncontrol.domain.work_item.stages import STAGES, Stage, spans
from missioncontrol.projections.work_rows import WorkRow, is_over

DAY = 86_400.0
DAYS = 28
WAITS_MAX = 8
KINDS = ("agent", "person", "failed", "item")
"""What items wait for; what a person can free at once comes first, order among tasks last."""


class StageFlow(msgspec.Struct, frozen=True):
    """How long items stayed in a stage; of stays that ended in the last 28 days."""

    stage: Stage
    stays: int
    p50: float  # seconds; 0 where nothing has left it
    p90: float


class Wait(msgspec.Struct, frozen=True):
    """Something that items wait for, and what frees it."""

    kind: str  # agent, person, failed or item
    name: str
    items: tuple[str, ...]  # keys of those that wait, at most ten
    count: int
    seconds: float  # that all of them have waited together


class FlowDay(msgspec.Struct, frozen=True):
    """How many items were in each stage at the end of a day."""

    day: float  # its end, seconds since the epoch
    counts: dict[Stage, int]


class Flow(msgspec.Struct, frozen=True):
    """How work flows on the board."""

    stages: list[StageFlow]
    waits: list[Wait]  # by kind, then the longest first
    days: list[FlowDay]  # the oldest first


def flow_of(rows: Sequence[WorkRow], items: Sequence[WorkItem], now: float) -> Flow:
    """Return how work flows, from when items entered their stages."""
    shown = [row for row in rows if not row.is_gone and row.stays]
    return Flow(_stages(shown, now), _waits(items, now), _days(shown, now))


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value within which that share of sorted values lies; 0 where there are none."""
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def _stages(rows: Iterable[WorkRow], now: float) -> list[StageFlow]:
    lasted: dict[Stage, list[float]] = {stage: [] for stage in STAGES if stage != "done"}
    for row in rows:
        for stage, begin, end in spans(row.stays[:-1], row.stays[-1].since):
            if end >= now - DAYS * DAY and stage in lasted:
                lasted[stage].append(end - begin)
    return [
        StageFlow(stage, len(found), quantile(sorted(found), 0.5), quantile(sorted(found), 0.9))
        for stage, found in lasted.items()
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
            tuple(each.id for each in waiting[:10]),
            len(waiting),
            sum(max(now - each.since, 0.0) for each in waiting),
        )
        for (kind, name), waiting in groups.items()
    ]
    return sorted(found, key=lambda each: (KINDS.index(each.kind), -each.seconds))[:WAITS_MAX]


def _causes(item: WorkItem) -> list[tuple[str, str]]:
    match item.word:
        case "stuck":
            return [("agent", item.on[0] if item.on else item.status.partition(": ")[2])]
        case "waiting":
            return [("person", item.status.partition(" on ")[2] or "a person")]
        case "failed":
            return [("failed", "Failed tasks")]
    return [("item", key) for key in item.blocked_by]


def _days(rows: Iterable[WorkRow], now: float) -> list[FlowDay]:
    """Return the counts at the end of each day; what was cancelled is counted until then."""
    ends = [now - number * DAY for number in reversed(range(DAYS))]
    changes: list[dict[Stage, int]] = [dict.fromkeys(STAGES, 0) for _ in range(DAYS + 1)]
    for row in rows:
        for stage, begin, end in spans(row.stays, _until(row)):
            first, last = _place(begin, now), _place(end, now)
            if first < last:
                changes[first][stage] += 1
                changes[last][stage] -= 1
    counts, found = dict.fromkeys(STAGES, 0), []
    for day, change in zip(ends, changes, strict=False):
        counts = {stage: counts[stage] + change[stage] for stage in STAGES}
        found.append(FlowDay(day, counts))
    return found


def _until(row: WorkRow) -> float:
    return row.since if is_over(row) and row.word != "done" else float("inf")


def _place(at: float, now: float) -> int:
    """Return the first day whose end is at this moment or later."""
    ago = (now - at) // DAY if at < now + DAY else -1.0
    return max(0, DAYS - 1 - int(ago)) if ago >= 0 else DAYS
