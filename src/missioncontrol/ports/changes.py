"""A change of a repository, and what is asked of the repository around it."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

Status = Literal["added", "changed", "deleted", "renamed"]


class Line(msgspec.Struct, frozen=True):
    """A line that is there only on one side."""

    number: int  # from 1, on its side
    text: str


class FileChange(msgspec.Struct, frozen=True):
    """One file, before and after."""

    path: str  # after the change; before it where the file is deleted
    status: Status
    came_from: str = ""  # where it is renamed
    added: tuple[Line, ...] = ()
    removed: tuple[Line, ...] = ()
    before: str = ""  # its text; "" where it is new, no text, or too large to be read
    after: str = ""
    is_text: bool = True  # else only its path is looked at

    @property
    def paths(self) -> tuple[str, ...]:
        """Where it is and was."""
        return (self.path, self.came_from) if self.came_from else (self.path,)


class Change(msgspec.Struct, frozen=True):
    """All of it."""

    what: str  # "what is staged", "main..feature"
    base: str  # the commit before it; "" where there is none
    files: tuple[FileChange, ...]


class Listing(msgspec.Struct, frozen=True):
    """The files of a commit: path to the name of the content."""

    files: Mapping[str, str]


class ChangedRepository(Protocol):
    """A repository, and one change of it. Everything is only read.

    Every method raises `Unavailable` (`guard.unreadable`) where the repository can't be read.
    """

    change: Change
    listing: Listing  # with the change

    async def texts(self, paths: Sequence[str]) -> dict[str, str]:
        """Return the text of files as they are with the change, by path; "" for what is none."""
        ...

    async def base_listing(self) -> Listing:
        """Return the files as they were before the change."""
        ...

    async def contents(self, paths: Sequence[str]) -> dict[str, frozenset[str]]:
        """Return what stood in files in between, by path: names of contents, "" for no file."""
        ...

    async def import_lines(self, words: Sequence[str]) -> str:
        """Return the lines of code before the change that import something named by a word."""
        ...

    async def importing(self, words: Sequence[str]) -> list[str]:
        """Return the paths with such lines, with the change."""
        ...
