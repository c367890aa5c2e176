"""One finished mission for all who only look at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import GOAL, Running, end_all, repository


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Running]:
    """A home with one mission in it, and what its process printed."""
    root = tmp_path_factory.mktemp("mission")
    home = root / "home"
    running = Running(home, "run", GOAL, "--repo", str(repository(root / "tiny")))
    code, err = running.end()
    assert code == 0, err
    return home, running


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """End the processes of a test that failed before it could."""
    yield
    end_all()
