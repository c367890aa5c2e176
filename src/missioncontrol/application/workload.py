"""What agents and people have to do: now, in their queues, in the last 24 hours, against capacity.

Time of agents is that of their attempts, as the measures count it hour by hour; of an attempt at
work it counts from its begin until now.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from missioncontrol.application.queries.agents import AgentView, agents
from missioncontrol.application.queries.instruments import Instruments
from missioncontrol.application.read_model import Present
from missioncontrol.application.work_index import WorkIndex, WorkItem
from missioncontrol.domain.work_item.stages import spans
from missioncontrol.ports.measures import HOUR_SECONDS, Place, Work
from missioncontrol.projections.measures import spread

DAY = 86_400.0
HOURS = 24
KEYS_MAX = 5
AT_WORK = ("building", "in_review")
WANTED = frozenset({"ready_to_build", "building", "in_review"})
"""Stages in which an item of an agent takes up a slot, or would if one were free."""

REASSIGNABLE = ("person_task", "repository_task", "alert")
"""Kinds whose assignee people choose; of others the plan or the step that asks names them."""

TAKES_STEPS = ("idle", "active", "starting")


class Hour(msgspec.Struct, frozen=True):
    """What was done within an hour."""

    at: float  # its begin, seconds since the epoch
    seconds: float  # of attempts; of a person always 0
    done: int  # attempts that succeeded; of a person: items that were done
    failed: int = 0


class Relief(msgspec.Struct, frozen=True):
    """What frees a queue: start the agent, or give an item to someone else."""

    kind: Literal["start", "reassign"]
    item: str = ""  # its key
    to: str = ""  # who has least to do


class Load(msgspec.Struct, frozen=True):
    """What an agent or a person has to do."""

    name: str  # user:NAME or agent:NAME; "" for items that are not assigned
    now: tuple[str, ...]  # keys of what is in work, at most five
    at_work: int
    queue: int  # items that are ready, planned or wait
    waiting: int  # of these: that wait for a person
    stuck: int  # of all: that are stuck or failed
    oldest: float  # since when the oldest of the queue is there; 0 where there is none
    done: int  # items in the last 24 hours
    hours: list[Hour]  # the last 24, the oldest first
    status: str = ""  # of an agent: idle, active, stopped …
    why: str = ""  # it takes no steps
    kind: str = ""  # of an agent: command, codex …
    slots: int = 0  # attempts that an agent takes at once
    busy: int = 0  # of these: at work
    utilisation: float | None = None  # time at work over time of slots in these hours, 0 to 1
    cost: int = 0  # micro-dollars: of an agent in these hours, of a person of open items
    relief: Relief | None = None


class Capacity(msgspec.Struct, frozen=True):
    """Slots of agents against what wanted one, in an hour."""

    at: float
    busy: float  # slots, in the mean
    demand: int  # items at its end that were at work or ready to be


class Workload(msgspec.Struct, frozen=True):
    """What everyone has to do."""

    agents: list[Load]  # who has most first
    people: list[Load]  # likewise; what is not assigned comes last
    slots: int  # of these agents, those that take steps
    slots_all: int
    demand: int  # now
    unused: int  # built-in agents that had nothing to do in these hours
    hours: list[Capacity]  # the oldest first
    behind: int  # events that the measures have not counted yet


async def workload_of(present: Present, instruments: Instruments, now: float) -> Workload:
    """Return what everyone has to do."""
    assert present.work_items is not None  # They are brought up to the log.
    behind = await instruments.measuring.behind()
    every = await agents(present, instruments, now)
    items = _by_doer(present.work, present.work_items, now)
    end = int(now // HOUR_SECONDS) + 1
    hours = range(end - HOURS, end)
    work = _worked(instruments, hours, now)
    had_work = {agent for _, agent in work} | {name.removeprefix("agent:") for name in items}
    known = [each for each in every if each.source != "built_in" or each.name in had_work]
    found = [_agent(each, items.pop(f"agent:{each.name}", []), work, hours) for each in known]
    others = [_load(name, of, _done_by_hour(of, hours)) for name, of in items.items()]
    people = [each for each in others if not each.name.startswith("agent:")]
    found += [each for each in others if each.name.startswith("agent:")]  # They are removed.
    loads = _relieved([*found, *people], items)
    demand = _demand(present.work, hours, now)
    takes = [each for each in known if each.status in TAKES_STEPS]
    return Workload(
        sorted((e for e in loads if e.name.startswith("agent:")), key=_place),
        sorted((e for e in loads if not e.name.startswith("agent:")), key=_place),
        sum(each.scale for each in takes),
        sum(each.scale for each in known),
        demand[-1],
        len(every) - len(known),
        [
            Capacity(hour * HOUR_SECONDS, _busy(work, hour, now), wanted)
            for hour, wanted in zip(hours, demand, strict=True)
        ],
        behind,
    )


def _place(load: Load) -> tuple[bool, int, str]:
    return (not load.name, -load.at_work - load.queue, load.name)


def _by_doer(index: WorkIndex, items: Sequence[WorkItem], now: float) -> dict[str, list[WorkItem]]:
    by_name: defaultdict[str, list[WorkItem]] = defaultdict(list)
    for item in index.open_items:
        by_name[_doer(item)].append(item)
    for place in range(len(index.open_items), len(items)):
        item = items[place]
        if item.entered > now - DAY and item.word == "done":
            by_name[_doer(item)].append(item)
    return dict(by_name)


def _doer(item: WorkItem) -> str:
    """Return who acts next: of what waits for a person, that person."""
    if item.word == "waiting" and item.on:
        return f"user:{item.on[0].removeprefix('user:')}"
    return item.assignee


Worked = Mapping[tuple[int, str], Work]
"""By hour and agent."""


def _worked(instruments: Instruments, hours: range, now: float) -> Worked:
    """Return what agents did in each hour, with what is at work until now."""
    measuring = instruments.measuring
    counted = measuring.tables.work(("hour", "agent"), since=hours.start, until=hours.stop)
    found = {(place.hour, place.agent): work for place, work in counted.items()}
    for attempt in measuring.at_work:
        for hour, micros in spread(attempt.at, round(now * 1e6)):
            if hour in hours:
                place = Place(hour, attempt.agent)
                found.setdefault((place.hour, place.agent), Work()).busy += micros
    return found


def hours_of(instruments: Instruments, agents: Iterable[str], now: float) -> dict[str, list[Hour]]:
    """Return what each of these agents did in the last 24 hours, the oldest first."""
    end = int(now // HOUR_SECONDS) + 1
    hours = range(end - HOURS, end)
    work = _worked(instruments, hours, now)
    return {name: _hours(name, work, hours) for name in agents}


def _hours(agent: str, work: Worked, hours: range) -> list[Hour]:
    found = [(hour, work.get((hour, agent), Work())) for hour in hours]
    return [Hour(h * HOUR_SECONDS, w.busy / 1e6, w.succeeded, w.failed) for h, w in found]


def _busy(work: Worked, hour: int, now: float) -> float:
    seconds = min(now - hour * HOUR_SECONDS, HOUR_SECONDS) or 1.0
    return sum(each.busy for (at, _), each in work.items() if at == hour) / 1e6 / seconds


def _agent(agent: AgentView, items: list[WorkItem], work: Worked, hours: range) -> Load:
    load = _load(f"agent:{agent.name}", items, _hours(agent.name, work, hours))
    return msgspec.structs.replace(
        load,
        status=agent.status,
        why=agent.why,
        kind=agent.kind,
        slots=agent.scale,
        busy=agent.at_work,
        utilisation=agent.measures.utilisation,
        cost=agent.measures.cost,
    )


def _done_by_hour(items: Iterable[WorkItem], hours: range) -> list[Hour]:
    done = Counter(int(each.entered // HOUR_SECONDS) for each in items if each.word == "done")
    return [Hour(hour * HOUR_SECONDS, 0.0, done[hour]) for hour in hours]


def _load(name: str, items: list[WorkItem], hours: list[Hour]) -> Load:
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
        hours,
        cost=sum(each.cost for each in items if each.is_open),
    )


def _relieved(loads: list[Load], people: Mapping[str, list[WorkItem]]) -> list[Load]:
    """Return the loads, each with what frees its queue."""
    named = [each for each in loads if each.name.startswith("user:")]
    least = min(named, key=lambda each: (each.queue + each.at_work, each.name), default=None)
    found = []
    for load in loads:
        relief = None
        if load.queue and load.status and load.status not in TAKES_STEPS:
            relief = Relief("start")
        elif load.queue and not load.status:
            movable = (e for e in people.get(load.name, ()) if e.is_open and _may_move(e))
            item = next(movable, None)
            to = least.name if least is not None and least.name != load.name else ""
            relief = Relief("reassign", item.id, to) if item is not None else None
        found.append(msgspec.structs.replace(load, relief=relief) if relief else load)
    return found


def _may_move(item: WorkItem) -> bool:
    return item.kind in REASSIGNABLE and item.word not in ("waiting", *AT_WORK)


def _demand(index: WorkIndex, hours: range, now: float) -> list[int]:
    """Return how many items of agents were at work or ready to be, at the end of each hour."""
    first, changes = hours.start, Counter[int]()
    for row in index.rows.values():
        if row.kind not in ("task", "repository_task") or row.is_gone:
            continue
        if not row.stays or (row.updated < first * HOUR_SECONDS and row.word not in WANTED):
            continue
        is_off = row.word in ("cancelled", "failed")
        for stage, begin, end in spans(row.stays, row.since if is_off else now):
            if stage in WANTED:
                changes[max(int(begin // HOUR_SECONDS), first)] += 1
                changes[max(int(end // HOUR_SECONDS), first)] -= end < now
    total, found = 0, []
    for hour in hours:
        total += changes[hour]
        found.append(total)
    return found
