"""A run of tests within a time names the files that it left out."""

import pytest

from tests.file_order import NAMED_MAX, NOT_WITHIN, left_out


def skipped(nodeid: str, reason: str) -> pytest.TestReport:
    where = ("conftest.py", 1, f"Skipped: {reason}")
    return pytest.TestReport(nodeid, (nodeid, 1, ""), {}, "skipped", where, "setup")


def test_files_without_time_are_named_once_and_others_are_not() -> None:
    late = [skipped(f"tests/test_{name}.py::test_x", f"{NOT_WITHIN} 3 s") for name in "baa"]
    other = skipped("tests/test_c.py::test_x", "no browser")
    assert left_out([*late, other]) == (
        "3 tests had no time left, in tests/test_a.py, tests/test_b.py."
    )
    assert left_out([other]) == ""


def test_of_many_files_the_rest_is_counted() -> None:
    names = range(100, 100 + NAMED_MAX + 2)
    late = [skipped(f"t{name}.py::test_x", f"{NOT_WITHIN} 3 s") for name in names]
    assert left_out(late).endswith(f"t{99 + NAMED_MAX}.py and 2 more.")
