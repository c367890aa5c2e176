"""Writes what a test run showed: for a person as Markdown, for the plan as findings and facts."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from missioncontrol.domain.work import Fact, Finding
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.tester.junit import COLLECTED, Failure, Report, unimported
from missioncontrol.specialists.tester.pythons import MADE
from missioncontrol.specialists.tester.trial import Trial
from missioncontrol.specialists.tester.verdict import NO_TEST

FAILURES_SHOWN = 10
FINDINGS_MAX = 50
TITLE_MAX = 160
UNDER_WAY = "the test under way counts as passed"
"""A pytest that is interrupted reports the test it was in by its set-up, which had passed."""
NO_TEST_REMEDY = "Work in a checkout that has the tests: source distributions often lack them."
PERCENT = re.compile(r"\[ *(\d{1,3})%\]")
EMPTY_MESSAGES = ("collection failure", 'failed on setup with "file ')


def statement(trial: Trial | None) -> str:
    """Say in one sentence exactly what was seen."""
    if trial is None:
        return "No test command was found in this repository, so nothing was run."
    command = f"`{' '.join(trial.command.declared)}`"
    reason = trial.verdict.reason
    if trial.verdict.status == "could_not_start":
        if reason == NO_TEST:
            return f"There was no test to run: {command} from {trial.source} found none."
        return f"The suite could not start: {reason} ({command} from {trial.source})."
    assert trial.ran is not None
    took = f"in {trial.ran.seconds:.1f} s"
    if trial.verdict.status == "timed_out":
        return f"{command} was {reason}; {reached(trial)}."
    if trial.report is not None:
        lacking = unimported(trial.report, "")
        ended = f"exit status {trial.ran.exit_code}{'; ' if lacking else ''}{lacking}"
        return f"{command} ran {_counts(trial.report)} {took}, {ended}."
    word = "succeeded" if trial.verdict.status == "passed" else "failed"
    return (
        f"{command} {word} with exit status {trial.ran.exit_code} {took}; {describe_counts(trial)}."
    )


def describe_counts(trial: Trial) -> str:
    """Say what the output counts, for a run without a report."""
    seen = trial.seen
    if not seen.any:
        return "it gave no counts"
    return f"by its output {seen.passed:,} passed and {seen.failed:,} failed"


def reached(trial: Trial) -> str:
    """Say how far a run came that was stopped: by its report, else by what it printed last."""
    percent = PERCENT.findall(trial.output)
    share = f", {percent[-1]} % of them all" if percent else ""
    counts = trial.report
    if counts is not None and counts.passed + counts.failed + counts.errors + counts.skipped:
        return f"by then it had run {_counts(counts)}{share} ({UNDER_WAY})"
    collected = COLLECTED.search(trial.output)
    if collected and not share:
        return f"by then it had collected {int(collected[1]):,} tests and finished none"
    return f"by then it had run{share.replace(',', '')}" if share else "it gave no counts"


def _counts(report: Report) -> str:
    total = report.passed + report.failed + report.errors + report.skipped
    parts = [f"{report.passed} passed"]
    for count, word in (
        (report.failed, "failed"),
        (report.errors, "in error"),
        (report.skipped, "skipped"),
    ):
        parts += [f"{count} {word}"] if count else []
    return f"{counted(total, 'test')}: {', '.join(parts)}"


def findings(trial: Trial | None, known: Sequence[str]) -> tuple[Finding, ...]:
    """Return what the user should know; `known` are the repository's files."""
    if trial is None:
        return (
            Finding(
                "tester.no-test-command",
                "low",
                "No test command was found",
                remedy="Declare one where its tool looks for it, such as a pytest table in "
                "pyproject.toml or a test script in package.json.",
                obtained="manifests and test files of the repository",
            ),
        )
    how = f"`{' '.join(trial.command.shown)}` in {trial.where}"
    status = trial.verdict.status
    if status == "could_not_start":
        if trial.verdict.reason == NO_TEST:
            title = f"`{' '.join(trial.command.declared)}` finds no test to run"
            return (_finding("no-test", title, trial, how, NO_TEST_REMEDY),)
        title = f"The test suite could not start: {trial.verdict.reason}"[:TITLE_MAX]
        return (_finding("could-not-start", title, trial, how, _remedy(trial)),)
    if status == "timed_out":
        late = _finding("timed-out", _late_title(trial), trial, how, in_full(trial))
        return (late, *_failed_tests(trial, known, how))
    if status == "failed" and trial.report is None:
        last = [line for line in trial.output.splitlines() if line.strip()][-3:]
        title = (
            f"The test command failed with exit status {trial.ran.exit_code if trial.ran else ''}"
        )
        return (Finding("tester.failed", "high", title, detail=" / ".join(last), obtained=how),)
    return _failed_tests(trial, known, how)


def _failed_tests(trial: Trial, known: Sequence[str], how: str) -> tuple[Finding, ...]:
    causes = by_cause(trial.report.failures if trial.report else ())
    return tuple(_failures_finding(group, known, how) for group in causes[:FINDINGS_MAX])


def _late_title(trial: Trial) -> str:
    return f"The test suite did not end within the time given: {reached(trial)}"[:TITLE_MAX]


def in_full(trial: Trial) -> str:
    """Say how to get what a stopped run could not give."""
    command = f"`{' '.join(trial.command.declared)}`"
    return f"Run {command} to its end in the checkout before the change and after it."


def _finding(rule: str, title: str, trial: Trial, how: str, remedy: str) -> Finding:
    missing = trial.python.missing if trial.python else ()
    detail = f"Declared but not installed for it: {', '.join(missing)}." if missing else ""
    return Finding(f"tester.{rule}", "medium", title, detail=detail, remedy=remedy, obtained=how)


def _remedy(trial: Trial) -> str:
    if trial.command.is_pytest:
        return (
            "Install the project with its test dependencies into a .venv in the checkout; "
            "nothing is installed here."
        )
    return "Install what the command needs; nothing is installed here."


def by_cause(failures: Sequence[Failure]) -> list[list[Failure]]:
    """Put failures that say the same together, the most numerous first."""
    groups: dict[tuple[bool, str], list[Failure]] = {}
    for each in failures:
        groups.setdefault((each.is_error, cause(each)), []).append(each)
    return sorted(groups.values(), key=lambda group: -len(group))


def _failures_finding(group: Sequence[Failure], known: Sequence[str], how: str) -> Finding:
    first = group[0]
    path, line = placed(first, known)
    who = first.name if len(group) == 1 else f"{len(group)} tests"
    verb = "cannot run" if first.is_error else "failed"
    names = ", ".join(each.name for each in group[:8])
    more = f" and {len(group) - 8} more" if len(group) > 8 else ""
    return Finding(
        "tester.error" if first.is_error else "tester.failed-test",
        "medium" if first.is_error else "high",
        f"{who} {verb}: {cause(first)}"[:TITLE_MAX],
        path,
        line,
        f"{names}{more}" if len(group) > 1 else first.message[:600],
        obtained=how,
    )


def cause(failure: Failure) -> str:
    """Return the line that says why: the message, or what pytest marks with an E."""
    message = failure.message.strip()
    if message and not message.startswith(EMPTY_MESSAGES):
        return message.splitlines()[0]
    for text in (message, failure.text):
        marked = re.search(r"^E\s+(\S.*)$", text, re.MULTILINE)
        if marked:
            return re.sub(r"\s+", " ", marked[1]).strip()
    words = message or failure.text.strip() or "it gives no reason"
    return words.splitlines()[0]


def placed(failure: Failure, known: Sequence[str]) -> tuple[str, int]:
    """Find the file and line of a failure: from the report, or the last place its text names."""
    paths = frozenset(known)
    if failure.file in paths:
        return failure.file, failure.line
    for match in reversed(list(re.finditer(r"^(\S+?):(\d+): ", failure.text, re.MULTILINE))):
        path = match[1].removeprefix("{copy}/")
        if path in paths:
            return path, int(match[2])
    return test_file(failure.group or failure.name, paths), 0


def test_file(group: str, paths: frozenset[str]) -> str:
    """Return the file behind pytest's dotted class name, such as `tests.test_app.TestApp`."""
    parts = group.split(".")
    for count in range(len(parts), 0, -1):
        path = "/".join(parts[:count]) + ".py"
        if path in paths:
            return path
    return ""


def facts(trial: Trial | None) -> tuple[Fact, ...]:
    """Return the counts with where they stand in tests.json."""
    if trial is None or trial.ran is None or trial.verdict.status == "could_not_start":
        return ()  # How a command ended that reached no test is no figure of the tests.
    how = f"`{' '.join(trial.command.shown)}` in {trial.where}"
    if trial.ran.stopped:
        how += f", stopped after {trial.ran.seconds:.0f} s; {UNDER_WAY}"
    found = [
        Fact("Exit status of the tests", trial.ran.exit_code, "", "tests.json", "/exit_code", how)
    ]
    if trial.report is not None:
        for key in ("passed", "failed", "errors", "skipped"):
            value = getattr(trial.report, key)
            found.append(Fact(f"Tests {key}", value, "tests", "tests.json", f"/{key}", how))
    return tuple(found)


def markdown(
    trial: Trial | None,
    others: Sequence[Trial],
    relevant: Sequence[tuple[str, int, int]],
    known: Sequence[str],
    copy_words: str,
    headline: str = "",
    more: str = "",
) -> str:
    """Return tests.md; `relevant` holds test files near the goal with tests run and failed.

    `headline` replaces the plain statement, and `more` comes behind it.
    """
    lines = ["# The project's own tests", "", headline or statement(trial), ""]
    lines += [more] if more else []
    if trial is not None:
        lines += list(_how(trial, copy_words))
        lines += [f"- Also tried: {statement(each)}" for each in others]
        lines += ["", *_failures(trial, known), *_near(relevant)]
        lines += list(_tail(trial))
    return "\n".join(lines).rstrip() + "\n"


def _how(trial: Trial, copy_words: str) -> Iterator[str]:
    yield f"- Command: `{' '.join(trial.command.declared)}`, from {trial.source}"
    if trial.command.shown != trial.command.declared:
        yield f"- Run as `{' '.join(trial.command.shown)}`, to get a report and leave no cache"
    if trial.python is not None:
        missing = ", ".join(trial.python.missing)
        lacks = f"; declared but not installed for it: {missing}" if missing else ""
        yield f"- Interpreter: Python {trial.python.version}, {trial.python.origin}{lacks}"
    is_made = trial.python is not None and trial.python.origin == MADE
    yield f"- Ran in {copy_words}{'' if is_made else '; no package was installed'}"
    if trial.verdict.status == "timed_out":
        yield f"- {in_full(trial)}"
    if trial.note:
        yield f"- The report was not used: {trial.note}"


def _failures(trial: Trial, known: Sequence[str]) -> Iterator[str]:
    causes = by_cause(trial.report.failures if trial.report else ())
    if not causes:
        return
    yield from ("## What failed, by what it says", "")
    for group in causes[:FAILURES_SHOWN]:
        path, line = placed(group[0], known)
        place = f"{path}:{line}" if line else path or group[0].group
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        verb = "cannot run" if group[0].is_error else "failed"
        yield f"- `{place}` **{group[0].name}**{others} {verb}: {cause(group[0])[:300]}"
    if len(causes) > FAILURES_SHOWN:
        yield f"- and {len(causes) - FAILURES_SHOWN} more causes in junit.xml"
    yield ""


def _near(relevant: Sequence[tuple[str, int, int]]) -> Iterator[str]:
    if not relevant:
        return
    yield from ("## Test files that the goal's words point to", "")
    yield from ("| file | tests run | failed or in error |", "| --- | ---: | ---: |")
    for path, ran, failed in relevant:
        yield f"| `{path}` | {ran} | {failed} |"
    yield ""


def _tail(trial: Trial) -> Iterator[str]:
    if trial.verdict.status in {"passed", "no_test_command"} or not trial.output.strip():
        return
    last = trial.output.splitlines()[-25:]
    yield from ("## The end of the output", "", "```text", *last, "```")


def near_goal(
    trial: Trial | None, paths: Sequence[str], known: Sequence[str]
) -> list[tuple[str, int, int]]:
    """Count tests run and failed in each of the files `paths`; those with none are left out."""
    if trial is None or trial.report is None:
        return []
    every = frozenset(known)
    ran: dict[str, int] = {}
    failed: dict[str, int] = {}
    for group, count in trial.report.groups.items():
        path = test_file(group, every)
        ran[path] = ran.get(path, 0) + count
    for failure in trial.report.failures:
        path = test_file(failure.group, every)
        failed[path] = failed.get(path, 0) + 1
    return [
        (path, ran[path], failed.get(path, 0))
        for path in paths
        if path in ran and PurePosixPath(path).suffix
    ]
