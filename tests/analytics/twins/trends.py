"""What a trend measures, event by event."""

import math
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta

from missioncontrol.analytics.calendar import start_of, zone_of
from missioncontrol.analytics.questions import Cell, Series, Trend
from tests.analytics.twins.days import before_by, days_of, first_of, is_on
from tests.analytics.twins.filtering import counted, matches, people_of, text_of
from tests.analytics.worlds import Event, World

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

Values = list[float | None]
Place = tuple[str, str]
"""The day of the range, or the first of its period; of an hour also what clocks show, and whether
they showed it before on that day."""


def keys_of(question: Trend) -> list[str]:
    return [each.key or "ABCDEFGHIJ"[at] for at, each in enumerate(question.series)]


def places(question: Trend, world: World) -> list[Place]:
    """Return the periods of the range in their order."""
    if question.by == "hour":
        return [(f"{day}", mark) for day in days_of(question.range) for mark in _hours(day, world)]
    firsts = (first_of(day, question.by, world.setting) for day in days_of(question.range))
    return [(each.isoformat(), "") for each in dict.fromkeys(firsts)]


def breakdowns(question: Trend, world: World) -> list[str]:
    """Return the values of the breakdown, and `other` where there is more."""
    if question.breakdown is None:
        return []
    people: dict[str, set[int]] = defaultdict(set)
    for event in counted(question, world):
        is_in = _place(question, world, event.happened, before=False) is not None
        if is_in and _is_asked(question, event, world):
            people[_value(question, event, world)].add(event.person)
    ranked = sorted(people, key=lambda each: (-len(people[each]), each))
    apart = [each for each in ranked[:25] if each != "other"]
    either = (
        event
        for event in counted(question, world)
        for series in question.series
        for before in ((False, True) if question.compared else (False,))
        if matches(series.pattern, event, world)
        and _place(question, world, event.happened, before=before)
        and (not series.property or _numbers(series, [event]))
    )
    has_other = any(_value(question, each, world) not in apart for each in either)
    return [*apart, *(["other"] if has_other else [])]


def told(
    question: Trend,
    world: World,
    series: Series,
    breakdown: str | None,
    values: list[str],
    *,
    before: bool = False,
) -> tuple[Values, float | None]:
    """Return the value in each period, and over all; `values` are those of `breakdowns`."""
    found = chosen(question, world, series, breakdown, values, before=before)
    by_place = defaultdict(list)
    for place, event in found:
        by_place[place].append(event)
    measures = [measured(series, by_place[place]) for place in places(question, world)]
    if before and question.by == "hour":
        measures = [
            value
            if mark in _hours(date.fromisoformat(day) - before_by(question.range), world)
            else None
            for value, (day, mark) in zip(measures, places(question, world), strict=True)
        ]
    return measures, measured(series, [event for _, event in found])


def chosen(
    question: Trend,
    world: World,
    series: Series,
    breakdown: str | None,
    values: list[str],
    *,
    before: bool = False,
) -> list[tuple[Place, Event]]:
    """Return the events that a series counts, each with its period."""
    found = []
    for event in counted(question, world):
        place = _place(question, world, event.happened, before=before)
        if place is None or not matches(series.pattern, event, world):
            continue
        if series.count not in ("events", "people", "per_person") and not _numbers(series, [event]):
            continue
        value = _value(question, event, world) if question.breakdown else None
        if breakdown is not None and (value if value in values else "other") != breakdown:
            continue
        found.append((place, event))
    return found


def measured(series: Series, events: list[Event]) -> float | None:
    people = len({each.person for each in events})
    numbers = sorted(_numbers(series, events)) if series.property else []
    match series.count:
        case "events":
            return float(len(events))
        case "people":
            return float(people)
        case "per_person":
            return len(events) / people if people else None
    if not numbers:
        return None
    match series.count:
        case "sum":
            return math.fsum(numbers)
        case "average":
            return math.fsum(numbers) / len(numbers)
        case "least":
            return numbers[0]
        case "most":
            return numbers[-1]
        case "median":
            return _between(numbers, 0.5)
        case _:
            return _between(numbers, 0.9)


def members(question: Trend, cell: Cell, world: World) -> list[int]:
    series = question.series[keys_of(question).index(cell.series)]
    values = breakdowns(question, world)
    found = chosen(question, world, series, cell.breakdown, values, before=cell.before)
    if cell.bucket:
        found = [
            (place, event)
            for place, event in found
            if label(question, place, world, before=cell.before) == cell.bucket
        ]
    people = [event.person for _, event in found]
    return sorted(set(people) if series.count in ("people", "per_person") else people)


def label(question: Trend, place: Place, world: World, *, before: bool = False) -> str:
    """Return what a period, or the one beside it, is called; "" where there is none."""
    day = date.fromisoformat(place[0]) - (before_by(question.range) if before else timedelta(0))
    return _hours(day, world).get(place[1], "") if question.by == "hour" else day.isoformat()


def _between(numbers: list[float], share: float) -> float:
    place = share * (len(numbers) - 1)
    low = math.floor(place)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (numbers[high] - numbers[low]) * (place - low)


def _numbers(series: Series, events: list[Event]) -> list[float]:
    texts = (text_of(each.properties, series.property) for each in events)
    return [float(text) for text in texts if text is not None and NUMBER.fullmatch(text)]


def _is_asked(question: Trend, event: Event, world: World) -> bool:
    return any(matches(each.pattern, event, world) for each in question.series)


def _value(question: Trend, event: Event, world: World) -> str:
    assert question.breakdown is not None
    of_event = question.breakdown.of == "event"
    properties = event.properties if of_event else people_of(world, event.person)
    return text_of(properties, question.breakdown.property) or ""


def _place(question: Trend, world: World, moment: datetime, *, before: bool) -> Place | None:
    """Return the period of the range in which something is, or beside which it is."""
    back = before_by(question.range) if before else timedelta(0)
    for day in days_of(question.range):
        if is_on(day - back, moment, world.setting):
            if question.by != "hour":
                return first_of(day, question.by, world.setting).isoformat(), ""
            started = start_of(day - back, zone_of(world.setting.zone))
            return day.isoformat(), list(_hours(day - back, world))[(moment - started) // HOUR]
    return None


def _hours(day: date, world: World) -> dict[str, str]:
    """Return what the hours of a day are called, by what clocks show and for which time."""
    zone = zone_of(world.setting.zone)
    moment, end = start_of(day, zone), start_of(day + DAY, zone)
    found, shown = {}, Counter[int]()
    while moment < end:
        local = moment.replace(tzinfo=UTC).astimezone(zone)
        found[f"{local.hour} {shown[local.hour]}"] = local.isoformat(timespec="minutes")
        shown[local.hour] += 1
        moment += HOUR
    return found
