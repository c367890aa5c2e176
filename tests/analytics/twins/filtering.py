"""Which events and which people a question is about, event by event in plain Python."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from missioncontrol.analytics.calendar import start_of, zone_of
from missioncontrol.analytics.questions import AnyQuestion, Did, Pattern, Where
from tests.analytics.worlds import PRODUCT, Event, World


def counted(question: AnyQuestion, world: World) -> list[Event]:
    """Return the segment's events, in the order (happened, seq)."""
    events = [
        each
        for each in known(world)
        if all(_meets(where, each, world) for where in question.segment.where)
        and all(_did(did, each.person, question, world) for did in question.segment.did)
        and all(each.person in world.cohorts.get(name, ()) for name in question.segment.cohorts)
    ]
    return events


def known(world: World) -> list[Event]:
    """Return the events of the product up to the moment of asking, in order."""
    found = [
        each
        for each in world.events
        if each.product == PRODUCT and each.happened <= world.setting.as_of
    ]
    return sorted(found, key=lambda each: (each.happened, each.seq))


TECHNICAL = ("$feature_flag_called", "$set")


def matches_activity(pattern: Pattern, event: Event, world: World) -> bool:
    """Return whether an event makes a person active: technical ones only by their own name."""
    if not pattern.event and event.name in TECHNICAL:
        return False
    return matches(pattern, event, world)


def matches(pattern: Pattern, event: Event, world: World) -> bool:
    return pattern.event in ("", event.name) and all(
        _meets(where, event, world) for where in pattern.where
    )


def text_of(properties: Mapping[str, Any], name: str) -> str | None:
    """Return a property as text; None where it is missing or null."""
    value = properties.get(name)
    return value if value is None or isinstance(value, str) else json.dumps(value)


def people_of(world: World, person: int) -> Mapping[str, Any]:
    return world.people.get(person, {})


def range_of(question: AnyQuestion, world: World) -> tuple[datetime, datetime]:
    zone = zone_of(world.setting.zone)
    after = question.range.until + timedelta(days=1)
    return start_of(question.range.since, zone), start_of(after, zone)


def _did(did: Did, person: int, question: AnyQuestion, world: World) -> bool:
    first = question.range.until - timedelta(days=did.days - 1)
    since = start_of(first, zone_of(world.setting.zone))
    _, until = range_of(question, world)
    times = sum(
        each.person == person
        and since <= each.happened < until
        and matches_activity(did.pattern, each, world)
        for each in known(world)
    )
    return (times >= did.at_least) is not did.negated


def _meets(where: Where, event: Event, world: World) -> bool:
    properties = event.properties if where.of == "event" else people_of(world, event.person)
    text = text_of(properties, where.property)
    match where.operator:
        case "set":
            return text is not None
        case "not_set":
            return text is None
        case "is":
            return text in where.values
        case "is_not":
            return text not in where.values
        case "contains":
            return _contains(text, where.values)
        case "not_contains":
            return not _contains(text, where.values)
        case "above" | "at_least" | "below" | "at_most":
            return _compares(where, text)


def _contains(text: str | None, values: tuple[str, ...]) -> bool:
    return text is not None and any(each.lower() in text.lower() for each in values)


def _compares(where: Where, text: str | None) -> bool:
    if text is None or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return False
    number, limit = float(text), float(where.values[0])
    answers = {
        "above": number > limit,
        "at_least": number >= limit,
        "below": number < limit,
        "at_most": number <= limit,
    }
    return answers[where.operator]
