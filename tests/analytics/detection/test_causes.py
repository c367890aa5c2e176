"""Changes that follow from one another are reported as one, and the cause comes first."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from missioncontrol.analytics.detection.detector import explains, merge_by_cause
from missioncontrol.analytics.detection.findings import Figure, Finding, Place
from missioncontrol.analytics.questions import Pattern, Range, Series, Trend

LAST = date(2026, 11, 22)
QUESTION = Trend(product="shop", range=Range(LAST, LAST), series=(Series(Pattern("signup")),))
FIGURE = Figure(1.0, "people", QUESTION, Place())

FOLLOWS: Mapping[str, frozenset[str]] = {
    "conversion.onboarded": frozenset({"events.signup"}),
    "events.onboarded": frozenset({"events.signup", "conversion.onboarded"}),
    "events.invited": frozenset({"events.onboarded", "conversion.onboarded"}),
}


def finding(metric: str, effect: float, days: int = 7, **other: Any) -> Finding:
    usual: dict[str, Any] = {
        "title": metric,
        "unit": "events",
        "until": LAST,
        "is_ongoing": True,
        "is_good": effect > 0,
        "severity": "warning",
        "score": 20 * effect,
        "observed": FIGURE,
        "expected": FIGURE,
        "low": FIGURE,
        "high": FIGURE,
        "volume": FIGURE,
        "impact": 100.0,
        "methods": ("change",),
        "question": QUESTION,
        "definition": "anomalies 1",
        "as_of": "",
    }
    since = other.pop("since", LAST - timedelta(days=days - 1))
    return Finding(**{**usual, **other}, metric=metric, effect=effect, since=since)


def test_what_follows_from_a_cause_is_told_with_it() -> None:
    (found,) = merge_by_cause(
        [
            finding("events.invited", -0.3, 4),
            finding("events.onboarded", -0.36),
            finding("conversion.onboarded", -0.35),
        ],
        FOLLOWS,
    )
    assert found.metric == "conversion.onboarded"
    assert [each.metric for each in found.also] == ["events.onboarded", "events.invited"]


def test_what_may_not_follow_stays_apart() -> None:
    found = merge_by_cause([finding("events.error", 1.5), finding("events.signup", 1.4)], FOLLOWS)
    assert {each.metric for each in found} == {"events.error", "events.signup"}


def test_a_cause_explains_no_other_days_no_other_direction_and_nothing_much_larger() -> None:
    cause = finding("events.signup", -0.3, 7)
    assert explains(cause, finding("events.onboarded", -0.3, 5))
    assert not explains(cause, finding("events.onboarded", 0.3, 5))
    assert not explains(cause, finding("events.onboarded", -0.9, 5))
    before = LAST - timedelta(days=20)
    assert not explains(cause, finding("events.onboarded", -0.3, since=before))
    assert not explains(
        cause, finding("events.onboarded", -0.3, since=before, until=LAST - timedelta(days=9))
    )


def test_robots_that_sign_up_explain_that_a_smaller_share_goes_on() -> None:
    cause = finding("events.signup", 1.0)
    (found,) = merge_by_cause([cause, finding("conversion.onboarded", -0.5, unit="share")], FOLLOWS)
    assert found.metric == "events.signup"


def test_one_cause_is_as_severe_as_the_worst_that_follows_unless_that_is_good() -> None:
    worse = finding("events.onboarded", -0.4, severity="critical")
    (found,) = merge_by_cause([finding("conversion.onboarded", -0.35), worse], FOLLOWS)
    assert found.severity == "critical"
    rise = finding("events.signup", 0.4, severity="info")
    (found,) = merge_by_cause([rise, finding("events.onboarded", 0.4, is_good=None)], FOLLOWS)
    assert found.severity == "info"


def test_the_most_severe_comes_first_then_what_is_least_by_chance() -> None:
    found = merge_by_cause(
        [
            finding("a", -0.2, severity="info", score=-99.0),
            finding("b", -0.2, severity="warning", score=-5.0),
            finding("c", -0.2, severity="warning", score=-9.0),
            finding("d", -0.2, severity="critical", score=-7.0),
        ],
        {},
    )
    assert [each.metric for each in found] == ["d", "c", "b", "a"]
