"""Checks the claims about tests against the JUnit report and the exit status."""

import re
from collections.abc import Iterator
from pathlib import Path
from shlex import join
from xml.parsers import expat

from missioncontrol.domain.work import CommandRan, Finding, TestsRan
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.reviewer.case import Case
from missioncontrol.specialists.reviewer.check import Check, check
from missioncontrol.specialists.specialist import Delivered

REPORT_BYTES_MAX = 32 * 1024 * 1024
NAMES_MAX = 5
WORDS = {
    "passed": "passed",
    "failed": "failed",
    "errors": r"(?:errors?|in error)",
    "skipped": "skipped",
}
MARKS = {"failure": "failed", "error": "errors", "skipped": "skipped"}
"""What a JUnit report calls them, the one that weighs most first."""
_ALL_WELL = re.compile(
    r"(?i)\b(?:all|every) (?:\d+ )?tests? (?:pass|passed|succeed)"
    r"|\btests? (?:pass|passed|succeeded)\b"
)


def testing_checks(case: Case) -> Iterator[Check]:
    """Yield the checks of the test run."""
    ran = [
        (key, delivered)
        for key, delivered in case.succeeded()
        if _tests(delivered) or (key in case.tasks and case.tasks[key].role == "tester")
    ]
    yield check(
        "test-claims",
        "claims about tests against the JUnit report and the exit status",
        len(ran),
        [finding for key, delivered in ran for finding in _contradictions(key, delivered)],
    )
    yield check(
        "tests-known",
        "whether the tests ran before any change, and how they ended",
        len(ran),
        [finding for key, delivered in ran for finding in _unknown(key, delivered)],
    )


def _tests(delivered: Delivered) -> list[TestsRan]:
    return [each for each in delivered.work.evidence if isinstance(each, TestsRan)]


def _contradictions(key: str, delivered: Delivered) -> Iterator[Finding]:
    for proof in _tests(delivered):
        counts = {name: getattr(proof, name) for name in WORDS}
        for reason in (
            *_against_report(proof, counts, delivered),
            *_against_exit(proof, delivered),
            *_against_summary(delivered.work.summary, counts),
        ):
            yield Finding(
                "review.test-contradiction",
                "high",
                f"{key} contradicts itself about the tests",
                detail=reason,
                remedy=f"Believe none of the figures; run {key} again.",
            )
    if _ALL_WELL.search(delivered.work.summary) and not delivered.work.evidence:
        yield Finding(
            "review.test-contradiction",
            "high",
            f"{key} says that tests pass, and nothing shows that any ran",
            detail=f"It says: {delivered.work.summary}",
            remedy=f"Run {key} again and keep its report.",
        )


def _against_report(proof: TestsRan, counts: dict[str, int], delivered: Delivered) -> Iterator[str]:
    path = delivered.files.get(proof.report)
    found = junit_counts(path) if path else None
    if found is not None and found != counts:
        totals = ", ".join(f"{number} {name}" for name, number in counts.items())
        read = ", ".join(f"{number} {name}" for name, number in found.items())
        yield f"The evidence says {totals}; {proof.report} says {read}."


def _against_exit(proof: TestsRan, delivered: Delivered) -> Iterator[str]:
    bad = proof.failed + proof.errors
    commands = [each for each in delivered.work.evidence if isinstance(each, CommandRan)]
    for each in commands[-1:]:  # Those before it checked something else.
        if each.exit_code == 0 and bad:
            yield f"`{' '.join(each.argv)}` ended with status 0, and {bad} tests did not pass."


def _against_summary(summary: str, counts: dict[str, int]) -> Iterator[str]:
    for name, words in WORDS.items():
        found = re.search(rf"(\d[\d,]*) (?:tests? )?{words}\b", summary)
        if found and int(found[1].replace(",", "")) != counts[name]:
            yield f"The summary says {found.group()}; the evidence says {counts[name]} {name}."
    bad = counts["failed"] + counts["errors"]
    if bad and _ALL_WELL.search(summary):
        yield f"The summary says that the tests pass; the evidence says that {bad} do not."


def _unknown(key: str, delivered: Delivered) -> Iterator[Finding]:
    tests = _tests(delivered)
    ran = any(each.passed + each.failed for each in tests)  # errors alone: nothing was collected
    if not ran and (tests or not _ended_well(delivered)):
        yield Finding(
            "review.tests-not-run",
            "medium",
            "It is not known whether the tests pass today",
            detail=delivered.work.summary,
            remedy=f"Make {_command(delivered)} run before anything is changed.",
        )
    bad = sum(each.failed + each.errors for each in tests)
    if ran and bad:
        # What cannot be imported or set up says nothing of the code that it would test.
        only_errors = not any(each.failed for each in tests)
        words = (
            ("test cannot run", "tests cannot run") if only_errors else ("test fails", "tests fail")
        )
        yield Finding(
            "review.tests-failing",
            "medium",
            f"{counted(bad, *words)} before any change",
            detail=_failing(delivered),
            remedy=f"Provide what {counted(bad, 'test needs', 'tests need')} to run "
            f"{_named(delivered)}first, or note what cannot run today."
            if only_errors
            else f"Mend the {counted(bad, 'test')} {_named(delivered)}first, or note what fails "
            "today.",
        )


def _command(delivered: Delivered) -> str:
    ran = [each for each in delivered.work.evidence if isinstance(each, CommandRan)]
    return f"`{join(ran[-1].argv)}`" if ran else "a test command"


def _ended_well(delivered: Delivered) -> bool:
    commands = [each for each in delivered.work.evidence if isinstance(each, CommandRan)]
    return bool(commands) and commands[-1].exit_code == 0


def _named(delivered: Delivered) -> str:
    """Say in which files: the sentence has to be of use to who does not see the findings."""
    paths = list(dict.fromkeys(each.path for each in _of_tester(delivered) if each.path))
    more = f" and {counted(len(paths) - 2, 'more file')}" if len(paths) > 2 else ""
    return f"({', '.join(f'`{path}`' for path in paths[:2])}{more}) " if paths else ""


def _of_tester(delivered: Delivered) -> list[Finding]:
    return [each for each in delivered.work.findings if each.rule.startswith("tester.")]


def _failing(delivered: Delivered) -> str:
    titles = [each.title for each in _of_tester(delivered)]
    more = f" and {len(titles) - NAMES_MAX} more" if len(titles) > NAMES_MAX else ""
    return "; ".join(titles[:NAMES_MAX]) + more


def junit_counts(path: Path) -> dict[str, int] | None:
    """Count the cases of a JUnit report again; None where it cannot be read as one."""
    cases: list[set[str]] = []

    def start(tag: str, _: dict[str, str]) -> None:
        if tag == "testcase":
            cases.append(set())
        elif cases and tag in MARKS:
            cases[-1].add(tag)

    def refuse(*_: object) -> None:
        raise ValueError("the report declares entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EntityDeclHandler = refuse
    try:
        if path.stat().st_size > REPORT_BYTES_MAX:
            return None
        parser.Parse(path.read_bytes(), True)
    except (OSError, ValueError, expat.ExpatError):
        return None
    # A case with several marks, such as one of each failed subtest, is still one case.
    worst = [next((mark for mark in MARKS if mark in case), "") for case in cases]
    marks = {name: worst.count(mark) for mark, name in MARKS.items()}
    return {"passed": worst.count(""), **marks}
