"""Sources of real packages for tests; where the registry can't be reached, the test is skipped."""

from pathlib import Path

import pytest
from tools.sources import SourceMissing
from tools.sources import checkout as _checkout
from tools.sources import source as _source


def source(name: str) -> Path:
    """Return the folder of a package's source distribution, which is read only."""
    try:
        return _source(name)
    except SourceMissing as error:
        pytest.skip(str(error))


def checkout(name: str, where: Path) -> Path:
    """Return a git repository at `where` with the source of a package as its only commit."""
    try:
        return _checkout(name, where)
    except SourceMissing as error:
        pytest.skip(str(error))
