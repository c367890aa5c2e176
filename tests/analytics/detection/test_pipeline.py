"""What goes wrong in a seeded product is found with its days, and nothing where nothing does."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from missioncontrol.analytics.answers import AnyAnswer
from missioncontrol.analytics.demo_data import Planted, planted
from missioncontrol.analytics.detection.findings import Finding
from missioncontrol.analytics.detection.pipeline import find_changes
from missioncontrol.analytics.narrative import reading
from missioncontrol.analytics.questions import AnyQuestion, Range, Segment, Where
from missioncontrol.analytics.summary import Summary, summary
from missioncontrol.domain.alert import Reading
from missioncontrol.ports.warehouse import Statement
from tests.analytics.detection.inspection import (
    MORNING,
    SHOP,
    Inspection,
    figures,
    misquoted,
    quoted_in,
    seeded,
)
from tests.analytics.detection.quotation import is_right
from tests.some import some

WEB = Segment((Where("platform", "is", ("web",)),))

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def shop() -> Iterator[Inspection]:
    with seeded(42, users=24_000, days=64, anomalies=True) as found:
        yield found


@pytest.fixture(scope="module")
def findings(shop: Inspection) -> tuple[Finding, ...]:
    return shop.findings()


def told(findings: tuple[Finding, ...], metric: str) -> tuple[Finding, Planted]:
    (found,) = (each for each in findings if each.metric == metric)
    (known,) = (each for each in planted(MORNING.date()) if each.metric == metric)
    return found, known


@pytest.mark.slow
def test_all_that_goes_wrong_is_found_and_nothing_else_is_alerted(
    findings: tuple[Finding, ...],
) -> None:
    known = {each.metric for each in planted(MORNING.date())}
    alerts = {each.metric for each in findings if each.severity != "info"}
    assert alerts <= known <= {each.metric for each in findings}


@pytest.mark.parametrize("known", planted(MORNING.date()), ids=lambda known: known.metric)
def test_it_is_found_with_its_days_and_its_size(
    findings: tuple[Finding, ...], known: Planted
) -> None:
    found, _ = told(findings, known.metric)
    assert abs((found.since - known.since).days) <= 1
    assert abs((found.until - known.until).days) <= 1
    assert found.effect == pytest.approx(known.effect, rel=0.25)
    assert found.low.value < found.expected.value < found.high.value
    assert not found.low.value <= found.observed.value <= found.high.value


def test_who_explains_it_is_told_where_somebody_does(findings: tuple[Finding, ...]) -> None:
    errors, _ = told(findings, "events.error")
    onboarding, _ = told(findings, "conversion.onboarding_complete")
    retention, _ = told(findings, "retention.day_7")
    assert {each.value for each in errors.slices if each.explains} == {"android", "5.0.0"}
    assert {each.value for each in onboarding.slices if each.explains} == {"web"}
    assert not any(each.explains for each in retention.slices)


def test_the_parts_of_all_slices_of_a_property_add_up(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        parts: defaultdict[str, float] = defaultdict(float)
        for each in finding.slices:
            parts[each.property] += each.share
        assert all(part == pytest.approx(1.0) for part in parts.values()), finding.metric


def test_every_number_is_what_the_answer_to_its_question_says(
    shop: Inspection, findings: tuple[Finding, ...]
) -> None:
    quoted = [(finding.metric, each) for finding in findings for each in figures(finding)]
    answers = {each: shop.answer(each) for each in {figure.question for _, figure in quoted}}
    assert len(quoted) > 50
    for metric, figure in quoted:
        assert is_right(figure, answers[figure.question]), (metric, figure)


def test_every_number_in_words_is_what_its_question_says_those_worked_out_too(
    shop: Inspection, findings: tuple[Finding, ...]
) -> None:
    as_of = ""  # Now, as the findings are.
    days = Range(MORNING.date() - timedelta(days=29), MORNING.date())
    kpis = shop.kpis(days)
    texts: list[Summary | Reading] = [*map(reading, findings)]
    texts += [summary("shop", findings, kpis, as_of=as_of, definition="anomalies 2")]
    texts += [summary("shop", (), kpis, as_of=as_of, definition="anomalies 2")]
    texts += [summary("shop", findings, kpis[at:], as_of=as_of, definition="") for at in range(4)]
    formulas = {each.formula for text in texts for each in quoted_in(text)}
    assert formulas >= {"", "change", "touched", "affected", "contribution"}
    assert not misquoted(texts, shop.answer, as_of)


def test_whom_it_touches_is_as_many_people_as_there_are(
    shop: Inspection, findings: tuple[Finding, ...]
) -> None:
    errors, _ = told(findings, "events.error")
    assert errors.touched is not None
    people = errors.touched.parts[2]
    rows = shop.warehouse.rows(
        Statement(
            "SELECT count(DISTINCT person) FROM counted WHERE name = 'error'"
            " AND happened >= $since AND happened < $until",
            {"since": datetime(2026, 11, 20), "until": datetime(2026, 11, 23)},  # noqa: DTZ001
        )
    )
    assert people.value == rows[0][0]
    assert 0 < errors.impact < people.value


def test_a_segment_is_told_of_alone(shop: Inspection) -> None:
    async def ask(question: AnyQuestion) -> AnyAnswer:
        assert question.segment == WEB
        return shop.answer(question)

    async def rows(statement: Statement) -> list[tuple[Any, ...]]:
        return shop.warehouse.rows(statement)

    found = asyncio.run(find_changes(SHOP, shop.setting, ask, rows, segment=WEB, is_sliced=False))
    metrics = {each.metric: each for each in found}
    assert metrics["conversion.onboarding_complete"].effect < -0.4  # It is of the web alone.
    assert "events.error" not in metrics  # And that is of android.


@pytest.mark.parametrize("seed", some(range(700, 720), *range(5)))
def test_of_twenty_products_in_which_nothing_goes_wrong_none_gives_an_alert(seed: int) -> None:
    with seeded(seed, users=2_500, days=60, anomalies=False) as found:
        alerts = [each for each in found.findings(is_sliced=False) if each.severity != "info"]
    assert not alerts, [(each.metric, each.effect, each.score) for each in alerts]
