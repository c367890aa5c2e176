"""A tester's result for the change."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.commits.test_lines import REMEDY

MESSAGE_MAX = 500
EACH_MAX = 50
_SILENT = ("could_not_start", "no_test_command", "not_run")


class Broken(msgspec.Struct, frozen=True):
    """Something that fails and did not."""

    test: str = ""
    message: str = ""
    path: str = ""
    line: int = 0


class Failure(msgspec.Struct, frozen=True):
    """A test that fails."""

    name: str = ""
    group: str = ""
    message: str = ""


class ReviewedTests(msgspec.Struct, frozen=True):
    """The output of a tester, as far as a review asks for it."""

    passed: bool = False
    status: str = ""
    reason: str = ""
    commit: str = ""
    base: str = ""
    broken: tuple[Broken, ...] = ()
    altered: tuple[Broken, ...] = ()
    gone: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


def read_test_output(tests: Mapping[str, Any] | None) -> ReviewedTests | None:
    """Read it.

    Raises:
        AttemptFailed: `inspector.bad_input`.
    """
    if tests is None:
        return None
    try:
        return msgspec.convert(tests, ReviewedTests)
    except msgspec.ValidationError as error:
        raise AttemptFailed(
            "inspector.bad_input",
            f"The input `tests` is nothing that a tester hands back: {error}.",
            hint="Give `${{ steps.KEY.output }}` of a tester.",
            retryable=False,
        ) from None


def of_tests(tests: ReviewedTests | None, commit: str) -> Iterator[Found]:
    """Tell what the tests say against the change, or that they say nothing."""
    if tests is None:
        yield _note("Nothing is known of its tests", "Give `tests` of a tester.")
        return
    if tests.commit and tests.commit != commit:
        message = f"The tests are those of another commit, {tests.commit[:12]}"
        yield Found("inspector.other_tests", message, remedy="Test this one.")
        return
    yield from _failing(tests)


def _failing(tests: ReviewedTests) -> Iterator[Found]:
    for each in tests.broken[:EACH_MAX]:
        words = f"{each.test}: {each.message}" if each.test else each.message
        remedy = "Mend it: it did not fail without the change." if tests.base else "Mend it."
        yield Found("inspector.tests_failed", words[:MESSAGE_MAX], each.path, each.line, remedy)
    if tests.broken or tests.passed:
        return
    if tests.status in _SILENT:
        why = tests.reason or tests.status.replace("_", " ")
        yield _note(f"No test says anything of it: {why}", "Try it before it is merged.")
        return
    for failure in tests.failures[:EACH_MAX]:
        name = f"{failure.group}::{failure.name}" if failure.group else failure.name
        words = f"{name}: {failure.message}"[:MESSAGE_MAX]
        yield Found("inspector.tests_failed", words, remedy="Mend it.")
    if not tests.failures:
        ended = ": ".join(each for each in (tests.status.replace("_", " "), tests.reason) if each)
        words = f"The tests did not end well ({ended or 'no reason is given'})"
        yield Found("inspector.tests_failed", words, remedy="Read the tester's results.")


def _note(message: str, remedy: str) -> Found:
    return Found("inspector.tests_silent", message, remedy=remedy, blocking=False)


def of_altered(tests: ReviewedTests | None, commit: str) -> Iterator[Found]:
    """Tell which tests the change alters fail as they were, and which run no more."""
    if tests is None or (tests.commit and tests.commit != commit):
        return
    for each in tests.altered[:EACH_MAX]:
        name = each.test or "The tests"
        message = f"{name} fails as it was at the base: {each.message}"[:MESSAGE_MAX]
        yield Found("test_claim", message, each.path, each.line, REMEDY)
    for name in tests.gone[:EACH_MAX]:
        message = f"{name} passed at the base, and is not run any more"
        yield Found("test_removed", message, remedy=REMEDY)
