"""Trends measure what going through all events measures, in all of their modes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from missioncontrol.analytics import trends
from missioncontrol.analytics.answers import Line, TrendAnswer
from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.questions import (
    Breakdown,
    Cell,
    Did,
    Pattern,
    Range,
    Segment,
    Series,
    Trend,
    Unit,
)
from missioncontrol.domain.errors import Rejected
from tests.analytics.database import Rows, asked, listed
from tests.analytics.twins import formulas as formula_twin
from tests.analytics.twins import trends as twin
from tests.analytics.worlds import NAMES, PRODUCT, Pace, World, patterns, segments, worlds

EXAMPLES = 14
UNITS = get_args(Unit)
COUNTS = ("events", "people", "per_person", "sum", "average", "median", "p90", "least", "most")

BREAKDOWNS = st.builds(Breakdown, st.just("k"), st.sampled_from(("event", "person")))
DID = st.builds(
    Did, st.builds(Pattern, st.sampled_from(NAMES)), st.integers(1, 3), st.integers(1, 40)
)


@st.composite
def any_world(draw: st.DrawFn, unit: str) -> World:
    """Return a world, in half of them with more numbers."""
    pace: Pace = "minutes" if unit == "hour" and draw(st.booleans()) else "days"
    days = draw(st.sampled_from((1, 3) if unit == "hour" else (2, 12, 45)))
    world = draw(worlds(pace=pace, days=days, events=20))
    return draw(st.sampled_from((world, _told(world, KINDS, draw(st.randoms())))))


NUMBERS = (0.1, 0.2, 3, "4.5", "1e-3", "x", "", "nan", "1_0", None, -1)
KINDS = ("x", "other", 1e3, "-7")


def _told(world: World, values: Sequence[object], chance: Random) -> World:
    """Return a world whose events have one of these values, and a number."""

    def drawn() -> dict[str, Any]:
        return {"k": chance.choice(values), "n": chance.choice(NUMBERS)}

    return replace(world, events=tuple(each._replace(properties=drawn()) for each in world.events))


@st.composite
def questions(draw: st.DrawFn, unit: str) -> tuple[World, Trend]:
    world = draw(any_world(unit))
    kinds = st.sampled_from(("events", "people", *COUNTS))
    series = []
    for kind in draw(st.lists(kinds, min_size=1, max_size=3)):
        of = "" if kind in COUNTS[:3] else draw(st.sampled_from(("k", "n", "odd 'name\"")))
        pattern = draw(patterns() | st.just(Pattern()))
        series.append(Series(pattern, kind, of))  # type: ignore[arg-type]
    keys = twin.keys_of(Trend(product=PRODUCT, range=world.range, series=tuple(series)))
    segment = draw(segments())
    if draw(st.booleans()) and not segment.did:
        segment = Segment(segment.where, (draw(DID),), segment.cohorts)
    return world, Trend(
        product=PRODUCT,
        range=world.range,
        segment=segment,
        series=tuple(series),
        by=unit,  # type: ignore[arg-type]
        formula=draw(st.sampled_from(("", f"{keys[-1]} / A", f"100 * A / (A - {keys[-1]})"))),
        breakdown=draw(st.none() | BREAKDOWNS),
        compared=draw(st.booleans()),
    )


@st.composite
def crowded(draw: st.DrawFn) -> tuple[World, Trend]:
    """Return a question with more values than a breakdown shows."""
    world = draw(worlds(pace="days", days=4, events=150))
    values = [*(f"v{each}" for each in range(26)), "other", ""]
    world = _told(world, values, draw(st.randoms()))
    return world, Trend(
        product=PRODUCT,
        range=world.range,
        series=(Series(Pattern(), draw(st.sampled_from(("events", "people")))),),
        breakdown=Breakdown("k"),
        compared=draw(st.booleans()),
    )


def answered(rows: Rows, question: Trend, world: World) -> TrendAnswer:
    return trends.answer(question, world.setting, rows, definition="trend 1", position=7)


@pytest.mark.parametrize("unit", UNITS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_trend_measures_what_going_through_all_events_measures(
    unit: str, data: st.DataObject
) -> None:
    world, question = data.draw(questions(unit))
    _check(answered(asked(world), question, world), question, world)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=crowded())
def test_values_with_fewer_people_than_the_first_25_are_put_together(
    drawn: tuple[World, Trend],
) -> None:
    world, question = drawn
    found = answered(asked(world), question, world)
    _check(found, question, world)
    if question.series[0].count == "events":
        whole, *apart = found.lines
        assert whole.total == sum(line.total or 0 for line in apart)


def _check(found: TrendAnswer, question: Trend, world: World) -> None:
    keys = twin.keys_of(question)
    apart = twin.breakdowns(question, world)
    values = [None, *apart]
    formula = ["formula"] if question.formula else []
    assert [(each.breakdown, each.key) for each in found.lines] == [
        (value, key) for value in values for key in (*keys, *formula)
    ]
    asked_places = twin.places(question, world)
    assert list(found.buckets) == [twin.label(question, each, world) for each in asked_places]
    before = [twin.label(question, each, world, before=True) for each in asked_places]
    assert list(found.buckets_before) == (before if question.compared else [])
    for value in values:
        lines = {each.key: each for each in found.lines if each.breakdown == value}
        for key, series in zip(keys, question.series, strict=True):
            now = twin.told(question, world, series, value, apart)
            assert _near((lines[key].values, lines[key].total)) == _near(now)
            then: tuple[Any, float | None] = ((), None)
            if question.compared:
                then = twin.told(question, world, series, value, apart, before=True)
            assert _near((lines[key].before, lines[key].total_before)) == _near(then)
        if formula:
            _check_formula(question.formula, lines, keys)


def _check_formula(formula: str, lines: dict[str, Line], keys: list[str]) -> None:
    made = lines["formula"]
    for at, value in enumerate(made.values):
        row = {key: lines[key].values[at] for key in keys}
        assert value == formula_twin.value(formula, row)
    assert made.total == formula_twin.value(formula, {key: lines[key].total for key in keys})


@pytest.mark.parametrize("unit", UNITS)
@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_count_of_a_trend_lists_as_many_as_it_says(unit: str, data: st.DataObject) -> None:
    world, question = data.draw(questions(unit))
    rows = asked(world)
    found = answered(rows, question, world)
    chance: Random = data.draw(st.randoms())
    kinds = dict(zip(twin.keys_of(question), question.series, strict=True))
    lines = [line for line in found.lines if line.key in kinds]
    for line in chance.sample(lines, min(len(lines), 4)):
        for cell, count in _cells(found, line, chance):
            listing = trends.members(question, cell, world.setting)
            people = [person for person, _ in listed(rows, listing)]
            assert people == twin.members(question, cell, world)
            if kinds[line.key].count in ("events", "people"):
                assert len(people) == count


def _cells(found: TrendAnswer, line: Line, chance: Random) -> list[tuple[Cell, float | None]]:
    about: dict[str, Any] = {"series": line.key, "breakdown": line.breakdown}
    cells = [(Cell(**about), line.total)]
    if found.buckets_before:
        cells.append((Cell(**about, before=True), line.total_before))
    for at in chance.sample(range(len(found.buckets)), min(2, len(found.buckets))):
        cells.append((Cell(**about, bucket=found.buckets[at]), line.values[at]))
        if found.buckets_before and found.buckets_before[at]:
            cell = Cell(**about, bucket=found.buckets_before[at], before=True)
            cells.append((cell, line.before[at]))
    return cells


def _near(series: tuple[Any, float | None]) -> tuple[list[float | None], float | None]:
    """Return values to ten digits: what is added up in another order differs in its last bits."""
    values, total = series
    return [_rounded(each) for each in values], _rounded(total)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(f"{value:.10g}"), 9)


NOW = datetime(2026, 4, 1)  # noqa: DTZ001 - moments are UTC
WEEK = Range(date(2026, 3, 23), date(2026, 3, 29))
A = Series(Pattern("a"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"series": ()}, "analytics.bad_trend"),
        ({"series": (A,) * 11}, "analytics.bad_trend"),
        ({"series": (Series(Pattern("a"), "sum"),)}, "analytics.bad_trend"),
        ({"series": (Series(Pattern("a"), key="B"), A)}, "analytics.bad_trend"),
        ({"series": (Series(Pattern("a"), key="no key"),)}, "analytics.bad_trend"),
        ({"series": (Series(Pattern("a"), key="formula"),)}, "analytics.bad_trend"),
        ({"formula": "A / B"}, "analytics.bad_formula"),
        (
            {"range": Range(date(2023, 1, 1), WEEK.until), "by": "hour"},
            "analytics.bad_range",
        ),
        (
            {
                "range": Range(date(2026, 1, 1), date(2026, 6, 1)),
                "by": "hour",
                "breakdown": Breakdown("k"),
            },
            "analytics.bad_trend",
        ),
    ],
)
def test_what_can_not_be_measured_is_refused(changes: dict[str, Any], code: str) -> None:
    setting = Setting(NOW, "Europe/Zurich")
    question = Trend(**{"product": PRODUCT, "range": WEEK, "series": (A,), **changes})
    with pytest.raises(Rejected) as no:
        trends.statement(question, setting)
    assert no.value.code == code


@pytest.mark.parametrize(
    "cell",
    [
        Cell(series="B"),
        Cell(series="formula"),
        Cell(bucket="1999-01-01"),
        Cell(breakdown="x"),
        Cell(before=True),
    ],
)
def test_what_is_no_count_of_a_trend_lists_nobody(cell: Cell) -> None:
    question = Trend(product=PRODUCT, range=WEEK, series=(A,), formula="A / 2")
    with pytest.raises(Rejected) as no:
        trends.members(question, cell, Setting(NOW))
    assert no.value.code == "analytics.bad_cell"
