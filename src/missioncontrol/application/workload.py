"""What agents and people have to do: now, in their queues, and in the last 24 hours."""

from collections.abc import Iterable

import msgspec

from missioncontrol.application.work_index import WorkItem

DAY = 86_400.0
KEYS_MAX = 5
AT_WORK = ("building", "in_review")


class Load(msgspec.Struct, frozen=True):
    """What an agent or a person has to do."""

    name: str  # user:NAME or agent:NAME; "" for items that are not assigned
    now: tuple[str, ...]  # keys of what is in work, at most five
    at_work: int
    queue: int  # items that are ready, planned or wait
    waiting: int  # of these: that wait for a person
    stuck: int  # of all: that are stuck or failed
    oldest: float  # since when the oldest of the queue is there; 0 where there is none
    done: int  # in the last 24 hours
    cost: int  # micro-dollars of open items and of those


def loads_of(items: Iterable[WorkItem], now: float) -> list[Load]:
    """Return what each has to do, who has most first; what is not assigned comes last."""
    by_name: dict[str, list[WorkItem]] = {}
    for item in items:
        if item.is_open or (item.word == "done" and item.entered > now - DAY):
            by_name.setdefault(_doer(item), []).append(item)
    found = [_load(name, of) for name, of in by_name.items()]
    return sorted(found, key=lambda each: (not each.name, -each.at_work - each.queue, each.name))


def _doer(item: WorkItem) -> str:
    """Return who acts next: of what waits for a person, that person."""
    if item.word == "waiting" and item.on:
        return f"user:{item.on[0].removeprefix('user:')}"
    return item.assignee


def _load(name: str, items: list[WorkItem]) -> Load:
    at_work = [each for each in items if each.word in AT_WORK]
    queue = [each for each in items if each.is_open and each.word not in AT_WORK]
    return Load(
        name,
        tuple(each.id for each in at_work[:KEYS_MAX]),
        len(at_work),
        len(queue),
        sum(each.word == "waiting" for each in queue),
        sum(each.word in ("stuck", "failed") for each in queue),
        min((each.entered for each in queue), default=0.0),
        sum(each.word == "done" for each in items),
        sum(each.cost for each in items),
    )
