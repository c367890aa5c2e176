"""Reads a JUnit XML report: the counts, and what the first failures say."""

from xml.parsers import expat

import msgspec

LENGTH_MAX = 32 * 1024 * 1024
FAILURES_MAX = 5_000
MESSAGE_MAX = 2_000
MARKS = ("failure", "error", "skipped")
"""What a test case may carry. One with several counts once, as the first of these: a test whose
subtests fail leaves a mark for each of them, and one that is skipped can still fail to clean up."""


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
