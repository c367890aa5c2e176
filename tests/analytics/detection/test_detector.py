"""Findings in products of counts, of which it is known what goes wrong in them."""

import pytest
from bench.analytics.detection import detection, found_in
from bench.analytics.injections import SETTING, World, injected

from missioncontrol.analytics.answers import AnyAnswer
from missioncontrol.analytics.detection.detector import detect, severity_of
from missioncontrol.analytics.narrative import reading
from missioncontrol.analytics.questions import AnyQuestion
from missioncontrol.analytics.summary import Summary, summary
from missioncontrol.domain.alert import Reading
from tests.analytics.detection.inspection import figures, misquoted, quoted_in
from tests.analytics.detection.quotation import is_right

LARGE = [seed for seed in range(9_000, 9_080) if abs(injected(seed).effect) >= 0.5][:8]


@pytest.mark.parametrize("seed", LARGE)
def test_what_goes_wrong_by_half_and_more_is_found_with_its_days(seed: int) -> None:
    found = found_in(seed)
    if found.chances < 8:
        pytest.skip("Of so few it could be chance.")
    assert found.hit is not None
    assert abs((found.hit.since - found.trouble.since).days) <= 2
    assert not found.alarms


@pytest.mark.parametrize("seed", LARGE[:3])
def test_every_number_can_be_read_again(seed: int) -> None:
    world = World(seed, injected(seed))
    for finding in world.findings():
        for figure in figures(finding):
            assert is_right(figure, world.answer(figure.question)), figure


@pytest.mark.parametrize("seed", [*LARGE, *range(9_000, 9_012)])
def test_every_number_in_words_is_what_its_question_says(seed: int) -> None:
    world = World(seed, injected(seed))
    found = world.findings()
    texts: list[Summary | Reading] = [
        summary("shop", found, (), as_of="", definition=""),
        *map(reading, found),
    ]

    def answer(question: AnyQuestion, _: str) -> AnyAnswer:
        return world.answer(question)

    assert not misquoted(texts, answer, "")
    assert bool(found) == any(quoted_in(each) for each in texts)


@pytest.mark.parametrize("seed", range(9_100, 9_106))
def test_where_nothing_goes_wrong_nothing_is_alerted(seed: int) -> None:
    assert all(each.severity == "info" for each in World(seed, None).findings())


def test_without_answers_nothing_is_found() -> None:
    assert detect((), {}, SETTING) == ()


@pytest.mark.parametrize(
    ("effect", "score", "people", "is_good", "severity"),
    [
        (-0.4, -9.0, 500.0, False, "critical"),
        (-0.4, -9.0, 20.0, False, "warning"),
        (-0.4, -5.5, 500.0, False, "warning"),
        (-0.15, -9.0, 500.0, False, "warning"),
        (-0.09, -9.0, 500.0, False, "info"),
        (-0.4, -4.5, 500.0, False, "info"),
        (-0.4, -9.0, 5.0, False, "info"),
        (1.5, 9.0, 500.0, False, "critical"),
        (1.5, 9.0, 500.0, True, "warning"),
        (0.2, 9.0, 500.0, None, "warning"),
    ],
)
def test_severity_is_by_effect_and_volume(
    effect: float, score: float, people: float, is_good: bool | None, severity: str
) -> None:
    found = severity_of(effect=effect, score=score, people=people, limit=5.0, is_good=is_good)
    assert found == severity


def test_precision_and_recall_are_measured() -> None:
    measures = {each.measure: each for each in detection(range(9_000, 9_012), range(9_100, 9_102))}
    assert measures["anomalies: alerts in products in which nothing went wrong"].value == 0
    assert any("over 40 %" in each for each in measures)
