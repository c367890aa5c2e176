"""Fixtures of evaluations."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from missioncontrol.confinement.landlock import SHARED_MEMORY


@pytest.fixture
def shared_memory() -> Iterator[Path]:
    """A directory outside of its tree that a confined agent may write in."""
    place = Path(tempfile.mkdtemp(prefix="mission-test-", dir=SHARED_MEMORY))
    yield place
    shutil.rmtree(place)
