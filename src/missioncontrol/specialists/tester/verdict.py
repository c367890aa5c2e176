"""Says what a test run showed: passed, failed, timed out, or never really started, and why."""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from missioncontrol.specialists.tester.command_runner import Ran
from missioncontrol.specialists.tester.junit import Report, unimported
from missioncontrol.specialists.tester.shown import clipped, shown

Status = Literal["passed", "failed", "could_not_start", "timed_out", "no_test_command"]
PYTEST_FAILED, PYTEST_NOTHING = 1, 5
NOT_EXECUTABLE, NOT_FOUND = 126, 127
REASON_MAX = 300
NO_TEST = "it found no test to run"
NOTHING_RAN = re.compile(
    r"^(?:[#\u2139] tests 0|Ran 0 tests in .*|No tests found.*|=* ?no tests ran in .*)$"
    r"|^make: (?:Nothing to be done for|['`]\S+' is up to date)",
    re.MULTILINE,
)
"""What is printed where there was nothing to run, and some call it success."""
SKIPPED = re.compile(
    r"^.*(?:[Ii]nterpreter\S* .*not found|could not find python interpreter).*$", re.MULTILINE
)
"""What nox and tox say of sessions that they pass over, and then end well."""
WRAPPER = re.compile(
    r"^\s*(?:make(?:\[\d+\])?: \*\*\*|npm (?:ERR!|error)|nox > |error: Recipe |ELIFECYCLE"
    r"|\S+: (?:exit \d|FAIL code)|evaluation failed)"
)
"""How make, npm, nox, just and tox tell of a command of theirs that did not end well."""
ERROR = re.compile(r"^(?:E\s+)?(?:\w+\.)*\w*(?:Error|Exception)\b: \S.*$", re.MULTILINE)

# What tools print when something they need is not installed. Each names the missing thing.
UNLOADED = (
    r"No module named '?([\w.]+)'?",
    r"Cannot find module '([^']+)'",
    r"Cannot find package '([^']+)'",
    r"module lookup disabled by GOPROXY=off.*?([\w./-]*)$",
    r"no matching package named `([^`]+)` found",
    r"failed to (?:download|load source for dependency) `([^`]+)`",
    r"No matching distribution found for (\S+)",
)
"""Packages: a runner that cannot load a file for want of one may count it as a failed test."""
MISSING = (
    *UNLOADED,
    r"^.*?([\w./-]+): (?:command )?not found$",
    # Who cannot find it says so: a linter may quote a line with the same words.
    r"^\S*(?:sh|python[\d.]*): .*(?:can't|[Cc]annot) open (?:file )?'?([^\s':]+)",
    r"^\S*(?:sh|env|make\S*): (?:.*[ \u2018'\"])?([\w./~-]+)[\u2019'\"]?: No such file or dir\w+$",
    r"No rule to make target [`']([^']+)'",
    r"[Ii]nterpreter\S* (\S+) not found",
    r"could not find python interpreter (.+)$",
    r"error: unrecognized arguments: (.+)$",
    r"Plugin requires: (\S+)",
    r"Failed to import filter module '([^']+)'",
)


class Verdict(msgspec.Struct, frozen=True):
    """The status of a run and the reason for it, where it is not plain success or failure."""

    status: Status
    reason: str = ""


def judged(ran: Ran, report: Report | None, output: str, *, is_pytest: bool) -> Verdict:
    """Judge a test run by its exit status, its report if there is one, and what it printed.

    It has failed only where something shows that a test ran: a wrapper that breaks down before the
    first one ends in the same exit status.
    """
    if ran.stopped:
        return Verdict("timed_out", f"stopped: {ran.stopped}")
    output = clipped(output)
    if not is_pytest:
        return _judged_by_words(ran, output)
    if ran.exit_code == 0 and report is None:
        # Code under test can end the process well before pytest has reported anything.
        return Verdict("could_not_start", "pytest ended with status 0 and without its report")
    if ran.exit_code == 0:
        return Verdict("passed")
    if report is not None and report.passed + report.failed > 0:
        return Verdict("failed")
    if report is None and ran.exit_code == PYTEST_FAILED and shown(output).any:
        return Verdict("failed")
    return Verdict("could_not_start", _pytest_reason(ran.exit_code, report, output))


def judged_check(ran: Ran, output: str) -> Verdict:
    """Judge a run of something that is no test, such as a linter: what it finds is its answer."""
    if ran.stopped:
        return Verdict("timed_out", f"stopped: {ran.stopped}")
    if ran.exit_code == 0:
        return Verdict("passed")
    missing = _missing(clipped(output), MISSING)
    if missing or ran.exit_code in {NOT_EXECUTABLE, NOT_FOUND}:
        return Verdict("could_not_start", missing or last_line(output))
    return Verdict("failed")


def _judged_by_words(ran: Ran, output: str) -> Verdict:
    seen = shown(output)
    if not seen.any and NOTHING_RAN.search(output):
        return Verdict("could_not_start", NO_TEST)
    if ran.exit_code == 0:
        skipped = None if seen.any else SKIPPED.search(output)
        return Verdict("could_not_start", _tidy(skipped[0])) if skipped else Verdict("passed")
    if seen.passed or (seen.failed and not _missing(output, UNLOADED)):
        return Verdict("failed")
    return Verdict("could_not_start", _breakdown(output))


def _breakdown(output: str) -> str:
    """Return why nothing ran: what is missing, else the last words that are not a wrapper's."""
    text = without_wrappers(output)
    last = _missing(text, MISSING, is_last=True) or (ERROR.findall(text) or [""])[-1]
    return (
        unimported(None, output)
        or _tidy(last)
        or f"nothing shows that a test ran: {last_line(text or output)}"
    )


def without_wrappers(output: str) -> str:
    """Return the output without what make and the like say about the command in them."""
    lines = [line for line in output.splitlines() if line.strip() and not WRAPPER.match(line)]
    return "\n".join(lines)


def _pytest_reason(exit_code: int, report: Report | None, output: str) -> str:
    if exit_code == PYTEST_NOTHING:
        return NO_TEST
    return (
        unimported(report, output)
        or _missing(output, MISSING)
        or _error_line(output)
        or f"pytest ended with status {exit_code}: {last_line(output)}"
    )


def _missing(output: str, patterns: Sequence[str], *, is_last: bool = False) -> str:
    """Return the first line that names something missing; the last one that does on request."""
    best: re.Match[str] | None = None
    for pattern in patterns:
        found = list(re.finditer(pattern, output, re.MULTILINE))
        for match in found[-1:] if is_last else found[:1]:
            if best is None or (match.start() > best.start()) == is_last:
                best = match
    if best is None:
        return ""
    start = output.rfind("\n", 0, best.start()) + 1
    end = output.find("\n", best.end())
    return _tidy(output[start : end if end >= 0 else len(output)])


def _error_line(output: str) -> str:
    lines = [line for line in output.splitlines() if re.match(r"E\s{2,}\S|ERROR:|Error:", line)]
    return _tidy(lines[0]) if lines else ""


def last_line(output: str) -> str:
    """Return the last line that a command wrote."""
    lines = [line for line in output.splitlines() if line.strip()]
    return _tidy(lines[-1]) if lines else "it printed nothing"


def _tidy(line: str) -> str:
    return re.sub(r"^E\s+", "", line.strip())[:REASON_MAX]
