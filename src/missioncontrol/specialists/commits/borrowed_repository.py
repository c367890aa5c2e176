"""A small repository of our own that has all objects of the user's and keeps new ones to itself."""

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from missioncontrol.domain.errors import NotFound, Unavailable
from missioncontrol.specialists.git import SECONDS_MAX, git, git_bytes

COMMITTER = "Mission Control"
ADDRESS = "mission-control@localhost"
IDENTITY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", COMMITTER), ("EMAIL", ADDRESS))
}
TREE_SECONDS_MAX = 300.0
"""For writing all files of a very large repository."""

TAGS_MAX = 5_000


class Theirs(msgspec.Struct, frozen=True):
    """The user's repository, and where git keeps its parts. It is only read through this."""

    path: Path  # as it was named
    below: str  # what was named, seen from the top of the work tree; "" for the top
    common: Path  # the git directory that holds its branches
    objects: Path
    shallow: Path
    form: str  # sha1 or sha256

    @classmethod
    def found(cls, path: Path) -> "Theirs":
        """Look where things are.

        Raises:
            NotFound: `repository.no_git`.
        """
        more = _git_dir(path)
        asked = ("--git-common-dir", "--git-path", "objects", "--git-path", "shallow")
        try:
            output = git_bytes(path, "rev-parse", "--show-object-format", *asked, more=more)
            prefix = git_bytes(path, "rev-parse", "--show-prefix", more=more)
        except Unavailable as error:
            raise NotFound(
                "repository.no_git",
                f"{str(path)!r} is no git repository that can be read: {error.reason}.",
                hint="Give the path of a checkout as `repository`.",
            ) from None
        form, common, objects, shallow = _names(output)[:4]
        below = (_names(prefix) or [""])[0].rstrip("/")
        places = [(path / each).resolve() for each in (common, objects, shallow)]
        return cls(path, below, places[0], places[1], places[2], form)

    def git(self, *args: str, fine: Collection[int] = (0,)) -> bytes:
        """Ask git about it; nothing that is asked here may write."""
        return git_bytes(self.path, *args, more=_git_dir(self.path), fine=fine)

    def commit(self, name: str) -> str:
        """Return the full id of the commit that `name` means; "" where there is none."""
        asked = ("--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return self.git("rev-parse", *asked, fine=(0, 1, 128)).decode().strip()


def _git_dir(path: Path) -> dict[str, str]:
    """Name a repository without a work tree as one: git would not take it for one by itself."""
    is_bare = (path / "HEAD").is_file() and (path / "objects").is_dir()
    return {"GIT_DIR": str(path)} if is_bare else {}


def _names(output: bytes) -> list[str]:
    return output.decode("utf-8", "surrogateescape").rstrip("\n").split("\n")


class Lent:
    """A bare repository in a directory of ours. What is made in it does not reach the user's."""

    def __init__(self, theirs: Theirs, place: Path) -> None:
        """Make it at `place`, where nothing may be."""
        self.theirs = theirs
        self.path = place
        _begin(theirs, place, "--bare")
        _lend(place, theirs, [theirs.objects])

    def git(
        self,
        *args: str,
        stdin: bytes = b"",
        more: Mapping[str, str] | None = None,
        fine: Collection[int] = (0,),
        seconds: float = SECONDS_MAX,
    ) -> bytes:
        """Return what a git command wrote.

        Raises:
            Unavailable: as `git`.
        """
        where = {"GIT_DIR": str(self.path), **(more or {})}
        return git_bytes(self.path, *args, more=where, stdin=stdin, fine=fine, seconds=seconds)

    def text(self, *args: str, fine: Collection[int] = (0,)) -> str:
        """Return one line that git wrote."""
        return self.git(*args, fine=fine).decode("utf-8", "replace").strip()

    def tree(self, commit: str) -> str:
        """Return the id of the tree of a commit."""
        return self.text("rev-parse", "--verify", f"{commit}^{{tree}}")

    def made(self, tree: str, parent: str, message: str, *more: str) -> str:
        """Return the id of a new commit; `more` are parents besides."""
        parents = (word for each in (parent, *more) if each for word in ("-p", each))
        asked = ("commit-tree", tree, *parents, "-F", "-")
        stdin = message.encode("utf-8", "replace")
        return self.git(*asked, stdin=stdin, more=IDENTITY).decode().strip()

    def laid_out(self, commit: str, target: Path) -> None:
        """Make `target` a repository of its own with the files of `commit`, its tags and its past.

        Raises:
            Unavailable: as `git`.
        """
        _begin(self.theirs, target)
        _lend(target / ".git", self.theirs, [self.theirs.objects, self.path / "objects"])
        tags = self.theirs.git("for-each-ref", "--format=%(objectname) %(refname)", "refs/tags")
        lines = tags.decode("utf-8", "surrogateescape").splitlines()[:TAGS_MAX]
        # Suites ask for a version, which comes from the tags. A file takes no time for thousands.
        packed = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
        (target / ".git" / "packed-refs").write_bytes(packed)
        git(target, "update-ref", "--no-deref", "HEAD", commit)
        git(target, "reset", "--hard", "-q", seconds=TREE_SECONDS_MAX)


def borrowing(theirs: Theirs, place: Path) -> None:
    """Make a repository with a work tree at `place` that has their objects and none of their names.

    Raises:
        Unavailable: as `git`.
    """
    _begin(theirs, place)
    _lend(place / ".git", theirs, [theirs.objects])


def _begin(theirs: Theirs, place: Path, *options: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    form = f"--object-format={theirs.form}"
    asked = ("init", "-q", "--template=", form, "--initial-branch=mission", *options)
    git(place.parent, *asked, str(place))


def _lend(place: Path, theirs: Theirs, objects: list[Path]) -> None:
    """Make the repository at `place` find those objects, and know as little of the past."""
    (place / "objects" / "info").mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{_written(each)}\n" for each in objects)
    content = lines.encode("utf-8", "surrogateescape")
    (place / "objects" / "info" / "alternates").write_bytes(content)
    if theirs.shallow.is_file():
        shutil.copyfile(theirs.shallow, place / "shallow")


def _written(path: Path) -> str:
    """Write a path as git reads one in its list of lenders."""
    shown = os.fspath(path)
    if not shown.startswith('"') and "\n" not in shown:
        return shown
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
