"""What holds for all tests with workers."""

from collections.abc import Iterator

import pytest

from tests.cli.command import end_all


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """End the processes that a failing test would leave behind."""
    yield
    end_all()
