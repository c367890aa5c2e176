"""What agents say while they work: much, and never evidence."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class OutputLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of output."""

    run: str
    step: str
    attempt: int
    time: int  # microseconds since the epoch
    level: str  # info, success, warning, error
    message: str
    sequence: int = 0  # set by the store; grows within a run


class OutputStore(Protocol):
    """Keeps output apart from the log: it may be cut by retention, the log never is."""

    def write(self, lines: Sequence[OutputLine]) -> None:
        """Keep `lines` in order. Lines of a run past the store's bound are counted, not kept."""
        ...

    def read(
        self, run: str, *, step: str = "", after: int = 0, limit: int = 1000
    ) -> list[OutputLine]:
        """Return lines with a sequence above `after`, oldest first, at most `limit`."""
        ...

    def search(self, text: str, *, run: str = "", limit: int = 100) -> list[OutputLine]:
        """Return lines that contain every word of `text`, newest first, at most `limit`.

        A word is what stands between spaces; it may be a part of a longer one, in any case and
        any language.
        """
        ...

    def written(self, run: str) -> int:
        """Return how many lines of `run` are kept."""
        ...

    def left_out(self, run: str) -> int:
        """Return how many lines of `run` were counted but not kept."""
        ...
