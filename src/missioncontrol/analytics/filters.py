"""The filters of questions on events and people, as conditions in SQL.

Conditions are never NULL, so that they can be negated and counted.

- A missing or null property meets `is_not`, `not_contains` and `not_set` only.
- `is` compares texts exactly; numbers and booleans in their JSON form (`2.5`, `true`).
- The comparisons hold only for finite JSON numbers and for texts that are numbers.
- `did` considers all events of a person that count, also those that the segment filters out; its
  days are in the product's zone and end with the last day of the range.
"""

import math
import re
from datetime import timedelta

from missioncontrol.analytics.calendar import Setting, bounds, start_of, zone_of
from missioncontrol.analytics.definition import definition
from missioncontrol.analytics.questions import (
    VALUES_MAX,
    WHERE_MAX,
    AnyQuestion,
    Did,
    Pattern,
    Where,
)
from missioncontrol.analytics.sql import NUMERALS, Parameters, joined, number_of, property_of
from missioncontrol.domain.errors import Rejected

NUMBER = re.compile(NUMERALS)
COMPARISONS = {"above": ">", "at_least": ">=", "below": "<", "at_most": "<="}
TECHNICAL = frozenset(definition("active").defaults["technical"])
"""Events that a library sends by itself: they are no activity, as the definition explains."""

DID_MAX = 20
DID_DAYS_MAX = 3_660


def counted(question: AnyQuestion, setting: Setting, parameters: Parameters) -> str:
    """Return a subquery of the events that count for a question, of any time up to `as_of`.

    Its columns are `product, seq, name, happened, person, session, source, properties`.

    Raises:
        Rejected: as `matches`, or `analytics.bad_segment`.
    """
    conditions = [
        f"e.product = {parameters.product}",
        f"e.happened <= {parameters.moment(setting.as_of)}",
        *(_holds(each, parameters, "e") for each in _bounded(question.segment.where)),
        *_people(question, setting, parameters),
    ]
    columns = "e.product, e.seq, e.name, e.happened, e.person, e.session, e.source, e.properties"
    return f"(SELECT {columns} FROM counted e WHERE {joined(conditions)})"


def matches(pattern: Pattern, parameters: Parameters, alias: str) -> str:
    """Return the condition that a row of `counted`, called `alias`, matches a pattern.

    Raises:
        Rejected: `analytics.bad_condition`.
    """
    conditions = [_holds(each, parameters, alias) for each in _bounded(pattern.where)]
    if pattern.event:
        conditions.insert(0, f"{alias}.name = {parameters.text(pattern.event)}")
    return joined(conditions)


def matches_activity(pattern: Pattern, parameters: Parameters, alias: str) -> str:
    """Return `matches` for activity: without an event name, `TECHNICAL` events do not match.

    Raises:
        Rejected: as `matches`.
    """
    found = matches(pattern, parameters, alias)
    if pattern.event:
        return found
    names = ", ".join(parameters.text(each) for each in sorted(TECHNICAL))
    return joined([found, f"{alias}.name NOT IN ({names})"])


def label_of(pattern: Pattern) -> str:
    """Return the display name of a pattern."""
    return pattern.label or pattern.event or "any event"


def _people(question: AnyQuestion, setting: Setting, parameters: Parameters) -> list[str]:
    segment = question.segment
    if len(segment.did) + len(segment.cohorts) > DID_MAX:
        raise Rejected(
            "analytics.bad_segment",
            f"A segment has {len(segment.did) + len(segment.cohorts)} conditions on what people"
            f" did and which cohorts they are in; at most {DID_MAX} are allowed.",
            hint="Save a cohort and use that.",
        )
    return [
        *(_did(each, question, setting, parameters) for each in segment.did),
        *(_in_cohort(each, parameters) for each in segment.cohorts),
    ]


def _did(found: Did, question: AnyQuestion, setting: Setting, parameters: Parameters) -> str:
    if found.at_least < 1 or not 1 <= found.days <= DID_DAYS_MAX:
        raise Rejected(
            "analytics.bad_segment",
            f"The condition of {found.at_least} times in {found.days} days is not valid.",
            hint=f"Use at least 1 time in 1 to {DID_DAYS_MAX} days.",
        )
    _, until = bounds(question.range, setting)
    first = question.range.until - timedelta(days=found.days - 1)
    since = start_of(first, zone_of(setting.zone))
    conditions = [
        f"d.product = {parameters.product}",
        f"d.happened >= {parameters.moment(since)}",
        f"d.happened < {parameters.moment(until)}",
        f"d.happened <= {parameters.moment(setting.as_of)}",
        matches_activity(found.pattern, parameters, "d"),
    ]
    word = "NOT IN" if found.negated else "IN"
    return (
        f"e.person {word} (SELECT d.person FROM counted d WHERE {joined(conditions)}"
        f" GROUP BY d.person HAVING count(*) >= {parameters.number(found.at_least)})"
    )


def _in_cohort(cohort: str, parameters: Parameters) -> str:
    return (
        "e.person IN (SELECT s.person FROM saved_cohorts s"
        f" WHERE s.product = {parameters.product} AND s.cohort = {parameters.text(cohort)})"
    )


def _bounded(where: tuple[Where, ...]) -> tuple[Where, ...]:
    if len(where) > WHERE_MAX:
        raise Rejected(
            "analytics.bad_condition",
            f"There are {len(where)} conditions; at most {WHERE_MAX} are allowed.",
            hint="Remove some of them.",
        )
    return where


def _holds(where: Where, parameters: Parameters, alias: str) -> str:
    if where.of == "event":
        return _condition(where, parameters, f"{alias}.properties")
    return (
        f"{alias}.person IN (SELECT known.person FROM people known"
        f" WHERE known.product = {parameters.product}"
        f" AND {_condition(where, parameters, 'known.properties')})"
    )


def _condition(where: Where, parameters: Parameters, properties: str) -> str:
    found = property_of(properties, where.property, parameters)
    match where.operator:
        case "set":
            return f"{found} IS NOT NULL"
        case "not_set":
            return f"{found} IS NULL"
        case "is":
            return f"coalesce({_is_any(where, parameters, found)}, false)"
        case "is_not":
            return f"NOT coalesce({_is_any(where, parameters, found)}, false)"
        case "contains":
            return f"coalesce({_has_any(where, parameters, found)}, false)"
        case "not_contains":
            return f"NOT coalesce({_has_any(where, parameters, found)}, false)"
        case "above" | "at_least" | "below" | "at_most":
            number = number_of(properties, where.property, parameters)
            limit = parameters.number(_limit(where))
            return f"coalesce({number} {COMPARISONS[where.operator]} {limit}, false)"


def _is_any(where: Where, parameters: Parameters, found: str) -> str:
    return f"{found} IN ({', '.join(parameters.text(each) for each in _values(where))})"


def _has_any(where: Where, parameters: Parameters, found: str) -> str:
    each_of = (
        f"contains(lower({found}), lower({parameters.text(each)}))" for each in _values(where)
    )
    return joined(each_of, "OR")


def _values(where: Where) -> tuple[str, ...]:
    if not 1 <= len(where.values) <= VALUES_MAX:
        raise Rejected(
            "analytics.bad_condition",
            f"{where.property!r} {where.operator} has {len(where.values)} values;"
            f" it takes 1 to {VALUES_MAX}.",
            hint="To test whether there is a value at all, use `set` or `not_set`.",
        )
    return where.values


def _limit(where: Where) -> float:
    text = where.values[0] if len(where.values) == 1 else ""
    try:
        number = float(text) if NUMBER.fullmatch(text) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Rejected(
            "analytics.bad_condition",
            f"{where.property!r} {where.operator} takes one number, not {list(where.values)}.",
            hint="Give a number such as `10` or `2.5`.",
        )
    return number
