"""Reads files of a mission's repository as they lie there now, where it is on this machine."""

from collections.abc import Iterable
from pathlib import Path

from missioncontrol.documents.excerpts import ReadSource

BYTES_MAX = 1_000_000
"""A larger file is no source text that people read."""


def absent(repository: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the paths at which no file lies; none where the repository is not at hand."""
    root = Path(repository)
    if not repository or not root.is_absolute() or not root.is_dir():
        return ()
    return tuple(path for path in paths if not _is_file(root / path))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def reader_of(repository: str) -> ReadSource | None:
    """Return what reads a file of the repository; None where the repository is not at hand."""
    root = Path(repository)
    if not repository or not root.is_absolute() or not root.is_dir():
        return None

    def read(path: str) -> str | None:
        try:
            place = (root / path).resolve()
            if not place.is_relative_to(root.resolve()) or not place.is_file():
                return None
            if place.stat().st_size > BYTES_MAX:
                return None
            content = place.read_bytes()
        except (OSError, ValueError, RuntimeError):
            return None
        return None if b"\0" in content else content.decode("utf-8", "replace")

    return read
