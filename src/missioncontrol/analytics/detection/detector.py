"""Detects significant changes in the answers, and merges those that follow from one another."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from missioncontrol.analytics.answers import AnyAnswer
from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.definition import stamp
from missioncontrol.analytics.detection.answer_values import aggregated, daily, value
from missioncontrol.analytics.detection.findings import (
    Companion,
    Derived,
    Figure,
    Finding,
    Place,
    Severity,
    derived,
)
from missioncontrol.analytics.detection.metrics import WatchedMetric
from missioncontrol.analytics.detection.windows import Window, needed, unusual
from missioncontrol.analytics.questions import Cell, digest
from missioncontrol.analytics.series import Daily

EARLIER_MAX, LATER_MAX = 3, 10
"""Days by which an effect may start before its cause, due to estimation, or after it."""
SHARED_MIN = 0.5
MORE_MAX, MARGIN = 1.35, 0.05
"""How much larger an effect may be than its cause, relative and absolute, besides noise."""
SEVERITIES: dict[Severity, int] = {"critical": 0, "warning": 1, "info": 2}
INFO_LIKELY, WARNING_LIKELY = 0.25, 0.01
"""Probability of a false finding of each severity in one inspection of all metrics."""
WARNING_EFFECT, CRITICAL_EFFECT = 0.1, 0.25
CRITICAL_SCORE, CRITICAL_PEOPLE = 6.5, 50.0
WARNING_PEOPLE = 12.0
Expectation = Literal["", "middle", "low", "high"]


def detect(
    metrics: Sequence[WatchedMetric], answers: Mapping[str, AnyAnswer], setting: Setting
) -> tuple[Finding, ...]:
    """Return the changes, most severe first; `answers` are by the digest of their question.

    Changes that follow from one another are one finding. A metric whose answer is missing is left
    out.
    """
    found = changes(metrics, answers, setting)
    return merge_by_cause([each.finding for each in found], follows_of(metrics))


class Change(msgspec.Struct, frozen=True):
    """A change of one metric, before changes are merged by cause."""

    finding: Finding
    limit: float  # the score that makes it a warning

    def touching(self, touched: Derived) -> "Change":
        """Return the change with the number of affected people, which also decides its severity."""
        finding = self.finding
        severity = severity_of(
            effect=finding.effect,
            score=finding.score,
            people=touched.value,
            limit=self.limit,
            is_good=finding.is_good,
        )
        counted = {"impact": touched.value, "touched": touched, "severity": severity}
        return Change(msgspec.structs.replace(finding, **counted), self.limit)


def changes(
    metrics: Sequence[WatchedMetric], answers: Mapping[str, AnyAnswer], setting: Setting
) -> tuple[Change, ...]:
    """Return the changes of each metric by itself."""
    found: dict[str, Change] = {}
    count = len({each.metric for each in metrics})
    for metric in metrics:
        answer = answers.get(digest(metric.question))
        change = _of_metric(metric, answer, count, setting) if answer is not None else None
        if change is not None:
            before = found.get(metric.metric)
            if before is None or abs(change.finding.score) > abs(before.finding.score):
                found[metric.metric] = change
    return tuple(found.values())


def follows_of(metrics: Sequence[WatchedMetric]) -> dict[str, frozenset[str]]:
    """Return by metric the possible causes of its changes."""
    return {each.metric: each.follows for each in metrics}


def severity_of(
    *, effect: float, score: float, people: float, limit: float, is_good: bool | None
) -> Severity:
    """Return how severe a change is, by its effect and its volume; `limit` makes it a warning."""
    size = effect if effect < 0 else 1 - 1 / (1 + effect)  # Treats a doubling like a halving.
    if abs(score) < limit or abs(effect) < WARNING_EFFECT or people < WARNING_PEOPLE:
        return "info"
    is_large = abs(size) >= CRITICAL_EFFECT and people >= CRITICAL_PEOPLE
    if is_large and abs(score) >= max(limit, CRITICAL_SCORE) and is_good is not True:
        return "critical"
    return "warning"


def _of_metric(
    metric: WatchedMetric, answer: AnyAnswer, count: int, setting: Setting
) -> Change | None:
    found = daily(answer, metric.place)
    days = len(found.days)
    limit = needed(count, days, INFO_LIKELY, recent=metric.recent)
    window = unusual(found, limit, recent=metric.recent, shortest=metric.shortest)
    if window is None:
        return None
    warned = needed(count, days, WARNING_LIKELY, recent=metric.recent)
    return Change(_finding(metric, answer, found, window, warned, setting), warned)


def _finding(
    metric: WatchedMetric,
    answer: AnyAnswer,
    found: Daily,
    window: Window,
    limit: float,
    setting: Setting,
) -> Finding:
    since, until = found.days[window.since], found.days[window.until - 1]
    days = window.until - window.since
    among = _among(metric.place, window, found)
    low, high = window.expected.between()

    def figure(hits: float, expected: Expectation = "") -> Figure:
        place = msgspec.structs.replace(among, expected=expected)
        cell = _cell(place) if days == 1 and not expected else None
        number = aggregated(hits, window.bases, days, place)
        return Figure(number, metric.unit, metric.question, place, cell)

    observed, expected = figure(window.observed), figure(window.expected.hits, "middle")
    volume = _volume(metric, answer, window, found)
    touched = _touched(metric, observed, expected, volume)
    impact = touched.value if touched else _impact(metric, answer, window)
    is_good = None if not metric.better else (window.effect > 0) == (metric.better == "up")
    return Finding(
        metric=metric.metric,
        title=metric.title,
        unit=metric.unit,
        since=since,
        until=until,
        is_ongoing=window.until == len(found.days),
        is_good=is_good,
        severity=severity_of(
            effect=window.effect, score=window.score, people=impact, limit=limit, is_good=is_good
        ),
        effect=window.effect,
        score=window.score,
        observed=observed,
        expected=expected,
        low=figure(low, "low"),
        high=figure(high, "high"),
        volume=volume,
        impact=impact,
        touched=touched,
        methods=window.methods,
        question=metric.question,
        definition=stamp("anomalies"),
        as_of=setting.as_of.isoformat() + "Z",
    )


def _among(place: Place, window: Window, found: Daily) -> Place:
    """Return a place restricted to the days of a window."""
    since, until = found.days[window.since], found.days[window.until - 1]
    return msgspec.structs.replace(place, since=since.isoformat(), until=until.isoformat())


def _volume(metric: WatchedMetric, answer: AnyAnswer, window: Window, found: Daily) -> Figure:
    """Return the number of people behind a window, for daily metrics the mean of a day."""
    place = _among(metric.people, window, found)
    return Figure(value(answer, place) or 0.0, "people", metric.question, place)


def _touched(
    metric: WatchedMetric, observed: Figure, expected: Figure, volume: Figure
) -> Derived | None:
    """Return how many people are missing or in excess, where the answer counts people."""
    if metric.unit == "events":
        return None
    if metric.unit == "people":
        return derived("difference", "people", observed, expected)
    return derived("touched", "people", observed, expected, volume)


def _impact(metric: WatchedMetric, answer: AnyAnswer, window: Window) -> float:
    """Estimate the people behind missing or excess events from daily numbers."""
    difference = abs(window.observed - window.expected.hits)
    hits, people = (daily(answer, place).hits for place in (metric.place, metric.people))
    among = slice(window.since, window.until) if window.effect > 0 else slice(None)
    events = sum(hits[among])
    return difference * sum(people[among]) / events if events else 0.0


def _cell(place: Place) -> Cell | None:
    """Return the cell that lists the people of one day."""
    if place.line:
        return Cell(bucket=place.since, series=place.line)
    if place.step is not None:
        return Cell(bucket=place.since, step=place.step)
    return Cell(bucket=place.since, period=place.period)


def merge_by_cause(
    findings: Sequence[Finding], follows: Mapping[str, frozenset[str]]
) -> tuple[Finding, ...]:
    """Return one finding for each cause, the most severe first.

    `follows` has for each metric those that may cause its changes.
    """
    by_metric = {each.metric: each for each in findings}
    leaders = {each.metric: _leader(each, by_metric, follows) for each in findings}
    found = []
    for leader in findings:
        if leaders[leader.metric] != leader.metric:
            continue
        others = [
            each
            for each in findings
            if each.metric != leader.metric and leaders[each.metric] == leader.metric
        ]
        found.append(_together(leader, others))
    return tuple(sorted(found, key=_order))


def explains(cause: Finding, finding: Finding) -> bool:
    """Whether a change of a possible cause accounts for another change."""
    if not _is_of_the_same_days(cause, finding):
        return False
    # Excess at the start, such as robots, lowers the shares of later steps.
    is_diluted = not cause.is_down and finding.is_down and finding.unit == "share"
    if cause.is_down != finding.is_down and not is_diluted:
        return False
    noise = abs(finding.effect / finding.score)
    return abs(finding.effect) <= MORE_MAX * abs(cause.effect) + max(MARGIN, 2 * noise)


def _is_of_the_same_days(cause: Finding, finding: Finding) -> bool:
    """Whether two changes start at about the same time, or share half of all their days."""
    since, until = max(cause.since, finding.since), min(cause.until, finding.until)
    if since > until:
        return False
    earliest, latest = min(cause.since, finding.since), max(cause.until, finding.until)
    shared = ((until - since).days + 1) / ((latest - earliest).days + 1)
    later = (finding.since - cause.since).days
    return -EARLIER_MAX <= later <= LATER_MAX or shared >= SHARED_MIN


def _leader(
    finding: Finding, by_metric: Mapping[str, Finding], follows: Mapping[str, frozenset[str]]
) -> str:
    """Return the metric of the root cause; `follows` has no loops."""
    causes = [
        by_metric[each]
        for each in sorted(follows.get(finding.metric, ()))
        if each in by_metric and explains(by_metric[each], finding)
    ]
    if not causes:
        return finding.metric
    strongest = max(causes, key=lambda each: abs(each.score))
    return _leader(strongest, by_metric, follows)


def _together(leader: Finding, others: Sequence[Finding]) -> Finding:
    ordered = sorted(others, key=lambda each: -abs(each.score))
    also = tuple(
        Companion(each.metric, each.title, each.effect, each.observed, each.expected)
        for each in ordered
    )
    # Good news does not raise the severity, nor does neutral news beside a good leader.
    severe = (False,) if leader.is_good else (False, None)
    severities = [leader.severity, *(each.severity for each in ordered if each.is_good in severe)]
    severity = min(severities, key=lambda each: SEVERITIES[each])
    return msgspec.structs.replace(leader, also=also, severity=severity)


def _order(finding: Finding) -> tuple[int, float, str]:
    return SEVERITIES[finding.severity], -abs(finding.score), finding.metric
