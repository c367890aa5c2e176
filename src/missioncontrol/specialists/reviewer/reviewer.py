"""The reviewer: asks the same questions of every mission and answers with what is missing."""

from typing import Any

import msgspec

from missioncontrol.domain.work import ArtifactRef, FilesRead, Finding, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.reviewer.case import Case
from missioncontrol.specialists.reviewer.check import Check
from missioncontrol.specialists.reviewer.documents import document_checks
from missioncontrol.specialists.reviewer.evidence import evidence_checks
from missioncontrol.specialists.reviewer.open_findings import standing_checks
from missioncontrol.specialists.reviewer.reach import reach_checks
from missioncontrol.specialists.reviewer.report import markdown, summary
from missioncontrol.specialists.reviewer.requirements import requirement_checks
from missioncontrol.specialists.reviewer.sources import source_checks
from missioncontrol.specialists.reviewer.testing import testing_checks
from missioncontrol.specialists.reviewer.verdict import RULE, missing, next_steps, verdict
from missioncontrol.specialists.specialist import Brief, Desk

OBTAINED = "computed from the plan, the tasks' evidence and artifacts, and the repository"


class Reviewer:
    """Checks, and reports what it finds; that something is missing is no failure of the review."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Compare plan, evidence, artifacts, documents and code with each other.

        Raises:
            AttemptFailed: there is no plan to review.
        """
        if brief.plan is None:
            raise AttemptFailed(
                "reviewer.no_plan",
                "There is no plan to review.",
                hint="Run the planner first: a step with `agent: planner` among its needs.",
                retryable=False,
            )
        case = _case(brief)
        checks = _checks(case, desk)
        desk.log("success" if verdict(checks) == "ready" else "warning", summary(checks))
        found = missing(checks)
        read = len(list(case.artifacts()))
        return Work(
            summary=summary(checks),
            output=_output(case, checks, found),
            findings=tuple(found),
            artifacts=tuple(_artifacts(case, checks, found, desk)),
            evidence=(FilesRead(read, 0, case.tree.commit if case.tree else ""),),
        )


def _case(brief: Brief) -> Case:
    assert brief.plan is not None
    if brief.repository is None:
        return Case(brief, brief.plan, None)
    from missioncontrol.specialists.tree import read_tree

    return Case(brief, brief.plan, read_tree(brief.repository))


def _checks(case: Case, desk: Desk) -> list[Check]:
    groups = (
        evidence_checks,
        testing_checks,
        requirement_checks,
        reach_checks,
        document_checks,
        source_checks,
        standing_checks,
    )
    found: list[Check] = []
    for number, group in enumerate(groups, 1):
        found += group(case)
        desk.progress(number, len(groups), "groups of checks")
    return found


def _output(case: Case, checks: list[Check], found: list[Finding]) -> dict[str, Any]:
    return {
        "verdict": verdict(checks),
        "rule": RULE,
        "checks": [
            {"name": each.name, "passed": each.passed, "detail": each.detail} for each in checks
        ],
        "missing": [
            {
                "rule": each.rule,
                "severity": each.severity,
                "title": each.title,
                "detail": each.detail,
                "remedy": each.remedy,
            }
            for each in found
        ],
        "handed_over": [task.key for task in case.handed_over],
        "next_steps": next_steps(case, checks),
    }


def _artifacts(
    case: Case, checks: list[Check], found: list[Finding], desk: Desk
) -> list[ArtifactRef]:
    data = msgspec.json.format(msgspec.json.encode(_output(case, checks, found)), indent=2)
    return [
        desk.keep(
            "review.json",
            data + b"\n",
            media_type="application/json",
            title="Verdict, checks and what is missing",
            obtained=OBTAINED,
        ),
        desk.keep(
            "review.md",
            markdown(case, checks),
            media_type="text/markdown",
            title="Review",
            obtained=OBTAINED,
        ),
    ]
