"""A funnel by trying every chain of events there is.

Where words leave a choice, this is what is meant:

- Units are people, entries, or sessions. A unit of a person or a session sees all that the person
  did (in that session): what lies between two steps, for `strict` and for exclusions, may be any
  of these events, also one without the property that is held constant.
- A window is open as long as something could still happen in it: events at `as_of` are known, so
  it has to end after `as_of`. For a step to be pending some chain must still be able to reach it:
  the window of the next step and, where windows count from the first step, those of all up to it;
  no exclusion that ends at or before it has happened since; for `strict`, nothing followed.
- Held constant, the chains of all values are looked at together: a person reached what any of them
  reached. Events without the property are in no chain, so they are no entries either.
- In any order, an event may be several of the steps, and level k is reached with the event by which
  k + 1 of them are there.
- Times of a step are those of the first event that reaches it, from its latest possible start.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from missioncontrol.analytics.answers import FunnelGroup, StepCount
from missioncontrol.analytics.calendar import buckets
from missioncontrol.analytics.questions import Cell, Funnel, Pattern
from tests.analytics.twins.filtering import counted, matches, people_of, range_of, text_of
from tests.analytics.worlds import Event, World

SESSION = timedelta(minutes=30)


@dataclass(frozen=True)
class Unit:
    """A person, an entry or a session that entered, and how far it came."""

    person: int
    entered: datetime
    key: str  # the value of the breakdown
    reached: int  # the furthest step
    is_pending: bool  # whether the step after that may still be reached
    since_first: tuple[float, ...]  # seconds to each step that was reached
    since_before: tuple[float, ...]


@dataclass(frozen=True)
class Seen:
    """The events among which the chains of a unit are looked for, and where they may begin."""

    events: list[Event]
    starts: list[int]


Chain = tuple[int, ...]


def told(
    question: Funnel, world: World
) -> tuple[tuple[StepCount, ...], tuple[FunnelGroup, ...], tuple[FunnelGroup, ...]]:
    """Return the steps, the groups of the breakdown by their keys, and the trend."""
    found = units(question, world)
    keys = sorted({each.key for each in found}) if question.breakdown else []
    groups = [
        FunnelGroup(key, _steps(question, [each for each in found if each.key == key]))
        for key in keys
    ]
    trend = []
    for bucket in buckets(question.range, question.by, world.setting) if question.by else ():
        inside = [each for each in found if bucket.since <= each.entered < bucket.until]
        is_complete = bucket.until <= world.setting.as_of and not any(
            each.is_pending for each in inside
        )
        trend.append(FunnelGroup(bucket.label, _steps(question, inside), is_complete))
    return _steps(question, found), tuple(groups), tuple(trend)


def members(question: Funnel, cell: Cell, world: World) -> list[int]:
    """Return the person of each unit that a cell counts."""
    step = cell.step or 0
    found = units(question, world)
    if cell.breakdown is not None:
        found = [each for each in found if each.key == cell.breakdown]
    if cell.bucket:
        assert question.by is not None
        (bucket,) = (
            each
            for each in buckets(question.range, question.by, world.setting)
            if each.label == cell.bucket
        )
        found = [each for each in found if bucket.since <= each.entered < bucket.until]
    counts: dict[str, Callable[[Unit], bool]] = {
        "": lambda each: each.reached >= step,
        "converted": lambda each: each.reached >= step,
        "lost": lambda each: each.reached == step - 1 and not each.is_pending,
        "pending": lambda each: each.reached == step - 1 and each.is_pending,
    }
    return sorted(each.person for each in found if counts[cell.state](each))


def units(question: Funnel, world: World) -> list[Unit]:
    """Return all that entered."""
    return [_unit(question, seen, world) for seen in _seen(question, world) if seen.starts]


def _unit(question: Funnel, seen: Seen, world: World) -> Unit:
    chains = list(_chains(question, seen, world))
    reached = max(len(each) for each in chains) - 1
    is_last = reached == len(question.steps) - 1
    entries = [seen.events[each] for each in seen.starts]
    which = -1 if question.breakdown and question.breakdown.touch == "last" else 0
    times = [
        _times([each for each in chains if len(each) == step + 1], seen.events)
        for step in range(reached + 1)
    ]
    return Unit(
        person=entries[0].person,
        entered=entries[0].happened,
        key=_key(question, entries[which], world),
        reached=reached,
        is_pending=not is_last and _is_pending(question, seen, chains, reached + 1, world),
        since_first=tuple(first for first, _ in times),
        since_before=tuple(before for _, before in times),
    )


def _times(chains: list[Chain], events: list[Event]) -> tuple[float, float]:
    last = min(each[-1] for each in chains)
    first = max(each[0] for each in chains if each[-1] == last)
    before = max(each[-2] if len(each) > 1 else last for each in chains if each[-1] == last)
    return _seconds(events[first], events[last]), _seconds(events[before], events[last])


def _seen(question: Funnel, world: World) -> Iterator[Seen]:
    since, until = range_of(question, world)
    events = counted(question, world)
    for person in sorted({each.person for each in events}):
        mine = [each for each in events if each.person == person]
        for found in _sessions(mine, world) if question.count == "sessions" else [mine]:
            starts = [
                place
                for place, each in enumerate(found)
                if since <= each.happened < until and _may_start(question, each, world)
            ]
            if question.count == "entries":
                yield from (Seen(found, [each]) for each in starts)
            else:
                yield Seen(found, starts)


def _may_start(question: Funnel, event: Event, world: World) -> bool:
    steps = question.steps if question.order == "any" else question.steps[:1]
    return _value(question, event) is not None and any(
        matches(each.pattern, event, world) for each in steps
    )


def _sessions(events: list[Event], world: World) -> list[list[Event]]:
    """Return a person's events by session; those without one by gaps of half an hour."""
    own: dict[str, list[Event]] = {}
    gaps: list[list[Event]] = []
    for each in events:
        if each.session is not None:
            own.setdefault(each.session, []).append(each)
        elif gaps and each.happened - gaps[-1][-1].happened < SESSION:
            gaps[-1].append(each)
        else:
            gaps.append([each])
    return [*own.values(), *gaps]


def _chains(question: Funnel, seen: Seen, world: World) -> Iterator[Chain]:
    for start in seen.starts:
        if question.order == "any":
            yield from _levels(question, seen.events, start, world)
        else:
            yield from _longer(question, seen.events, (start,), world)


def _levels(question: Funnel, events: list[Event], start: int, world: World) -> Iterator[Chain]:
    """Return for each level from an anchor the events by which the levels up to it were there."""
    chain: list[int] = []
    there: set[int] = set()
    for place in range(start, len(events)):
        each = events[place]
        if not _is_within(question.within, events[start], each):
            break
        if _value(question, each) == _value(question, events[start]):
            there |= {
                step
                for step, found in enumerate(question.steps)
                if matches(found.pattern, each, world)
            }
        while len(chain) < len(there):
            chain.append(place)
            yield tuple(chain)


def _longer(question: Funnel, events: list[Event], chain: Chain, world: World) -> Iterator[Chain]:
    """Return a chain, and every chain that begins with it."""
    yield chain
    if len(chain) == len(question.steps):
        return
    after = chain[-1] + 1
    last = after + 1 if question.order == "strict" else len(events)
    for place in range(after, min(last, len(events))):
        longer = (*chain, place)
        if _is_chain(question, events, longer, world):
            yield from _longer(question, events, longer, world)


def _is_chain(question: Funnel, events: list[Event], chain: Chain, world: World) -> bool:
    """Return whether the last event of a chain may follow those before it."""
    step = len(chain) - 1
    found, first, last = question.steps[step], events[chain[0]], events[chain[-1]]
    since = first if question.windows_from == "first" else events[chain[-2]]
    return (
        matches(found.pattern, last, world)
        and _value(question, last) == _value(question, first)
        and _is_within(found.within, since, last)
        and _is_within(question.within, first, last)
        and not any(
            matches(each.pattern, events[place], world)
            for each in question.exclusions
            if each.before == step
            for place in range(chain[each.after] + 1, chain[-1])
        )
    )


def _is_pending(question: Funnel, seen: Seen, chains: list[Chain], step: int, world: World) -> bool:
    if question.count == "sessions" and seen.events[-1].happened + SESSION <= world.setting.as_of:
        return False
    return any(_may_reach(question, seen.events, each, step, world) for each in chains)


def _may_reach(
    question: Funnel, events: list[Event], chain: Chain, step: int, world: World
) -> bool:
    """Return whether events after `as_of` could still lead a chain to a step."""
    first, last = events[chain[0]], events[chain[-1]]
    if not _is_open(question.within, first, world):
        return False
    if question.order == "any":
        return True
    if question.order == "strict" and chain[-1] != len(events) - 1:
        return False
    if any(
        matches(each.pattern, event, world)
        for each in question.exclusions
        if each.after < len(chain) <= each.before <= step
        for event in events[chain[each.after] + 1 :]
    ):
        return False
    if question.windows_from == "before":
        return _is_open(question.steps[len(chain)].within, last, world)
    return all(
        _is_open(each.within, first, world) for each in question.steps[len(chain) : step + 1]
    )


def _is_open(within: float | None, since: Event, world: World) -> bool:
    return within is None or since.happened + timedelta(seconds=within) > world.setting.as_of


def _is_within(within: float | None, since: Event, event: Event) -> bool:
    return within is None or event.happened - since.happened <= timedelta(seconds=within)


def _value(question: Funnel, event: Event) -> str | None:
    """Return what is held constant; "" for every event where nothing is."""
    return text_of(event.properties, question.constant) if question.constant else ""


def _key(question: Funnel, event: Event, world: World) -> str:
    if question.breakdown is None:
        return ""
    is_own = question.breakdown.of == "event"
    properties = event.properties if is_own else people_of(world, event.person)
    return text_of(properties, question.breakdown.property) or ""


def _seconds(first: Event, last: Event) -> float:
    return (last.happened - first.happened).total_seconds()


def _steps(question: Funnel, found: list[Unit]) -> tuple[StepCount, ...]:
    return tuple(_step(question, found, step) for step in range(len(question.steps)))


def _step(question: Funnel, found: list[Unit], step: int) -> StepCount:
    here = [each for each in found if each.reached >= step]
    stopped = [each for each in found if each.reached == step - 1]
    before = len(here) + len(stopped)
    return StepCount(
        label=_label(question.steps[step].pattern),
        reached=len(here),
        lost=sum(not each.is_pending for each in stopped),
        pending=sum(each.is_pending for each in stopped),
        of_first=len(here) / len(found) if found else None,
        of_before=len(here) / before if before else None,
        median=median(each.since_first[step] for each in here) if here and step else None,
        median_step=median(each.since_before[step] for each in here) if here and step else None,
    )


def _label(pattern: Pattern) -> str:
    return pattern.label or pattern.event or "any event"
