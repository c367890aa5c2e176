"""Attributes a change to slices: platforms, countries, plans or versions, and their parts of it.

The days of a change are compared with the same weekdays just before it. For counts, the part of a
slice is its difference divided by the total difference. For shares, a slice contributes the change
of its rate at its mean weight, and the change of its weight times the distance of its rate from the
overall rate. In both cases the parts of all slices of a property add up to 1.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import sqrt
from typing import Any, Literal

import msgspec

from missioncontrol.analytics.answers import (
    ActiveAnswer,
    AnyAnswer,
    FunnelAnswer,
    RetentionAnswer,
    TrendAnswer,
)
from missioncontrol.analytics.calendar import Setting, day_of
from missioncontrol.analytics.detection.answer_values import value
from missioncontrol.analytics.detection.findings import Figure, Finding, Place, Slice, at_most_all
from missioncontrol.analytics.filters import counted
from missioncontrol.analytics.questions import (
    Active,
    AnyQuestion,
    Breakdown,
    Funnel,
    Range,
    Retention,
    Series,
    Trend,
    digest,
)
from missioncontrol.analytics.sql import Parameters
from missioncontrol.ports.warehouse import Statement

PROPERTIES_MAX = 6
VALUES_MAX = 25
FILLED_MIN = 0.3
SAMPLED = 20_000
PEOPLE_MIN = 10
"""People who must share a value of a property, because a rarer value could identify them."""

SHARED_MIN = 0.9
"""The part of all rows that must have such a common value."""

_PLAIN = re.compile(r"[\w .+:/()-]{0,40}")
"""Values that may be shown; they come from outside and may hold anything."""
SLICES_MAX = 8
"""Slices of each property, those with most of the change."""

EXPLAINS_SHARE, EXPLAINS_TIMES, EXPLAINS_SIGMAS = 0.5, 1.5, 3.5

Of = Literal["event", "person"]


class Property(msgspec.Struct, frozen=True):
    """A property by which a change can be sliced."""

    name: str
    of: Of


class Slicing(msgspec.Struct, frozen=True):
    """The questions about the days of a change and the days before, with one breakdown."""

    property: Property
    now: AnyQuestion
    before: AnyQuestion
    place: Place


class Part(msgspec.Struct, frozen=True):
    """The hits of a slice and their base, which is 0 for counts."""

    hits: float
    base: float = 0.0


def properties_query(product: str, setting: Setting) -> Statement:
    """Return the statement of properties: `(of, name, values, filled)`, from a recent sample.

    It excludes properties that identify people, such as names, addresses and free text.
    """
    today = day_of(setting.as_of, setting)
    parameters = Parameters(product)
    events = counted(Active(product=product, range=Range(today, today)), setting, parameters)
    limit = parameters.number(SAMPLED)
    # A pointer has two special characters, see `sql.py`.
    pointer = "'/' || replace(replace(key, '~', '~0'), '/', '~1')"
    return parameters.statement(
        "WITH sampled AS ("
        f"(SELECT 'event' AS kind, e.person AS who, e.properties AS properties FROM {events} AS e"
        f" ORDER BY e.seq DESC LIMIT {limit})"
        " UNION ALL (SELECT 'person', known.person, known.properties FROM people known"
        f" WHERE known.product = {parameters.product} ORDER BY known.person DESC LIMIT {limit})),"
        " keyed AS (SELECT kind, who, properties, unnest(json_keys(properties)) AS key"
        " FROM sampled),"
        f" valued AS (SELECT kind, key, json_extract_string(properties, {pointer}) AS value,"
        " count(*) AS times, count(DISTINCT who) AS people FROM keyed GROUP BY ALL)"
        " SELECT kind, key, count(value),"
        " sum(times) / (SELECT count(*) FROM sampled s WHERE s.kind = valued.kind)"
        " FROM valued GROUP BY kind, key"
        f" HAVING sum(times) FILTER (people >= {parameters.number(PEOPLE_MIN)})"
        f" >= {parameters.number(SHARED_MIN)} * sum(times) ORDER BY kind, key"
    )


def properties(rows: Sequence[Sequence[Any]]) -> tuple[Property, ...]:
    """Return the properties for slicing, which most rows have with few values; events first."""
    fitting = [
        (str(of), str(name))
        for of, name, values, filled in rows
        if 2 <= values <= VALUES_MAX and filled >= FILLED_MIN
    ]
    found: dict[str, Property] = {}
    for of, name in fitting:
        found.setdefault(name, Property(name, "event" if of == "event" else "person"))
    return tuple(found.values())[:PROPERTIES_MAX]


def slicings(finding: Finding, found: Sequence[Property]) -> tuple[Slicing, ...]:
    """Return the questions that attribute a change to slices."""
    days = (finding.until - finding.since).days + 1
    weeks = timedelta(days=-(-days // 7) * 7)
    now = Range(finding.since, finding.until)
    before = Range(finding.since - weeks, finding.until - weeks)
    place = finding.observed.place
    return tuple(
        Slicing(
            each,
            _sliced(finding.question, place, now, each),
            _sliced(finding.question, place, before, each),
            _place(finding.question, place),
        )
        for each in found
    )


def slices(
    finding: Finding, parts: Sequence[Slicing], answers: Mapping[str, AnyAnswer]
) -> tuple[Slice, ...]:
    """Return the slices of a change, those that explain it first."""
    found: list[Slice] = []
    for each in parts:
        now, before = (answers.get(digest(question)) for question in (each.now, each.before))
        if now is not None and before is not None:
            found += _of_property(finding, each, now, before)
    return tuple(sorted(found, key=lambda each: (not each.explains, -each.share)))


def shares(now: Mapping[str, Part], before: Mapping[str, Part]) -> dict[str, float]:
    """Return the part of each slice in the change, adding up to 1; empty without a change."""
    parts = _of_rates(now, before) if _is_share(now, before) else _of_counts(now, before)
    change = sum(parts.values())
    return {key: part / change for key, part in parts.items()} if abs(change) > 1e-12 else {}


def contribution(now: AnyAnswer, before: AnyAnswer, place: Place) -> float | None:
    """Return the part that the slice of a place has in the change between two answers, at most 1.

    Both have the same breakdown. None where there is no change.
    """
    found = shares(_parts(now, place), _parts(before, place)).get(place.breakdown or "")
    return None if found is None else at_most_all(found)


def _of_counts(now: Mapping[str, Part], before: Mapping[str, Part]) -> dict[str, float]:
    return {key: _part(now, key).hits - _part(before, key).hits for key in _keys(now, before)}


def _of_rates(now: Mapping[str, Part], before: Mapping[str, Part]) -> dict[str, float]:
    """Return what each slice adds to the difference of two rates; the sum is exact."""
    bases = [sum(each.base for each in parts.values()) or 1.0 for parts in (now, before)]
    rates = [
        sum(each.hits for each in parts.values()) / base
        for parts, base in zip((now, before), bases, strict=True)
    ]
    overall, found = sum(rates) / 2, {}
    for key in _keys(now, before):
        late, early = _part(now, key), _part(before, key)
        weights = late.base / bases[0], early.base / bases[1]
        # An empty slice takes the rate of the other days, so that only its weight contributes.
        after = late.hits / late.base if late.base else early.hits / (early.base or 1.0)
        prior = early.hits / early.base if early.base else after
        own = sum(weights) / 2 * (after - prior)
        found[key] = own + (weights[0] - weights[1]) * ((after + prior) / 2 - overall)
    return found


def _of_property(
    finding: Finding, slicing: Slicing, now: AnyAnswer, before: AnyAnswer
) -> list[Slice]:
    late, early = _parts(now, slicing.place), _parts(before, slicing.place)
    found, size = shares(late, early), _sizes(early)
    # Against the days just before there may be no such change; slices then can't explain it.
    if len(found) < 2 or finding.is_down != _is_less(late, early):
        return []
    largest = sorted(found, key=lambda key: -found[key])[:SLICES_MAX]
    return [
        Slice(
            property=slicing.property.name,
            of=slicing.property.of,
            value=key,
            share=found[key],
            of_all=size.get(key, 0.0),
            now=_figure(finding, slicing.now, slicing.place, key, late),
            before=_figure(finding, slicing.before, slicing.place, key, early),
            explains=_explains(key, found, size, late, early),
        )
        for key in largest
        if _PLAIN.fullmatch(key) and "//" not in key
    ]


def _explains(
    key: str,
    found: Mapping[str, float],
    size: Mapping[str, float],
    now: Mapping[str, Part],
    before: Mapping[str, Part],
) -> bool:
    """Whether a slice has most of a change, and more than its size and chance explain."""
    share, usual = found[key], _usual(key, size, now, before)
    # People who only moved between slices, as to a new version, explain nothing.
    moved = sum(min(each, 0.0) for each in found.values())
    if share + moved < EXPLAINS_SHARE or share < EXPLAINS_TIMES * usual or usual > 0.9:
        return False
    if _is_share(now, before):
        parts, bases = _of_rates(now, before), sum(each.base for each in now.values()) or 1.0
        late, early = _part(now, key), _part(before, key)
        noise = sqrt(late.hits + early.hits + 1.0) / bases
    else:
        parts = _of_counts(now, before)
        noise = sqrt(_part(now, key).hits + _part(before, key).hits + 1.0)
    change = sum(parts.values())
    return abs(parts[key] - usual * change) >= EXPLAINS_SIGMAS * noise


def _usual(
    key: str, size: Mapping[str, float], now: Mapping[str, Part], before: Mapping[str, Part]
) -> float:
    """Return the part of a change that the size of a slice alone explains."""
    if not _is_share(now, before):
        return size.get(key, 0.0)
    return max(size.get(key, 0.0), _sizes(now).get(key, 0.0))


def _sliced(question: AnyQuestion, place: Place, range_: Range, by: Property) -> AnyQuestion:
    """Return a question about some days with a breakdown by a property."""
    breakdown = Breakdown(by.name, by.of)
    match question:
        case Funnel():
            return msgspec.structs.replace(question, range=range_, breakdown=breakdown, by=None)
        case Retention():
            return msgspec.structs.replace(
                question, range=range_, breakdown=breakdown, periods=max(place.period or 1, 1)
            )
        case Trend():
            line = next(each for each in question.series if each.key == place.line)
            return msgspec.structs.replace(
                question, range=range_, series=(line,), breakdown=breakdown
            )
        case Active():
            return Trend(
                product=question.product,
                range=range_,
                segment=question.segment,
                series=(Series(question.pattern, "people", key=place.line),),
                breakdown=breakdown,
            )
        case _:
            raise AssertionError(f"Nothing is watched by {type(question).__name__}.")


def _place(question: AnyQuestion, place: Place) -> Place:
    """Return the place of a slice's number; active people are aggregated over all days."""
    is_daily = isinstance(question, Active)
    since, until = ("0000", "9999") if is_daily else ("", "")
    return msgspec.structs.replace(place, since=since, until=until)


def _parts(answer: AnyAnswer, place: Place) -> dict[str, Part]:
    """Return the parts of all slices by key."""
    if place.aggregate != "share":
        found = {key: value(answer, _at(place, key)) or 0.0 for key in _values(answer, place)}
        return {key: Part(hits) for key, hits in found.items()}
    parts = {}
    for key in _values(answer, place):
        at = _at(place, key)
        base = value(answer, msgspec.structs.replace(at, aggregate="sum", step=at.of, **_NO_PERIOD))
        hits = value(answer, msgspec.structs.replace(at, aggregate="sum"))
        parts[key] = Part(hits or 0.0, base or 0.0)
    return parts


_NO_PERIOD: dict[str, Any] = {"of": None, "period": None}


def _values(answer: AnyAnswer, place: Place) -> list[str]:
    match answer:
        case FunnelAnswer() | RetentionAnswer():
            return [each.key for each in answer.groups]
        case TrendAnswer() | ActiveAnswer():
            lines = (each for each in answer.lines if each.key == place.line)
            return [each.breakdown for each in lines if each.breakdown is not None]
        case _:
            return []


def _figure(
    finding: Finding, question: AnyQuestion, place: Place, key: str, parts: Mapping[str, Part]
) -> Figure:
    part = _part(parts, key)
    number = part.hits / part.base if part.base else part.hits
    return Figure(number, finding.unit, question, _at(place, key))


def _sizes(before: Mapping[str, Part]) -> dict[str, float]:
    """Return the relative size of each slice."""
    sizes = {key: each.base or each.hits for key, each in before.items()}
    whole = sum(sizes.values())
    return {key: size / whole for key, size in sizes.items()} if whole else {}


def _is_less(now: Mapping[str, Part], before: Mapping[str, Part]) -> bool:
    if _is_share(now, before):
        return sum(_of_rates(now, before).values()) < 0
    return sum(_of_counts(now, before).values()) < 0


def _is_share(now: Mapping[str, Part], before: Mapping[str, Part]) -> bool:
    return any(each.base for parts in (now, before) for each in parts.values())


def _at(place: Place, key: str) -> Place:
    return msgspec.structs.replace(place, breakdown=key)


def _part(parts: Mapping[str, Part], key: str) -> Part:
    return parts.get(key, Part(0.0))


def _keys(now: Mapping[str, Part], before: Mapping[str, Part]) -> list[str]:
    return list(dict.fromkeys((*now, *before)))
