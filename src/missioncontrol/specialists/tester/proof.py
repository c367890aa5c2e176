"""Whether a change is proven: what fails with it has to have failed without it."""

from collections.abc import Sequence

from missioncontrol.domain.building import NOT_PROVEN
from missioncontrol.domain.work import Finding
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.specialist import Brief, Delivered, Desk
from missioncontrol.specialists.tester import report
from missioncontrol.specialists.tester.junit import Failure, Malformed, read_report
from missioncontrol.specialists.tester.trial import Trial

NAMED_MAX = 5
DETAILED_MAX = 20
OUTPUT_MAX = 4_000
"""Characters of the end of what the tests printed."""

BLIND = ("could_not_start", "timed_out")
"""How a run ends that says too little of the tests to compare another one with it."""

Tests = frozenset[tuple[str, str]]
"""Names of tests, each with its group."""


def refuse_broken(trial: Trial | None, brief: Brief, desk: Desk) -> None:
    """Refuse a change with which a test fails that did not before, or none can start any more.

    What was before is told by a tester among the needs. Without one nothing is taken to have
    failed; and where its run was not whole, nothing is laid to the change.

    Raises:
        AttemptFailed: `tester.tests_failed`.
    """
    if trial is None or trial.verdict.status == "passed":
        return
    before = _before(brief)
    was = _status(before)
    new = _new(trial, before) if trial.verdict.status == "failed" else []
    if trial.verdict.status == "failed":
        is_worse = was in ("", "passed", "no_test_command") or (was == "failed" and bool(new))
    else:
        is_worse = was in ("passed", "failed")
    if not is_worse:
        return
    for each in new[:DETAILED_MAX]:
        desk.log("error", f"{_named(each)}: {report.cause(each)}")
    raise AttemptFailed(
        "tester.tests_failed",
        _words(new) if new else f"{report.statement(trial)} Before the change: {_said(before)}",
        hint=f"Read what failed; `mission retry RUN {brief.changes}` has the change made again.",
        retryable=False,
        detail={
            "failures": [_told(each) for each in new[:DETAILED_MAX]],
            "output": trial.output[-OUTPUT_MAX:],
        },
    )


def unproven(trial: Trial | None, brief: Brief) -> tuple[Finding, ...]:
    """Return a finding where no test could say anything about the change."""
    status = "no_test_command" if trial is None else trial.verdict.status
    if status == "passed" or (status == "failed" and _status(_before(brief)) not in BLIND):
        return ()
    title = f"No test could say anything about what step {brief.changes!r} has changed."
    if status == "failed":
        title = "Tests fail, and whether they did before the change is not known."
    return (
        Finding(
            NOT_PROVEN,
            "high",
            title,
            detail=report.statement(trial),
            remedy="Try the change before it is merged.",
        ),
    )


def _before(brief: Brief) -> Delivered | None:
    others = (up for key, up in brief.upstream.items() if key != brief.changes)
    return next((up for up in others if "tests.json" in up.files), None)


def _status(before: Delivered | None) -> str:
    output = before.work.output if before else None
    return str(output.get("status", "")) if isinstance(output, dict) else ""


def _said(before: Delivered | None) -> str:
    return before.work.summary if before else "not known."


def _new(trial: Trial, before: Delivered | None) -> list[Failure]:
    known = _failing(before) if before else frozenset()
    failures = trial.report.failures if trial.report else ()
    return [each for each in failures if (each.group, each.name) not in known]


def _failing(before: Delivered) -> Tests:
    path = before.files.get("junit.xml")
    if path is None:
        return frozenset()
    try:
        found = read_report(path.read_text("utf-8", "replace"))
    except Malformed:
        return frozenset()
    return frozenset((each.group, each.name) for each in found.failures)


def _words(new: Sequence[Failure]) -> str:
    names = [_named(each) for each in new[:NAMED_MAX]]
    more = f" and {len(new) - NAMED_MAX:,} more" if len(new) > NAMED_MAX else ""
    tests = (
        "a test fails that did not" if len(new) == 1 else f"{len(new):,} tests fail that did not"
    )
    return f"With the changes, {tests} before: {', '.join(names)}{more}."


def _named(each: Failure) -> str:
    return f"{each.group}::{each.name}" if each.group else each.name


def _told(each: Failure) -> dict[str, str]:
    return {"test": _named(each), "message": report.cause(each)}
