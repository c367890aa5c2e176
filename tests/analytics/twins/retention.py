"""Retention by looking at every start and every return of everybody, one after the other.

Where words leave a choice, this is what is meant:

- What the range cuts off of a period is not in its cohort; "first" is the first start ever, so who
  began before the range, or in what was cut off, is in no cohort.
- A return of a calendar is counted by the period in which the start lies, even where the range cuts
  that period short; a cell is complete when the whole period of the calendar is over.
- With a rolling period a member could begin as late as the cohort's period ends in the range.
- A breakdown has the value at the start by which the person is in the cohort.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from missioncontrol.analytics.answers import Cohort, RetentionCell
from missioncontrol.analytics.calendar import (
    Bucket,
    buckets,
    day_of,
    period_after,
    period_of,
    start_of,
    zone_of,
)
from missioncontrol.analytics.questions import Bracket, Cell, Retention, Unit
from tests.analytics.twins.filtering import counted, matches_activity, people_of, text_of
from tests.analytics.worlds import Event, World

ROLLING: dict[Unit, timedelta] = {
    "day": timedelta(hours=24),
    "week": timedelta(hours=7 * 24),
    "month": timedelta(hours=30 * 24),
}
Shares = tuple[float | None, ...]
Table = tuple[tuple[Cohort, ...], Shares]


@dataclass(frozen=True)
class Began:
    """A person in a cohort."""

    person: int
    cohort: int  # the number of its period
    key: str  # the value of the breakdown
    returned: frozenset[int]  # the periods in which they came back


def told(question: Retention, world: World) -> tuple[Table, dict[str, Table]]:
    """Return the cohorts and what is over all of them; the same by value of the breakdown."""
    everybody = began(question, world)
    groups = {
        key: _table(question, world, [each for each in everybody if each.key == key])
        for key in {each.key for each in everybody}
        if question.breakdown
    }
    return _table(question, world, everybody), groups


def members(question: Retention, cell: Cell, world: World) -> list[int]:
    """Return the person of each start that a cell counts, also of cells that are not complete."""
    labels = [each.label for each in buckets(question.range, question.unit, world.setting)]
    found = [each for each in began(question, world) if labels[each.cohort] == cell.bucket]
    if cell.breakdown is not None:
        found = [each for each in found if each.key == cell.breakdown]
    if cell.period is not None:
        found = [each for each in found if _is_kept(question, cell.period, each)]
    return sorted(each.person for each in found)


def began(question: Retention, world: World) -> list[Began]:
    """Return everybody in a cohort, once for each cohort that they are in."""
    periods = buckets(question.range, question.unit, world.setting)
    events = counted(question, world)
    found = []
    for person in sorted({each.person for each in events}):
        mine = [each for each in events if each.person == person]
        starts = [
            place
            for place, each in enumerate(mine)
            if matches_activity(question.start, each, world)
        ]
        if question.kind == "first":
            starts = starts[:1]
        for number, period in enumerate(periods):
            inside = [each for each in starts if _is_in(mine[each], period)]
            if inside:
                found.append(_began(question, world, mine, inside[0], number))
    return found


def _began(
    question: Retention, world: World, events: list[Event], start: int, cohort: int
) -> Began:
    return Began(
        person=events[start].person,
        cohort=cohort,
        key=_key(question, events[start], world),
        returned=frozenset(
            _periods_between(question, world, events[start].happened, each.happened)
            for each in events[start:]
            if matches_activity(question.back, each, world)
        ),
    )


def _is_in(event: Event, period: Bucket) -> bool:
    return period.since <= event.happened < period.until


def _periods_between(question: Retention, world: World, start: datetime, back: datetime) -> int:
    if question.rolling:
        return (back - start) // ROLLING[question.unit]
    first = _first_day(question, world, start)
    last = _first_day(question, world, back)
    count = 0
    while first < last:
        first = period_after(first, question.unit)
        count += 1
    return count


def _first_day(question: Retention, world: World, moment: datetime) -> date:
    return period_of(day_of(moment, world.setting), question.unit, world.setting.week_starts)


def _key(question: Retention, start: Event, world: World) -> str:
    if question.breakdown is None:
        return ""
    is_own = question.breakdown.of == "event"
    properties = start.properties if is_own else people_of(world, start.person)
    return text_of(properties, question.breakdown.property) or ""


def _columns(question: Retention) -> Sequence[Bracket]:
    if question.mode == "bracket":
        return question.brackets
    return [Bracket(each, each) for each in range(question.periods + 1)]


def _is_kept(question: Retention, column: int, each: Began) -> bool:
    asked = _columns(question)[column]
    if question.mode == "on_or_after":
        return any(period >= asked.first for period in each.returned)
    return any(asked.first <= period <= asked.last for period in each.returned)


def _is_complete(question: Retention, world: World, period: Bucket, last: int) -> bool:
    if question.rolling:
        return period.until + (last + 1) * ROLLING[question.unit] <= world.setting.as_of
    over = period_after(date.fromisoformat(period.label), question.unit, last + 1)
    return start_of(over, zone_of(world.setting.zone)) <= world.setting.as_of


def _table(question: Retention, world: World, everybody: list[Began]) -> Table:
    periods = buckets(question.range, question.unit, world.setting)
    columns = _columns(question)
    cohorts = []
    for number, period in enumerate(periods):
        here = [each for each in everybody if each.cohort == number]
        cells = [
            _kept(question, column, here)
            if _is_complete(question, world, period, asked.last)
            else RetentionCell(None, None)
            for column, asked in enumerate(columns)
        ]
        cohorts.append(Cohort(period.label, len(here), tuple(cells)))
    return tuple(cohorts), tuple(_overall(cohorts, each) for each in range(len(columns)))


def _kept(question: Retention, column: int, here: list[Began]) -> RetentionCell:
    people = sum(_is_kept(question, column, each) for each in here)
    return RetentionCell(people, people / len(here) if here else None)


def _overall(cohorts: list[Cohort], column: int) -> float | None:
    people = size = 0
    for each in cohorts:
        found = each.kept[column].people
        if found is not None:
            people += found
            size += each.size
    return people / size if size else None
