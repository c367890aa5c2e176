"""What agents say while they work: much, and never evidence."""

from collections.abc import Iterator, Sequence
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
    agent: str = ""  # whose attempt it was; not known of lines of earlier releases


class StoredLine(msgspec.Struct, frozen=True):
    """A line with its number among all lines of all runs, which grows and never comes twice."""

    number: int
    line: OutputLine


class LineQuery(msgspec.Struct, frozen=True):
    """Which lines are wanted; what is left empty does not matter."""

    text: str = ""  # every word of it stands in the line, as `OutputStore.search` says
    run: str = ""
    step: str = ""  # of that run
    agent: str = ""
    level: str = ""
    since: int = 0  # microseconds since the epoch, inclusive
    until: int = 0  # exclusive; 0 is now
    after: int = 0  # numbers of lines, both exclusive
    before: int = 0  # 0 is no bound


class LinePage(msgspec.Struct, frozen=True):
    """Lines that were found, oldest first."""

    lines: list[StoredLine]
    has_more: bool = False  # in the direction in which was looked
    looked_to: int = 0  # number of the line where time was over, and there is more; else 0


class RunOutput(msgspec.Struct, frozen=True):
    """How much of one run is stored."""

    run: str
    lines: int
    bytes: int  # of text


class OutputStore(Protocol):
    """Keeps output apart from the log: it may be cut by retention, the log never is."""

    def write(self, lines: Sequence[OutputLine]) -> None:
        """Store `lines` in order. Lines of a run past the store's bound are counted only."""
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
        """Return how many lines of `run` are stored."""
        ...

    def left_out(self, run: str) -> int:
        """Return how many lines of `run` were counted but not stored."""
        ...


class ShortenedOutput(Protocol):
    """Output of which the oldest is removed."""

    def stored_bytes(self) -> int:
        """Return how many bytes of text are stored in all."""
        ...

    def runs(self) -> Iterator[RunOutput]:
        """Yield the runs with stored output, the oldest first."""
        ...

    def newest_run(self) -> str:
        """Return the run that wrote the last line of all; empty while there is none."""
        ...

    def remove(self, run: str, *, limit: int = 500) -> int:
        """Remove at most `limit` lines of a run, and count them as left out; return how many."""
        ...


class FollowedOutput(OutputStore, Protocol):
    """The output of all runs together, to be followed or searched."""

    def last(self) -> int:
        """Return the number of the last line of all; 0 while there is none."""
        ...

    def tail(self, *, after: int, run: str = "", limit: int = 1000) -> list[StoredLine]:
        """Return the last lines with a number above `after`, oldest first, at most `limit`."""
        ...

    def find(
        self, query: LineQuery, *, oldest: bool = False, limit: int = 200, seconds_max: float = 2.0
    ) -> LinePage:
        """Return the newest lines that fit, or the oldest of them, at most `limit`.

        A search for text ends when `seconds_max` are over, and says how far it came.
        """
        ...
