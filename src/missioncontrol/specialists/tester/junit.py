"""Reads a JUnit XML report: the counts, the first failures, and modules without an import."""

import re
from collections import Counter
from xml.parsers import expat

import msgspec

LENGTH_MAX = 32 * 1024 * 1024
FAILURES_MAX = 5_000
MESSAGE_MAX = 2_000
MARKS = ("failure", "error", "skipped")
"""What a test case may carry. One with several counts once, as the first of these: a test whose
subtests fail leaves a mark for each of them, and one that is skipped can still fail to clean up."""
COLLECTION = "collection failure"
COLLECTED = re.compile(r"^(?:collecting .*)?collected (\d+) items?\b", re.MULTILINE)
CAUSE = re.compile(r"^E\s+(\w*(?:Error|Exception|Warning)\b.*)$", re.MULTILINE)
UNITTEST = re.compile(r"^ERROR: .*\bunittest\.loader\._FailedTest\b.*$", re.MULTILINE)
UNITTEST_CAUSE = re.compile(r"^(\w*(?:Error|Exception)\b: .*)$", re.MULTILINE)
SECTION = re.compile(r"^_+ ERROR collecting (\S.*?) _+$", re.MULTILINE)
CAUSES_SHOWN = 3
CAUSE_MAX = 160


class Failure(msgspec.Struct, frozen=True):
    """One test case that failed, or could not be run."""

    name: str
    group: str  # JUnit's class name; a dotted module in pytest's reports
    message: str
    text: str
    is_error: bool
    file: str = ""
    line: int = 0


class Report(msgspec.Struct, frozen=True):
    """What a report counts."""

    passed: int
    failed: int
    errors: int
    skipped: int
    failures: tuple[Failure, ...] = ()
    groups: dict[str, int] = {}  # test cases by JUnit's class name
    passing: frozenset[tuple[str, str]] = frozenset()  # JUnit's class name and name


class Malformed(ValueError):
    """The file is no JUnit report that we accept."""


def read_report(data: str) -> Report:
    """Return the counts and the first failures of a report.

    Raises:
        Malformed: it is too large, no XML, or declares entities.
    """
    if len(data) > LENGTH_MAX:
        raise Malformed(f"the report is longer than {LENGTH_MAX:,} characters")
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.EntityDeclHandler = reader.refuse  # No report needs them, and bombs are made of them.
    try:
        parser.Parse(data.encode(), True)
    except expat.ExpatError as fault:
        raise Malformed(f"the report is no XML: {fault}") from fault
    return reader.report()


class _Reader:
    """Counts test cases while the parser walks."""

    def __init__(self) -> None:
        self.cases = 0
        self.marks = dict.fromkeys(MARKS, 0)
        self.failures: list[Failure] = []
        self.groups: dict[str, int] = {}
        self.passing: set[tuple[str, str]] = set()
        self._case: dict[str, str] = {}
        self._seen: set[str] = set()
        self._mark: dict[str, str] | None = None
        self._text: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "testcase":
            self.cases += 1
            self._case, self._seen = attributes, set()
            group = attributes.get("classname", "")
            self.groups[group] = self.groups.get(group, 0) + 1
        elif tag in self.marks and self._case and tag not in self._seen:
            self._seen.add(tag)
            self._mark, self._text = attributes, []

    def characters(self, data: str) -> None:
        if self._mark is not None:
            self._text.append(data)

    def end(self, tag: str) -> None:
        if tag == "testcase":
            for mark in [mark for mark in MARKS if mark in self._seen][:1]:
                self.marks[mark] += 1
            if not self._seen:
                self.passing.add((self._case.get("classname", ""), self._case.get("name", "")))
        if tag not in self.marks or self._mark is None:
            return
        if tag != "skipped" and len(self.failures) < FAILURES_MAX:
            line = self._case.get("line", "")
            self.failures.append(
                Failure(
                    self._case.get("name", ""),
                    self._case.get("classname", ""),
                    self._mark.get("message", "")[:MESSAGE_MAX],
                    "".join(self._text),
                    tag == "error",
                    self._case.get("file", ""),
                    int(line) if line.isdigit() else 0,
                )
            )
        self._mark = None

    def refuse(self, *_: object) -> None:
        raise Malformed("the report declares entities")

    def report(self) -> Report:
        failed, errors, skipped = (self.marks[mark] for mark in MARKS)
        passed = self.cases - failed - errors - skipped
        failures, passing = tuple(self.failures), frozenset(self.passing)
        return Report(passed, failed, errors, skipped, failures, self.groups, passing)


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
