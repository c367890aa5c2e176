"""Merges changes that follow from one another into one finding."""

from collections.abc import Mapping, Sequence

import msgspec

from missioncontrol.analytics.detection.findings import Companion, Finding, Severity

EARLIER_MAX, LATER_MAX = 3, 10
"""Days by which an effect may start before its cause, due to estimation, or after it."""

SHARED_MIN = 0.5

MORE_MAX, MARGIN = 1.35, 0.05
"""How much larger an effect may be than its cause, relative and absolute, besides noise."""

SEVERITIES: dict[Severity, int] = {"critical": 0, "warning": 1, "info": 2}


def merged(
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
