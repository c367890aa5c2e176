"""Counts the test modules that could not be imported, and says what they lack."""

import re
from collections import Counter

from missioncontrol.specialists.tester.junit import Report

COLLECTION = "collection failure"
COLLECTED = re.compile(r"^(?:collecting .*)?collected (\d+) items?\b", re.MULTILINE)
CAUSE = re.compile(r"^E\s+(\w*(?:Error|Exception|Warning)\b.*)$", re.MULTILINE)
UNITTEST = re.compile(r"^ERROR: .*\bunittest\.loader\._FailedTest\b.*$", re.MULTILINE)
UNITTEST_CAUSE = re.compile(r"^(\w*(?:Error|Exception)\b: .*)$", re.MULTILINE)
SECTION = re.compile(r"^_+ ERROR collecting (\S.*?) _+$", re.MULTILINE)
CAUSES_SHOWN = 3
CAUSE_MAX = 160


def unimported(report: Report | None, output: str) -> str:
    """Say how many test modules could not be imported and why; "" where that was not it."""
    causes = _from_report(report) or _from_output(output) or _from_unittest(output)
    if not causes:
        return ""
    total = sum(causes.values())
    ordered = sorted(causes.items(), key=lambda item: (-item[1], item[0]))
    modules = "1 test module" if total == 1 else f"{total:,} test modules"
    if len(ordered) == 1:
        return f"{modules} cannot be imported: {ordered[0][0]}"
    shown = [f"{cause} ({count:,})" for cause, count in ordered[:CAUSES_SHOWN]]
    more = len(ordered) - CAUSES_SHOWN
    rest = f"; {more:,} more causes" if more > 1 else "; 1 more cause" if more else ""
    return f"{modules} cannot be imported: {'; '.join(shown)}{rest}"


def _from_report(report: Report | None) -> Counter[str]:
    """Return the causes with the number of modules that each one stopped."""
    found: Counter[str] = Counter()
    for each in report.failures if report else ():
        if each.is_error and each.message.startswith(COLLECTION):
            found[_cause(each.text)] += 1
    return found


def _from_output(output: str) -> Counter[str]:
    """The same from what pytest printed, for a run that left no report."""
    parts = SECTION.split(output)
    # A name, then its text, in turns; the text before the first name is no module's.
    return Counter(_cause(text) for text in parts[2::2])


def _from_unittest(output: str) -> Counter[str]:
    """The same from what unittest printed, which counts each such module as a test in error."""
    parts = [text.partition("\nRan ")[0] for text in UNITTEST.split(output)[1:]]
    return Counter(_cause(text, UNITTEST_CAUSE) for text in parts)


def _cause(text: str, form: re.Pattern[str] = CAUSE) -> str:
    """Return the last error that the text marks: the one that all the others led to."""
    marked = form.findall(text)
    if not marked:
        return "the runner does not say why"
    cause = re.sub(r"\s+", " ", marked[-1]).strip()
    return cause.removeprefix("ModuleNotFoundError: ")[:CAUSE_MAX]
