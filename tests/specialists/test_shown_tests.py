"""A run has failed only where its own words show that a test ran."""

import pytest

from missioncontrol.specialists.tester.command_runner import Ran
from missioncontrol.specialists.tester.shown import Shown, shown
from missioncontrol.specialists.tester.verdict import judged, judged_check

COUNTED = {
    "pytest": ("=== 1 failed, 3 passed, 1 skipped in 0.12s ===", Shown(3, 1)),
    "pytest, quiet": ("2 failed, 1 error in 3.02s (0:00:03)", Shown(0, 2)),
    "unittest": ("Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=1)", Shown(2, 2)),
    "go": ("--- FAIL: TestA (0.00s)\nFAIL\texample.org/a\t0.01s\nok  \texample.org/b\t0.1s",
           Shown(1, 1)),
    "cargo": ("test result: FAILED. 3 passed; 1 failed; 0 ignored", Shown(3, 1)),
    "jest": ("Tests:       1 failed, 2 skipped, 3 passed, 6 total", Shown(3, 1)),
    "vitest": ("      Tests  1 failed | 3 passed (4)", Shown(3, 1)),
    "vitest, coloured": ("\x1b[2m Tests \x1b[22m \x1b[31m1 failed\x1b[39m\n", Shown(0, 1)),
    "mocha": ("  3 passing (10ms)\n  1 failing\n", Shown(3, 1)),
    "node": ("# tests 4\n# pass 3\n# fail 1\n", Shown(3, 1)),
    "ava": ("  1 test failed\n  3 tests passed\n", Shown(3, 1)),
    "deno": ("FAILED | 3 passed | 1 failed (6ms)", Shown(3, 1)),
    "surefire": ("[ERROR] Tests run: 5, Failures: 1, Errors: 0, Skipped: 0", Shown(4, 1)),
    "gradle": ("5 tests completed, 1 failed", Shown(4, 1)),
    "rspec": ("5 examples, 1 failure", Shown(4, 1)),
    "minitest": ("5 runs, 9 assertions, 1 failures, 0 errors, 0 skips", Shown(4, 1)),
    "ExUnit": ("2 doctests, 5 tests, 1 failure", Shown(4, 1)),
    "phpunit": ("Tests: 5, Assertions: 9, Failures: 1.", Shown(4, 1)),
    "dotnet": ("Failed!  - Failed:     1, Passed:     4, Skipped:     0", Shown(4, 1)),
    "ctest": ("80% tests passed, 1 tests failed out of 5", Shown(4, 1)),
    "prove": ("Files=3, Tests=12,  1 wallclock secs", Shown(12, 0)),
    "TAP": ("1..2\nok 1 - a\nnot ok 2 - b\n", Shown(1, 1)),
    "automake": ("PASS: a\nFAIL: b\n", Shown(1, 1)),
    "a script": ("Traceback (most recent call last):\nAssertionError: 1 != 2\n", Shown(0, 1)),
}  # fmt: skip


@pytest.mark.parametrize("runner", COUNTED)
def test_the_sums_of_runners_are_read(runner: str) -> None:
    output, expected = COUNTED[runner]
    assert shown(output) == expected
    assert judged(Ran((), 1, 0.1, ""), None, output, is_pytest=False).status == "failed"


NEVER = {
    "no environment": (
        "/bin/sh: 1: .: cannot open venv/bin/activate: No such file\nmake: *** Error 2",
        "cannot open venv/bin/activate",
    ),
    "no program": ("/bin/sh: 1: pytest: not found\nmake: *** [Makefile:2: test] Error 127",
                   "pytest: not found"),
    "no interpreter": ("make: python3.8: No such file or directory\nmake: *** Error 127",
                       "python3.8: No such file"),
    "no package": ("/usr/bin/python: No module named tox\nmake: *** [test] Error 1",
                   "No module named tox"),
    "no module can be imported": (
        "ERROR: a (unittest.loader._FailedTest.a)\nModuleNotFoundError: No module named 'yaml'\n\
Ran 1 test in 0.000s\n\nFAILED (errors=1)",
        "1 test module cannot be imported: No module named 'yaml'",
    ),
    "all modules in error": (
        "E   ImportError: cannot import name 'a' from 'b'\n=== 2 errors in 0.12s ===",
        "cannot import name 'a'",
    ),
    "a file counted as a test": (
        "Error: Cannot find module 'chai'\n# tests 1\n# pass 0\n# fail 1\n",
        "Cannot find module 'chai'",
    ),
    "a package that does not compile": ("FAIL\texample.org/a [build failed]\nFAIL\n",
                                        "nothing shows that a test ran"),
    "nothing said": ("make: *** [Makefile:2: test] Error 1", "nothing shows that a test ran"),
}  # fmt: skip


@pytest.mark.parametrize("how", NEVER)
def test_a_run_that_never_reached_a_test_could_not_start(how: str) -> None:
    output, reason = NEVER[how]
    found = judged(Ran((), 2, 0.1, ""), None, output, is_pytest=False)
    assert found.status == "could_not_start"
    assert reason in found.reason


@pytest.mark.parametrize(
    "output",
    [
        pytest.param("make: 'test' is up to date.", id="a directory of the target's name"),
        pytest.param("make: Nothing to be done for 'test'.", id="no recipe"),
        pytest.param("nox > Missing interpreters: Python interpreter 3.8 not found.", id="skipped"),
    ],
)
def test_ending_well_without_a_test_is_no_success(output: str) -> None:
    assert judged(Ran((), 0, 0.1, ""), None, output, is_pytest=False).status == "could_not_start"


@pytest.mark.parametrize(
    "output",
    [
        pytest.param("\n" * 100_000, id="empty lines"),
        pytest.param("make" * 50_000, id="one word"),
        pytest.param(" " * 200_000, id="blanks"),
    ],
)
def test_odd_output_is_judged_as_quickly(output: str) -> None:
    assert judged(Ran((), 2, 0.1, ""), None, output, is_pytest=False).status == "could_not_start"


def test_what_a_linter_finds_needs_no_test_to_be_its_answer() -> None:
    quoted = "a.py:1:1: F401 unused\n9 |   raise Gone('cannot open file')\n"
    assert judged_check(Ran((), 1, 0.1, ""), quoted).status == "failed"
    missing = judged_check(Ran((), 2, 0.1, ""), "/bin/sh: 1: pre-commit: not found\n")
    assert (missing.status, missing.reason) == (
        "could_not_start",
        "/bin/sh: 1: pre-commit: not found",
    )
