"""Says what a test run showed: passed, failed, timed out, or never really started, and why."""

import re
from typing import Literal

import msgspec

from missioncontrol.specialists.tester.junit import Report
from missioncontrol.specialists.tester.running import Ran
from missioncontrol.specialists.tester.unimported import unimported

Status = Literal["passed", "failed", "could_not_start", "timed_out", "no_test_command"]
PYTEST_FAILED, PYTEST_NOTHING = 1, 5
NOT_EXECUTABLE, NOT_FOUND = 126, 127
REASON_MAX = 300
NO_TEST = "it found no test to run"
NOTHING_RAN = re.compile(
    r"^(?:[#\u2139] tests 0|Ran 0 tests in .*|No tests found.*)$", re.MULTILINE
)
"""What node, unittest and jest print where there was nothing to run, and some call it success."""
ENDED = re.compile(r"^(?:=+ )?\d+ (?:failed|error|passed).* in [\d.:]+", re.MULTILINE)
"""The line that sums a pytest run up; one that broke down before the first test prints none."""

# What tools print when something they need is not installed. Each names the missing thing.
MISSING = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"No module named '?([\w.]+)'?",
        r"^.*?([\w./-]+): (?:command )?not found$",
        r"^([\w./-]+): No such file or directory$",
        r"Cannot find module '([^']+)'",
        r"Cannot find package '([^']+)'",
        r"module lookup disabled by GOPROXY=off.*?([\w./-]*)$",
        r"no matching package named `([^`]+)` found",
        r"failed to (?:download|load source for dependency) `([^`]+)`",
        r"No matching distribution found for (\S+)",
        r"error: unrecognized arguments: (.+)$",
        r"Plugin requires: (\S+)",
        r"Failed to import filter module '([^']+)'",
    )
)


class Verdict(msgspec.Struct, frozen=True):
    """The status of a run and the reason for it, where it is not plain success or failure."""

    status: Status
    reason: str = ""


def judged(ran: Ran, report: Report | None, output: str, *, is_pytest: bool) -> Verdict:
    """Judge a run by its exit status, its report if there is one, and what it printed."""
    if ran.stopped:
        return Verdict("timed_out", f"stopped: {ran.stopped}")
    if not is_pytest and NOTHING_RAN.search(output):
        return Verdict("could_not_start", NO_TEST)
    if ran.exit_code == 0:
        return Verdict("passed")
    if ran.exit_code in {NOT_EXECUTABLE, NOT_FOUND}:
        return Verdict("could_not_start", _missing(output) or _last_line(output))
    if report is not None and report.passed + report.failed > 0:
        return Verdict("failed")
    if is_pytest and report is None and ran.exit_code == PYTEST_FAILED and ENDED.search(output):
        return Verdict("failed")
    if is_pytest:
        reason = _pytest_reason(ran.exit_code, report, output)
        return Verdict("could_not_start", reason)
    missing = _missing(output)
    return Verdict("could_not_start", missing) if missing else Verdict("failed")


def _pytest_reason(exit_code: int, report: Report | None, output: str) -> str:
    if exit_code == PYTEST_NOTHING:
        return NO_TEST
    return (
        unimported(report, output)
        or _missing(output)
        or _error_line(output)
        or f"pytest ended with status {exit_code}: {_last_line(output)}"
    )


def _missing(output: str) -> str:
    """Return the first line that names something missing."""
    hits = [match for pattern in MISSING if (match := pattern.search(output))]
    if not hits:
        return ""
    first = min(hits, key=lambda match: match.start())
    start = output.rfind("\n", 0, first.start()) + 1
    end = output.find("\n", first.end())
    line = output[start : end if end >= 0 else len(output)]
    return _tidy(line)


def _error_line(output: str) -> str:
    lines = [line for line in output.splitlines() if re.match(r"E\s{2,}\S|ERROR:|Error:", line)]
    return _tidy(lines[0]) if lines else ""


def _last_line(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return _tidy(lines[-1]) if lines else "it printed nothing"


def _tidy(line: str) -> str:
    return re.sub(r"^E\s+", "", line.strip())[:REASON_MAX]
