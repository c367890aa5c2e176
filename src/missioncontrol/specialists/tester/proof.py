"""Whether a change is proven: what fails with it has to have failed without it."""

from collections.abc import Sequence

from missioncontrol.domain.building import NOT_PROVEN, NOTHING_CHANGED, TESTS_GONE
from missioncontrol.domain.work import Finding
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.specialist import Brief, Delivered, Desk
from missioncontrol.specialists.tester import report
from missioncontrol.specialists.tester.building import Built
from missioncontrol.specialists.tester.junit import Failure, Malformed, Report, read_report
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

    The failures before are reported by a tester among the needs. Without one nothing counts as
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
        _words(new)
        if new
        else f"{report.statement(trial)} Before the change: {_summary_of(before)}",
        hint=f"Read what failed; `mission runs retry RUN {brief.changes}` makes the change again.",
        retryable=False,
        detail={
            "failures": [_failure_fields(each) for each in new[:DETAILED_MAX]],
            "output": trial.output[-OUTPUT_MAX:],
        },
    )


def doubts(
    trial: Trial | None, brief: Brief, change: Built, uncommitted: int
) -> tuple[Finding, ...]:
    """Return why a change that was not refused is not proven either; nothing where it is.

    `uncommitted` is the number of files that the checkout has otherwise than the commit.
    """
    if change.patch is None:
        return (
            Finding(
                NOTHING_CHANGED,
                "high",
                "No file was changed, so the tests say nothing that they did not say before",
                remedy="Read the output of the agent: it may have found nothing to do.",
            ),
        )
    found = [_not_proven(trial, brief, uncommitted), _gone(trial, _before(brief))]
    return tuple(each for each in found if each is not None)


def _not_proven(trial: Trial | None, brief: Brief, uncommitted: int) -> Finding | None:
    """Return a finding where no test could say anything about the change."""
    status = "no_test_command" if trial is None else trial.verdict.status
    if status == "passed":
        return None
    title = f"No test could say anything about what step {brief.changes!r} has changed"
    if status == "failed":
        before = _before(brief)
        was = _report_of(before)
        if _status(before) in BLIND:
            title = "Tests fail, and whether they did before the change is not known"
        elif not (trial and trial.report and trial.report.failures and was and was.failures):
            title = "Tests fail, as before the change, and whether the same ones do is not known"
        elif uncommitted:
            title = (
                "Tests fail that failed before, and whether they do in the commit is not known: "
                f"{counted(uncommitted, 'file')} of the checkout differ from it"
            )
        else:
            return None
    return Finding(
        NOT_PROVEN,
        "high",
        title,
        detail=report.statement(trial),
        remedy="Try the change before it is merged.",
    )


def _gone(trial: Trial | None, before: Delivered | None) -> Finding | None:
    """Return a finding where a test passed before that is skipped now, or is no more."""
    was, now = _report_of(before), trial.report if trial is not None else None
    if was is None or now is None:
        return None
    run = now.passing | {(each.group, each.name) for each in now.failures}
    gone = [f"{group}::{name}" if group else name for group, name in sorted(was.passing - run)]
    if not gone:
        return None
    verb = "is" if len(gone) == 1 else "are"
    more = f" and {len(gone) - DETAILED_MAX:,} more" if len(gone) > DETAILED_MAX else ""
    return Finding(
        TESTS_GONE,
        "high",
        f"{counted(len(gone), 'test')} that passed before {verb} not run with the changes",
        detail=f"{', '.join(gone[:DETAILED_MAX])}{more}.",
        remedy="Look in the diff whether what they claimed is still tested, or should no longer "
        "be true.",
    )


def _before(brief: Brief) -> Delivered | None:
    others = (up for key, up in brief.upstream.items() if key != brief.changes)
    return next((up for up in others if "tests.json" in up.files), None)


def _status(before: Delivered | None) -> str:
    output = before.work.output if before else None
    return str(output.get("status", "")) if isinstance(output, dict) else ""


def _summary_of(before: Delivered | None) -> str:
    return before.work.summary if before else "not known."


def _new(trial: Trial, before: Delivered | None) -> list[Failure]:
    known = _failing(before) if before else frozenset()
    failures = trial.report.failures if trial.report else ()
    return [each for each in failures if (each.group, each.name) not in known]


def _failing(before: Delivered) -> Tests:
    found = _report_of(before)
    return frozenset((each.group, each.name) for each in found.failures) if found else frozenset()


def _report_of(before: Delivered | None) -> Report | None:
    path = before.files.get("junit.xml") if before is not None else None
    if path is None:
        return None
    try:
        return read_report(path.read_text("utf-8", "replace"))
    except Malformed:
        return None


def _words(new: Sequence[Failure]) -> str:
    names = [_named(each) for each in new[:NAMED_MAX]]
    more = f" and {len(new) - NAMED_MAX:,} more" if len(new) > NAMED_MAX else ""
    tests = (
        "a test fails that did not" if len(new) == 1 else f"{len(new):,} tests fail that did not"
    )
    return f"With the changes, {tests} before: {', '.join(names)}{more}."


def _named(each: Failure) -> str:
    return f"{each.group}::{each.name}" if each.group else each.name


def _failure_fields(each: Failure) -> dict[str, str]:
    return {"test": _named(each), "message": report.cause(each)}
