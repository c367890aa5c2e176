"""Remembers up to which event of the log all spans have been told."""

import contextlib
from pathlib import Path

DIGITS_MAX = 18


class Bookmark:
    """A position of the log, in a file that is whole or not there."""

    def __init__(self, path: Path) -> None:
        """Nothing is written yet."""
        self._path = path

    def read(self) -> int | None:
        """Return the position; None where nobody remembers one."""
        try:
            text = self._path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return int(text) if text.isdigit() and len(text) <= DIGITS_MAX else None

    def write(self, position: int) -> None:
        """Remember a position. Where that can't be written, spans are told again some day."""
        begun = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            begun.write_text(f"{position}\n", "ascii")
            begun.replace(self._path)
