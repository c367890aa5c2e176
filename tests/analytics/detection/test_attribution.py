"""Who explains a change: parts that add up, and a reason only where there is one."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.analytics.answers import Line, TrendAnswer
from missioncontrol.analytics.detection.attribution import (
    Part,
    Property,
    contribution,
    properties,
    shares,
    slices,
    slicings,
)
from missioncontrol.analytics.detection.findings import Place
from missioncontrol.analytics.narrative import reading
from missioncontrol.analytics.questions import Pattern, Series, Trend, digest
from missioncontrol.cli.analytics_formatters import finding_lines
from tests.analytics.test_narrative import ROSE

KEYS = ("web", "ios", "android", "")
WHOLE = st.integers(0, 500)


@st.composite
def parts(draw: st.DrawFn, *, is_share: bool) -> dict[str, Part]:
    found = {}
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True, min_size=1)):
        base = draw(WHOLE) if is_share else 0
        hits = draw(st.integers(0, base)) if is_share else draw(WHOLE)
        found[key] = Part(float(hits), float(base))
    return found


@given(parts(is_share=False), parts(is_share=False))
def test_the_parts_of_counts_add_up(now: dict[str, Part], before: dict[str, Part]) -> None:
    found = shares(now, before)
    change = sum(each.hits for each in now.values()) - sum(each.hits for each in before.values())
    assert bool(found) == (change != 0)
    assert not found or math.isclose(sum(found.values()), 1.0)


@given(parts(is_share=True), parts(is_share=True))
def test_the_parts_of_shares_add_up(now: dict[str, Part], before: dict[str, Part]) -> None:
    found = shares(now, before)
    assert not found or math.isclose(sum(found.values()), 1.0, abs_tol=1e-6)


@given(parts(is_share=True), parts(is_share=True))
def test_what_slices_add_to_a_share_is_its_change(
    now: dict[str, Part], before: dict[str, Part]
) -> None:
    bases = [sum(each.base for each in parts.values()) for parts in (now, before)]
    if not all(bases):
        return
    rates = [
        sum(each.hits for each in parts.values()) / base
        for parts, base in zip((now, before), bases, strict=True)
    ]
    assert bool(shares(now, before)) == (abs(rates[0] - rates[1]) > 1e-12)


def test_a_slice_whose_own_rate_fell_has_all_of_the_change() -> None:
    before = {"web": Part(50, 100), "ios": Part(50, 100)}
    now = {"web": Part(10, 100), "ios": Part(50, 100)}
    assert shares(now, before) == pytest.approx({"web": 1.0, "ios": 0.0})


def test_a_slice_that_grew_has_the_change_that_comes_of_its_size() -> None:
    before = {"web": Part(80, 100), "ios": Part(20, 100)}
    now = {"web": Part(80, 100), "ios": Part(80, 400)}
    found = shares(now, before)
    assert min(found.values()) > 0
    assert sum(found.values()) == pytest.approx(1.0)


def test_no_slice_is_told_as_more_than_all_of_a_change() -> None:
    def answer(**values: float) -> TrendAnswer:
        lines = tuple(Line("A", "error", (), each, breakdown=key) for key, each in values.items())
        about = {"question": "", "definition": "", "as_of": "", "zone": "UTC", "position": 1}
        return TrendAnswer(**about, buckets=(), complete=(), lines=lines)  # type: ignore[arg-type]

    series = (Series(Pattern("error"), key="A"),)
    asked = Trend(product="shop", range=ROSE.question.range, series=series)
    figure = msgspec.structs.replace(ROSE.observed, question=asked, place=Place(line="A"))
    rose = msgspec.structs.replace(ROSE, observed=figure, question=asked)
    [by] = slicings(rose, [Property("version", "event")])
    now, before = answer(v5=200.0, v4=90.0), answer(v5=50.0, v4=100.0)
    found = slices(rose, [by], {digest(by.now): now, digest(by.before): before})
    assert found[0].value == "v5"
    assert found[0].share > 1.0  # The parts of all values add up.
    assert contribution(now, before, found[0].now.place) == 1.0
    explained = msgspec.structs.replace(found[0], explains=True)
    reported = msgspec.structs.replace(rose, slices=(explained,))
    assert reading(reported).slices == ("version v5: 100.0 %",)
    assert "    100.0 % of it with version v5" in "\n".join(finding_lines([reported]))


def test_changes_are_told_apart_by_what_most_have_and_what_has_few_values() -> None:
    rows = [
        ("event", "page", 5, 0.6),
        ("event", "platform", 3, 1.0),
        ("event", "rare", 3, 0.1),
        ("person", "email", 20_000, 1.0),
        ("person", "plan", 3, 1.0),
        ("person", "platform", 3, 1.0),
        ("person", "always", 1, 1.0),
    ]
    found = [(each.of, each.name) for each in properties(rows)]
    assert found == [("event", "page"), ("event", "platform"), ("person", "plan")]
