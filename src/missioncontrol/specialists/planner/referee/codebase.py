"""Tells what stands in a repository at the commit that a mission is planned at."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from missioncontrol.specialists.git import git, git_bytes, head_commit
from missioncontrol.specialists.tree import Tree, read_tree

SECONDS_MAX = 60.0


class Codebase(Protocol):
    """The paths of a repository, the lengths of its files, and where words stand in them."""

    @property
    def paths(self) -> frozenset[str]:
        """Every file, relative to the repository."""
        ...

    def line_count(self, path: str) -> int:
        """Return how many lines a file has.

        Raises:
            Unavailable: it can't be read.
        """
        ...

    def files_with(self, words: Collection[str]) -> dict[str, set[str]]:
        """Return, for each word, the files that hold it as a whole word.

        Raises:
            Unavailable: it takes too long, or they stand in too many places.
        """
        ...

    def holds(self, text: str) -> bool:
        """Whether a line of some file holds a text.

        Raises:
            Unavailable: it takes too long.
        """
        ...

    def has_commit(self, beginning: str) -> bool:
        """Whether the repository has a commit whose id begins so.

        Raises:
            Unavailable: git does not answer.
        """
        ...


class CommitFiles:
    """The files of a commit, as git has them."""

    def __init__(self, root: Path, commit: str) -> None:
        """List the paths.

        Raises:
            Unavailable: git does not answer.
        """
        self._root = root
        self._commit = commit
        listed = git(root, "ls-tree", "-r", "-z", "--name-only", commit, seconds=SECONDS_MAX)
        self._paths = frozenset(path for path in listed.split("\0") if path)

    @property
    def paths(self) -> frozenset[str]:
        """See `Codebase.paths`."""
        return self._paths

    def line_count(self, path: str) -> int:
        """See `Codebase.line_count`."""
        return _line_count(git(self._root, "show", f"{self._commit}:./{path}", seconds=SECONDS_MAX))

    def files_with(self, words: Collection[str]) -> dict[str, set[str]]:
        """See `Codebase.files_with`."""
        found: dict[str, set[str]] = {word: set() for word in words}
        if not found:
            return found
        patterns = [part for word in sorted(found) for part in ("-e", word)]
        # One pass over all files for all words. git ends with 1 where nothing matches.
        data = git_bytes(
            self._root,
            *("grep", "-I", "-o", "-w", "-F", "-z", *patterns, self._commit),
            more={},
            seconds=SECONDS_MAX,
            fine=(0, 1),
        )
        for line in set(data.decode("utf-8", "replace").split("\n")):
            place, _, word = line.partition("\0")
            if word in found:
                found[word].add(place.partition(":")[2])
        return found

    def holds(self, text: str) -> bool:
        """See `Codebase.holds`."""
        asked = ("grep", "-I", "-l", "-i", "-F", "-e", text, self._commit)
        return bool(git_bytes(self._root, *asked, more={}, seconds=SECONDS_MAX, fine=(0, 1)))

    def has_commit(self, beginning: str) -> bool:
        """See `Codebase.has_commit`."""
        asked = ("rev-parse", "--verify", "--quiet", f"{beginning}^{{commit}}")
        return bool(git_bytes(self._root, *asked, more={}, seconds=SECONDS_MAX, fine=range(256)))


class TreeFiles:
    """The files of a directory without commits."""

    def __init__(self, tree: Tree) -> None:
        """Take what was read of the directory."""
        self._tree = tree

    @property
    def paths(self) -> frozenset[str]:
        """See `Codebase.paths`."""
        return frozenset(self._tree.by_path)

    def line_count(self, path: str) -> int:
        """See `Codebase.line_count`."""
        return _line_count(self._tree.text(path) or "")

    def files_with(self, words: Collection[str]) -> dict[str, set[str]]:
        """See `Codebase.files_with`."""
        found: dict[str, set[str]] = {word: set() for word in words}
        for path in self._tree.by_path if found else ():
            for word in found.keys() & set(re.findall(r"[\w$]+", self._tree.text(path) or "")):
                found[word].add(path)
        return found

    def holds(self, text: str) -> bool:
        """See `Codebase.holds`."""
        wanted = text.casefold()
        return any(wanted in (self._tree.text(path) or "").casefold() for path in self.paths)

    def has_commit(self, beginning: str) -> bool:
        """See `Codebase.has_commit`."""
        del beginning
        return False


class NoFiles:
    """A goal without a repository: nothing stands there that a plan could name."""

    paths: frozenset[str] = frozenset()

    def line_count(self, path: str) -> int:
        """See `Codebase.line_count`."""
        del path
        return 0

    def files_with(self, words: Collection[str]) -> dict[str, set[str]]:
        """See `Codebase.files_with`."""
        return {word: set() for word in words}

    def holds(self, text: str) -> bool:
        """See `Codebase.holds`."""
        del text
        return False

    def has_commit(self, beginning: str) -> bool:
        """See `Codebase.has_commit`."""
        del beginning
        return False


def codebase_at(root: Path | None) -> Codebase:
    """Return the files of the checked-out commit, or those of a directory that has none.

    Raises:
        Unavailable, NotFound: the repository can't be read.
    """
    if root is None:
        return NoFiles()
    commit = head_commit(root)
    return CommitFiles(root, commit) if commit else TreeFiles(read_tree(root))


def _line_count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n")) if text else 0
