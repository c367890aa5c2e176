"""The reviewer: asks the same questions of every mission and answers with what is missing."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import msgspec

from missioncontrol.domain.plan import Requirement
from missioncontrol.domain.work import ArtifactRef, FilesRead, Finding, Severity, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.reviewer.case import Case
from missioncontrol.specialists.reviewer.check import (
    RULE,
    Check,
    check,
    missing,
    next_steps,
    verdict,
)
from missioncontrol.specialists.reviewer.evidence import evidence_checks
from missioncontrol.specialists.reviewer.report import markdown, summary
from missioncontrol.specialists.reviewer.requirements import requirement_checks
from missioncontrol.specialists.reviewer.sources import source_checks
from missioncontrol.specialists.reviewer.testing import testing_checks
from missioncontrol.specialists.specialist import Brief, Desk
from missioncontrol.specialists.symbols import symbols

# Checks that what a requirement names may be changed by a task: its files and its definitions.

NAMES_MAX = 12
FILES_MAX = 4_000
_NAME = re.compile(r"`([^`\s]{2,80})`")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w.]*$")
_BESIDE = re.compile(
    r"(?i)(?:please )?(?:test|cover|fuzz|document|explain|describe|mention|say|tell|note"
    r"|(?:add|write|extend|improve|update)\s+(?:[\w-]+\s+){0,3}?"
    r"(?:tests?|coverage|docs|documentation|docstrings?|guide|tutorial|readme|changelog))\b"
)
"""How an ask begins whose work stands beside the code that it names."""
_PAPERS = (
    ("README", re.compile(r"(?i)\breadme\b"), re.compile(r"(?i)^readme(?:\.\w+)?$")),
    (
        "change log",
        re.compile(r"(?i)\bchange ?log\b|\brelease notes\b"),
        re.compile(r"(?i)^(?:docs?/(?:source/)?)?(?:changes|changelog|history|news)(?:\.\w+)?$"),
    ),
)


def reach_checks(case: Case) -> Iterator[Check]:
    """Yield the check of what requirements name against the scopes of the tasks that change it."""
    asked = [each for each in case.plan.requirements if each.kind != "constraint"]
    scoped = any(task.scope for task in case.handed_over) and case.tree is not None
    yield check(
        "requirement-scopes",
        "files and definitions that requirements name against the scopes of tasks",
        len(asked) if scoped else 0,
        (finding for each in asked for finding in _beyond(case, each)) if scoped else (),
    )


def _beyond(case: Case, requirement: Requirement) -> Iterator[Finding]:
    """Find what is named and stands in the repository, and that no task may touch."""
    reached = {path for task in case.handed_over for path in task.scope}
    serving = [task.key for task in case.handed_over if requirement.id in task.requirements]
    if not serving:
        return  # A missing builder is the finding of another check.
    for number, (name, homes) in enumerate(_named(case, requirement.text)):
        if not reached & set(homes):
            yield Finding(
                "review.requirement-out-of-reach",
                "low" if number else "medium",  # What is named first is what it is about.
                f"{requirement.id} names {name}, and no task may change {_listed(homes)}",
                detail=f"{requirement.text} Its tasks are {', '.join(serving)}.",
                path=homes[0],
                remedy=f"Add {homes[0]} to the scope of {serving[0]}, or say why it stays.",
            )


def _named(case: Case, text: str) -> Iterator[tuple[str, list[str]]]:
    assert case.tree is not None
    paths = [file.path for file in case.tree.files]
    is_beside = _BESIDE.match(text) is not None
    for name in list(dict.fromkeys(_NAME.findall(text)))[:NAMES_MAX] if not is_beside else ():
        plain = name.removesuffix("()")
        if plain in paths:
            yield f"`{name}`", [plain]
        elif _IDENTIFIER.match(plain) and (homes := _defining(case, plain)):
            yield f"`{name}`", homes
    for paper, asks, named in _PAPERS:
        homes = [path for path in paths if named.match(path)]
        if asks.search(text) and homes:
            yield f"the {paper}", homes


def _defining(case: Case, name: str) -> list[str]:
    """Return the files of code that define the last part of a name; none where many do."""
    assert case.tree is not None
    last = name.rpartition(".")[2]
    found = []
    for file in [file for file in case.tree.files if file.kind == "code"][:FILES_MAX]:
        text = case.tree.text(file.path) or ""
        if (last in text and any(each.name == last for each in symbols(text))) or PurePosixPath(
            file.path
        ).stem == name:
            found.append(file.path)
    return found


def _listed(homes: list[str]) -> str:
    first = " or ".join(homes[:3])
    return first if len(homes) <= 3 else f"{first} or {len(homes) - 3} more"


# Checks the mission's documents: whether they were written, and what they had to leave out.

PACK = "execution-pack.json"


def document_checks(case: Case) -> Iterator[Check]:
    """Yield the checks of the documents as such."""
    expected = [
        name
        for task in case.done_here
        if task.role == "writer"
        for name in [each.name for each in task.artifacts if each.name.endswith(".md")]
    ]
    yield check(
        "documents",
        "documents that the plan expects against those written",
        len(expected),
        [_unwritten(name) for name in expected if name not in case.documents],
    )
    yield check(
        "handed-over-tasks",
        "handed-over tasks against the execution pack",
        len(case.handed_over) if _packs(case) else 0,
        _unpacked(case),
    )


def _unwritten(name: str) -> Finding:
    return Finding(
        "review.document-missing",
        "high",
        f"{name} was not written",
        remedy=f"Run the task that writes {name} again.",
    )


def _packs(case: Case) -> list[set[str]]:
    """Return the task keys that each execution pack carries."""
    found = []
    for key, delivered in case.succeeded():
        pack = case.json(key, PACK) if PACK in delivered.files else None
        tasks = pack.get("tasks") if isinstance(pack, dict) else None
        if isinstance(tasks, list):
            found.append({each.get("key", "") for each in tasks if isinstance(each, dict)})
    return found


def _unpacked(case: Case) -> Iterator[Finding]:
    for packed in _packs(case):
        for task in case.handed_over:
            if task.key not in packed:
                yield Finding(
                    "review.task-not-packed",
                    "high",
                    f"{PACK} does not carry {task.key}: {task.title}",
                    remedy=f"Run the writer's task again, so that {task.key} can be handed over.",
                )


# Checks what is still open: grave findings where the goal touches the code, and questions.

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
