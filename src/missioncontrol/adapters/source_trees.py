"""Reads files at a commit through git: no checkout is touched, and no link is followed."""

import asyncio
from pathlib import Path

from missioncontrol.adapters.git import git
from missioncontrol.domain.errors import Unavailable
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.source_tree import SourceEntry, SourceKind

SECONDS_MAX = 20.0
BYTES_MAX = 16 * 1024 * 1024

_SAFELY = ("-c", "safe.bareRepository=explicit", "--literal-pathspecs")
_KINDS: dict[str, SourceKind] = {"040000": "directory", "120000": "link", "160000": "module"}


class GitSources:
    """Keeps `SourceTree`."""

    async def find(self, repository: Path, commit: str, path: str) -> SourceEntry | None:
        """Ask for the entry of one path."""
        if not path:
            return SourceEntry("", "directory", 0, "")
        found = await _entries(repository, commit, path)
        return next((each for each in found if each.path == path), None)

    async def listing(self, repository: Path, commit: str, path: str) -> list[SourceEntry]:
        """Ask for the entries below a path, directories first."""
        found = await _entries(repository, commit, f"{path}/" if path else "")
        return sorted(found, key=lambda each: (each.kind != "directory", each.path))

    async def content(self, repository: Path, entry: SourceEntry) -> bytes:
        """Ask for the object that the entry names."""
        return await _git_output(repository, "cat-file", "blob", entry.name)


async def _entries(repository: Path, commit: str, path: str) -> list[SourceEntry]:
    places = (path,) if path else ()
    output = await _git_output(repository, "ls-tree", "-z", "-l", commit, "--", *places)
    return [_entry(line) for line in output.decode("utf-8", "replace").split("\0") if line]


def _entry(line: str) -> SourceEntry:
    """Read `100644 blob 3b18e512… 12<tab>docs/a.md`."""
    head, _, path = line.partition("\t")
    mode, _, name, size = head.split()
    kind = _KINDS.get(mode, "file")
    return SourceEntry(path, kind, int(size) if size.isdigit() else 0, name)


async def _git_output(repository: Path, *args: str) -> bytes:
    try:
        async with asyncio.timeout(SECONDS_MAX):
            return await git([*_SAFELY, *args], cwd=repository, bytes_max=BYTES_MAX)
    except (AttemptFailed, OSError, TimeoutError) as error:
        raise Unavailable(
            "source.unreadable",
            f"The repository {str(repository)[:200]!r} can't be read at that commit.",
            hint="It may have been moved, or the commit may be gone from it.",
        ) from error
