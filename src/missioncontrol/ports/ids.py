"""Where new names and chance come from, so that a simulation can repeat them."""

from typing import Protocol


class Ids(Protocol):
    """Issues names that were never used before, and draws."""

    def new(self, kind: str) -> str:
        """Return a new id: `kind`, a hyphen, and letters that sort by the time of its birth."""
        ...

    def jitter(self) -> float:
        """Return a draw from [0, 1)."""
        ...
