"""What a repository has come to: its commits with the texts they changed, and its files."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec


class Changed(msgspec.Struct, frozen=True):
    """What a commit did to one file that was there before."""

    path: str
    before: str
    after: str


class Commit(msgspec.Struct, frozen=True):
    """A commit, and the files that it changed."""

    id: str
    files: tuple[Changed, ...]


class TextFile(msgspec.Struct, frozen=True):
    """A file of the repository, as it is checked out."""

    path: str
    text: str


class History(Protocol):
    """A repository, as far as its past and its files are read."""

    async def head(self) -> str:
        """Return the commit that is checked out; "" before the first."""
        ...

    async def files(self) -> Sequence[TextFile]:
        """Return the files that are tracked and are text; a bounded number."""
        ...

    def commits(self, limit: int) -> AsyncIterator[Commit]:
        """Yield the newest commits without merges, with the code they changed, newest first."""
        ...
