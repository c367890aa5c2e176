"""Counts the tests that a command's own words show to have run, for all common runners."""

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

LINE_LENGTH_MAX = 1_000
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_UNIMPORTED = re.compile(r"^ERROR: .*\bunittest\.loader\._FailedTest\b", re.MULTILINE)
"""unittest counts a module that it cannot import as a test in error."""


class Shown(msgspec.Struct, frozen=True):
    """How many tests ran to their end, as far as the output says; 0 and 0 is no proof of any."""

    passed: int = 0
    failed: int = 0

    @property
    def any(self) -> bool:
        """Whether at least one test ran."""
        return self.passed + self.failed > 0


def clipped(output: str) -> str:
    """Return the output with its lines cut: what sums a run up is short, and searching is not."""
    return "\n".join(line[:LINE_LENGTH_MAX] for line in output.splitlines())


def shown(output: str) -> Shown:
    """Return the counts of the first runner whose sums stand in `output`, all its sums added."""
    plain = clipped(_COLOUR.sub("", output))
    for read in READERS:
        found = list(read(plain))
        if any(each.any for each in found):
            return Shown(sum(each.passed for each in found), sum(each.failed for each in found))
    return Shown()


def failing_names(output: str, failed: int) -> tuple[str, ...]:
    """Return the names of the tests that failed, if the output names all of the `failed` ones."""
    plain = clipped(_COLOUR.sub("", output))
    for form in NAMES:
        names = dict.fromkeys(" ".join(match.split()) for match in form.findall(plain))
        if failed and len(names) >= failed:
            return tuple(names)
    return ()


def _pytest(text: str) -> Iterator[Shown]:
    """`== 1 failed, 3 passed, 2 errors in 0.12s ==`; errors are of set-up or import."""
    for line in re.findall(r"^=*[ \t]*(\d+ [a-z].*) in \d[\d.:]*\s?s\b", text, re.MULTILINE):
        passed, failed = _numbers(line, "passed|xpassed|xfailed"), _numbers(line, "failed")
        yield Shown(passed, failed)


def _unittest(text: str) -> Iterator[Shown]:
    """`Ran 5 tests in 0.1s` and, two lines on, `FAILED (failures=1, errors=2, skipped=1)`."""
    unimported = len(_UNIMPORTED.findall(text))
    for ran, ended in re.findall(r"^Ran (\d+) tests? in .*\n+(.*)$", text, re.MULTILINE):
        counts = {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", ended)}
        broken = counts.get("failures", 0) + counts.get("errors", 0)
        failed = max(0, broken - unimported)
        yield Shown(max(0, int(ran) - broken - counts.get("skipped", 0)), failed)


def _go(text: str) -> Iterator[Shown]:
    """`--- FAIL: TestA (0.00s)` and `ok  example.org/a 0.1s`: a package counts as its one."""
    passed = re.findall(
        r"^[ \t]*--- PASS: |^ok[ \t]+\S+[ \t]+[\d.(](?!.*\[no tests)", text, re.MULTILINE
    )
    yield Shown(len(passed), len(re.findall(r"^[ \t]*--- FAIL: ", text, re.MULTILINE)))


def _total(pattern: str) -> Callable[[str], Iterator[Shown]]:
    """Return a reader of sums that say `total` and `failed`."""
    form = re.compile(pattern, re.MULTILINE)

    def read(text: str) -> Iterator[Shown]:
        for match in form.finditer(text):
            total, failed = int(match["total"]), int(match["failed"] or 0)
            yield Shown(max(0, total - failed), failed)

    return read


def _each(pattern: str) -> Callable[[str], Iterator[Shown]]:
    """Return a reader of sums that say `passed`, `failed` or both, also in lines of their own."""
    form = re.compile(pattern, re.MULTILINE)

    def read(text: str) -> Iterator[Shown]:
        for match in form.finditer(text):
            counts = match.groupdict()
            yield Shown(int(counts.get("passed") or 0), int(counts.get("failed") or 0))

    return read


def _marked(text: str) -> Iterator[Shown]:
    """Lines of which each is one test: TAP's `ok 1`, automake's and unittest's `FAIL: name`."""
    passed = re.findall(
        r"^[ \t]*(?:ok \d+\b(?!.*# SKIP)|PASS: \S|\[ +OK +\] \S)", text, re.MULTILINE
    )
    failed = r"^[ \t]*(?:not ok \d+\b|FAIL: \S|\[ +FAILED +\] \S|FAILED \S+::)"
    yield Shown(len(passed), len(re.findall(failed, text, re.MULTILINE)))


def _asserted(text: str) -> Iterator[Shown]:
    """An assertion that does not hold, in a script that counts nothing: something was tested."""
    found = r"^(?:\w+\.)*AssertionError\b|\bAssertion (?:.* )?failed\b|^assertion failed"
    yield Shown(0, len(re.findall(found, text, re.MULTILINE)))


def _numbers(line: str, words: str) -> int:
    return sum(int(count) for count in re.findall(rf"(\d+) (?:{words})\b", line))


NAMES: Sequence[re.Pattern[str]] = tuple(
    re.compile(form, re.MULTILINE)
    for form in (
        r"^(?:FAILED|ERROR) (\S+::.+?)(?: - .*)?$",  # pytest
        r"^(?:FAIL|ERROR): (\S+ \(\S+\))",  # unittest
        r"^[ \t]*--- FAIL: (\S+)",  # go
        r"^test (\S+) \.\.\. FAILED$",  # cargo
        r"^[ \t]*not ok \d+(?: -)? (.+?)(?: #.*)?$",  # TAP
        r"^[ \t]*\u25cf (.+)$",  # jest
        r"^[ \t]*FAIL[ \t]+(\S+ > .+)$",  # vitest
    )
)
"""How runners name the tests that failed."""

READERS: Sequence[Callable[[str], Iterator[Shown]]] = (
    _pytest,
    _unittest,
    _go,
    # cargo: test result: FAILED. 3 passed; 1 failed; 0 ignored
    _each(r"^test result: \w+\. (?P<passed>\d+) passed; (?P<failed>\d+) failed"),
    # jest: Tests: 1 failed, 2 skipped, 3 passed, 6 total; vitest: Tests  1 failed | 3 passed (4)
    _each(
        r"^[ \t]*Tests:?[ \t]+(?:(?P<failed>\d+) failed[,| ]*)?(?:\d+ (?:skipped|todo)[,| ]*)*"
        r"(?:(?P<passed>\d+) passed)?"
    ),
    # mocha and karma: 3 passing (10ms), then 1 failing
    _each(r"^[ \t]*(?:(?P<passed>\d+) passing\b|(?P<failed>\d+) failing\b)"),
    # node --test: # pass 3, # fail 1
    _each(r"^(?:[#\u2139]) (?:pass (?P<passed>\d+)|fail (?P<failed>\d+))[ \t]*$"),
    # ava and bun: 3 tests passed, 1 test failed; 3 pass, 1 fail
    _each(
        r"^[ \t]*(?:(?P<passed>\d+) (?:tests? passed|pass)|(?P<failed>\d+) (?:tests? failed|fail))$"
    ),
    # deno: ok | 3 passed | 1 failed
    _each(r"^\w+ \| (?P<passed>\d+) passed.*? \| (?P<failed>\d+) failed"),
    # surefire: Tests run: 5, Failures: 1, Errors: 0
    _total(r"^(?:\[\w+\] )?Tests run: (?P<total>\d+), Failures: (?P<failed>\d+)"),
    # gradle: 5 tests completed, 1 failed
    _total(r"^(?P<total>\d+) tests? completed(?:, (?P<failed>\d+) failed)?"),
    # rspec, minitest, ExUnit, robot: 5 examples, 1 failure; 5 runs, 9 assertions, 1 failures
    _total(
        r"^(?:\d+ doctests?, )?(?P<total>\d+) (?:examples?|tests?|runs|specs?)"
        r"(?:, \d+ (?:assertions|passed|properties|property))*(?:, (?P<failed>\d+) fail\w*)"
    ),
    # phpunit: Tests: 5, Assertions: 9, Failures: 1; OK (5 tests, 9 assertions)
    _total(r"^Tests: (?P<total>\d+), Assertions: \d+(?:.*?Failures: (?P<failed>\d+))?"),
    _each(r"^OK \((?P<passed>\d+) tests?,"),
    # dotnet: Failed! - Failed: 1, Passed: 4
    _each(r"\bFailed:\s+(?P<failed>\d+), Passed:\s+(?P<passed>\d+)"),
    # ctest: 80% tests passed, 1 tests failed out of 5
    _total(r"tests passed, (?P<failed>\d+) tests? failed out of (?P<total>\d+)"),
    # prove: Files=3, Tests=12 with Failed 1/12 subtests
    _total(r"^Files=\d+, Tests=(?P<total>\d+)(?P<failed>(?!))?"),
    # behave and cucumber: 4 scenarios passed, 1 failed
    _each(r"^(?P<passed>\d+) scenarios? passed, (?P<failed>\d+) failed"),
    # stestr: - Passed: 4, - Failed: 1
    _each(r"^[ \t]*- (?:Passed: (?P<passed>\d+)|Failed: (?P<failed>\d+))$"),
    _marked,
    _asserted,
)
"""What tells most comes first: a runner's own sum before single lines."""
