"""Checks what is still open: grave findings where the goal touches the code, and questions."""

from collections.abc import Iterator

from missioncontrol.domain.work import Finding, Severity
from missioncontrol.specialists.reviewer.case import Case
from missioncontrol.specialists.reviewer.check import Check, check

GRAVE: dict[Severity, Severity] = {"high": "medium", "critical": "high"}
"""A grave finding in the code is a gap of the mission, not its failure: one step less grave."""
ABOUT_TESTS = "tester."


def standing_checks(case: Case) -> Iterator[Check]:
    """Yield the checks of what is still open."""
    grave = [
        (key, each)
        for key, each in case.findings
        if each.severity in GRAVE and not each.rule.startswith(ABOUT_TESTS)
    ]
    yield check(
        "grave-findings",
        "high and critical findings against the files that the goal touches",
        len(grave),
        [_unmet(case, key, each) for key, each in grave if each.path in case.touched],
    )
    yield check(
        "questions",
        "questions that only a person can answer",
        len(case.plan.questions),
        [_question(number, text) for number, text in enumerate(case.plan.questions, 1)],
    )


def _unmet(case: Case, key: str, finding: Finding) -> Finding:
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    return Finding(
        "review.finding-open",
        GRAVE[finding.severity],
        f"{key} found {finding.rule} in {place}, which this goal changes: {finding.title}",
        finding.path,
        finding.line,
        finding.detail,
        finding.remedy or f"Decide whether {place} is mended before or with this change.",
    )


def _question(number: int, text: str) -> Finding:
    return Finding(
        "review.question-open",
        "low",
        f"Question {number} of the plan is open: {text}",
        remedy=f"Answer question {number} of the plan.",
    )
