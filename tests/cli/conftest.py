"""One finished mission for all who only look at it."""

from pathlib import Path

import pytest

from tests.cli.command import GOAL, Running, repository


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Running]:
    """A home with one mission in it, and what its process printed."""
    root = tmp_path_factory.mktemp("mission")
    home = root / "home"
    running = Running(home, "run", GOAL, "--repo", str(repository(root / "tiny")))
    code, err = running.end()
    assert code == 0, err
    return home, running
