"""What a repository's history tells of changes that tasks made."""

from collections.abc import Set as AbstractSet
from typing import Protocol

import msgspec

FileLine = tuple[str, str]
"""A path and a line, without the blanks around it."""


class LaterCommit(msgspec.Struct, frozen=True):
    """A commit that descends from another one."""

    commit: str
    at: float  # the committer's time, seconds since the epoch
    run: str  # that made it; "" where none did
    removed: frozenset[FileLine]


class TaskHistory(Protocol):
    """A repository, which is only read.

    Every method raises `Unavailable` (`guard.unreadable`) where the repository can't be read.
    """

    async def moment(self, commit: str) -> float | None:
        """Return the committer's time; None where there is no such commit here."""
        ...

    async def is_adopted(self, commit: str) -> bool:
        """Tell whether a branch of people has it, and not our own alone."""
        ...

    async def added(self, base: str, commit: str) -> frozenset[FileLine] | None:
        """Return the lines that came in between two commits; None where one is not here."""
        ...

    async def later(self, base: str, commit: str, *, until: float) -> list[LaterCommit]:
        """Return what descends from `commit` in any branch and was made until then; no merges.

        Commits that change none of the files that changed between `base` and it are left out.
        """
        ...

    async def held(self, commit: str, inners: AbstractSet[str]) -> frozenset[str]:
        """Return those of `inners` that are `commit`, or before it."""
        ...
