"""What holds for all tests with workers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import end_all


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    """End the processes that a failing test would leave behind; smiths end when they may."""
    yield
    end_all()
    if (tmp_path / "anvil").exists():
        (tmp_path / "anvil/gate").touch()
