"""A cheap program that records the moment it began, and runs until it is released.

It is `tee STAMP DOOR`: it creates the one file and waits at the other, a FIFO without a reader
yet. The kernel stamps a new file with the time of its last tick: a moment is at most 4 ms early.
"""

import os
from pathlib import Path

PROGRAM = "/usr/bin/tee"


class Stamps:
    """The stamps of so many programs, and the door at which they all wait."""

    def __init__(self, folder: Path, count: int) -> None:
        """No program has begun yet."""
        folder.mkdir(parents=True)
        self._door = folder / "door"
        self._opened = -1
        self._files = [folder / f"stamp-{number}" for number in range(count)]
        os.mkfifo(self._door)

    def argv(self, number: int) -> list[str]:
        """Return the command that leaves stamp `number`."""
        return [PROGRAM, str(self._files[number]), str(self._door)]

    def are_there(self, count: int) -> bool:
        """Whether the first `count` programs have begun."""
        return all(file.exists() for file in self._files[:count])

    def moments(self, count: int) -> list[float]:
        """Return when each of the first `count` began, in seconds since the epoch."""
        return [file.stat().st_mtime for file in self._files[:count]]

    def let_go(self) -> None:
        """Open the door, and keep it open: what they say is less than it holds."""
        self._opened = os.open(self._door, os.O_RDWR)

    def clear(self) -> None:
        """Close the FIFO once all have left, and reset the stamps for the next round."""
        os.close(self._opened)
        for file in self._files:
            file.unlink(missing_ok=True)
