"""Files of a repository as they stood at a commit, whatever its checkout has become since."""

from pathlib import Path
from typing import Literal, Protocol

import msgspec

SourceKind = Literal["file", "directory", "link", "module"]


class SourceEntry(msgspec.Struct, frozen=True):
    """What stands at a path."""

    path: str  # relative to the repository, with slashes
    kind: SourceKind
    size: int  # bytes; 0 where it is no file
    name: str  # under which its content is found


class SourceTree(Protocol):
    """Reads repositories of this machine."""

    async def find(self, repository: Path, commit: str, path: str) -> SourceEntry | None:
        """Return what stands at a path, or None where nothing does; "" is the repository itself.

        Raises:
            Unavailable: `source.unreadable`.
        """
        ...

    async def listing(self, repository: Path, commit: str, path: str) -> list[SourceEntry]:
        """Return what a directory has in it, by name.

        Raises:
            Unavailable: `source.unreadable`.
        """
        ...

    async def content(self, repository: Path, entry: SourceEntry) -> bytes:
        """Return a file, or where a link leads; `entry` says how many bytes it takes.

        Raises:
            Unavailable: `source.unreadable`.
        """
        ...
